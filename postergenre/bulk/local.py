"""Parts scored by several processes of one machine; one that dies is told, and its part is scored by another."""

import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait

import pyarrow as pa

from postergenre.bulk.rows import Part
from postergenre.bulk.scorer import Asked, Scorer

TRIES = 3  # of a part whose process dies


def local_scores(
    parts: Iterator[Part],
    asked: Asked,
    workers: int,  # processes, each with one thread
) -> Iterator[Part]:  # scored, as they are ready. Whatever scoring raises; RuntimeError: processes die again and again
    "Scores of parts, of which no more are in memory than there are workers, and the next."
    context, died = get_context("spawn"), Counter()
    staff = [_Worker(context, asked)]
    coming = next(parts, None)
    try:
        while coming or any(worker.part for worker in staff):
            for worker in staff:
                if coming and not worker.part:
                    worker.give(coming)
                    coming = next(parts, None)
            if coming and len(staff) < workers:
                staff.append(_Worker(context, asked))
                continue
            ready = wait([worker.ours for worker in staff if worker.part])
            for i, worker in enumerate(staff):
                if worker.ours not in ready:
                    continue
                part, answer = worker.part, worker.answer()
                if answer is None:
                    died[part[0]] += 1
                    _tell(worker, part, died[part[0]])
                    staff[i] = worker = _Worker(context, asked)
                    worker.give(part)
                    continue
                if isinstance(answer, Exception):
                    raise answer
                if coming:  # before the scores are written: it need not wait for that
                    worker.give(coming)
                    coming = next(parts, None)
                yield part[0], answer
    finally:
        for worker in staff:
            worker.process.kill()
            worker.process.join()


class _Worker:
    "A process that scores one part at a time."

    def __init__(self, context, asked: Asked):
        self.ours, theirs = context.Pipe()
        self.process = context.Process(target=_work, args=(asked, theirs), daemon=True)
        self.process.start()
        theirs.close()
        self.part: Part | None = None

    def give(self, part: Part) -> None:
        self.part = part

        with suppress(OSError):  # it has died; `answer` says so
            self.ours.send(part[1])

    def answer(self) -> pa.Table | Exception | None:  # None: it died
        self.part = None
        try:
            return self.ours.recv()
        except (EOFError, OSError):
            self.process.join()
            return None


def _work(asked: Asked, theirs: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started this one
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        score = Scorer(asked)
        while True:
            theirs.send(score(theirs.recv()))
    except (EOFError, BrokenPipeError):
        pass
    except Exception as e:
        theirs.send(e)


def _end_with_parent() -> None:
    "So that nothing goes on computing for a process that was killed."
    parent_process().join()
    os._exit(1)


def _tell(worker: _Worker, part: Part, times: int) -> None:  # RuntimeError: too many times
    code = worker.process.exitcode
    how = f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
    if code == -signal.SIGKILL:
        how += ", as where memory runs out"
    first, last = part[1]["id"][0], part[1]["id"][-1]
    said = f"A worker process ended {how}, while it scored part {part[0]} ({first} to {last})"
    if times == TRIES:
        raise RuntimeError(
            f"{said}, for the {times}rd time; look at these posters, or give fewer --workers if memory runs out, then "
            "type the same command to go on"
        )
    print(f"{said}; another one scores it again", file=sys.stderr, flush=True)
