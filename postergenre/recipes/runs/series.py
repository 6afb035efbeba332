"""A comparison's folder and its runs: what is done, what failed, where to go on."""

import re
import shutil
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from postergenre.evaluation.evaluate import evaluate
from postergenre.inference.thresholds import tune_thresholds
from postergenre.recipes.runs.checks import check_options
from postergenre.recipes.runs.folder import CHECKPOINT, begun_alike, changed_options
from postergenre.recipes.runs.results import write_results
from postergenre.recipes.runs.run import Data, Run, begin, load_movies, make_loaders, section, show_genres, start
from postergenre.recipes.runs.training import Training, export
from postergenre.training.learner import PosterLearner

MAY_DIFFER = ("workers", "strict")  # between the runs that fill one folder, beside what they compare


@dataclass
class Series:
    "Runs that are alike in everything but a few options, each in a folder of its own within the series'."

    whole: Run  # of all: its folder and the options that they share
    members: dict[str, dict]  # what each run is called -> the options in which it differs, in the order of the runs
    noun: str = "run"  # what a member is, in messages
    failed: dict[str, str] = field(default_factory=dict)  # member -> its error in a line

    def folder(self, member: str) -> Path:
        "Where the run of a member stands."
        return self.whole.folder / re.sub(r"^\.+|[^\w.-]", "_", member)

    def done(self) -> dict[str, Path]:  # member -> its folder
        "The finished runs."
        return {m: self.folder(m) for m in self.members if (self.folder(m) / "metrics.json").is_file()}

    def finished(self) -> dict[str, Path]:
        "As done. ValueError: no run is."
        done = self.done()
        if not done:
            raise ValueError(f"no {self.noun} came through; {'; '.join(f'{m}: {e}' for m, e in self.failed.items())}")
        return done

    @property
    def budget(self) -> str:
        "What each run may take, e.g. 5 epochs."
        unit = "minutes" if self.whole.config["epochs"] is None else "epochs"
        amount = self.whole.config[unit]
        return f"{amount:g} {unit if amount != 1 else unit[:-1]}"


def begin_series(name: str, config: dict, members: dict[str, dict], varies: Sequence[str], noun: str = "run") -> Series:
    """Make the folder of a recipe's series, or go on in it; `varies` are the options that hold what is compared.

    ValueError: two budgets, or other options than the folder was begun with.
    """
    config |= {option: list(dict.fromkeys(config[option])) for option in varies}
    budgets = {unit: config[unit] for unit in ("epochs", "minutes") if config.get(unit) is not None}
    if len(budgets) == 2:
        raise ValueError("--epochs and --minutes are two budgets; give one of them")
    if not budgets:
        config["epochs"] = 5
    for options in members.values():
        check_options(config | options)
    series = Series(begin(name, config, varies=(*varies, *MAY_DIFFER)), members, noun)
    for folder in begun_alike(name, config):
        before = Series(replace(series.whole, folder=folder), members)
        if folder != series.whole.folder and before.done() != {m: before.folder(m) for m in members}:
            print(f"\nThe same was begun in {folder} and is not done; to go on there, add --resume --out {folder}")
    return series


def shared_movies(series: Series) -> Data:  # ValueError: other movies than the folder was begun with
    "The movies of all runs, on the sides where an earlier part of the series had them."
    data = load_movies(series.whole, genres=False)
    show_genres(series.whole, data)
    make_loaders(series.whole, data)  # says what is wrong with the options before anything is trained
    series.whole.open()
    return data


def unfinished(series: Series, data: Data) -> Iterator[Run]:
    "A run for each member that is not done; one that was stopped goes on after its last whole epoch."
    for i, (member, options) in enumerate(series.members.items(), 1):
        if member in series.done():
            section(f"{member}: done before, kept")
            (series.folder(member) / CHECKPOINT).unlink(missing_ok=True)  # it was killed after its last word
            continue
        folder = series.folder(member)
        section(f"{member} ({i} of {len(series.members)})")
        config = series.whole.config | options | {"out": str(folder)}
        on = (folder / CHECKPOINT).is_file() and not changed_options(folder, config)
        if not on:
            shutil.rmtree(folder, ignore_errors=True)  # what a stopped or failed try left
        yield start(Run(member, config, folder, series.whole.command, movies=data.movies, opened=on, resumed=on))


@contextmanager
def keep_going(series: Series, run: Run, show: Callable[[Series], None]) -> Iterator[None]:
    "Note an error and let the next run begin; on Ctrl-C show what is done."
    try:
        yield
    except KeyboardInterrupt:
        folder = series.whole.folder
        print(f"\nStopped in the middle of {run.name}. Go on with --resume --out {folder}")
        if series.done():
            show(series)
        raise
    except Exception as e:
        series.failed[run.name] = one_line(e)
        run.write("error.txt", traceback.format_exc())
        print(f"{run.name} failed: {series.failed[run.name]} (more in {run.folder / 'error.txt'})", flush=True)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def finish_member(run: Run, data: Data, learn: PosterLearner, training: Training, side: str = "test") -> None:
    "Score, write everything that a run writes, show two figures: the report and the table at the end have the rest."
    if side == "test":  # on validation movies that are judged too, thresholds would flatter
        tune_thresholds(learn, verbose=False)
    export(run, learn)
    result = evaluate(learn, data.side(side), train=data.side("train"), name=run.name)
    write_results(run, data, learn, training, result, side)
    top_n, ap = (result.metrics.loc[run.name, (m, "value")] for m in ("top_n_accuracy", "macro_ap"))
    judged, report = {"test": "Test", "valid": "Validation"}[side], run.folder / "report.html"
    print(f"{judged}: top-n accuracy {top_n:.1%}, macro AP {ap:.3f}. Report: {report}", flush=True)


def one_line(error: Exception) -> str:
    "An error as its kind and its first line."
    text = ": ".join([type(error).__name__, *str(error).strip().splitlines()[:1]])
    return text if len(text) <= 160 else text[:159] + "…"
