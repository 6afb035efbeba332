"""What several models say, as one probability: the mean of theirs, or the sum of the evidence that each has."""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from postergenre.metrics import check_arrays
from postergenre.portable.pool import check_pool, log_odds

SMALLEST = 1e-3  # a weight below this is 0: the member would cost its time and change nothing


def ensemble_weights(
    probs: Sequence[np.ndarray],  # (movies, genres) of each member, from 0 to 1, for validation movies
    targets: np.ndarray,  # (movies, genres) true genres, 0 or 1
    pool: str = "mean",  # as in pool_probs
    freq: np.ndarray | None = None,  # as in pool_probs
) -> np.ndarray:  # one a member, from 0 to 1; of "mean" together 1. ValueError: shapes differ, or there are no movies
    """Weights with which the members together have the least binary log loss.

    Not those with the best top-n accuracy or macro AP: these are steps, many weights reach the same figure, and the
    best of a grid of them follows the noise of a few hundred movies. Log loss is smooth and convex in the weights, so
    there is one answer, found by SciPy from equal weights, the same every time. It asks how good the probabilities
    are, and it is these that are pooled: calibrate the members first.
    """
    check_pool(pool, freq)
    checked = [check_arrays(p, targets) for p in probs]
    if not checked or not checked[0][0].size:
        raise ValueError("There are no probabilities to weigh; pass each member's, for one movie or more")
    weights = _mean_weights(checked) if pool == "mean" else _odds_weights(checked, freq)
    weights = np.where(weights < SMALLEST, 0, weights)
    return weights / weights.sum() if pool == "mean" else weights


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


def _odds_weights(checked: list, freq: np.ndarray) -> np.ndarray:
    # Logistic regression without a constant, on what each member adds to the frequencies' log-odds. No weight is above
    # 1: a calibrated member says all that it knows, though on few movies, where it is always right, it could say more.
    true, base = checked[0][1], log_odds(freq)
    hints = np.stack([log_odds(p) - base for p, _ in checked])

    def log_loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        z = base + np.tensordot(weights, hints, 1)
        return (np.logaddexp(0, z) - true * z).mean(), ((expit(z) - true) * hints).mean(axis=(1, 2))

    equal = np.full(len(hints), 1 / len(hints))
    options = {"ftol": 1e-12, "gtol": 1e-8}
    return minimize(log_loss, equal, jac=True, method="L-BFGS-B", bounds=[(0, 1)] * len(hints), options=options).x
