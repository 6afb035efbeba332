"""A comparison's folder and its runs: what is done, what failed, where to go on, and the tables at the end."""

import io
import re
import shutil
import tomllib
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

import pandas as pd
import torch
from fastai.learner import Learner

from postergenre.data.files import write_whole
from postergenre.data.split import save_split
from postergenre.evaluation.evaluate import Evaluation
from postergenre.recipes.runs.run import Run
from postergenre.recipes.runs.series_table import Table, plot_comparison, plot_genres
from postergenre.recipes.runs.setup import section
from postergenre.training.callback import Budget

MAY_DIFFER = ("out", "workers")  # between the runs that fill one folder, beside what they compare


class SeriesRun(Run):
    "One run of a series, e.g. of one architecture, in a folder of its own within the series'."

    def __init__(self, member: str, series: "Series", movies: pd.DataFrame):
        members = series.members()
        self.heading = f"{member} ({members.index(member) + 1} of {len(members)})"
        super().__init__(series.recipe, series.config | series.only(member) | {"out": str(series.folder(member))})
        self.name, self.data = member, series.data
        save_split(movies, self.out / "split.csv")

    def announce(self) -> None:
        section(self.heading)

    def loaders(self, movies: pd.DataFrame, **kwargs):
        with redirect_stdout(io.StringIO()):  # the comparison has shown the genres, once for all
            return super().loaders(movies, **kwargs)

    def fit(self, learn: Learner, **kwargs) -> None:
        super().fit(learn, Budget(self.config.get("minutes")), **kwargs)

    def finish(self, learn: Learner, movies: pd.DataFrame) -> Evaluation:
        with redirect_stdout(io.StringIO()):  # the report has it all; the table at the end has what matters here
            result = super().finish(learn, movies)
        top_n, ap = (result.metrics.loc[self.name, (m, "value")] for m in ("top_n_accuracy", "macro_ap"))
        print(f"Test: top-n accuracy {top_n:.1%}, macro AP {ap:.3f}. Report: {self.out / 'report.html'}", flush=True)
        return result


class Series(Run):
    "Runs of several architectures, alike in everything else; other series say what differs between their runs."

    recipe, varies, run_class, noun = "compare", ("arch",), SeriesRun, "architecture"

    def __init__(
        self,
        config: dict,  # the recipe's options. ValueError: two budgets, or others than the folder was begun with
    ):
        for option in self.varies:
            config[option] = list(dict.fromkeys(config[option]))
        if config["epochs"] is not None and config.get("minutes") is not None:
            raise ValueError("--epochs and --minutes are two budgets; give one of them")
        if config.get("minutes") is None:
            config["epochs"] = 5 if config["epochs"] is None else config["epochs"]
        for budget in ("epochs", "minutes"):
            if config.get(budget) is not None and config[budget] <= 0:
                raise ValueError(f"--{budget} {config[budget]} should be more than 0")
        begun = earlier_options(config["out"], self.varies)
        if begun:
            check_same(begun, config, (*self.varies, *MAY_DIFFER))
        self.failed: dict[str, str] = {}
        super().__init__(self.recipe, config, resume=begun is not None)

    def members(self) -> list[str]:
        "What each run is called, in the order in which they are made."
        return self.config["arch"]

    def only(self, member: str) -> dict:
        "The options in which the run of a member differs."
        return {"arch": [member]}

    def movies(self) -> pd.DataFrame:
        "The movies of all runs, on the sides where an earlier part of the comparison had them."
        file = self.out / "split.csv"
        before = file.read_bytes() if file.is_file() else None
        movies = super().movies()
        if before not in (None, file.read_bytes()):
            with write_whole(file) as whole:
                whole.write_bytes(before)
            raise ValueError(f"The movies are others than {self.out} was begun with; name another folder with --out")
        self.loaders(movies)  # says what is wrong with the options before anything is trained
        return movies

    def folder(self, member: str) -> Path:
        "Where the run of a member stands."
        return self.out / re.sub(r"^\.+|[^\w.-]", "_", member)

    def done(self) -> dict[str, Path]:  # member -> its folder
        "The finished runs."
        return {m: self.folder(m) for m in self.members() if (self.folder(m) / "metrics.json").is_file()}

    def finished(self) -> dict[str, Path]:
        "As done. ValueError: no run is."
        done = self.done()
        if not done:
            raise ValueError(f"no {self.noun} came through; {'; '.join(f'{m}: {e}' for m, e in self.failed.items())}")
        return done

    @property
    def budget(self) -> str:
        "What each run may take, e.g. 5 epochs."
        unit = "minutes" if self.config["epochs"] is None else "epochs"
        amount = self.config[unit]
        return f"{amount:g} {unit if amount != 1 else unit[:-1]}"

    def unfinished(self, movies: pd.DataFrame) -> Iterator[SeriesRun]:
        "A run for each member that is not done."
        for member in self.members():
            if member in self.done():
                section(f"{member}: done before, kept")
                continue
            shutil.rmtree(self.folder(member), ignore_errors=True)  # what a stopped or failed try left
            yield self.run_class(member, self, movies)

    @contextmanager
    def whatever_happens(self, run: SeriesRun) -> Iterator[None]:
        "Note an error and let the next run begin; on Ctrl-C show what is done."
        try:
            yield
        except KeyboardInterrupt:
            print(f"\nStopped in the middle of {run.name}, which will begin anew. Go on with --out {self.out}")
            if self.done():
                self.finish()
            raise
        except Exception as e:
            self.failed[run.name] = one_line(e)
            run.write("error.txt", traceback.format_exc())
            print(f"{run.name} failed: {self.failed[run.name]} (more in {run.out / 'error.txt'})", flush=True)
            if torch.cuda.is_available():
                torch.cuda.empty_cache()

    def finish(self) -> None:
        "Compare what is done: tables, figures. ValueError: nothing is."
        table = Table(self.finished(), self.failed, self.budget)
        section("Comparison")
        print(table.text())
        with write_whole(self.out / "comparison.csv") as whole:
            table.numbers().to_csv(whole)
        self.write("comparison.md", table.markdown())
        with write_whole(self.out / "per_genre.csv") as whole:
            table.per_genre().to_csv(whole)
        self.save_figure(plot_comparison(table.metrics), "comparison.png")
        self.save_figure(plot_genres(table.per_genre()), "per_genre.png")
        print(
            f"\nEverything is in {self.out}: comparison.md, .csv and .png, per_genre.csv and .png; a folder each with"
        )
        print("learner.pkl and report.html.")


def earlier_options(
    out: str | None,  # --out
    varies: Sequence[str],  # the options that hold what is compared
) -> dict | None:  # None: no such series was begun there
    "The options of a series that was begun in a folder."
    file = Path(out or "", "config.toml")
    if not out or not file.is_file() or (file.parent / "metrics.json").is_file():
        return None
    options = tomllib.loads(file.read_text(encoding="utf-8"))
    return options if all(isinstance(options.get(option), list) for option in varies) else None


def check_same(
    begun: dict,  # options of the folder
    config: dict,  # options of now
    may_differ: Sequence[str],  # names of options
) -> None:  # ValueError: names the first option that differs
    "Refuse to mix runs with different options."
    for key, value in config.items():
        if key not in may_differ and begun.get(key) != value:
            raise ValueError(
                f"--out {config['out']} was begun with {key} = {begun.get(key)}, not {value}; "
                "go on with the same options, or name another folder"
            )


def one_line(error: Exception) -> str:
    "An error as its kind and its first line."
    first = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    text = f"{type(error).__name__}: {first}" if first else type(error).__name__
    return text if len(text) <= 160 else text[:159] + "…"
