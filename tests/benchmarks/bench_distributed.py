"""Posters a second that several processes train together, as a ratio to one process.

    python tests/benchmarks/bench_distributed.py --data posters

Each process has one thread and 32 posters of every batch, whatever their number. One process, several together and
as many that know nothing of each other are timed in turns, the best round of each counts; what they need beside the
training is not timed. The last is what the machine has to give: cores share memory and caches.
"""

import argparse
import os
import re
import subprocess
import sys

from bench_training import rate
from fastai.torch_core import rank_distrib

from postergenre import PosterDataLoaders, poster_learner, read_movies, split_movies
from postergenre.recipes.runs.memory import keep_memory
from postergenre.recipes.runs.movies import find_data
from postergenre.training.processes import leave_to_first


def measure(args) -> None:
    "What one of the processes does."
    keep_memory()
    n = int(os.environ["WORLD_SIZE"])
    movies = split_movies(read_movies(find_data(args.data), verbose=False))
    dls = PosterDataLoaders.from_movies(movies, bs=args.bs * n, num_workers=0, balance=f"even:{args.bs * n * 3}")
    learn = poster_learner(dls, args.arch)
    with learn.distrib_ctx():
        found = rate(learn, args.batches) * n  # of this process's part
    leave_to_first()
    if not rank_distrib():
        print(f"{found} images/s")


def launched(n: int, argv: list[str], times: int = 1) -> float:
    "Images a second of n processes together, so many times at once."
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc_per_node={n}", __file__]
    how = {"stdout": subprocess.PIPE, "text": True, "env": os.environ | {"OMP_NUM_THREADS": "1"}}
    started = [subprocess.Popen([*launch, "--worker", *argv], **how) for _ in range(times)]
    return sum(float(re.search(r"([\d.]+) images/s", process.communicate()[0])[1]) for process in started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="movies; else POSTERGENRE_DATA, else demo posters")
    parser.add_argument("--arch", default="densenet121")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--batches", type=int, default=8, help="batches timed in a round (default: 8)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds; the best one counts (default: 3)")
    parser.add_argument("--bs", type=int, default=32, help="posters of a batch that a process takes (default: 32)")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        measure(args)
        return
    n, argv = args.processes, sys.argv[1:]
    ways = {"1 process": (1, argv), f"{n} together": (n, argv), f"{n} apart": (1, argv, n)}
    best = dict.fromkeys(ways, 0.0)
    for _ in range(args.rounds):
        for way, how in ways.items():
            best[way] = max(best[way], launched(*how))
    for way, images in best.items():
        print(f"{way:<12}{images:6.1f} images/s, {images / best['1 process']:.2f} times one")


if __name__ == "__main__":
    main()
