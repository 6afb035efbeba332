"""Work in a process of its own, with a watch on how long each piece of it takes and how much memory it needs."""

import multiprocessing
import os
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import psutil

SECONDS = 10  # of the processor, which others' work does not lengthen
MB = 1500  # of any process
WALL = 3600  # seconds of the clock: it waits for ever


class Seen(NamedTuple):
    "What became of a piece."

    answer: object
    seconds: float  # of the processor
    mb: float  # the most that the process, or one that it started, held
    fault: str | None = None  # an exception, how the process ended, or that it hangs


def watched(function: Callable, pieces: Sequence, seconds: float = SECONDS) -> Iterator[Seen]:
    "function(piece) of each in order; after a crash or a hang another process goes on with the next."
    context, at = multiprocessing.get_context("spawn"), 0
    while at < len(pieces):
        ours, theirs = context.Pipe()
        process = context.Process(target=_work, args=(function, pieces[at:], theirs))
        process.start()
        theirs.close()
        try:
            while at < len(pieces):
                yield _next(ours, psutil.Process(process.pid), seconds)
                at += 1
        except (EOFError, TimeoutError) as e:
            at += 1
            yield Seen(None, 0, 0, str(e) or "the process ended")
        finally:
            for started in psutil.Process(process.pid).children(recursive=True):
                started.kill()
            process.kill()
            process.join()


def _next(ours, process: psutil.Process, seconds: float) -> Seen:
    begun, used, most = time.monotonic(), None, 0.0
    while not ours.poll(0.2):
        now = sum(process.cpu_times()[:2])
        used = now if used is None else used
        if now - used > seconds or time.monotonic() - begun > WALL:
            raise TimeoutError(
                f"hangs: {now - used:.0f} s of the processor, {time.monotonic() - begun:.0f} of the clock"
            )
        most = max([most, *map(_peak, process.children(recursive=True))])
    answer, took, own, fault = ours.recv()
    return Seen(answer, took, max(most, own), fault)


def _work(function: Callable, pieces: Sequence, theirs) -> None:
    warnings.simplefilter("error", UserWarning)  # as Pillow's are: none is to reach the terminal
    for piece in pieces:
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
        begun, fault, answer = time.process_time(), None, None
        try:
            answer = function(piece)
        except BaseException as e:
            fault = f"{type(e).__name__}: {e}"
        theirs.send((answer, time.process_time() - begun, _peak(psutil.Process(os.getpid())), fault))


def _peak(process: psutil.Process) -> float:  # MB
    try:
        status = Path(f"/proc/{process.pid}/status").read_text()
    except (OSError, psutil.Error):  # it has ended
        return 0
    return int((status.partition("VmHWM:")[2].split() or [0])[0]) / 1024
