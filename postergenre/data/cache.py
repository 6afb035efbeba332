"""What was read or computed of each poster, kept in one file."""

import hashlib
from functools import lru_cache
from pathlib import Path


def poster_key(
    poster: Path,  # a file. FileNotFoundError: it is not there
) -> str:  # 32 hexadecimal digits
    "What stays the same as long as a poster file does: its path, length and time of change."
    stat = poster.stat()
    path = _resolved(poster.parent.absolute()) / poster.name
    return hashlib.sha256(f"{path}|{stat.st_size}|{stat.st_mtime_ns}".encode()).hexdigest()[:32]


@lru_cache(maxsize=4096)
def _resolved(folder: Path) -> Path:
    return folder.resolve()
