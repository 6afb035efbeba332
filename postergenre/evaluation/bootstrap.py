"""Intervals by resampling the movies: each resample is a row of weights, and no metric is ever looped over movies.

A resample draws as many movies as there are, with replacement; how often a movie was drawn is its weight. Every metric
here comes from sums over movies, so a few matrix products give all resamples. Average precision needs the movies
sorted, which does not depend on the resample: sort once, then cumulate the weights of all resamples.
"""

import warnings

import numpy as np
from scipy.sparse import csr_matrix

from postergenre import metrics as m


def bootstrap_weights(n: int, resamples: int = 1000, seed: int = 42) -> np.ndarray:  # (n, resamples) float64
    """How often each of n movies was drawn, with replacement, all resamples at once; every column sums to n.

    The same seed and n give the same resamples: that pairs the models compared.
    """
    if n < 1 or resamples < 1:
        raise ValueError(f"nothing to resample: {n} movies, {resamples} resamples")
    drawn = np.random.default_rng(seed).integers(0, n, (n, resamples))
    cells = (drawn * resamples + np.arange(resamples)).ravel()
    return np.bincount(cells, minlength=n * resamples).reshape(n, resamples).astype(np.float64)


def interval(
    samples, value, level: float = 0.95, bounds: tuple[float, float] = (0, 1)
) -> tuple[np.ndarray, np.ndarray]:  # low and high end, (...) each, `value` between them; NaN where never defined
    """Percentiles of the resamples, moved back by twice their bias.

    samples: the figure in each resample, (..., resamples), NaN where not defined; value: the figure itself, (...).

    A resample repeats movies, which lifts the average precision of rare genres: its figures lie as far above that of
    the movies at hand as that one lies above the truth. Simulated with the genres' real frequencies, 95 % intervals of
    macro AP then hold the truth 95 times in 100 with 2,300 movies (plain percentiles: 57) and 87 times with 300 (20).
    """
    with warnings.catch_warnings(action="ignore"):  # numpy warns where all resamples are NaN
        ends = np.nanquantile(samples, [(1 - level) / 2, (1 + level) / 2], axis=-1)
        low, high = np.clip(ends - 2 * (np.nanmean(samples, axis=-1) - value), *bounds)
    return np.minimum(low, value), np.maximum(high, value)


def resampled_average_precision(
    scores: np.ndarray, targets: np.ndarray, weights: np.ndarray, cells: int = 1
) -> np.ndarray:  # (resamples,); NaN where no true movie was drawn
    """Average precision of every resample, equal scores taken together as in scikit-learn.

    scores, targets: (n,), `cells` of each movie one after the other; weights: (movies, resamples).
    """
    order = np.argsort(-scores, kind="stable")
    movie = order // cells
    scores, targets = scores[order], targets[order]
    if not targets.any():
        return np.full(weights.shape[1], np.nan)
    # precision changes the sum only at the equal scores that hold a true movie: cut the ranking after each of those
    last_of_equals = np.append(np.flatnonzero(np.diff(scores)), len(scores) - 1)
    ends = last_of_equals[np.unique(np.searchsorted(last_of_equals, np.flatnonzero(targets)))] + 1
    true_ends = np.concatenate([[0], np.cumsum(targets)])[ends]
    # a sparse 0/1 matrix sums the weights between two cuts in one pass and without a sorted copy of them
    n_movies, n_true = len(weights), int(targets.sum())
    between = csr_matrix((np.ones(ends[-1]), movie[: ends[-1]], np.append(0, ends)), (len(ends), n_movies))
    true_between = csr_matrix((np.ones(n_true), movie[targets], np.append(0, true_ends)), (len(ends), n_movies))
    out = np.empty(weights.shape[1])
    for start in range(0, weights.shape[1], 250):  # in pieces that stay in the cache
        chunk = np.ascontiguousarray(weights[:, start : start + 250])
        found = true_between @ chunk
        precision = np.cumsum(found, axis=0) / np.maximum(np.cumsum(between @ chunk, axis=0), 1)
        drawn = found.sum(axis=0)
        mean = np.einsum("ij,ij->j", found, precision) / np.maximum(drawn, 1)
        out[start : start + 250] = np.where(drawn > 0, mean, np.nan)
    return out


def resampled_metrics(probs, targets, weights: np.ndarray, thresh=0.5) -> dict[str, np.ndarray]:  # (resamples,) each
    "What `all_metrics` gives, in every resample; and the figures of each genre, ap and f1: (genres, resamples)."
    probs, targets = m.check_arrays(probs, targets)
    n_movies, n_genres = probs.shape
    support = targets.T @ weights

    n_true = targets.sum(axis=1)
    top_n = m.top_n_mask(probs, n_true)
    shares = (top_n & targets).sum(axis=1) / np.maximum(n_true, 1)
    counted = (n_true > 0) @ weights
    with np.errstate(invalid="ignore"):
        out = {"top_n_accuracy": shares @ weights / counted}

    ap = np.stack([resampled_average_precision(probs[:, g], targets[:, g], weights) for g in range(n_genres)])
    out["ap"], out["macro_ap"] = ap, m.macro_mean(ap, support)
    out["micro_ap"] = resampled_average_precision(probs.ravel(), targets.ravel(), weights, n_genres)

    predicted = probs > m.check_thresh(thresh, n_genres)
    hits, n_predicted = (predicted & targets).T @ weights, predicted.T @ weights
    out["f1"] = 2 * hits / np.maximum(n_predicted + support, 1)
    out["macro_f1"] = m.macro_mean(out["f1"], support)
    out["micro_f1"] = 2 * hits.sum(axis=0) / np.maximum((n_predicted + support).sum(axis=0), 1)

    hits = (top_n & targets).T @ weights
    out["precision_at_n"] = m.macro_mean(hits / np.maximum(top_n.T @ weights, 1), support)
    out["recall_at_n"] = m.macro_mean(hits / np.maximum(support, 1), support)

    n_bins = 15
    cells = (np.arange(n_movies)[:, None] * n_bins + m.calibration_bins(probs, n_bins)).ravel()
    gaps = np.bincount(cells, weights=(probs - targets).ravel(), minlength=n_movies * n_bins).reshape(n_movies, n_bins)
    out["ece"] = np.abs(gaps.T @ weights).sum(axis=0) / probs.size
    out["brier"] = ((probs - targets) ** 2).mean(axis=1) @ weights / n_movies
    return out
