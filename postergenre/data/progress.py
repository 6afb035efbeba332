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


class RateLine:
    "A line that says how many of all are done, how fast, how long it will take; in a terminal anew, else at times."

    def __init__(
        self,
        total: int,
        what: str,  # are counted, e.g. posters
        done: int = 0,  # of an earlier run
        show: bool = True,
    ):
        self.total, self.what, self.done, self.before, self.show = total, what, done, done, show
        self.begun = self.said = time.monotonic()
        self.terminal = sys.stderr.isatty()

    def add(self, n: int) -> None:
        "So many more are done."
        self.done += n
        now = time.monotonic()
        if self.show and (now - self.said >= (1 if self.terminal else SECONDS) or self.done == self.total):
            self.said = now
            print(f"\r{self}\033[K" if self.terminal else self, end="" if self.terminal else "\n",
                  file=sys.stderr, flush=True)  # fmt: skip

    def end(self) -> None:
        "What follows begins a line of its own."
        if self.show and self.terminal and self.said > self.begun:
            print(file=sys.stderr, flush=True)

    def __str__(self) -> str:
        seconds = max(time.monotonic() - self.begun, 1e-9)
        rate = (self.done - self.before) / seconds
        line = f"  {self.done:,} of {self.total:,} {self.what}, {rate:,.1f} a second"
        return line + (
            f", about {_duration((self.total - self.done) / rate)} more" if rate and self.done < self.total else ""
        )


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"
