"""Pools by hand: what the formula says, to the digit."""

import numpy as np
import pytest

from postergenre.portable.pool import ABSENT, check_pool, log_odds, pool_probs, side_by_side

NAN = np.nan


def test_log_odds_by_hand_and_where_they_end():
    assert log_odds([0.5, 0.8]).tolist() == pytest.approx([0, np.log(4)])
    assert log_odds([0, 1]).tolist() == pytest.approx([-np.log(999_999), np.log(999_999)])
    assert log_odds(np.float32([0.25])).dtype == np.float64


def test_a_weighted_mean_by_hand():
    a, b = np.array([[0.2, 0.4], [NAN, NAN], [NAN, NAN]]), np.array([[0.6, 0.0], [0.5, 0.25], [NAN, NAN]])
    np.testing.assert_allclose(pool_probs([a[:1], b[:1]], [0.75, 0.25]), [[0.3, 0.3]])
    # where one has nothing to say the weights of the others are as much together as those of all
    np.testing.assert_allclose(pool_probs([a, b], [0.75, 0.25]), [[0.3, 0.3], [0.5, 0.25], [NAN, NAN]])
    np.testing.assert_allclose(pool_probs([a, b], [3, 1])[:2], [[1.2, 1.2], [2, 1]])
    assert np.isnan(pool_probs([a, b], [1, 0])[1]).all()  # the one that has something to say counts for nothing
    assert pool_probs([np.float32([[0.1]])], [1]).dtype == np.float64


@pytest.mark.parametrize(("pool", "weights"), [("odds", [1, 0.5]), ("stack", [[1, 1], [0.5, 0.5]])])
def test_odds_by_hand(pool, weights):
    freq = np.array([0.5, 0.2])  # odds of 1 and 1/4
    probs = [np.array([[0.8, 0.5]]), np.array([[0.9, 0.2]])]  # odds of 4 and 1, of 9 and 1/4
    odds = np.array([4 * 9**0.5, 0.25 * 4])
    np.testing.assert_allclose(pool_probs(probs, weights, pool, freq), [odds / (1 + odds)])
    silent = [probs[0], np.full((1, 2), NAN)]
    np.testing.assert_allclose(pool_probs(silent, weights, pool, freq), probs[0])
    nobody = [np.full((1, 2), NAN)] * 2
    np.testing.assert_allclose(pool_probs(nobody, weights, pool, freq), [freq])


def test_a_stack_weighs_each_genre():
    freq, probs = np.array([0.5, 0.5]), [np.array([[0.8, 0.8]]), np.array([[0.9, 0.9]])]
    np.testing.assert_allclose(pool_probs(probs, [[1, 0], [0, 1]], "stack", freq), [[0.8, 0.9]])


def test_subsets_are_for_exactly_those_who_speak():
    freq = np.array([0.5])
    probs = [np.array([[0.8], [0.8], [NAN]]), np.array([[0.9], [NAN], [0.9]])]
    subsets = {(0,): [0.5, 9], (1,): [9, 0], (): [9, 9]}
    expected = [[36 / 37], [2 / 3], [0.5]]
    np.testing.assert_allclose(pool_probs(probs, [1, 1], "odds", freq, subsets), expected)
    np.testing.assert_allclose(pool_probs(probs, [1, 1], "odds", freq, {(1,): [9, 0]})[1], [0.8])
    np.testing.assert_allclose(pool_probs(probs, [0.5, 0.5], subsets={(0,): [0.5, 0]}), [[0.85], [0.4], [0.9]])
    half = [np.array([[0.8, NAN]]), np.array([[0.9, 0.9]])]  # a row with a NaN says nothing
    two = np.array([0.5, 0.5])
    np.testing.assert_allclose(pool_probs(half, [1, 1], "odds", two, {(1,): [0, 2]})[0, 1], 81 / 82)


def test_members_and_weights_are_as_many():
    with pytest.raises(ValueError, match="zip"):
        pool_probs([np.full((1, 1), 0.5)] * 2, [1])
    with pytest.raises(ValueError, match="zip"):
        pool_probs([np.full((1, 1), 0.5)] * 2, [1], "odds", np.array([0.5]))
    with pytest.raises(ValueError, match="zip"):
        pool_probs([np.full((1, 1), NAN)], [1, 1])
    with pytest.raises(ValueError, match="zip"):
        side_by_side([np.zeros((1, 2))], [2, 3])


def test_what_a_pool_needs():
    assert ABSENT == "nothing is there that the learner looks at"  # readers of rows look for it
    for pool in ("mean", "odds", "stack"):
        check_pool(pool, np.array([0.5]))
    check_pool("mean", None)
    for pool in ("odds", "stack"):
        with pytest.raises(ValueError, match=f"pool='{pool}' needs how frequent the genres are"):
            check_pool(pool, None)
    with pytest.raises(ValueError, match=r"Unknown pool 'Mean'; choose one of: mean, odds, stack$"):
        pool_probs([np.full((1, 1), 0.5)], [1], "Mean")


def test_views_of_modalities_side_by_side():
    "Of fewer views the mean is beside each view, of none NaN; a movie without any evidence is one row of NaN."
    pictures, words = np.array([[1, 2], [3, 4], [5, 6]], np.float32), np.array([[10], [30]], np.float32)
    assert side_by_side([pictures, words], [2, 1]).tolist() == [[1, 2, 20], [3, 4, 20], [5, 6, 20]]
    assert side_by_side([words, words * 2], [1, 1]).tolist() == [[10, 20], [30, 60]]
    none = np.zeros((0, 3), np.float32)
    joined = side_by_side([words, none], [1, 3])
    np.testing.assert_array_equal(joined, [[10, NAN, NAN, NAN], [30, NAN, NAN, NAN]])
    assert joined.dtype == np.float32
    assert side_by_side([none, none], [3, 3]).shape == (0, 6)
