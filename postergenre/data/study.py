"""The study's raw files: pretty-printed Mongo shell documents, one after the other, in UTF-16."""

import json
import re
from pathlib import Path

import pandas as pd

from postergenre.data.columns import as_list, clean_metadata
from postergenre.data.posters import find_poster

STUDY_POSTERS = "Movie_Poster_Dataset"
STUDY_METADATA = "Movie_Poster_Metadata/groundtruth"

_OBJECT_ID = re.compile(r'("_id"\s*:\s*)ObjectId\(("[^"]*")\)')
_SPACE = re.compile(r"\s*")


def read_documents(
    file: str | Path,  # one export, e.g. groundtruth/1990.txt; UTF-16 or UTF-8, told by its byte-order mark
) -> list[dict]:  # the documents in the file's order. ValueError: a broken document, with file, line and column
    "The documents of one Mongo shell export (JSON one after the other, no list, `ObjectId(...)` allowed)."
    raw = Path(file).read_bytes()
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as e:
        raise ValueError(f"{file}: byte {e.start} is not {encoding} text ({e.reason}); export the file anew") from e
    # Only after the key: a title may hold the word too. The length is kept, so positions in errors stay right.
    text = _OBJECT_ID.sub(lambda m: f"{m[1]}{m[2]}{' ' * len('ObjectId()')}", text)
    decoder, at, documents = json.JSONDecoder(), _SPACE.match(text).end(), []
    while at < len(text):
        try:
            document, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as e:  # also a number of too many digits, and lists in lists without end
            at = e if isinstance(e, json.JSONDecodeError) else json.JSONDecodeError(str(e), text, at)
            raise ValueError(
                f"{file}, line {at.lineno}, column {at.colno}: broken document number {len(documents) + 1} ({at.msg}); "
                "mend or remove it"
            ) from e
        if not isinstance(document, dict):
            line = text.count("\n", 0, at) + 1
            raise ValueError(f"{file}, line {line}: expected a document {{...}}, found {str(document)[:40]!r}")
        documents.append(document)
        at = _SPACE.match(text, end).end()
    return documents


def read_study(folder: Path) -> pd.DataFrame:
    "The movies of a folder in the study's layout."
    files = sorted((folder / STUDY_METADATA).glob("[!.]*.txt"))  # macOS leaves hidden files beside them
    if not files:
        raise ValueError(
            f"{folder} holds no {STUDY_METADATA}/<year>.txt; pass the folder above {Path(STUDY_METADATA).parts[0]}, "
            "or a CSV: read_movies('movies.csv')"
        )
    documents = []
    for file in files:
        for number, document in enumerate(read_documents(file), 1):
            for key in ("imdbID", "Genre"):
                if not isinstance(document.get(key), str):
                    raise ValueError(f"{file}, document number {number}: has no {key}; mend or remove it")
            documents.append(document | {"year": file.stem})
    if not documents:
        raise ValueError(f"{folder / STUDY_METADATA} holds no documents: its {len(files)} files are empty")
    raw = pd.DataFrame(documents)
    movies, files = clean_metadata(raw), zip(raw["year"], raw["imdbID"], strict=True)
    movies.insert(3, "poster", [find_poster(folder / STUDY_POSTERS, f"{year}/{i}") for year, i in files])
    movies.insert(4, "genres", [as_list(text) for text in raw["Genre"]])
    return movies
