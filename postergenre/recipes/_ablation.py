"""An ablation of fine-tuning: runs that differ from a base in one change each, judged on validation movies only."""

import argparse
import inspect
import json

import pandas as pd
from fastai.learner import Learner

from postergenre.data.files import write_whole
from postergenre.evaluation.evaluate import Evaluation, evaluate
from postergenre.interpret.charts import plot_curves
from postergenre.recipes import lite
from postergenre.recipes.runs.cli import build_parser
from postergenre.recipes.runs.series import Series, SeriesRun
from postergenre.recipes.runs.series_table import Table, plot_comparison
from postergenre.recipes.runs.setup import section
from postergenre.report.page import write_report

BASE = "base"
OF_ALL = ("data", "epochs", "size", "seed", "limit", "workers", "out", "config")  # the recipe's own options
NOT_HERE = ("protocol", "calibrate")  # would judge on the movies that they were fitted to, or on leaky ones


class AblationRun(SeriesRun):
    "The run of one change, named after it, e.g. mixup=0.4."

    def finish(self, learn: Learner, movies: pd.DataFrame) -> Evaluation:
        "Score on the validation movies; no test movie is looked at."
        valid, train = (movies[movies["split"] == side] for side in ("valid", "train"))
        result = evaluate(learn, valid, train=train, name=self.name)
        result.save(self.out / "predictions.csv")
        self.save_figure(plot_curves(self.history), "curves.png")
        metrics = self.metrics(result)
        metrics["valid_movies"], metrics["valid"] = metrics.pop("test_movies"), metrics.pop("test")
        self.write("metrics.json", json.dumps(metrics, indent=2) + "\n")
        write_report(self.out, movies, learn)
        top_n, ap = (result.metrics.loc[self.name, (m, "value")] for m in ("top_n_accuracy", "macro_ap"))
        report = self.out / "report.html"
        print(f"Validation: top-n accuracy {top_n:.1%}, macro AP {ap:.3f}. Report: {report}", flush=True)
        return result


class AblationSeries(Series):
    "The base of recipes.lite and its changes."

    recipe, varies, run_class, noun = "ablation", ("vary",), AblationRun, "run"

    def __init__(
        self,
        config: dict,  # the recipe's options. ValueError: a change that recipes.lite does not know, or as in Series
    ):
        config["vary"] = [change for change in config["vary"] if change != BASE]
        self.changes = {BASE: {}} | {change: parse_change(change) for change in config["vary"]}
        config["base"] = list(config["base"])
        defaults = {name: p.default for name, p in inspect.signature(lite.main).parameters.items()}
        for change in config["base"]:
            defaults |= parse_change(change)
        super().__init__(defaults | config | {"calibrate": False})

    def members(self) -> list[str]:
        return list(self.changes)

    def only(self, member: str) -> dict:
        return self.changes[member] | {"vary": [member]}

    def finish(self) -> None:
        "Compare what is done with the base: table, figure. ValueError: nothing is."
        table = Table(self.finished(), self.failed, self.budget)
        table.notes.insert(0, "VALIDATION movies, the best epoch of each run: to choose by, not to report.")
        section("Ablation")
        print(table.text())
        with write_whole(self.out / "ablation.csv") as whole:
            table.numbers().rename_axis("change").to_csv(whole)
        self.write("ablation.md", table.markdown())
        self.save_figure(plot_comparison(table.metrics), "ablation.png")
        print(f"\nEverything is in {self.out}: ablation.md, .csv and .png; a folder each with learner.pkl and")
        print("report.html.")


def parse_change(
    text: str,  # options of recipes.lite without their dashes, e.g. "mixup=0.4" or "no-flip,zoom=1"
) -> dict:  # name -> value. ValueError: unknown option, wrong value, or one that is the same in all runs
    "A change as options."
    parser, unset = build_parser(lite.main), object()

    def error(message):
        raise ValueError(
            f"{text!r} is no change of recipes.lite: {message}; write it as mixup=0.4, no-flip or dropout=0,drop_path=0"
        )

    parser.error = error
    names = [*inspect.signature(lite.main).parameters, "config"]
    given = vars(
        parser.parse_args(
            [f"--{part.strip()}" for part in text.split(",")], argparse.Namespace(**dict.fromkeys(names, unset))
        )
    )
    changes = {name: value for name, value in given.items() if value is not unset}
    for name in changes:
        if name in OF_ALL:
            error(f"--{name} is an option of the ablation, the same in all runs")
        if name in NOT_HERE:
            error(f"--{name} cannot be judged on validation movies")
    return changes
