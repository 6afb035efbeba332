"""Posters a second that loaders give, against those that the network takes.

    python tests/benchmarks/bench_loader.py --data posters
    python tests/benchmarks/bench_loader.py --data posters --arch densenet121 --size 150 --workers 4    # beside a GPU

Loaders alone: posters that are opened, and shards that were written before. The network: training on one ready batch
from memory, and on shards. On a GPU the last two say for which share of the time it is busy; on a CPU, where loading
takes what training would have, how little that is.
"""

import argparse
import tempfile
import time
from functools import partial

import torch
from bench_training import OneBatch, rate

from postergenre import PosterDataLoaders, densenet_learner, poster_learner, read_movies, split_movies
from postergenre.recipes.runs.checks import parse_size
from postergenre.recipes.runs.memory import keep_memory
from postergenre.recipes.runs.movies import find_data


def alone(loader, seconds: float) -> float:
    "Posters a second of a loader whose batches nobody uses; the first one, which workers begin with, is not timed."
    images, begun = 0, None
    while begun is None or time.perf_counter() - begun < seconds:
        for x, _ in loader:
            images += len(x) if begun else 0
            begun = begun or time.perf_counter()
            if time.perf_counter() - begun >= seconds:
                break
    if x.is_cuda:
        torch.cuda.synchronize()
    return images / (time.perf_counter() - begun)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="movies; else POSTERGENRE_DATA, else demo posters")
    parser.add_argument("--arch", default="densenet121")
    parser.add_argument("--size", default="150", help="as in the recipes (default: 150)")
    parser.add_argument("--crop", default="random", help="random or whole (default: random)")
    parser.add_argument("--bs", type=int, default=32)
    parser.add_argument("--workers", type=int, default=0, help="processes that load (default: 0)")
    parser.add_argument("--limit", type=int, help="movies")
    parser.add_argument("--seconds", type=float, default=5, help="for a loader alone (default: 5)")
    parser.add_argument("--batches", type=int, default=6, help="trained in a round (default: 6)")
    parser.add_argument("--rounds", type=int, default=2, help="rounds; the best one counts (default: 2)")
    args = parser.parse_args()
    keep_memory()
    movies = read_movies(find_data(args.data), verbose=False)
    movies = split_movies(movies.sample(min(args.limit or len(movies), len(movies)), random_state=0))
    make = densenet_learner if args.arch == "densenet121" else partial(poster_learner, arch=args.arch)
    with tempfile.TemporaryDirectory() as folder:
        how = {"size": parse_size(args.size), "crop": args.crop, "bs": args.bs, "num_workers": args.workers}
        opened = PosterDataLoaders.from_movies(movies, **how)
        begun = time.perf_counter()
        kept = PosterDataLoaders.from_movies(movies, **how, shards=folder)
        rows = len(kept.train.items) + len(kept.valid.items)
        print(f"{rows:,} posters decoded once: {time.perf_counter() - begun:.0f} s")
        learners = {"one ready batch": make(kept), "shards": make(kept)}
        memory = learners["one ready batch"]
        memory.dls = type(kept)(OneBatch(memory.dls.train, args.batches + 2), memory.dls.valid)
        best = dict.fromkeys(["alone: opened", "alone: shards", *(f"trained: {name}" for name in learners)], 0.0)
        for _ in range(args.rounds):
            for name, dls in (("opened", opened), ("shards", kept)):
                best[f"alone: {name}"] = max(best[f"alone: {name}"], alone(dls.train, args.seconds))
            for name, learn in learners.items():
                best[f"trained: {name}"] = max(best[f"trained: {name}"], rate(learn, args.batches))
    for name, images in best.items():
        print(f"{name:<26}{images:9,.1f} images/s")
    takes = best["trained: one ready batch"]
    print(
        f"the loader of shards gives {best['alone: shards'] / takes:.1f} times what the network takes on {kept.device}"
    )
    print(f"the network is busy {min(1, best['trained: shards'] / takes):.0%} of the time")


if __name__ == "__main__":
    main()
