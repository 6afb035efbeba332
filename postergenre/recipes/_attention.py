"""The attention ablation's runs: kinds of attention x seeds on one split, judged on validation and test movies."""

from pathlib import Path

import pandas as pd
from fastai.learner import Learner
from fastai.torch_core import set_seed
from torch import nn

from postergenre.data.augment import as_size
from postergenre.data.files import write_whole
from postergenre.data.genres import vocab_of
from postergenre.evaluation.evaluate import Evaluation, evaluate
from postergenre.recipes._attention_table import AttentionTable, plot_attention
from postergenre.recipes.runs.series import Series, SeriesRun
from postergenre.recipes.runs.setup import parse_size, section
from postergenre.vision.attention import attention_layers, check_kind
from postergenre.vision.build import create_model


class AttentionRun(SeriesRun):
    "The run of one kind of attention and one seed, named after both, e.g. gram-42."

    def __init__(self, member: str, series: "AttentionSeries", movies: pd.DataFrame):
        super().__init__(member, series, movies)
        [self.kind], [seed] = self.config["attention"], self.config["seeds"]
        self.after = self.config["after"] if check_kind(self.kind) else None
        set_seed(seed, reproducible=True)  # in place of the split's

    def finish(self, learn: Learner, movies: pd.DataFrame) -> Evaluation:
        valid, train = (movies[movies["split"] == side] for side in ("valid", "train"))
        evaluate(learn, valid, train=train, name=self.name).save(self.out / "predictions_valid.csv")
        return super().finish(learn, movies)


class AttentionSeries(Series):
    "Runs of one network that differ in attention and seed."

    recipe, varies, run_class, noun = "attention", ("attention", "seeds"), AttentionRun, "run"

    def __init__(
        self,
        config: dict,  # the recipe's options. ValueError: an unknown kind, or as in Series
    ):
        for kind in config["attention"]:
            check_kind(kind)
        super().__init__(config)

    def members(self) -> list[str]:
        return [f"{kind}-{seed}" for seed in self.config["seeds"] for kind in self.config["attention"]]

    def only(self, member: str) -> dict:
        kind, _, seed = member.partition("-")
        return {"attention": [kind], "seeds": [int(seed)]}

    def movies(self) -> pd.DataFrame:
        movies = super().movies()
        self.show_places(len(vocab_of(movies)))
        return movies

    def show_places(
        self,
        n_out: int,  # genres
    ) -> None:
        "Say where attention goes, and before anything is trained what is wrong with the network's options."
        options = self.config
        section("Attention")
        size, weights = as_size(parse_size(options["size"])), (options["pretrained"], options["weights"])
        for kind in options["attention"]:
            after = options["after"] if check_kind(kind) else None
            model, _ = create_model(options["arch"], n_out, size, *weights, kind, after)
            names = {module: name for name, module in model.named_modules()}
            added = [f"; {_count(m):,} of them after {names[m].rpartition('.')[0]}" for m in attention_layers(model)]
            print(f"  {kind:<6}{_count(model):,} parameters{''.join(added)}")

    def done_by_kind(self) -> dict[str, Path]:
        "As finished, the runs of the first kind first: with it the others are compared, whichever was done first."
        done = self.finished()
        return {m: done[m] for kind in self.config["attention"] for m in done if self.only(m)["attention"] == [kind]}

    def finish(self) -> None:
        "Compare what is done: table, figure. ValueError: nothing is."
        done = self.done_by_kind()
        table = AttentionTable(done, self.failed, self.config["arch"], self.budget, self.config["seed"])
        section("Comparison")
        print(table.text())
        for frame, file in ((table.summary(), "attention.csv"), (table.runs, "attention_runs.csv")):
            with write_whole(self.out / file) as whole:
                frame.to_csv(whole)
        self.save_figure(plot_attention(table.runs, table.popularity), "attention.png")
        print(f"\nEverything is in {self.out}: attention.csv and .png, attention_runs.csv with a row a run; a folder a")
        print("run with learner.pkl and report.html.")


def _count(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())
