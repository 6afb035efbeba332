"""Progress bars where they make sense; what draws them is slow to import and waits until a bar is shown."""

import sys
from collections.abc import Iterable, Iterator

from fastcore.imports import IN_NOTEBOOK


def show_progress() -> bool:
    "True in a terminal or a notebook; False where a bar would fill a log file."
    return sys.stdout.isatty() or bool(IN_NOTEBOOK)


def progress(items: Iterable, total: int, show: bool | None = None) -> Iterator:
    "The same items, with a bar that moves as they are taken; show=None: in a terminal or notebook."
    if not (show_progress() if show is None else show):  # fastprogress prints a stray block even with display=False
        yield from items
        return
    from fastprogress.fastprogress import progress_bar

    yield from progress_bar(items, total=total)
    if not IN_NOTEBOOK:
        print()  # the bar of a terminal does not end its line
