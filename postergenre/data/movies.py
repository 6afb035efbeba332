"""One tidy row a movie: reads the study's export or a table, cleans it, finds the posters, says what it left out."""

import difflib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from postergenre.data.columns import TEXTS, as_list, fold, name_columns, typed_columns
from postergenre.data.genres import GENRES, check_vocab, merge_all
from postergenre.data.posters import find_poster, is_url
from postergenre.data.study import read_study
from postergenre.data.tables import read_cells, there
from postergenre.data.terminal import beside
from postergenre.data.unreadable import unreadable_posters

UNREADABLE = "unreadable poster"  # why a movie is left out


def read_movies(
    source: str | Path | pd.DataFrame,  # folder in the study's layout, a table file (see `read_table`), or a DataFrame
    poster_col: str = "poster",  # table: column of poster files; a relative path starts at the file's folder
    genre_col: str = "genres",  # table: column of genres, a text such as "Action, Drama" or a list
    delim: str = ",",  # table: what stands between two genres; spaces around it are trimmed
    sep: str | None = None,  # text file: what stands between two cells; None: found among , ; tab |
    vocab: Sequence[str] = GENRES,  # the genres to end up with
    mapping: Mapping[str, str | None] | None = None,  # raw genre -> genre of vocab, "" drops it; adds to MERGE (GENRES)
    check_posters: bool = False,  # open every poster (in parallel) and leave out those that cannot be read
    verbose: bool = True,  # print how many were read and what was left out
) -> pd.DataFrame:  # one row a movie; `.attrs["left_out"]`: reason -> ids, see `left_out_table`
    """Movies as one tidy row each: id, title, year, poster, genres and clean metadata.

    Raises FileNotFoundError (no such folder or file), KeyError (missing columns) or ValueError (no documents, a broken
    document or row, an unknown genre), each with the place and what to type instead. Ids are texts; a movie without one
    is called by its poster's name, or by its row. What `to_csv` and `to_parquet` write is read back as it was.
    """
    vocab = check_vocab(vocab)
    columns, named = {"poster_col": poster_col, "genre_col": genre_col}, 0
    if isinstance(source, pd.DataFrame):
        movies, named = _from_table(source, Path(), columns, delim, "the DataFrame")
    elif (path := there(source)).is_dir():
        movies = read_study(path)
    else:
        movies, named = _from_table(read_cells(path, sep, columns.values()), path.parent, columns, delim, str(path))

    read, left_out = len(movies), {}

    def leave_out(reason: str, rows: pd.Series) -> None:
        nonlocal movies
        left_out[reason] = movies.loc[rows, "id"].tolist()
        movies = movies.loc[~rows]

    leave_out("listed twice (the last stays)", movies["id"].duplicated(keep="last"))
    if (urls := movies["poster"].map(is_url).astype(bool)).any():
        leave_out("poster is a URL (download it first)", urls)
    missing = ~movies["poster"].map(os.path.isfile, na_action="ignore").eq(True)
    tried = "".join(f"\nThere is no poster {p}" for p in movies.loc[missing, "poster"].dropna().head(1))
    leave_out("no poster", missing)
    movies = movies.assign(genres=merge_all(movies["genres"], movies["id"], vocab, mapping))
    leave_out("no genre", movies["genres"].map(len) == 0)
    movies = movies.reset_index(drop=True)
    movies.attrs = {"read": read, "left_out": left_out, "vocab": list(vocab), "named": named, "tried": tried}
    if check_posters:
        movies = leave_out_unreadable(movies)
    if verbose:
        print(what_was_read(movies))
    if movies.empty:
        reasons = ", ".join(f"{k}: {len(v)}" for k, v in movies.attrs["left_out"].items() if v)
        raise ValueError(f"No movie is left of {read}: {reasons or 'the table has no rows'}{tried}")
    return movies


def read_table(
    source: pd.DataFrame | str | Path,  # a table, or a file of one: CSV, TSV, Parquet or Excel
    poster_col: str = "poster",  # in a file a relative poster path starts at its folder
    sep: str | None = None,  # text file: what stands between two cells, e.g. ";" or "tab"; None: found among , ; tab |
) -> pd.DataFrame:  # FileNotFoundError: no such file; ValueError: broken, with file and line, or no column poster_col
    "A table of movies as it is, with its posters found, in the column poster."
    if isinstance(source, pd.DataFrame):
        table, folder = source, None
    else:
        source = there(source)
        if source.is_dir():
            raise FileNotFoundError(f"{source} is a folder; pass a table, or what read_movies({str(source)!r}) gives")
        table, folder = read_cells(source, sep, [poster_col]), source.parent
    if poster_col != "poster":
        if poster_col not in table:
            raise ValueError(f"There is no column {poster_col!r} in the table; it has: {', '.join(map(str, table))}")
        table = table.drop(columns="poster", errors="ignore").rename(columns={poster_col: "poster"})
    if folder is not None and "poster" in table:
        table["poster"] = [find_poster(folder, p) for p in table["poster"]]
    return table


