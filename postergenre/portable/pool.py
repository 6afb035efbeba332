"""What several models say as one probability, and what several modalities see beside each other, in NumPy alone."""

from collections.abc import Mapping, Sequence

import numpy as np

POOLS = ("mean", "odds", "stack")
ABSENT = "nothing is there that the learner looks at"  # the error of a movie without evidence: it is not unreadable
SURE = 1e-6  # probabilities nearer to 0 or 1 than this have no odds to add


def pool_probs(
    probs: Sequence[np.ndarray],  # (movies, genres) of each member; a row of NaN: it has nothing to say of the movie
    weights: Sequence,  # one a member; for "mean" together 1; for "stack" (members, genres)
    pool: str = "mean",  # of POOLS
    freq: np.ndarray | None = None,  # (genres,) how frequent each genre is, for "odds" and "stack"
    subsets: Mapping[tuple[int, ...], Sequence] | None = None,  # weights where only these members have something to say
) -> np.ndarray:  # (movies, genres). ValueError: an unknown pool, or no freq for "odds"
    """The probabilities of several models together.

    mean: their weighted mean, for members that look at the same thing and err in different ways.
    odds: their log-odds relative to the genres' frequencies are weighted and added, which is right (with weights of 1)
    for members that know different things, as words and pictures: two hints are stronger than each (Genest & Zidek
    1986, https://doi.org/10.1214/ss/1177013825: the logarithmic opinion pool).
    stack: the same with a weight for each member and genre (stacked generalisation, Wolpert 1992,
    https://doi.org/10.1016/S0893-6080(05)80023-1).
    A member that has nothing to say of a movie moves nothing: the others have the weights that subsets gives them, or
    else those that they always have.
    """
    check_pool(pool, freq)
    probs = [np.asarray(p, dtype=np.float64) for p in probs]
    pooled = _pooled(probs, np.asarray(weights, dtype=np.float64), pool, freq)
    if subsets:
        heard = ~np.stack([np.isnan(p).any(axis=1) for p in probs], axis=1)
        for there, own in subsets.items():
            rows = (heard == np.isin(np.arange(len(probs)), there)).all(axis=1)
            if rows.any():
                pooled[rows] = _pooled([p[rows] for p in probs], np.asarray(own, dtype=np.float64), pool, freq)
    return pooled


def _pooled(probs: list[np.ndarray], weights: np.ndarray, pool: str, freq: np.ndarray | None) -> np.ndarray:
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
    if pool != "mean" and freq is None:
        said = f"pool={pool!r} needs how frequent the genres are in training"
        raise ValueError(f"{said}, which no member knows; use 'mean'")


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
