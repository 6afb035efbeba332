"""What is taken for what: against tables made by hand and by loops."""

import itertools

import numpy as np
import pytest
from sklearn.metrics import log_loss

from postergenre.interpret.confusions import confusions, cooccurrence, most_confused, movie_losses, reliability
from postergenre.metrics import expected_calibration_error

VOCAB = ("Action", "Comedy", "Drama", "War")

# Three movies. 1: Action and Drama; top 2 are Comedy and Drama. 2: Action; top 1 is Comedy. 3: Action and War, both
# missed for Comedy and Drama.
PROBS = np.array([[0.1, 0.9, 0.8, 0.2], [0.3, 0.7, 0.2, 0.1], [0.1, 0.6, 0.5, 0.2]])
TARGETS = np.array([[1, 0, 1, 0], [1, 0, 0, 0], [1, 0, 0, 1]])


@pytest.fixture(scope="module")
def many():
    "200 movies with ties, with some that have no genre, and with an absent genre."
    rng = np.random.default_rng(3)
    targets = rng.random((200, 4)) < (0.3, 0.5, 0.2, 0)
    return (rng.random((200, 4)).round(1) + 0.1 * targets).clip(0, 1), targets


def top_n(probs, targets):
    "By sorting, movie by movie; the first of equals wins."
    order = [sorted(range(len(p)), key=lambda i: (-p[i], i)) for p in probs]
    return [set(o[: int(sum(t))]) for o, t in zip(order, targets, strict=True)]


# ---- tables


def test_confusions_by_hand():
    counts = confusions(PROBS, TARGETS, VOCAB)
    expected = {"Action": [0, 3, 1, 0], "Comedy": [0] * 4, "Drama": [0] * 4, "War": [0, 1, 1, 0]}
    assert counts.T.to_dict("list") == expected
    shares = confusions(PROBS, TARGETS, VOCAB, normalize=True)
    assert shares.loc["Action"].tolist() == pytest.approx([0, 1, 1 / 3, 0])
    assert shares.loc["War"].tolist() == [0, 1, 1, 0]
    assert shares.loc[["Comedy", "Drama"]].isna().all(axis=None)  # never missed


def test_confusions_by_loops(many):
    probs, targets = many
    expected, missed = np.zeros((4, 4), int), np.zeros(4, int)
    for t, top in zip(targets, top_n(probs, targets), strict=True):
        true = set(np.flatnonzero(t))
        for x in true - top:
            missed[x] += 1
            for y in top - true:
                expected[x, y] += 1
    counts = confusions(probs, targets, VOCAB)
    assert counts.to_numpy().tolist() == expected.tolist() and expected.sum() > 20
    shares = confusions(probs, targets, VOCAB, normalize=True).to_numpy()
    np.testing.assert_allclose(shares[:3], expected[:3] / missed[:3, None])
    assert np.isnan(shares[3]).all()


def test_most_confused_is_the_same_as_a_list():
    pairs = most_confused(PROBS, TARGETS, VOCAB)
    assert pairs.values.tolist() == [
        ["Action", "Comedy", 3, 1.0],
        ["Action", "Drama", 1, 1 / 3],
        ["War", "Comedy", 1, 1.0],
        ["War", "Drama", 1, 1.0],
    ]
    assert most_confused(PROBS, TARGETS, VOCAB, min_val=2)["movies"].tolist() == [3]
    assert most_confused(TARGETS, TARGETS, VOCAB).empty  # no mistakes


def test_cooccurrence_by_loops(many):
    probs, targets = many
    truth, predicted = cooccurrence(probs, targets, VOCAB)
    sets = [set(np.flatnonzero(t)) for t in targets], top_n(probs, targets)
    for table, labels in zip((truth, predicted), sets, strict=True):
        for x, y in itertools.product(range(4), repeat=2):
            assert table.iloc[x, y] == sum({x, y} <= s for s in labels)
    truth_share, predicted_share = cooccurrence(probs, targets, VOCAB, normalize=True)
    assert truth_share.loc["Action", "Comedy"] == truth.loc["Action", "Comedy"] / truth.loc["Action", "Action"]
    assert np.diag(predicted_share).tolist() == [1] * 4 and truth_share.loc["War"].isna().all()


def test_losses_are_cross_entropies(many):
    probs, targets = many[0].clip(0.01, 0.99), many[1]
    expected = [log_loss(t, p, labels=[0, 1]) for p, t in zip(probs, targets, strict=True)]
    np.testing.assert_allclose(movie_losses(probs, targets), expected)
    assert movie_losses([[0.0, 1.0]], [[1, 1]]).tolist() == [50]  # -100 is the least logarithm


def test_reliability_sums_up_to_the_calibration_error(many):
    table = reliability(*many)
    assert (
        table["pairs"].sum() == 800
        and (table["low"] <= table["share"]).all()
        and (table["share"] <= table["high"]).all()
    )
    gap = (table["confidence"] - table["share"]).abs() @ table["pairs"] / 800
    assert gap == pytest.approx(expected_calibration_error(*many))
    assert reliability([[0.9, 0.9]], [[1, 0]])["share"].tolist() == [0.5]
