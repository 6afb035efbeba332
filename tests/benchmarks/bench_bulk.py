"""Bulk scoring: posters a second for those of the network alone, one worker for several, memory, kills.

    python tests/benchmarks/bench_bulk.py --data posters

Real posters under new ids, as many as --posters, scored by the picture's half of the model that comes with the library.
A machine is not as fast all the time, so all that is compared goes on in turns, and who has no turn stands still: the
network alone, on pictures that are decoded and resized already, in one process with one thread, in one with as many as
there are workers, and in as many processes with one each; one worker on a few of the posters; all workers on all. Rates
count from when each worker has done a part: to start takes seconds, which is nothing beside a million. Memory is looked
at now and then. With --kills, all is scored once more, killed (SIGKILL) at random moments, and both results must be the
same.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from itertools import cycle, islice
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pyarrow.dataset as ds

from postergenre import read_movies
from postergenre.bulk.run import PART
from postergenre.data.posters import open_poster
from postergenre.portable.light import LightModel
from postergenre.portable.looks import Poster
from postergenre.portable.shipped import PICTURE, SHIPPED
from postergenre.recipes.runs.movies import find_data

READY = 64  # posters that are decoded before the network is timed
TURN = 5  # seconds of the network alone, in each of three ways; one worker has twice as many, all workers FEW times
FEW = 12  # one worker scores a twelfth, for which it needs about as many turns, but three parts at least
EVERY = 10  # seconds between two looks at memory, each of which takes 28 ms of a core


class Network:
    "The network alone on ready pictures, in processes that work when they are asked to."

    def __init__(self, model: Path, posters: list[str], processes: int, threads: int):
        context, self.rates = get_context("spawn"), []
        self.pipes, theirs = zip(*(context.Pipe() for _ in range(processes)), strict=True)
        for pipe in theirs:
            args = model, posters[:: len(posters) // READY][:READY], threads, pipe
            context.Process(target=run_network, args=args, daemon=True).start()
        for pipe in self.pipes:
            pipe.recv()

    def turn(self) -> None:
        for pipe in self.pipes:
            pipe.send(TURN)
        self.rates.append(sum(pipe.recv() for pipe in self.pipes))

    @property
    def rate(self) -> float:
        return float(np.mean(self.rates))

    def __str__(self) -> str:
        return f"{self.rate:.1f} posters/s ({min(self.rates):.1f} to {max(self.rates):.1f} in {len(self.rates)} turns)"


def run_network(model: Path, posters: list[str], threads: int, pipe: Connection) -> None:
    os.environ["OMP_NUM_THREADS"] = str(threads)
    light = LightModel(model)
    looks = [light.parts.look(Poster(open_poster(poster)), None) for poster in posters]
    light.parts.probs(looks, 64)
    pipe.send("ready")
    with suppress(EOFError):  # the benchmark has ended
        while True:
            seconds, done, begun = pipe.recv(), 0, time.perf_counter()
            while (took := time.perf_counter() - begun) < seconds:
                light.parts.probs(looks[done % READY :][:4], 64)
                done += 4
            pipe.send(done / took)


class Bulk:
    "The bulk command, which stands still between its turns."

    def __init__(self, model: Path, table: Path, out: Path, workers: int):
        self.command = [sys.executable, "-m", "postergenre.bulk", model, table, "--out", out, "--workers", str(workers)]
        self.out, self.process, self.seen, self.seconds = out, None, {}, 0.0
        self.least, self.first = workers * PART, None

    def turn(self, seconds: float = float("inf")) -> Iterator[int]:
        "Rows that are done, each second, for so long or to the end."
        begun = time.monotonic()
        if self.process is None:
            self.process = subprocess.Popen(self.command, stderr=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.tell(signal.SIGCONT)
        while not self.done and time.monotonic() - begun < seconds:
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(1)
            self.seen |= {f: ds.dataset(f).count_rows() for f in self.out.glob("part-*.parquet") if f not in self.seen}
            if self.first is None and self.rows >= self.least:
                self.first = self.rows, self.seconds + time.monotonic() - begun
            yield self.rows
        self.tell(signal.SIGSTOP)
        self.seconds += time.monotonic() - begun
        assert not self.process.returncode, self.process.stdout.read()

    @property
    def rows(self) -> int:
        return sum(self.seen.values())

    @property
    def rate(self) -> float:
        return (self.rows - self.first[0]) / (self.seconds - self.first[1])

    @property
    def done(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def tell(self, what: signal.Signals) -> None:
        for process in [] if self.done else processes_of(self.process.pid):
            with suppress(psutil.NoSuchProcess):  # it has ended since
                process.send_signal(what)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process is not None:
            self.tell(signal.SIGKILL)
            self.process.communicate()


def processes_of(pid: int) -> list[psutil.Process]:
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


class Memory:
    "MB that the processes hold for themselves, by rows that are done."

    def __init__(self, total: int, workers: int):
        self.total, self.workers, self.at, self.next = total, workers, {}, 0

    def look(self, rows: int, pid: int) -> None:
        if time.monotonic() < self.next:
            return
        self.next = time.monotonic() + EVERY
        try:
            used = [process.memory_full_info().uss / 2**20 for process in processes_of(pid)]
        except psutil.Error:  # one has ended
            return
        if len(used) > self.workers + 1:  # the command, its workers, and what multiprocessing starts beside them
            self.at.setdefault(rows * 10 // self.total, []).append(sum(used))

    def early_and_late(self) -> tuple[float, float]:
        "After the first tenth, and in the last, while there still is work."
        tenths = sorted(n for n in self.at if 0 < n < 10) or [0]
        return tuple(float(np.median(self.at[n])) for n in (tenths[0], tenths[-1]))


def killed(model: Path, table: Path, out: Path, workers: int, kills: int, total: int) -> list[int]:
    "Rows that were done at each kill; afterwards all is scored."
    moments = sorted(random.Random(0).sample(range(total), kills))
    done = []

    while True:
        with Bulk(model, table, out, workers) as bulk:
            for rows in bulk.turn():
                if len(done) < kills and rows >= moments[len(done)]:
                    time.sleep(random.Random(rows).random() * 5)
                    bulk.process.kill()
                    done.append(rows)
                    break
            else:
                return done


def check(out: Path, ids: list[str]) -> pd.DataFrame:
    "Each poster exactly once, in order."
    table = ds.dataset(sorted(out.glob("part-*.parquet"))).to_table().to_pandas()
    assert list(table["id"]) == ids
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="movies; else POSTERGENRE_DATA, else demo posters")
    parser.add_argument("--model", type=Path, default=SHIPPED / PICTURE, help="folder with graphs")
    parser.add_argument("--posters", type=int, default=100_000, help="posters to score (default: 100000)")
    parser.add_argument("--workers", type=int, default=2, help="processes (default: 2)")
    parser.add_argument("--kills", type=int, default=0, help="score all once more, killed so many times (default: 0)")
    args = parser.parse_args()
    if args.posters < (least := 3 * PART * args.workers):
        parser.error(f"--posters {args.posters} is too few for a rate; give {least} or more")
    files = list(map(str, read_movies(find_data(args.data), verbose=False)["poster"]))
    ids = [f"{i:07d}" for i in range(args.posters)]
    with tempfile.TemporaryDirectory() as place:
        place, few = Path(place), max(args.posters // FEW, 3 * PART)
        for name, n in {"all": args.posters, "few": few}.items():
            rows = {"id": ids[:n], "poster": list(islice(cycle(files), n))}
            pd.DataFrame(rows).to_csv(place / f"{name}.csv", index=False)
        networks = [Network(args.model, files, *at_once) for at_once in ((1, 1), (1, args.workers), (args.workers, 1))]
        memory = Memory(args.posters, args.workers)
        with (
            Bulk(args.model, place / "few.csv", place / "one", 1) as one,
            Bulk(args.model, place / "all.csv", place / "whole", args.workers) as whole,
        ):
            while not whole.done:
                for network in networks:
                    network.turn()
                deque(one.turn(2 * TURN), 0)
                for rows in whole.turn(FEW * TURN):
                    memory.look(rows, whole.process.pid)
            deque(one.turn(), 0)
        scores = check(place / "whole", ids)
        print(f"bulk, {args.workers} workers, {args.posters:,} posters: {whole.rate:.1f} posters/s; "
              f"{scores['error'].notna().sum():,} errors")  # fmt: skip
        print(f"bulk, 1 worker, {few:,} posters: {one.rate:.1f} posters/s; {args.workers} are "
              f"{whole.rate / one.rate:.2f} times it")  # fmt: skip
        hows = "1 process", f"1 process with {args.workers} threads", f"{args.workers} processes"
        for network, how in zip(networks, hows, strict=True):
            print(f"network alone, {how}: {network}, {network.rate / networks[0].rate:.2f} times one; bulk is "
                  f"{whole.rate / network.rate:.3f} of it")  # fmt: skip
        early, late = memory.early_and_late()
        print(f"memory: {early:,.0f} MB after a tenth, {late:,.0f} MB at the end ({late / early - 1:+.1%})", flush=True)
        if args.kills:
            done = killed(args.model, place / "all.csv", place / "killed", args.workers, args.kills, args.posters)
            again = check(place / "killed", ids)
            pd.testing.assert_frame_equal(scores, again)
            print(f"killed when {', '.join(f'{n:,}' for n in done)} were done: nothing lost, nothing twice, all alike")


if __name__ == "__main__":
    main()
