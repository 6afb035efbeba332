"""The movies of a run as its options name them: read, limited, without those whose poster cannot be read."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from postergenre.data.demo.make import make_demo
from postergenre.data.genres import GENRES
from postergenre.data.movies import leave_out_unreadable, read_movies, what_was_read
from postergenre.training.processes import first_then_others


def find_data(data: str | None) -> Path:
    "The folder or CSV of movies: --data, else POSTERGENRE_DATA, else demo posters, said loudly."
    if data:
        return Path(data).expanduser()
    if env := os.environ.get("POSTERGENRE_DATA"):
        print(f"Data: {env} (from POSTERGENRE_DATA)")
        return Path(env).expanduser()
    print("*** No --data and no POSTERGENRE_DATA: using DEMO posters, drawn by the library. ***")
    print("*** The figures below say nothing about real posters.                        ***")
    with first_then_others():
        return make_demo("demo_posters")


def read(where: Path, options: Mapping) -> pd.DataFrame:  # errors as of read_movies and `reading`
    "Read the movies of a run, leave out or refuse unreadable posters, and say so."
    how, limit = reading(options), options["limit"]
    movies = read_movies(where, **how, verbose=False)
    if limit:
        chosen = movies.sample(min(limit, len(movies)), random_state=options["seed"])
        movies = chosen.sort_index().reset_index(drop=True)
    movies = leave_out_unreadable(movies, options["workers"], options["cache"], options["strict"])
    print(what_was_read(movies))
    if limit:
        print(f"Limited to {len(movies):,} of them at random.")
    if movies.empty:
        raise ValueError("No movie is left: none of their posters can be read")
    return movies


def reading(options: Mapping) -> dict:  # ValueError, FileNotFoundError: as in read_mapping
    "How `read_movies` is to read the movies."
    columns = {name: options[name] for name in ("poster_col", "genre_col", "delim", "sep")}
    mapping = read_mapping(options["mapping"]) if options["mapping"] else None
    return {**columns, "vocab": list(options["genres"] or GENRES), "mapping": mapping}


def read_mapping(file: str | Path) -> dict[str, str]:
    "Genres to merge, from TOML. FileNotFoundError: no such file; ValueError: broken, or no table of texts."
    file, how = Path(file).expanduser(), 'write a line a genre, for example "neo-noir" = "noir"'
    if not file.is_file():
        raise FileNotFoundError(f"There is no --mapping {file} (seen from {Path.cwd()})")
    try:
        mapping = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as e:
        raise ValueError(f"--mapping {file} is not valid TOML ({e}); {how}") from e
    if wrong := [raw for raw, genre in mapping.items() if not isinstance(genre, str)]:
        raise ValueError(f"--mapping {file} maps {wrong[0]!r} to {mapping[wrong[0]]!r}; {how}")
    return mapping
