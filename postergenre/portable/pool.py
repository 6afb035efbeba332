"""What several models say as one probability, and what several modalities see beside each other, in NumPy alone."""

from collections.abc import Sequence

import numpy as np

POOLS = ("mean", "odds")
ABSENT = "nothing is there that the learner looks at"  # the error of a movie without evidence: it is not unreadable
SURE = 1e-6  # probabilities nearer to 0 or 1 than this have no odds to add


def pool_probs(
    probs: Sequence[np.ndarray],  # (movies, genres) of each member; a row of NaN: it has nothing to say of the movie
    weights: Sequence[float],  # one a member; for "mean" together 1
    pool: str = "mean",  # or "odds"
    freq: np.ndarray | None = None,  # (genres,) how frequent each genre is, for "odds"
) -> np.ndarray:  # (movies, genres). ValueError: an unknown pool, or no freq for "odds"
    """The probabilities of several models together.

    mean: their weighted mean, for members that look at the same thing and err in different ways.
    odds: their log-odds relative to the genres' frequencies are weighted and added, which is right (with weights of 1)
    for members that know different things, as words and pictures: two hints are stronger than each (Genest & Zidek
    1986, https://doi.org/10.1214/ss/1177013825: the logarithmic opinion pool).
    A member that has nothing to say of a movie moves nothing: the others count as if they were alone.
    """
    check_pool(pool, freq)
    probs, weights = [np.asarray(p, dtype=np.float64) for p in probs], np.asarray(weights, dtype=np.float64)
    if pool == "mean":
        said = sum(w * np.nan_to_num(p) for p, w in zip(probs, weights, strict=True))
        if not any(np.isnan(p).any() for p in probs):
            return said
        heard = sum(w * ~np.isnan(p) for p, w in zip(probs, weights, strict=True))
        return np.divide(said * weights.sum(), heard, out=np.full(said.shape, np.nan), where=heard > 0)
    base = log_odds(freq)
    hints = sum(w * np.nan_to_num(log_odds(p) - base) for p, w in zip(probs, weights, strict=True))
    return 1 / (1 + np.exp(-base - hints))


def check_pool(pool: str, freq: np.ndarray | None) -> None:  # ValueError: an unknown pool, or no freq for "odds"
    "Make sure that members can be pooled."
    if pool not in POOLS:
        raise ValueError(f"Unknown pool {pool!r}; choose one of: {', '.join(POOLS)}")
    if pool == "odds" and freq is None:
        raise ValueError("pool='odds' needs how frequent the genres are in training, which no member knows; use 'mean'")


def log_odds(p) -> np.ndarray:
    "Of probabilities, as far as SURE allows."
    p = np.asarray(p, dtype=np.float64).clip(SURE, 1 - SURE)
    return np.log(p / (1 - p))


def side_by_side(rows: Sequence[np.ndarray], widths: Sequence[int]) -> np.ndarray:
    "One movie's (views, features) of each modality beside each other; of fewer views its mean, of none NaN."
    n = max(map(len, rows))
    absent = (np.full((1, width), np.nan, dtype=np.float32) for width in widths)
    means = (own.mean(0, keepdims=True) if len(own) else nothing for own, nothing in zip(rows, absent, strict=True))
    same = (own if len(own) == n > 0 else mean.repeat(n, axis=0) for own, mean in zip(rows, means, strict=True))
    return np.concatenate(list(same), axis=1)
