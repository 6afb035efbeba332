"""Files that are either whole or not there."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4


@contextmanager
def write_whole(path: str | Path) -> Iterator[Path]:
    "Write to a temporary file beside the real one, of the same suffix, that takes its name only when all went well."
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}-{uuid4().hex}{path.suffix}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> Path:
    "Write a text file, whole or not at all."
    with write_whole(path) as file:
        file.write_text(text, encoding="utf-8", newline="")
    return Path(path)
