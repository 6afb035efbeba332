"""Several models on the same movies: each with its paired difference to the first."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from postergenre.evaluation.bootstrap import interval
from postergenre.evaluation.evaluate import Evaluation
from postergenre.evaluation.figures import METRICS, all_metrics
from postergenre.evaluation.predictions import judged_on, rare_genres, seen_in_training
from postergenre.evaluation.tables import Printed, text_table, wide_table


@dataclass(repr=False)
class Comparison(Printed):
    "Several models on the same movies, each with its difference to the first; made by `compare`."

    metrics: pd.DataFrame  # rows: models; columns: (metric or "metric difference", value or low or high)
    notes: list[str]  # what must be known to read it

    def table(self) -> pd.DataFrame:  # texts such as "59.4 % [57.9, 60.8]" and "+1.2 pp [+0.3, +2.1]"
        "One row a model."
        return text_table(self.metrics, [c for c in self.metrics.columns.unique(0) if c.endswith(" difference")])


def compare(
    results: Sequence[Evaluation],  # the first is the one the others are compared with; their names must differ
    metrics: Sequence[str] = ("top_n_accuracy", "macro_ap"),  # names from METRICS
    resamples: int = 1000,  # number of resamples of the movies
    seed: int = 42,  # seed of the resamples
    level: float = 0.95,  # share of the resamples inside the intervals
) -> Comparison:  # a `ValueError` says what differs between the results: movies, genres or true genres
    """Models side by side, with the paired interval of each difference to the first.

    Paired: every resample draws the same movies for all models, so that what makes a movie hard for all cancels.
    """
    results = list(results)
    names = [r.name for r in results]
    if unknown := [k for k in metrics if k not in METRICS]:
        raise ValueError(f"unknown metric {unknown[0]!r}; known are {', '.join(METRICS)}")
    if not results or len(set(names)) < len(names):
        raise ValueError(f"give one or more results with different names, not {names}; set result.name = '...'")
    first = results[0]
    results = [first, *(r.aligned(first.ids) for r in results[1:])]
    for r in results[1:]:
        if r.vocab != first.vocab:
            said = f"{r.name!r} knows other genres than {first.name!r}, or in another order"
            raise ValueError(f"{said}; use one vocabulary")
        if n := int((r.targets != first.targets).any(axis=1).sum()):
            raise ValueError(f"{r.name!r} and {first.name!r} disagree on the true genres of {n} movies")
    if first.popularity is not None and "popularity" not in names:
        results.append(first.popularity)
    values = [all_metrics(r.probs, r.targets, r.thresh) for r in results]
    drawn = [r.resampled(resamples, seed) for r in results]
    rows = []
    for r, value, sample in zip(results, values, drawn, strict=True):
        row = {}
        for k in metrics:
            row[k] = (value[k], *interval(sample[k], value[k], level))
            change = np.nan if r is first else value[k] - values[0][k]
            row[f"{k} difference"] = (change, *interval(sample[k] - drawn[0][k], change, level, (-1, 1)))
        rows.append(row)
    notes = [
        *seen_in_training(first),
        f"{judged_on(first)}, the same for all; [{level * 100:g} % intervals], {resamples:,} resamples.",
        *rare_genres(first),
        f"difference: to {first.name}, movie by movie; an interval without 0 is more than the choice of movies.",
    ]
    return Comparison(wide_table([r.name for r in results], rows), notes)
