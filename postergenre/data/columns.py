"""Texts of the IMDb export and of table files as typed columns; absent is missing, never the text "N/A"."""

import ast
import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

_ROLE = re.compile(r"\s*\([^()]*(?:\)|$)")  # the export cuts some texts off inside a role
_RUNTIME = re.compile(r"^\s*(?:(\d+)\s*h)?\s*(?:(\d+)\s*min)?\s*$")

LISTS = {
    "directors": "Director",
    "writers": "Writer",
    "actors": "Actors",
    "countries": "Country",
    "languages": "Language",
}
NUMBERS = {"rating": "imdbRating", "votes": "imdbVotes", "metascore": "Metascore", "box_office": "Box_office"}

TEXTS = ("id", "title")  # a title such as 1917 is no number
COLUMNS = (*TEXTS, "year", "split", *LISTS, "runtime", *NUMBERS, "released", "rated", "type", "awards", "writer_roles")


def as_list(
    value: object,  # "Action, Drama", a list, or missing
    delim: str = ",",  # what stands between two values
) -> list[str]:  # trimmed, without empty texts and "N/A", each once, in order
    "A cell of a table as a list of texts."
    if isinstance(value, str):
        value = value.split(delim) if (items := written_list(value)) is None else items
    texts = (str(v).strip() for v in (value if hasattr(value, "__len__") else ()))  # None, nan and NA have no length
    return list(dict.fromkeys(t for t in texts if t and t != "N/A"))


def as_text(value: object) -> str | None:
    "A cell as it was written: 7.0 -> '7', since a blank cell makes pandas store numbers so; blank -> None."
    if value is None or (pd.api.types.is_scalar(value) and pd.isna(value)):
        return None
    return str(int(value) if isinstance(value, float) and value.is_integer() else value).strip() or None


def fold(name: object) -> str:
    "A name without what people write differently: case and spaces."
    return " ".join(str(name).split()).casefold()


def written_list(value: str) -> list | None:
    "The list that was written as a text, as pandas does to a CSV: \"['Action', 'Drama']\". None: it is no such text."
    if not (value.startswith("[") and value.endswith("]")):
        return None
    try:
        return ast.literal_eval(value)
    except (ValueError, SyntaxError, RecursionError, MemoryError):  # the last two: lists in lists without end
        return None


def name_columns(
    table: pd.DataFrame,
    columns: Sequence[str],  # as they should be called; those of read_movies always count too
) -> pd.DataFrame:  # a column that only one name can mean ("Poster ", "GENRES") has it. ValueError: one stands twice
    "A table with its columns named as asked for, case and spaces aside."
    if twice := table.columns[table.columns.duplicated()].tolist():
        raise ValueError(f"The table names the column {twice[0]} twice; rename one of them")
    there, renamed = [fold(c) for c in table.columns], {}
    for name in dict.fromkeys([*columns, *COLUMNS]):
        if name not in table.columns and there.count(fold(name)) == 1:
            renamed[table.columns[there.index(fold(name))]] = name
    return table.rename(columns=renamed)


def typed_columns(
    table: pd.DataFrame,  # as read from a file
    texts: Sequence[str] = TEXTS,  # columns of texts as they were written
) -> pd.DataFrame:  # lists that were written as text are lists, years whole numbers, dates dates
    "A table as it was before it was written to a file."
    typed = {}
    for c in table:
        cells = table[c].dropna()
        if len(cells) and all(isinstance(v, np.ndarray) for v in cells):  # as Parquet gives lists
            typed[c] = table[c].map(list, na_action="ignore")
        elif c not in TEXTS and len(cells) and all(isinstance(v, str) and v[:1] == "[" for v in cells):
            lists = table[c].astype(object).map(written_list, na_action="ignore")
            if lists.notna().sum() == len(cells):
                typed[c] = lists
        elif c in texts and not any(isinstance(v, list | tuple | set) for v in cells):
            typed[c] = table[c].astype(object).map(as_text).astype("str")
    for c, kind in (("year", "Int64"), ("released", "datetime64[us]")):
        if c in table:
            try:
                with np.errstate(invalid="ignore"):  # pandas casts before it looks whether it may
                    typed[c] = table[c].astype(kind)
            except (TypeError, ValueError, OverflowError):  # a column of the user's own, of the same name
                continue
    return table.assign(**typed)


def names(value: object) -> list[str]:
    "Names of people without the role in parentheses: 'A (story), B (novel), A' -> ['A', 'B']."
    return as_list(_ROLE.sub("", value)) if isinstance(value, str) else []


def roles(value: object) -> str | None:
    "What people did, as it stands in parentheses behind their names: 'A (story), B (novel)' -> 'story, novel'."
    found = _ROLE.findall(value) if isinstance(value, str) else []
    return ", ".join(dict.fromkeys(role.strip(" ()") for role in found)) or None


def minutes(value: object) -> float:
    "A running time in minutes: '124 min' -> 124, '1 h 30 min' -> 90, anything else -> missing."
    found = _RUNTIME.match(value) if isinstance(value, str) else None
    if not found or not any(found.groups()):
        return float("nan")
    return int(found[1] or 0) * 60 + int(found[2] or 0)


def number(column: pd.Series) -> pd.Series:
    "Texts such as '799,579' as numbers; what is no number is missing."
    return pd.to_numeric(column.astype("str").str.replace(r"[,$\s]", "", regex=True), errors="coerce")


def clean_metadata(
    raw: pd.DataFrame,  # documents of the export, one a row, and the column year
) -> (
    pd.DataFrame
):  # id, title, year, lists, numbers (runtime: minutes), released (date), rated, type, awards, writer_roles
    "The export's texts as typed columns; a column that the export lacks is missing throughout."
    raw = raw.reindex(columns=list(dict.fromkeys([*raw.columns, *_USED])))
    text = {c: raw[c].where(raw[c].map(lambda v: isinstance(v, str) and v.strip() not in ("", "N/A"))) for c in _USED}
    years = pd.to_numeric(raw["year"].where(raw["year"].astype("str").str.fullmatch(r"[0-9]{1,9}")), errors="coerce")
    movies = pd.DataFrame(
        {"id": raw["imdbID"].astype("str"), "title": text["Title"].astype("str"), "year": years.astype("Int64")}
    )
    for column, field in LISTS.items():
        movies[column] = [names(v) for v in text[field]]
    movies["writer_roles"] = [roles(v) for v in text["Writer"]]
    movies["runtime"] = [minutes(v) for v in text["Runtime"]]
    for column, field in NUMBERS.items():
        movies[column] = number(text[field])
    movies["released"] = pd.to_datetime(text["Released"], format="%d %b %Y", errors="coerce")
    for column in ("Rated", "Type", "Awards"):
        movies[column.lower()] = text[column].astype("str")
    return movies


_USED = ["Title", *LISTS.values(), "Runtime", *NUMBERS.values(), "Released", "Rated", "Type", "Awards"]
