"""Raw texts of the IMDb export as typed columns; absent is missing, never the text "N/A"."""

import re

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


def as_list(
    value: object,  # "Action, Drama", a list, or missing
    delim: str = ",",  # what stands between two values
) -> list[str]:  # trimmed, without empty texts and "N/A", each once, in order
    "A cell of a table as a list of texts."
    if isinstance(value, str):
        value = value.split(delim)
    texts = (str(v).strip() for v in (value if hasattr(value, "__len__") else ()))  # None, nan and NA have no length
    return list(dict.fromkeys(t for t in texts if t and t != "N/A"))


def names(value: object) -> list[str]:
    "Names of people without the role in parentheses: 'A (story), B (novel), A' -> ['A', 'B']."
    return as_list(_ROLE.sub("", value)) if isinstance(value, str) else []


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
) -> pd.DataFrame:  # id, title, year, then lists, numbers (runtime in minutes), released (date), rated, type
    "The export's texts as typed columns; a column that the export lacks is missing throughout."
    raw = raw.reindex(columns=list(dict.fromkeys([*raw.columns, *_USED])))
    text = {c: raw[c].where(raw[c].map(lambda v: isinstance(v, str) and v.strip() not in ("", "N/A"))) for c in _USED}
    years = pd.to_numeric(raw["year"], errors="coerce")
    movies = pd.DataFrame(
        {"id": raw["imdbID"].astype("str"), "title": text["Title"].astype("str"), "year": years.astype("Int64")}
    )
    for column, field in LISTS.items():
        movies[column] = [names(v) for v in text[field]]
    movies["runtime"] = [minutes(v) for v in text["Runtime"]]
    for column, field in NUMBERS.items():
        movies[column] = number(text[field])
    movies["released"] = pd.to_datetime(text["Released"], format="%d %b %Y", errors="coerce")
    for column in ("Rated", "Type"):
        movies[column.lower()] = text[column].astype("str")
    return movies


_USED = ["Title", *LISTS.values(), "Runtime", *NUMBERS.values(), "Released", "Rated", "Type"]
