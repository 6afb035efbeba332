"""One tidy row a movie: reads the study's export or a table, cleans it, finds the posters, says what it left out."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from postergenre.data.columns import as_list
from postergenre.data.genres import GENRES, check_vocab, merge_genres
from postergenre.data.posters import POSTER_SUFFIXES, unreadable_posters
from postergenre.data.study import read_study


def read_movies(
    source: str | Path | pd.DataFrame,  # folder in the study's layout, a CSV file, or a DataFrame like such a CSV
    poster_col: str = "poster",  # CSV: column of poster files; a relative path starts at the CSV's folder
    genre_col: str = "genres",  # CSV: column of genres, a text such as "Action, Drama" or a list
    delim: str = ",",  # CSV: what stands between two genres; spaces around it are trimmed
    vocab: Sequence[str] = GENRES,  # the genres to end up with
    mapping: Mapping[str, str] | None = None,  # raw genre -> genre of vocab; None: the study's merge, for GENRES
    check_posters: bool = False,  # open every poster (in parallel) and leave out those that cannot be read
    verbose: bool = True,  # print how many were read and what was left out
) -> pd.DataFrame:  # one row a movie; `.attrs["left_out"]`: reason -> ids, see `left_out`
    """Movies as one tidy row each: id, title, year, poster, genres and clean metadata.

    Raises FileNotFoundError (no such folder or file), KeyError (missing columns) or ValueError (no documents, a broken
    document, an unknown genre), each with the place and what to type instead.
    """
    vocab = check_vocab(vocab)
    if isinstance(source, str | Path) and Path(source).is_dir():
        movies = read_study(Path(source))
    else:
        name = "the DataFrame" if isinstance(source, pd.DataFrame) else str(source)
        movies = _from_table(read_table(source, poster_col), poster_col, genre_col, delim, name)

    read, left_out = len(movies), {}

    def leave_out(reason: str, rows: pd.Series) -> None:
        nonlocal movies
        left_out[reason] = movies.loc[rows, "id"].tolist()
        movies = movies.loc[~rows]

    leave_out("listed twice (the last stays)", movies["id"].duplicated(keep="last"))
    leave_out("no poster", ~movies["poster"].map(lambda p: p is not None and p.is_file()).astype(bool))
    names = zip(movies["genres"], movies["id"], strict=True)
    movies = movies.assign(genres=[merge_genres(raw, vocab, mapping, movie) for raw, movie in names])
    leave_out("no genre", movies["genres"].map(len) == 0)
    if check_posters:
        bad = unreadable_posters(movies["poster"])
        leave_out("unreadable poster", movies["poster"].isin(list(bad)))
    movies = movies.reset_index(drop=True)
    movies.attrs = {"read": read, "left_out": left_out, "vocab": list(vocab)}
    if verbose:
        print(f"{read:,} movies read, {len(movies):,} kept.")
        if any(left_out.values()):
            print(left_out_table(movies).to_string(index=False))
    if movies.empty:
        raise ValueError(f"No movie is left of {read}: " + ", ".join(f"{k}: {len(v)}" for k, v in left_out.items()))
    return movies


def read_table(
    source: pd.DataFrame | str | Path,  # a table, or a CSV; in a CSV a relative poster path starts at its folder
    poster_col: str = "poster",
) -> pd.DataFrame:  # FileNotFoundError: no such file
    "A table of movies as it is, with its posters found."
    if isinstance(source, pd.DataFrame):
        return source
    source = Path(source).expanduser()
    if not source.is_file():
        raise FileNotFoundError(
            f"There is no {source} (seen from {Path.cwd()}); pass the CSV of your movies, to read_movies also a folder"
        )
    table = pd.read_csv(source)
    if poster_col in table:
        table[poster_col] = [_find_poster(source.parent, p) for p in table[poster_col]]
    return table


def left_out_table(
    movies: pd.DataFrame,  # as read_movies returns it; its `.attrs["left_out"]` holds all the ids by reason
) -> pd.DataFrame:  # columns: left out (reason), movies (count), for example (first ids)
    "What read_movies left out, counted by reason."
    rows = [(reason, len(ids), ", ".join(map(str, ids[:3]))) for reason, ids in movies.attrs["left_out"].items() if ids]
    return pd.DataFrame(rows, columns=["left out", "movies", "for example"])


def _from_table(table: pd.DataFrame, poster_col: str, genre_col: str, delim: str, name: str):
    arguments = {"poster_col": poster_col, "genre_col": genre_col}
    if missing := {arg: col for arg, col in arguments.items() if col not in table.columns}:
        there = ", ".join(map(str, table.columns))
        raise KeyError(
            f"{name} has no column {' and no column '.join(map(repr, missing.values()))}; it has: {there}. "
            f"Name yours: read_movies(..., {', '.join(f'{arg}=...' for arg in missing)})"
        )
    posters = [_find_poster(Path(), p) for p in table[poster_col]]
    movies = table.drop(columns=[c for c in table if c in (poster_col, genre_col, "poster", "genres")])
    if "id" not in movies:
        stems = pd.Series([p.stem if p else f"row {i}" for i, p in enumerate(posters)])
        # Two folders may hold the same file name: then the whole path is the id.
        paths = [str(p) if p else stem for p, stem in zip(posters, stems, strict=True)]
        movies["id"] = stems.where(~stems.duplicated(False), paths)
    if "title" not in movies:
        movies["title"] = movies["id"].astype(str)
    movies = movies.assign(poster=posters, genres=[as_list(g, delim) for g in table[genre_col]])
    first = [c for c in ("id", "title", "year", "poster", "genres") if c in movies]
    return movies[first + [c for c in movies if c not in first]].reset_index(drop=True)


def _find_poster(folder: Path, poster: object) -> Path | None:
    if not isinstance(poster, str | Path) or not str(poster).strip():
        return None
    path = folder / Path(str(poster).strip()).expanduser()
    if path.suffix:
        return path
    found = [path.with_suffix(s) for s in POSTER_SUFFIXES if path.with_suffix(s).is_file()]
    return found[0] if found else path
