"""The weights of an ensemble's members: no others on a grid are better, alike every time, whole at the ends."""

import numpy as np
import pytest

from postergenre.inference.pooling import ensemble_weights
from postergenre.portable.pool import pool_probs


def noisy(rng, targets, noise) -> np.ndarray:
    logits = 2 * targets - 1 + noise * rng.normal(size=targets.shape)
    return 1 / (1 + np.exp(-2 * logits))


def log_loss(probs, targets) -> float:
    return -np.log(np.where(targets, probs, 1 - probs)).mean()


@pytest.fixture(scope="module")
def answers():
    "Three members of different skill, and the truth."
    rng = np.random.default_rng(0)
    targets = rng.random((300, 6)) < 0.3
    return [noisy(rng, targets, s) for s in (1.0, 1.3, 1.8)], targets


def test_no_other_weights_on_a_fine_grid_have_a_lower_log_loss(answers):
    probs, targets = answers
    weights = ensemble_weights(probs, targets)
    assert weights.sum() == pytest.approx(1) and (weights >= 0).all() and weights.argmax() == 0
    grid = [(i / 50, j / 50, (50 - i - j) / 50) for i in range(51) for j in range(51 - i)]
    losses = [log_loss(pool_probs(probs, w), targets) for w in grid]
    assert log_loss(pool_probs(probs, weights), targets) <= min(losses)
    assert abs(weights - grid[int(np.argmin(losses))]).max() < 0.03


def test_weights_are_the_same_every_time_and_follow_the_order_of_the_members(answers):
    probs, targets = answers
    weights = ensemble_weights(probs, targets)
    assert ensemble_weights(probs, targets).tolist() == weights.tolist()
    np.testing.assert_allclose(ensemble_weights(probs[::-1], targets), weights[::-1], atol=1e-3)


def test_weights_at_the_ends(answers):
    probs, targets = answers
    assert ensemble_weights(probs[:1], targets).tolist() == [1]
    np.testing.assert_allclose(ensemble_weights([probs[0], probs[0]], targets), [0.5, 0.5])
    truth = targets * 0.98 + 0.01
    assert ensemble_weights([1 - truth, truth], targets).tolist() == [0, 1]  # exactly: it is not even asked
    certain = targets.astype(float)  # probabilities of 0 and 1 have no logarithm
    assert ensemble_weights([1 - certain, certain], targets).tolist() == [0, 1]


def test_weights_of_nothing_or_of_different_movies_are_refused(answers):
    probs, targets = answers
    for nothing in ([], [np.zeros((0, 6))]):
        with pytest.raises(ValueError, match="no probabilities to weigh; pass each member's"):
            ensemble_weights(nothing, targets[:0])
    with pytest.raises(ValueError, match="shape"):
        ensemble_weights([probs[0], probs[1][:9]], targets)
