"""The options that all recipes share: the movies of a run, the side each stands on, where files go."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

from postergenre.data.genres import GENRES


def shared(
    data: str | None = None,  # folder in the study's layout or a CSV; else POSTERGENRE_DATA, else demo posters
    genres: list[str] | None = None,  # genres to learn, if not the study's 20
    mapping: str | None = None,  # TOML file of genres to merge, a line each: "neo-noir" = "noir"
    poster_col: str = "poster",  # column of poster files, in a CSV
    genre_col: str = "genres",  # column of genres, in a CSV
    delim: str = ",",  # what stands between two genres
    strict: bool = False,  # an unreadable poster is an error; no: its movie is left out
    seed: int = 42,  # of the split, of --limit, of the order, the crops and the first weights
    limit: int | None = None,  # use only this many movies, 1 or more, chosen at random: for a quick try
    workers: int = 0,  # processes that read posters; 0 is best on a CPU, 4 to 16 beside a GPU
    cache: str = "runs/features",  # folder of what was found on posters, so that the next run need not look again
    out: str | None = None,  # folder to write to (default: runs/RECIPE, runs/RECIPE-2, ...); a series goes on in it
) -> dict:
    "The options by name, those that were not given with their defaults."
    return dict(locals())


def all_options(given: Mapping) -> dict:  # TypeError: an option that nobody knows
    "Every option of a recipe by name, from the locals() of a `main` that delegates to `shared`."
    return {name: value for name, value in given.items() if name != "kwargs"} | shared(**given["kwargs"])


def reading(options: Mapping) -> dict:  # ValueError, FileNotFoundError: as in read_mapping
    "How `read_movies` is to read the movies."
    columns = {name: options[name] for name in ("poster_col", "genre_col", "delim")}
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
