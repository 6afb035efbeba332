"""Evidence of members that know different things adds up."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from postergenre.inference.pooling import STRENGTHS, _log_loss, apart, ensemble_weights
from postergenre.portable.pool import pool_probs


@pytest.fixture(scope="module")
def hints():
    "Two members that each know one of two independent things, their true probabilities, and the truth."
    rng = np.random.default_rng(0)
    freq = np.array([0.5, 0.2, 0.05])
    targets = rng.random((4000, 3)) < freq
    seen = [targets * shift + rng.normal(size=targets.shape) for shift in (1.5, 1.0)]
    # The log-odds of normal densities of variance 1 at 0 and at shift, added to those of the frequency.
    probs = [expit(logit(freq) + s * shift - shift**2 / 2) for s, shift in zip(seen, (1.5, 1.0), strict=True)]
    both = expit(logit(freq) + sum(s * shift - shift**2 / 2 for s, shift in zip(seen, (1.5, 1.0), strict=True)))
    return probs, both, targets, freq


def test_odds_of_independent_hints_are_bayes_rule(hints):
    probs, both, _, freq = hints
    np.testing.assert_allclose(pool_probs(probs, [1, 1], "odds", freq), both, atol=1e-9)


def test_odds_weights_of_independent_hints_are_1(hints):
    probs, _, targets, freq = hints
    weights = ensemble_weights(probs, targets, "odds", freq)
    np.testing.assert_allclose(weights, [1, 1], atol=0.15)
    pooled, mean = (
        pool_probs(probs, ensemble_weights(probs, targets, pool, freq), pool, freq) for pool in ("odds", "mean")
    )
    assert log_loss(targets.ravel(), pooled.ravel()) < log_loss(targets.ravel(), mean.ravel())


def test_odds_weights_are_a_logistic_regression_without_a_constant(hints):
    probs, _, targets, _ = hints
    half = np.full(3, 0.5)  # no offset: what scikit-learn can fit
    sure = [expit(2 * logit(p)) for p in probs]  # they say too much, so that no weight comes near 1
    x = np.stack([logit(p).ravel() for p in sure], axis=1)
    sk = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-8).fit(x, targets.ravel())
    assert sk.coef_.min() > 0 and sk.coef_.max() < 1
    np.testing.assert_allclose(ensemble_weights(sure, targets, "odds", half), sk.coef_[0], atol=1e-3)


def test_a_member_that_is_always_right_on_few_movies_does_not_count_more_than_once(hints):
    _, _, targets, freq = hints
    few = targets[:20]
    right = np.where(few, 0.8, 0.1)
    assert ensemble_weights([right, np.tile(freq, (20, 1))], few, "odds", freq)[0] == 1


def test_a_member_that_knows_nothing_has_no_weight(hints):
    probs, _, targets, freq = hints
    wrong = 1 - probs[0]
    assert ensemble_weights([probs[0], wrong], targets, "odds", freq)[1] < 0.1
    np.testing.assert_allclose(pool_probs([np.tile(freq, (2, 1))], [7], "odds", freq), np.tile(freq, (2, 1)), atol=1e-9)


def test_certain_members_have_finite_odds(hints):
    _, _, targets, freq = hints
    sure = targets.astype(float)
    assert np.isfinite(pool_probs([sure, sure], [1, 1], "odds", freq)).all()


def test_what_cannot_be_pooled_is_said(hints):
    probs, _, targets, freq = hints
    with pytest.raises(ValueError, match="Unknown pool 'product'; choose one of: mean, odds"):
        ensemble_weights(probs, targets, "product", freq)
    with pytest.raises(ValueError, match="needs how frequent the genres are"):
        pool_probs(probs, [1, 1], "odds")


def test_what_cannot_be_weighed_is_said(hints):
    probs, _, targets, freq = hints
    for none in ([], [probs[0][:0]]):
        with pytest.raises(ValueError, match="There are no probabilities to weigh"):
            ensemble_weights(none, targets[: len(none) and 0], "odds", freq)
    for pool in ("odds", "stack"):
        with pytest.raises(ValueError, match="needs how frequent the genres are"):
            ensemble_weights(probs, targets, pool)


def test_weights_of_a_mean_are_those_of_the_least_log_loss(hints):
    "Against a grid; together 1, and 0 for a member that is worse than nothing."
    probs, _, targets, _ = hints
    few = [p[:300] for p in probs], targets[:300]
    weights = ensemble_weights(*few)
    grid = [[w, 1 - w] for w in np.linspace(0, 1, 1001)]
    right = [np.where(few[1], p, 1 - p) for p in few[0]]
    losses = [-np.log(w[0] * right[0] + w[1] * right[1]).mean() for w in grid]
    np.testing.assert_allclose(weights, grid[int(np.argmin(losses))], atol=1e-3)
    assert weights.sum() == pytest.approx(1, abs=1e-12) and 0.5 < weights[0] < 1
    assert ensemble_weights([*few[0], 1 - few[0][0]], few[1]).tolist()[2] == 0
    assert ensemble_weights([few[0][0]], few[1]).tolist() == [1]
    assert ensemble_weights([few[0][0]] * 2, few[1]) == pytest.approx([0.5, 0.5])
    sure = np.array([[1.0], [0.0]])  # log(0) is no end of the search
    assert ensemble_weights([1 - sure, np.full((2, 1), 0.5)], sure > 0).tolist() == [0, 1]


def test_weights_are_these_for_ever(hints):
    "To three digits, as they came out when this was written: the strength too that a stack's movies choose."
    probs, _, targets, freq = hints
    few = [p[:150] for p in probs], targets[:150]
    np.testing.assert_allclose(ensemble_weights(*few), [0.87325, 0.12675], atol=1e-3)
    np.testing.assert_allclose(ensemble_weights(*few, "odds", freq), [1, 0.84414], atol=1e-3)
    stacked = [[1, 1, 1], [0.84414, 0.84414, 0.84414]]
    np.testing.assert_allclose(ensemble_weights(*few, "stack", freq), stacked, atol=1e-3)
    four, five = ([p[:n] for p in few[0]] for n in (4, 5))
    common = ensemble_weights(four, few[1][:4], "stack", freq)
    assert (common == common[:, :1]).all()  # too few to hold a fifth out
    np.testing.assert_allclose(common[:, 0], ensemble_weights(four, few[1][:4], "odds", freq), atol=1e-9)
    each = [[0.46506, 1, 1], [1, 0, 1]]
    np.testing.assert_allclose(ensemble_weights(five, few[1][:5], "stack", freq), each, atol=1e-3)


def test_strengths_are_a_ladder():
    "From as good as none to as good as all: each three times the last."
    assert all(2.9 < more / less < 3.4 for less, more in pairwise(STRENGTHS)) and len(STRENGTHS) == 6
    assert STRENGTHS[0] == 0.0003


def test_slopes_are_those_of_the_losses(hints):
    "The search follows them: wrong ones would end it early, near enough to pass."
    probs, _, targets, freq = hints
    true, base = targets[:50].astype(float), logit(freq)
    seen = np.stack([logit(p[:50]) - base for p in probs])
    for weights in (np.array([[0.3], [0.9]]), np.array([[0.3, 0.5, 0.1], [0.9, 0.2, 0.4]])):
        loss, slope = _log_loss(weights[:, None], seen, true, base)
        assert loss == pytest.approx(log_loss(true.ravel(), expit(base + (weights[:, None] * seen).sum(0)).ravel()))
        for i in range(2):
            more = weights.copy()
            more[i] += 1e-6
            moved = _log_loss(more[:, None], seen, true, base)[0] - loss
            assert slope[i].mean() == pytest.approx(moved / 1e-6, abs=1e-5)


def test_members_that_may_be_alone():
    assert list(apart([["a"], ["b"], ["c"]])) == [[0], [1], [2], [0, 1], [0, 2], [1, 2]]
    assert list(apart([["a", "b"], ["b", "a"], ["c"]])) == [[0, 1], [2]]
    assert list(apart([["a"]])) == [] == list(apart([]))


@pytest.mark.parametrize("pool", ["mean", "odds"])
def test_a_member_that_has_nothing_to_say_moves_nothing(hints, pool):
    probs, _, _, freq = hints
    first, second = (p[:4].copy() for p in probs)
    second[2] = np.nan
    pooled = pool_probs([first, second], [0.6, 0.4], pool, freq)
    alone = pool_probs([first], [1 if pool == "mean" else 0.6], pool, freq)
    np.testing.assert_allclose(pooled[2], alone[2], atol=1e-12)
    both = pool_probs([first[:2], second[:2]], [0.6, 0.4], pool, freq)
    np.testing.assert_allclose(pooled[:2], both, atol=1e-12)


@pytest.mark.parametrize("pool", ["odds", "stack"])
def test_where_some_lack_their_columns_the_others_say_what_they_say_alone(pool):
    "A movie with a bare poster got the poster's share of what poster and metadata would say together."
    rng = np.random.default_rng(0)
    targets = rng.random((200, 4)) < 0.3
    probs = [1 / (1 + np.exp(1 - 3 * targets - rng.normal(size=targets.shape) * s)) for s in (1, 1.5, 2)]
    freq = targets.mean(0)
    assert list(apart([["poster"], ["title", "year"], ["poster"]])) == [[0, 2], [1]]
    assert not list(apart([["poster"], ["poster"]]))  # they lack it together
    alone = ensemble_weights([probs[0], probs[2]], targets, pool, freq)
    subsets = {(0, 2): np.insert(alone, 1, 0, axis=0)}
    weights = ensemble_weights(probs, targets, pool, freq)
    some = [probs[0], np.where(np.arange(200)[:, None] < 50, np.nan, probs[1]), probs[2]]
    said = pool_probs(some, weights, pool, freq, subsets)
    np.testing.assert_allclose(said[:50], pool_probs([probs[0], probs[2]], alone, pool, freq)[:50], atol=1e-12)
    np.testing.assert_array_equal(said[50:], pool_probs(probs, weights, pool, freq)[50:])


def test_a_stack_has_a_weight_a_genre_where_movies_say_so():
    "One member knows the first genre, the other the second; a few movies say nothing, and weights stay common."
    rng = np.random.default_rng(0)
    targets = (rng.random((400, 2)) < 0.4).astype(float)
    know, guess = np.where(targets > 0, 0.8, 0.2), rng.uniform(0.2, 0.8, (400, 2))
    flip = rng.random((400, 2)) < 0.2
    know = np.where(flip, 1 - know, know)
    probs = [np.stack([know[:, 0], guess[:, 1]], 1), np.stack([guess[:, 0], know[:, 1]], 1)]
    freq = targets.mean(0)
    weights = ensemble_weights(probs, targets, "stack", freq)
    assert weights.shape == (2, 2) and weights[0, 0] > 2 * weights[0, 1] and weights[1, 1] > 2 * weights[1, 0]
    losses = []
    for pool in ("stack", "odds"):
        said = pool_probs(probs, ensemble_weights(probs, targets, pool, freq), pool, freq)
        losses.append(-np.log(np.where(targets, said, 1 - said)).mean())
    assert losses[0] < losses[1]
    few = ensemble_weights([p[:3] for p in probs], targets[:3], "stack", freq)
    np.testing.assert_array_equal(few[:, 0], few[:, 1])
