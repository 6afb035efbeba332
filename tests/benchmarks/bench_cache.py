"""Features of a million movies, simulated: how much memory it takes to write them and to read them back.

    python tests/benchmarks/bench_cache.py --folder features

All that a modality does but looking: movies are asked for by the table, features come a batch at a time, are kept, and
are read back as a head reads them. The folder takes 5.5 GB and is removed at the end.
"""

import argparse
import resource
import shutil
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from postergenre.modality import Modality

WIDTH, AT_ONCE = 1280, 4096  # features of a movie; movies that a head looks at


class Simulated(Modality):
    "Features that say which movie they are of."

    name, columns = "simulated", ("id",)

    def read(self, movie, train: bool = False) -> int:
        return int(movie["id"])

    def encode(self, readings: list[int]) -> torch.Tensor:
        return torch.tensor(readings).float()[:, None].expand(-1, WIDTH)


def megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="where the cache is written; must not exist")
    parser.add_argument("--movies", type=int, default=1_000_000)
    args = parser.parse_args()
    args.folder.mkdir(parents=True)
    movies = pd.DataFrame({"id": np.arange(args.movies)})
    print(f"before: {megabytes():,.0f} MB at most, of torch and pandas")
    try:
        for done in ("written", "read back"):
            modality, begun = Simulated(), time.perf_counter()
            modality.keep_in(args.folder)
            rows, errors = modality.features(movies, bs=256)
            for start in range(0, len(rows), AT_ONCE):
                x = np.concatenate(rows[start : start + AT_ONCE])
                assert x.shape[1] == WIDTH and (x[:, 0] == np.arange(start, start + len(x))).all()
            assert not any(errors)
            [kept] = modality.kept.values()
            rate = args.movies / (time.perf_counter() - begun)
            print(
                f"{done}: {rate:,.0f} movies/s, {kept.computed:,} computed; {megabytes():,.0f} MB at most", flush=True
            )
        size = sum(file.stat().st_size for file in args.folder.iterdir())
        print(f"on the disk: {size / 1e9:.2f} GB for {args.movies:,} x {WIDTH} float32")
    finally:
        shutil.rmtree(args.folder)


if __name__ == "__main__":
    main()
