"""The study's raw files: pretty-printed Mongo shell documents, one after the other, in UTF-16."""

import json
import re
from pathlib import Path

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
        except json.JSONDecodeError as e:
            raise ValueError(
                f"{file}, line {e.lineno}, column {e.colno}: broken document number {len(documents) + 1} ({e.msg}); "
                "mend or remove it"
            ) from e
        if not isinstance(document, dict):
            line = text.count("\n", 0, at) + 1
            raise ValueError(f"{file}, line {line}: expected a document {{...}}, found {str(document)[:40]!r}")
        documents.append(document)
        at = _SPACE.match(text, end).end()
    return documents
