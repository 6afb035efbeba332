"""Poster files that cannot be read, found before anything is trained on them; those that can are remembered."""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from pathlib import Path

from postergenre.data.cache import Batch, Cache, poster_key
from postergenre.data.posters import UNREADABLE, open_poster
from postergenre.data.progress import progress

READABLE = "readable.db"
FEW = 64  # posters that cost as much as a process


def unreadable_posters(
    posters: Iterable[str | Path],
    workers: int = 0,  # processes that open them; 0: one a core
    cache: str | Path | None = None,  # folder to remember readable files in, by path, size and time of change
) -> dict[str | Path, str]:  # file -> why. ValueError: what was remembered is not whole
    "The files that cannot be opened and decoded in full, found in parallel, with a bar."
    posters, errors = list(posters), {}
    keys = [poster_key(Path(p)) if os.path.isfile(p) else None for p in posters]

    def check(places: Iterable[int]) -> Iterator[Batch]:
        files = [posters[i] for i in places]
        processes = min(workers or os.cpu_count() or 1, len(files) // FEW)
        with ProcessPoolExecutor(processes) if processes > 1 else nullcontext() as pool:
            found = pool.map(why_unreadable, files, chunksize=FEW) if pool else map(why_unreadable, files)
            for i, error in zip(places, progress(found, len(files)), strict=True):
                if error:
                    errors[keys[i] or posters[i]] = error
                else:  # only these are kept: what made a file unreadable may end without a change of the file
                    yield [(i, True)]

    if cache is None:
        list(check(range(len(posters))))
    else:
        Cache(Path(cache) / READABLE).get(keys, check)
    why = {p: errors.get(key or p) for p, key in zip(posters, keys, strict=True)}
    return {p: error for p, error in why.items() if error}


def why_unreadable(poster: str | Path) -> str | None:  # None: it can be read
    "The error of opening and decoding a poster."
    try:
        open_poster(poster)
    except UNREADABLE as e:
        return f"{type(e).__name__}: {e}"
    return None
