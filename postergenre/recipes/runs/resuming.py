"""The run with which `--resume` goes on, and whether it may: with other options or movies it would not end the same."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from postergenre.data.digests import movie_digests
from postergenre.data.files import remove_half_written
from postergenre.recipes.runs.folder import CHECKPOINT, CONFIG, SPLIT, changed_options, is_unfinished, read_command

MAY_DIFFER = ("out", "cache", "shards", "data")  # whether the movies are the same is seen movie by movie


class Finished(Exception):
    "There is nothing to go on with: the run is finished."


def resumed_folder(
    name: str,  # of the recipe
    config: dict,  # its options
    varies: Sequence[str] | None = None,  # of a series: the options that may be others now; None: no series
) -> Path | None:  # None: none was begun. ValueError: with other options; Finished
    "The folder of the run to go on with: --out, else the newest in runs/ with these options, else the newest."
    may_differ = (*MAY_DIFFER, *(varies or ()))
    folder = Path(config["out"]) if config["out"] else _newest(name, config, may_differ)
    if folder is None or not folder.is_dir():
        return None
    remove_half_written(folder)
    if not (folder / CONFIG).is_file():
        return None if any(folder.iterdir()) else folder
    recipe = re.search(r"postergenre\.recipes\.(\w+)", read_command(folder))
    if recipe and recipe[1] != name:
        raise ValueError(f"{folder} holds a run of recipes.{recipe[1]}; name another folder with --out")
    if changes := changed_options(folder, config, may_differ):
        how = "go on with the same options, or name another folder with --out"
        raise ValueError(f"{folder} was begun with {'; '.join(changes)}; {how}")
    if is_unfinished(folder):
        return folder
    if varies is None:
        (folder / CHECKPOINT).unlink(missing_ok=True)  # it was killed after its last word
        raise Finished(f"{folder} is finished, with these options. For another run leave --resume out.")
    return None  # one run of a series


def first_command(folder: Path, config: dict) -> str | None:  # None: the folder is new, or a series has other runs now
    "What was typed to begin a run that goes on."
    begun = (folder / CONFIG).is_file() and not changed_options(folder, config, MAY_DIFFER)
    return read_command(folder) if begun else None


def check_movies(folder: Path, movies: pd.DataFrame) -> None:  # ValueError: what changed
    "Make sure that the movies of a run, with their sides, are those that its folder was begun with."
    file = folder / SPLIT
    if not file.is_file():  # it was stopped before
        return
    begun = pd.read_csv(file, dtype="str", keep_default_na=False, index_col="id")
    now = pd.DataFrame({"split": movies["split"].to_numpy()}, movies["id"].astype("str"))
    if "digest" in begun:
        now["digest"] = movie_digests(movies)
    both = begun.index.intersection(now.index)
    then, here = begun.loc[both], now.loc[both]
    changes = {
        "are new": now.index.difference(begun.index),
        "are missing": begun.index.difference(now.index),
        "have another poster, genres or metadata": both[_differ(then, here, "digest")],
        "are on another side of the split": both[_differ(then, here, "split")],
    }
    said = [f"{len(ids):,} {what} (first: {ids[0]})" for what, ids in changes.items() if len(ids)]
    if said:
        others = f"The movies are others than {folder} was begun with: {'; '.join(said)}"
        raise ValueError(f"{others}. Go on with the same movies, or name another folder with --out")


def _differ(then: pd.DataFrame, here: pd.DataFrame, column: str) -> np.ndarray:
    return (then[column] != here[column]).to_numpy() if column in here else np.zeros(len(here), dtype=bool)


def _newest(name: str, config: dict, may_differ: Sequence[str]) -> Path | None:
    tries = {int(m[1] or 1): f for f in Path("runs").glob("*") if (m := re.fullmatch(rf"{name}(?:-(\d+))?", f.name))}
    newest = [tries[i] for i in sorted(tries, reverse=True)]
    alike = [f for f in newest if (f / CONFIG).is_file() and not changed_options(f, config, may_differ)]
    return next(iter([*filter(is_unfinished, alike), *alike, *newest]), None)
