"""Progress bars where they make sense; what draws them is slow to import and waits until a bar is shown."""

import sys
from collections.abc import Iterable


def show_progress() -> bool:
    "True in a terminal or a notebook; False where a bar would fill a log file."
    return sys.stdout.isatty() or _in_notebook()


def progress(
    items: Iterable,  # what is worked through
    total: int,  # how many they are
    show: bool | None = None,  # None: in a terminal or notebook
) -> Iterable:
    "The same items, with a bar that moves as they are taken."
    # fastprogress prints a stray block even with display=False.
    return _with_bar(items, total) if (show_progress() if show is None else show) else items


def _with_bar(items: Iterable, total: int) -> Iterable:
    from fastprogress.fastprogress import progress_bar

    yield from progress_bar(items, total=total)
    if not _in_notebook():
        print()  # the bar of a terminal does not end its line


def _in_notebook() -> bool:
    from fastcore.imports import IN_NOTEBOOK

    return bool(IN_NOTEBOOK)
