"""What several models say, as one probability: the mean of theirs, or the sum of the evidence that each has."""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, combinations

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from postergenre.metrics import check_arrays
from postergenre.portable.pool import check_pool, log_odds

STRENGTHS = (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1)  # that are tried of what holds a stack's weights together
FOLDS = 5  # of the movies on which the strength is chosen
SMALLEST = 1e-3  # a weight below this is 0: the member would cost its time and change nothing


def ensemble_weights(
    probs: Sequence[np.ndarray],  # (movies, genres) of each member, from 0 to 1, for validation movies
    targets: np.ndarray,  # (movies, genres) true genres, 0 or 1
    pool: str = "mean",  # as in pool_probs
    freq: np.ndarray | None = None,  # as in pool_probs
) -> np.ndarray:  # one a member, from 0 to 1; of "mean" together 1; of "stack" (members, genres). ValueError: shapes
    """Weights with which the members together have the least binary log loss.

    Not those with the best top-n accuracy or macro AP: these are steps, many weights reach the same figure, and the
    best of a grid of them follows the noise of a few hundred movies. Log loss is smooth and convex in the weights, so
    there is one answer, found by SciPy from equal weights, the same every time. It asks how good the probabilities
    are, and it is these that are pooled: calibrate the members first. Those of a stack are drawn to the weights that
    are best for all genres, as strongly as does best on held-out fifths of the movies.
    """
    check_pool(pool, freq)
    checked = [check_arrays(p, targets) for p in probs]
    if not checked or not checked[0][0].size:
        raise ValueError("There are no probabilities to weigh; pass each member's, for one movie or more")
    weights = _mean_weights(checked) if pool == "mean" else _odds_weights(checked, freq, pool)
    weights = np.where(weights < SMALLEST, 0, weights)
    return weights / weights.sum() if pool == "mean" else weights


def apart(
    columns: Sequence[Sequence[str]],  # of a table of movies, that each member looks at
) -> Iterator[list[int]]:  # places of members
    "The members that may be alone with something to say of a movie, as it lacks the columns of all others."
    alike: dict[frozenset, list[int]] = {}
    for i, own in enumerate(columns):
        alike.setdefault(frozenset(own), []).append(i)
    for n in range(1, len(alike)):
        for some in combinations(alike.values(), n):
            yield sorted(chain.from_iterable(some))


def _mean_weights(checked: list) -> np.ndarray:
    # What each member says of what is true: the mean of that is what the ensemble says.
    said = np.stack([np.where(t, p, 1 - p).ravel() for p, t in checked]).clip(1e-7, 1)

    def log_loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        mixed = weights @ said
        return -np.log(mixed).mean(), -(said / mixed).mean(axis=1)

    equal = np.full(len(said), 1 / len(said))
    together = {"type": "eq", "fun": lambda w: w.sum() - 1, "jac": np.ones_like}
    return minimize(
        log_loss, equal, jac=True, method="SLSQP", bounds=[(0, 1)] * len(said), constraints=together, tol=1e-10
    ).x


def _odds_weights(checked: list, freq: np.ndarray, pool: str) -> np.ndarray:
    true, base = checked[0][1], log_odds(freq)
    hints = np.stack([log_odds(p) - base for p, _ in checked])
    if pool == "odds":
        return _common(hints, true, base)
    strengths = [*STRENGTHS, np.inf] if len(true) >= FOLDS else [np.inf]
    lost = np.zeros(len(strengths))
    for fold in range(FOLDS * (len(strengths) > 1)):
        out = np.arange(len(true)) % FOLDS == fold
        tried = [_by_genre(hints[:, ~out], true[~out], base, strength) for strength in strengths]
        lost += [_log_loss(w[:, None], hints[:, out], true[out], base)[0] for w in tried]
    return _by_genre(hints, true, base, strengths[int(lost.argmin())])


def _common(hints: np.ndarray, true: np.ndarray, base: np.ndarray) -> np.ndarray:
    # Logistic regression without a constant, on what each member adds to the frequencies' log-odds. No weight is above
    # 1: a calibrated member says all that it knows, though on few movies, where it is always right, it could say more.
    def log_loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        loss, slope = _log_loss(weights[:, None, None], hints, true, base)
        return loss, slope.mean(axis=(1, 2))

    return _least(log_loss, np.full(len(hints), 1 / len(hints)))


def _by_genre(hints: np.ndarray, true: np.ndarray, base: np.ndarray, strength: float) -> np.ndarray:
    common = np.repeat(_common(hints, true, base)[:, None], len(base), axis=1)
    if strength == np.inf:
        return common

    def log_loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        apart = weights.reshape(common.shape) - common
        loss, slope = _log_loss(apart[:, None] + common[:, None], hints, true, base)
        slope = slope.mean(axis=1) / len(base) + 2 * strength * apart / len(base)
        return loss + strength * np.square(apart).sum() / len(base), slope.ravel()

    return _least(log_loss, common.ravel()).reshape(common.shape)


def _log_loss(weights: np.ndarray, hints: np.ndarray, true: np.ndarray, base: np.ndarray) -> tuple[float, np.ndarray]:
    "The mean loss, and what each of the hints (members, movies, genres) adds to its slope."
    z = base + (weights * hints).sum(0)
    return (np.logaddexp(0, z) - true * z).mean(), (expit(z) - true) * hints


def _least(log_loss: Callable, start: np.ndarray) -> np.ndarray:
    options = {"ftol": 1e-12, "gtol": 1e-8}
    return minimize(log_loss, start, jac=True, method="L-BFGS-B", bounds=[(0, 1)] * len(start), options=options).x
