"""Bulk scoring: posters a second for those of the network alone, one worker for several, memory, kills.

    python tests/benchmarks/bench_bulk.py --data posters

Real posters under new ids, as many as --posters, scored by the picture's half of the model that comes with the library.
The network alone, on pictures that are decoded and resized already, as many processes with one thread each at once as
there are workers; a few thousand with one worker; all with all workers, and a look at their memory now and then; the
network alone again. With --kills, all is scored once more, killed (SIGKILL) at random moments, and both results are
compared.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import cycle, islice
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pyarrow.dataset as ds

from postergenre import read_movies
from postergenre.data.posters import open_poster
from postergenre.portable.light import LightModel
from postergenre.portable.looks import Poster
from postergenre.portable.shipped import PICTURE, SHIPPED
from postergenre.recipes.runs.movies import find_data

READY = 64  # posters that are decoded before the network is timed
SECONDS = 30  # for which it is timed, before the rest and after it
EVERY = 10  # seconds between two looks at memory, each of which takes 28 ms of a core
FEW = 2_000  # that one worker scores, or a tenth of all if that is less


def alone(model: Path, posters: list[str], at_once, answer) -> None:
    "Posters a second of the network alone, in a process of its own."
    os.environ["OMP_NUM_THREADS"] = "1"
    light = LightModel(model)
    looks = [light.parts.look(Poster(open_poster(poster)), None) for poster in posters]
    light.parts.probs(looks[:4], 64)
    at_once.wait()
    done, begun = 0, time.perf_counter()
    while time.perf_counter() - begun < SECONDS:
        light.parts.probs(looks, 64)
        done += len(looks)
    answer.put(done / (time.perf_counter() - begun))


def network_alone(model: Path, posters: list[str], workers: int) -> float:
    context = get_context("spawn")
    at_once, answer = context.Barrier(workers), context.Queue()
    args = model, posters[:: len(posters) // READY][:READY], at_once, answer
    processes = [context.Process(target=alone, args=args) for _ in range(workers)]
    for process in processes:
        process.start()
    rates = [answer.get() for _ in processes]
    for process in processes:
        process.join()
    return sum(rates)


def scored(model: Path, table: Path, out: Path, workers: int, watch: Callable[[int, int], bool]) -> float:
    "Seconds of the bulk command; watch(rows that are done, its process) looks each second and may end it: True."
    command = [sys.executable, "-m", "postergenre.bulk", model, table, "--out", out, "--workers", str(workers)]
    begun, seen = time.monotonic(), {}
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            time.sleep(1)
            seen |= {f: ds.dataset(f).count_rows() for f in out.glob("part-*.parquet") if f not in seen}
            if watch(sum(seen.values()), process.pid):
                return time.monotonic() - begun
        said = process.stdout.read()
        assert process.returncode == 0, said
    return time.monotonic() - begun


def processes_of(pid: int) -> list[psutil.Process]:
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


class Memory:
    "MB that the processes hold for themselves, by rows that are done."

    def __init__(self, total: int, workers: int):
        self.total, self.workers, self.at, self.next = total, workers, {}, 0

    def __call__(self, rows: int, pid: int) -> bool:
        if time.monotonic() < self.next:
            return False
        self.next = time.monotonic() + EVERY
        try:
            used = [process.memory_full_info().uss / 2**20 for process in processes_of(pid)]
        except psutil.Error:  # one has ended
            return False
        if len(used) > self.workers + 1:  # the command, its workers, and what multiprocessing starts beside them
            self.at.setdefault(rows * 10 // self.total, []).append(sum(used))
        return False

    def early_and_late(self) -> tuple[float, float]:
        "After the first tenth, and in the last, while there still is work."
        tenths = sorted(n for n in self.at if 0 < n < 10) or [0]
        return tuple(float(np.median(self.at[n])) for n in (tenths[0], tenths[-1]))


def killed(model: Path, table: Path, out: Path, workers: int, kills: int, total: int) -> list[int]:
    "Rows that were done at each kill; afterwards all is scored."
    moments = sorted(random.Random(0).sample(range(total), kills))
    done = []

    def kill(rows: int, pid: int) -> bool:
        if len(done) == len(moments) or rows < moments[len(done)]:
            return False
        time.sleep(random.Random(rows).random() * 5)
        done.append(rows)
        psutil.Process(pid).kill()
        return True

    while len(done) < kills:
        scored(model, table, out, workers, kill)
    scored(model, table, out, workers, kill)
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
    files = list(map(str, read_movies(find_data(args.data), verbose=False)["poster"]))
    ids = [f"{i:07d}" for i in range(args.posters)]
    with tempfile.TemporaryDirectory() as place:
        place, few = Path(place), min(FEW, args.posters // 10)
        for name, n in {"all": args.posters, "few": few}.items():
            rows = {"id": ids[:n], "poster": list(islice(cycle(files), n))}
            pd.DataFrame(rows).to_csv(place / f"{name}.csv", index=False)
        before = network_alone(args.model, files, args.workers)
        one = few / scored(args.model, place / "few.csv", place / "one", 1, lambda *_: False)
        print(f"bulk, 1 worker, {few:,} posters: {one:.1f} posters/s", flush=True)
        memory = Memory(args.posters, args.workers)
        rate = args.posters / scored(args.model, place / "all.csv", place / "whole", args.workers, memory)
        whole = check(place / "whole", ids)
        after = network_alone(args.model, files, args.workers)
        most = (before + after) / 2  # a machine shared with others is not as fast all the time
        print(f"network alone, {args.workers} processes: {before:.1f} before and {after:.1f} posters/s after")
        print(f"bulk, {args.workers} workers, {args.posters:,} posters: {rate:.1f} posters/s, {rate / most:.3f} of the "
              f"network alone, {rate / one:.2f} times one worker; {whole['error'].notna().sum():,} errors")  # fmt: skip
        early, late = memory.early_and_late()
        print(f"memory: {early:,.0f} MB after a tenth, {late:,.0f} MB at the end ({late / early - 1:+.1%})", flush=True)
        if args.kills:
            done = killed(args.model, place / "all.csv", place / "killed", args.workers, args.kills, args.posters)
            again = check(place / "killed", ids)
            pd.testing.assert_frame_equal(whole, again)
            print(f"killed when {', '.join(f'{n:,}' for n in done)} were done: nothing lost, nothing twice, all alike")


if __name__ == "__main__":
    main()
