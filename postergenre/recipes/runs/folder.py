"""A run's folder: which one it is, and what an earlier run of the same name left there."""

import json
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count
from pathlib import Path

import pandas as pd

from postergenre.data.files import write_text

CONFIG, HISTORY, BEST, RESULT = "config.toml", "history.csv", "best.pth", "metrics.json"
OF_START = (CONFIG, "split.csv", HISTORY, BEST)  # alone, before the first epoch is done, they are nothing to keep
SCORED: ContextVar[Path | None] = ContextVar("SCORED", default=None)  # the folder that recipes.score goes on in
BEGUN: ContextVar = ContextVar("BEGUN", default=None)  # the Run of this command, for its last words


def free_folder(out: str | None, name: str) -> Path:
    "A folder that holds nothing yet: --out (else ValueError), or runs/NAME, runs/NAME-2, ...; it is not made."
    if not out:
        tries = (Path("runs") / (f"{name}-{i}" if i > 1 else name) for i in count(1))
        return next(folder for folder in tries if not folder.exists())
    folder = Path(out)
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"--out {out} is a file; name a folder")
    if folder.is_dir() and any(folder.iterdir()):
        ours = is_unfinished(folder) and (can_be_scored(folder) or all(f.name in OF_START for f in folder.iterdir()))
        left = how_to_go_on(folder) if ours else ""
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
    return (folder / CONFIG).is_file() and not (folder / RESULT).is_file()


def epochs_done(folder: Path) -> tuple[int, int]:  # (0, 0): none
    "How many epochs a run was trained, and the best of them."
    history = folder / HISTORY
    table = pd.read_csv(history) if history.is_file() and (folder / BEST).is_file() else pd.DataFrame()
    if "epoch" not in table or table.empty:  # as of a head that was fitted
        return 0, 0
    best = table.loc[table["top_n_accuracy"].idxmax(), "epoch"]
    return int(table["epoch"].max()), int(best)


def can_be_scored(folder: Path) -> bool:
    "Whether an unfinished run has a learner to score."
    return (folder / "learner.pkl").is_file() or epochs_done(folder)[0] > 0


def how_to_go_on(folder: Path) -> str:  # a sentence or two
    "What an unfinished run left, and what to type to have its figures and its learner."
    if not can_be_scored(folder):
        return f"A run in {folder} has not finished its first epoch: there is nothing of it to keep."
    done, best = epochs_done(folder)
    has = f"{done} epoch{'s' * (done > 1)} of training, of which the best is {best}" if done else "a trained learner"
    return (
        f"A run in {folder} has not finished; it has {has}. Unless it still runs, score and export that with: "
        f"python -m postergenre.recipes.score {folder}"
    )


def begun_alike(name: str, config: dict) -> list[Path]:
    "Unfinished runs in runs/ that the same options began."
    same = {k: json.loads(json.dumps(v)) for k, v in config.items() if v is not None and k != "out"}
    found = []
    for folder in sorted(Path("runs").glob(f"{name}*")):
        if is_unfinished(folder):
            begun = tomllib.loads((folder / CONFIG).read_text(encoding="utf-8"))
            begun.pop("out", None)
            found += [folder] * (begun == same)
    return found


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
    if (run.folder / RESULT).is_file():
        done = (run.folder / "report.html").is_file()
        return (
            ""
            if done
            else f"The figures are in {run.folder}; for its report: python -m postergenre.report {run.folder}"
        )
    if not run.scored and remove_empty_start(run.folder):
        return ""
    return how_to_go_on(run.folder).replace("Unless it still runs, s", "S") if can_be_scored(run.folder) else ""


@contextmanager
def scoring(folder: Path) -> Iterator[None]:
    "A recipe that begins within it goes on in this folder, with what was trained there."
    token = SCORED.set(folder)
    try:
        yield
    finally:
        SCORED.reset(token)
