"""What tells whether a table of movies is the one that it was: a digest of each."""

import hashlib
import json
from functools import cache
from os import PathLike
from pathlib import Path

import pandas as pd

DIGITS = 16


def movie_digests(movies: pd.DataFrame) -> list[str]:  # 16 hexadecimal digits each
    "Of each movie: what its poster file holds, and all cells of its row but where the file lies and the side it is on."
    of_file = cache(lambda file: hashlib.sha256(Path(file).read_bytes()).hexdigest() if Path(file).is_file() else "")
    posters = movies["poster"] if "poster" in movies else [None] * len(movies)
    rows = movies.drop(columns=["poster", "split"], errors="ignore").to_dict("records")
    digests = []
    for row, poster in zip(rows, posters, strict=True):
        known = json.dumps([row, of_file(poster) if isinstance(poster, str | PathLike) else ""], default=str)
        digests.append(hashlib.sha256(known.encode()).hexdigest()[:DIGITS])
    return digests
