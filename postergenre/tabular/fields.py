"""Fields of a table of movies: which there are, of what kind each is, and its cells as clean values."""

import re
from collections.abc import Mapping, Sequence

from postergenre.data.columns import as_list, minutes, names

KINDS = {
    "people": "names of people, who keep to their genres",
    "names": "one or several out of few, such as countries",
    "number": "a number",
    "words": "a text of which words count",
    "text": "a text of which the meaning counts too",
}
ALL = {
    "directors": "people", "writers": "people", "actors": "people", "countries": "names", "languages": "names",
    "rated": "names", "type": "names", "year": "number", "runtime": "number", "rating": "number", "votes": "number",
    "metascore": "number", "box_office": "number", "title": "text", "writer_roles": "words", "awards": "words",
}  # fmt: skip
AFTER_RELEASE = ("rating", "votes", "metascore", "box_office", "awards")
FIELD_SETS = {"all": ALL, "before release": {f: kind for f, kind in ALL.items() if f not in AFTER_RELEASE}}
NO_FIELDS = ("genres", "id", "poster", "split")  # the answer, and what says nothing

Value = list[str] | float | str | None  # of people, names, words; of a number; of a text; None: missing

_WORD = re.compile(r"[^\W_]+")


def check_fields(
    fields: str | Sequence[str] | Mapping[str, str],  # a set's name, columns that ALL knows, or column -> kind
) -> dict[str, str]:  # column -> kind. ValueError: an unknown set, column or kind, or none
    "The fields asked for, each with its kind."
    sets = " or ".join(map(repr, FIELD_SETS))
    if isinstance(fields, str):
        if fields not in FIELD_SETS:
            raise ValueError(f"Unknown set of fields {fields!r}; pass {sets}, or a list of columns such as ['actors']")
        return dict(FIELD_SETS[fields])
    if not isinstance(fields, Mapping):
        fields = {field: ALL.get(field, "") for field in fields}
    if not fields:
        raise ValueError(f"fields is empty; pass {sets}, or a list of columns such as ['actors']")
    for field, kind in fields.items():
        if field in NO_FIELDS:
            raise ValueError(f"The column {field!r} is no evidence on a movie; leave it out of fields")
        if kind not in KINDS:
            said = "; ".join(f"{kind}: {meaning}" for kind, meaning in KINDS.items())
            raise ValueError(
                f"Of what kind is the column {field!r}? Pass fields={{{field!r}: kind}} with one of {said}"
            )
    return dict(fields)


def clean_cell(
    value,  # of a table of movies; missing: None
    kind: str,  # of KINDS
) -> Value:
    "A cell as its kind needs it, whether from read_movies or a CSV."
    if isinstance(value, str):
        value = value.strip()
        value = None if value in ("", "N/A", "nan") else value
    if kind == "people":
        return names(value) if isinstance(value, str) else as_list(value)
    if kind == "names":
        return as_list(value)
    if kind == "number":
        return as_number(value)
    if kind == "words":
        return words_of(value or "")
    return None if value is None else str(value)


def words_of(text: str) -> list[str]:
    "The words and numbers of a text, each once, in lower case."
    return list(dict.fromkeys(_WORD.findall(str(text).lower())))


def as_number(value) -> float | None:  # None: missing, or no number
    "A number, or a text such as '$1,200' or '124 min'."
    try:
        number = float(re.sub(r"[,$\s]", "", value) if isinstance(value, str) else value)
    except (TypeError, ValueError):
        number = minutes(value)
    return None if number != number else number
