"""Progress bars where they make sense."""

import sys
from collections.abc import Iterable

from fastcore.imports import IN_NOTEBOOK
from fastprogress.fastprogress import progress_bar


def show_progress() -> bool:
    "True in a terminal or a notebook; False where a bar would fill a log file."
    return bool(IN_NOTEBOOK) or sys.stdout.isatty()


def progress(
    items: Iterable,  # what is worked through
    total: int,  # how many they are
    show: bool | None = None,  # None: in a terminal or notebook
) -> Iterable:
    "The same items, with a bar that moves as they are taken."
    # fastprogress prints a stray block even with display=False.
    return progress_bar(items, total=total) if (show_progress() if show is None else show) else items