def leave_out_unreadable(
    movies: pd.DataFrame,  # from read_movies
    workers: int = 0,  # processes that open the posters; 0: one a core
    cache: str | Path | None = None,  # folder to remember readable posters in; None: all are opened
    strict: bool = False,  # refuse instead
) -> pd.DataFrame:  # a copy, what it lacks is in `.attrs["left_out"]`. ValueError: strict, and posters are unreadable
    "Movies without those whose poster cannot be opened and decoded in full."
    why = unreadable_posters(movies["poster"], workers, cache)
    if strict and why:
        first = ", ".join(f"{poster} ({error})" for poster, error in list(why.items())[:3])
        raise ValueError(f"{len(why):,} posters cannot be read, first {first}; mend them, or read without strict")
    bad = movies["poster"].isin(list(why))
    kept = movies[~bad].reset_index(drop=True)
    kept.attrs = movies.attrs | {"left_out": movies.attrs["left_out"] | {UNREADABLE: movies.loc[bad, "id"].tolist()}}
    return kept


def what_was_read(
    movies: pd.DataFrame,  # as read_movies returns it
) -> str:  # lines for a terminal
    "How many movies were read and kept, and the table of what was left out."
    about, table = movies.attrs, left_out_table(movies)
    lines = [f"{about['read']:,} movies read, {about['read'] - table['movies'].sum():,} kept."]
    if about["named"]:
        lines.append(f"{about['named']:,} without an id: they are called by their poster, or by their row.")
    if len(table):
        wide = max(map(len, ["left out", *table["left out"]]))
        rows = {f"{reason:>{wide}}  {n:>6,}": examples for reason, n, examples in table.itertuples(index=False)}
        lines += [*beside({f"{'left out':>{wide}}  movies": "for example"} | rows)]
        lines += [about["tried"].strip()] * bool(about["tried"])
    return "\n".join(lines)


def left_out_table(
    movies: pd.DataFrame,  # as read_movies returns it; its `.attrs["left_out"]` holds all the ids by reason
) -> pd.DataFrame:  # columns: left out (reason), movies (count), for example (first ids)
    "What read_movies left out, counted by reason."
    rows = [(reason, len(ids), ", ".join(map(str, ids[:3]))) for reason, ids in movies.attrs["left_out"].items() if ids]
    return pd.DataFrame(rows, columns=["left out", "movies", "for example"])


def _from_table(table: pd.DataFrame, folder: Path, columns: Mapping[str, str], delim: str, name: str):
    "The movies of a table, and how many of its ids are blank."
    table = typed_columns(name_columns(table, columns.values()), (*TEXTS, *columns.values())).reset_index(drop=True)
    if missing := {arg: col for arg, col in columns.items() if col not in table}:
        known = {fold(c): c for c in table}
        close = {arg: difflib.get_close_matches(fold(col), known, n=1, cutoff=0.7) for arg, col in missing.items()}
        named = ", ".join(f"{arg}={known[c[0]]!r}" if (c := close[arg]) else f"{arg}=..." for arg in missing)
        raise KeyError(
            f"{name} has no column {' and no column '.join(map(repr, missing.values()))}; it has: "
            f"{', '.join(map(str, table))}. Name yours: read_movies(..., {named}), "
            f"in a recipe --{' and --'.join(missing)}"
        )
    written, genres = (table[c] for c in columns.values())
    movies = table.drop(columns=[c for c in table if c in (*columns.values(), "poster", "genres")])
    movies["poster"] = pd.Series([find_poster(folder, p) for p in written], dtype="str")
    movies["genres"] = pd.Series([as_list(g, delim) for g in genres], dtype=object)
    blank = movies["id"].isna() if "id" in movies else pd.Series(True, index=movies.index)
    movies["id"] = _ids(movies, written, blank)
    if "title" not in movies:
        movies["title"] = movies["id"]
    first = [c for c in ("id", "title", "year", "poster", "genres") if c in movies]
    return movies[first + [c for c in movies if c not in first]], int(blank.sum()) if "id" in table else 0


def _ids(movies: pd.DataFrame, written: pd.Series, blank: pd.Series) -> pd.Series:
    "The ids of the table; a blank one is the poster's name, more of its path or the title where two would be alike."
    rows = "row " + movies.index.astype("str").to_series(movies.index)
    names = written.map(lambda p: Path(p).stem, na_action="ignore").astype("str").fillna(rows)
    paths = written.fillna(rows).astype("str")
    title = movies.get("title", pd.Series("", index=movies.index)).fillna("")
    ids = names.where(blank, movies.get("id"))
    # what makes two rows two movies: a given id, else the poster and the title
    movie = (movies["poster"].fillna(rows) + "\n" + title).where(blank, ids)
    for longer in (paths, paths + " (" + title + ")"):
        alike = movie.groupby(ids).transform("nunique") > 1
        ids = ids.mask(blank & alike, longer)
    return ids
