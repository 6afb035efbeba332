"""Posters a second that several processes train together, as a ratio to one process.

    python tests/benchmarks/bench_distributed.py --data posters

Each process has one thread and 32 posters of every batch, whatever their number. One and two processes are timed in
turns, the best round of each counts; what both need beside them is not timed.
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


def launched(n: int, argv: list[str]) -> float:
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc_per_node={n}", __file__]
    env = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run([*launch, "--worker", *argv], check=True, stdout=subprocess.PIPE, text=True, env=env)
    return float(re.search(r"([\d.]+) images/s", done.stdout)[1])


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
    best = dict.fromkeys([1, args.processes], 0.0)
    for _ in range(args.rounds):
        for n in best:
            best[n] = max(best[n], launched(n, sys.argv[1:]))
    for n, images in best.items():
        print(f"{n} process{'es' * (n > 1)}: {images:6.1f} images/s, {images / best[1]:.2f} times one")


if __name__ == "__main__":
    main()
