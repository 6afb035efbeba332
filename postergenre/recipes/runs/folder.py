"""A run's folder: which one it is, and what an earlier run of the same name left there."""

import json
import shlex
import sys
import tomllib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count
from pathlib import Path

import pandas as pd
from filelock import FileLock, Timeout

from postergenre.data.files import write_text

CONFIG, SPLIT, HISTORY, BEST, RESULT = "config.toml", "split.csv", "history.csv", "best.pth", "metrics.json"
CHECKPOINT = "checkpoint.pth"  # of the last whole epoch, as long as the run is not finished
LOCK = ".lock"
OF_START = (CONFIG, SPLIT, HISTORY, BEST, LOCK)  # alone, before the first epoch is done, they are nothing to keep
RESULTS = (RESULT, "run.json")  # one of them is the last file that a run writes
SCORED: ContextVar[bool] = ContextVar("SCORED", default=False)  # whether recipes.score goes on: nothing more is trained
BEGUN: ContextVar = ContextVar("BEGUN", default=None)  # the Run of this command, for its last words


def typed(name: str) -> str:
    "The command of a recipe as it was typed."
    words = [word for word in sys.argv[1:] if word != "--resume"]
    return f"python -m postergenre.recipes.{name} {shlex.join(words)}".strip()


def held(folder: Path) -> frozenset[Path]:
    "What stands in a folder; nothing, if there is none."
    return frozenset(file for file in folder.iterdir() if file.name != LOCK) if folder.is_dir() else frozenset()


def locked(folder: Path) -> FileLock:  # ValueError: another process is at work there
    "A lock that keeps other processes out of a run's folder as long as it is referred to."
    lock = FileLock(folder / LOCK, timeout=0, is_singleton=True)  # this process may go on in it
    try:
        lock.acquire()
    except Timeout as e:
        raise ValueError(f"Another process is at the run in {folder}; let it end, or stop it, then go on") from e
    return lock


def free_folder(out: str | None, name: str) -> Path:
    "A folder that holds nothing yet: --out (else ValueError), or runs/NAME, runs/NAME-2, ...; it is not made."
    if not out:
        tries = (Path("runs") / (f"{name}-{i}" if i > 1 else name) for i in count(1))
        return next(folder for folder in tries if not folder.exists())
    folder = Path(out)
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"--out {out} is a file; name a folder")
    if folder.is_dir() and any(folder.iterdir()):
        left = how_to_go_on(folder) if is_unfinished(folder) else ""
        raise ValueError(f"--out {out} is not empty; name another folder, or remove it first. {left}".strip())
    return folder


def write_config(folder: Path, config: dict, command: str) -> None:
    "Write a run's options, and above them what was typed."
    values = [f"{k} = {json.dumps(v, ensure_ascii=False)}" for k, v in config.items() if v is not None]
    write_text(folder / CONFIG, "\n".join([f"# {command}", *values]) + "\n")


def read_command(folder: Path) -> str:  # FileNotFoundError: no run was begun there
    "What was typed to begin a run."
    file = folder / CONFIG
    if not file.is_file():
        raise FileNotFoundError(f"{folder} holds no {CONFIG}; pass the folder of a recipe's run")
    return file.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")


def is_unfinished(folder: Path) -> bool:
    "Whether a run was begun there and has no result."
    return (folder / CONFIG).is_file() and not any((folder / result).is_file() for result in RESULTS)


def epochs_done(folder: Path) -> tuple[int, int]:  # (0, 0): none
    "How many epochs a run was trained, and the best of them."
    history = folder / HISTORY
    table = pd.read_csv(history) if history.is_file() and (folder / BEST).is_file() else pd.DataFrame()
    if "epoch" not in table or table.empty:  # as of a head that was fitted
        return 0, 0
    best = table.loc[table["top_n_accuracy"].idxmax(), "epoch"]
    return int(table["epoch"].max()), int(best)


def can_be_scored(folder: Path) -> bool:
    "Whether an unfinished run has epochs to score."
    return (folder / CHECKPOINT).is_file() and epochs_done(folder)[0] > 0


def command_to_go_on(folder: Path) -> str:
    "What to type to go on with a run."
    command = read_command(folder)
    where = "" if "--out" in command else f" --out {shlex.quote(str(folder))}"
    return f"{command}{where} --resume"


def how_to_go_on(folder: Path) -> str:  # a sentence or two
    "What an unfinished run has, and what to type to have all of it."
    begun = f"A run in {folder} has not finished"
    if not can_be_scored(folder):
        return f"{begun}. Unless it still runs, go on with: {command_to_go_on(folder)}"
    done, best = epochs_done(folder)
    return (
        f"{begun}; it has {done} epoch{'s' * (done > 1)} of training, of which the best is {best}. Unless it still "
        f"runs, go on with: {command_to_go_on(folder)}\nor score and export what it has: "
        f"python -m postergenre.recipes.score {folder}"
    )


def begun_alike(name: str, config: dict) -> list[Path]:
    "Unfinished runs in runs/ that the same options began."
    folders = sorted(Path("runs").glob(f"{name}*"))
    return [folder for folder in folders if is_unfinished(folder) and not changed_options(folder, config)]


def changed_options(folder: Path, config: dict, but: Collection[str] = ("out",)) -> list[str]:
    "How a run's options differ from those that its folder was begun with, e.g. epochs = 4, not 5."
    begun, now = tomllib.loads((folder / CONFIG).read_text(encoding="utf-8")), json.loads(json.dumps(config))
    names = [name for name in {**begun, **now} if name not in but]
    return [f"{n} = {begun.get(n)}, not {now.get(n)}" for n in names if begun.get(n) != now.get(n)]


def remove_empty_start(folder: Path) -> bool:
    "Remove a folder that a run made and that holds nothing to keep; say whether it did."
    files = list(folder.iterdir()) if folder.is_dir() else []
    if any(file.name not in OF_START for file in files) or epochs_done(folder)[0]:
        return False
    for file in files:
        file.unlink()
    if folder.is_dir():
        folder.rmdir()
    return True


def last_words() -> str:  # "": nothing to say
    "Of a command that was stopped: what its run left, unless that is nothing; then its folder is removed."
    run = BEGUN.get()
    if run is None or not run.opened or not run.folder.is_dir():
        return ""
    if not is_unfinished(run.folder):
        done = (run.folder / "report.html").is_file()
        return (
            ""
            if done
            else f"The figures are in {run.folder}; for its report: python -m postergenre.report {run.folder}"
        )
    run.lock.release(force=True)  # it may be removed
    if not run.resumed and remove_empty_start(run.folder):
        return ""
    return how_to_go_on(run.folder).replace("Unless it still runs, g", "G")


@contextmanager
def scoring() -> Iterator[None]:
    "A recipe that resumes a run within it trains it no further."
    token = SCORED.set(True)
    try:
        yield
    finally:
        SCORED.reset(token)
