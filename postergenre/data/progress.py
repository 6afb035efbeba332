"""Progress where it makes sense: bars that are slow to import and wait until one is shown, else lines now and then."""

import sys
import time
from collections.abc import Iterable, Iterator

from fastcore.imports import IN_NOTEBOOK

SECONDS = 30  # from line to line, where there is no bar


def show_progress() -> bool:
    "True in a terminal or a notebook; False where a bar would fill a log file."
    return sys.stdout.isatty() or bool(IN_NOTEBOOK)


def progress(items: Iterable, total: int, show: bool | None = None) -> Iterator:
    "The same items with a bar that moves as they are taken; show=None: lines instead if there is no terminal."
    if show is None and not show_progress():
        yield from _with_lines(items, total)
        return
    if show is False:  # fastprogress prints a stray block even with display=False
        yield from items
        return
    from fastprogress.fastprogress import progress_bar

    try:
        # in a notebook a bar goes when it is done, as fastai's do
        yield from progress_bar(items, total=total, leave=not IN_NOTEBOOK)
    finally:
        if not IN_NOTEBOOK:
            print()  # the bar of a terminal does not end its line, nor when it is stopped


def _with_lines(items: Iterable, total: int) -> Iterator:
    begun = said = time.monotonic()
    for done, item in enumerate(items, 1):
        yield item
        now = time.monotonic()
        if now - said >= SECONDS and done < total:
            said, left = now, (now - begun) / done * (total - done) / 60
            print(f"  {done:,} of {total:,} done, about {left:.1f} minutes more", file=sys.stderr, flush=True)
