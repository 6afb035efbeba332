"""How much faster the vectorised bootstrap is than a loop over scikit-learn, in one run on this machine.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_evaluate.py

Times vary with the machine and are only printed; the ratio is what counts.
"""

import time

import numpy as np
from sklearn.metrics import average_precision_score

from postergenre.data.genres import GENRES
from postergenre.evaluation.bootstrap import bootstrap_weights, resampled_average_precision, resampled_metrics
from postergenre.evaluation.evaluate import Evaluation


def seconds(function, repeats: int = 3) -> float:
    "The fastest of a few runs"
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def main(movies: int = 2300, resamples: int = 1000, looped: int = 10):
    rng = np.random.default_rng(0)
    freq = np.linspace(0.02, 0.4, len(GENRES))
    targets = rng.random((movies, len(freq))) < freq
    probs = 1 / (1 + np.exp(-rng.normal(size=targets.shape) - targets - np.log(freq / (1 - freq))))
    weights = bootstrap_weights(movies, resamples)

    def ours():
        return [resampled_average_precision(probs[:, g], targets[:, g], weights) for g in range(len(freq))]

    def loop():
        return [
            [average_precision_score(targets[:, g], probs[:, g], sample_weight=weights[:, b]) for b in range(looped)]
            for g in range(len(freq))
        ]

    assert np.allclose(np.array(ours())[:, :looped], loop())
    mine, sklearns = seconds(ours), seconds(loop, 1) * resamples / looped
    print(f"{movies} movies x {len(freq)} genres, {resamples} resamples")
    print(f"average precision   {mine:.2f} s; scikit-learn in a loop {sklearns:.0f} s; ratio {sklearns / mine:.0f}")
    print(f"all metrics         {seconds(lambda: resampled_metrics(probs, targets, weights)):.2f} s")

    def table():
        return Evaluation(probs, targets, GENRES, train_freq=freq).table(resamples)

    print(f"Evaluation.table()  {seconds(table):.2f} s, with the popularity row")


if __name__ == "__main__":
    main()
