"""A comparison's folder and its runs: what is done, what failed, where to go on."""

import re
import shutil
import tomllib
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import torch
from fastai.learner import Learner

from postergenre.data.files import write_whole
from postergenre.data.split import save_split
from postergenre.evaluation.evaluate import evaluate
from postergenre.recipes.runs.results import draw_examples, write_results
from postergenre.recipes.runs.run import Data, Run, begin, load_movies, make_loaders, show_genres, start
from postergenre.recipes.runs.setup import section
from postergenre.recipes.runs.training import Training, export

MAY_DIFFER = ("out", "workers")  # between the runs that fill one folder, beside what they compare


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


def begin_series(
    name: str,  # of the recipe
    config: dict,  # its options. ValueError: two budgets, or others than the folder was begun with
    members: dict[str, dict],  # as in Series
    varies: Sequence[str],  # the options that hold what is compared
    noun: str = "run",  # as in Series
) -> Series:
    "Make the folder of a series, or go on in it."
    config |= {option: list(dict.fromkeys(config[option])) for option in varies}
    if config["epochs"] is not None and config.get("minutes") is not None:
        raise ValueError("--epochs and --minutes are two budgets; give one of them")
    if config.get("minutes") is None:
        config["epochs"] = 5 if config["epochs"] is None else config["epochs"]
    for budget in ("epochs", "minutes"):
        if config.get(budget) is not None and config[budget] <= 0:
            raise ValueError(f"--{budget} {config[budget]} should be more than 0")
    begun = earlier_options(config["out"], varies)
    if begun:
        check_same(begun, config, (*varies, *MAY_DIFFER))
    return Series(begin(name, config, resume=begun is not None), members, noun)


def shared_movies(series: Series) -> Data:  # ValueError: other movies than the folder was begun with
    "The movies of all runs, on the sides where an earlier part of the series had them."
    whole = series.whole
    file = whole.folder / "split.csv"
    before = file.read_bytes() if file.is_file() else None
    data = load_movies(whole)
    if before not in (None, file.read_bytes()):
        with write_whole(file) as restored:
            restored.write_bytes(before)
        raise ValueError(f"The movies are others than {whole.folder} was begun with; name another folder with --out")
    show_genres(whole, data)
    make_loaders(whole, data)  # says what is wrong with the options before anything is trained
    return data


def unfinished(series: Series, data: Data) -> Iterator[Run]:
    "A run for each member that is not done."
    for i, (member, options) in enumerate(series.members.items(), 1):
        if member in series.done():
            section(f"{member}: done before, kept")
            continue
        folder = series.folder(member)
        shutil.rmtree(folder, ignore_errors=True)  # what a stopped or failed try left
        section(f"{member} ({i} of {len(series.members)})")
        config = series.whole.config | options | {"out": str(folder)}
        run = start(Run(member, config, folder, series.whole.command))
        save_split(data.movies, folder / "split.csv")
        yield run


@contextmanager
def keep_going(
    series: Series,
    run: Run,
    show: Callable[[Series], None],  # what shows the runs that are done
) -> Iterator[None]:
    "Note an error and let the next run begin; on Ctrl-C show what is done."
    try:
        yield
    except KeyboardInterrupt:
        folder = series.whole.folder
        print(f"\nStopped in the middle of {run.name}, which will begin anew. Go on with --out {folder}")
        if series.done():
            show(series)
        raise
    except Exception as e:
        series.failed[run.name] = one_line(e)
        run.write("error.txt", traceback.format_exc())
        print(f"{run.name} failed: {series.failed[run.name]} (more in {run.folder / 'error.txt'})", flush=True)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def finish_member(
    run: Run,
    data: Data,
    learn: Learner,
    training: Training,
    side: str = "test",  # to judge on
) -> None:
    "Score, write everything that a run writes, show two figures: the report and the table at the end have the rest."
    export(run, learn)
    result = evaluate(learn, data.side(side), train=data.side("train"), name=run.name)
    if side == "test":
        draw_examples(run, data, result)
    write_results(run, data, learn, training, result, side)
    top_n, ap = (result.metrics.loc[run.name, (m, "value")] for m in ("top_n_accuracy", "macro_ap"))
    judged, report = {"test": "Test", "valid": "Validation"}[side], run.folder / "report.html"
    print(f"{judged}: top-n accuracy {top_n:.1%}, macro AP {ap:.3f}. Report: {report}", flush=True)


def earlier_options(out: str | None, varies: Sequence[str]) -> dict | None:
    "The options of a series that was begun in a folder; None: there was none."
    file = Path(out or "", "config.toml")
    if not out or not file.is_file() or (file.parent / "metrics.json").is_file():
        return None
    options = tomllib.loads(file.read_text(encoding="utf-8"))
    return options if all(isinstance(options.get(option), list) for option in varies) else None


def check_same(begun: dict, config: dict, may_differ: Sequence[str]) -> None:  # ValueError: the first that differs
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
