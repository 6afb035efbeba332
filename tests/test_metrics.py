"""Every metric against brute force or scikit-learn, and the two fastai metrics inside real learners."""

import numpy as np
import pytest
import torch
from fastai.torch_core import TensorMultiCategory
from sklearn import metrics as skm

from postergenre.metrics import (
    absent_genres,
    average_precision_per_genre,
    brier_score,
    expected_calibration_error,
    f1_per_genre,
    macro_average_precision,
    macro_f1,
    micro_average_precision,
    micro_f1,
    precision_at_n,
    precision_recall_at_n_per_genre,
    recall_at_n,
    top_n_accuracy,
    top_n_hits,
    top_n_mask,
)


def brute_top_n(probs, targets):
    shares = []
    for p, t in zip(probs, targets, strict=True):
        truth = {g for g in range(len(t)) if t[g]}
        if truth:
            best = sorted(range(len(p)), key=lambda g: (-p[g], g))[: len(truth)]
            shares.append(len(truth & set(best)) / len(truth))
    return sum(shares) / len(shares) if shares else float("nan")


def random_case(rng, ties=False):
    n, n_genres = rng.integers(1, 12), rng.integers(1, 9)
    targets = rng.random((n, n_genres)) < rng.choice([0, 0.2, 0.5, 1])
    probs = rng.integers(0, 4, (n, n_genres)) / 4 if ties else rng.random((n, n_genres))
    return probs, targets.astype(float)


PRESENT = [0, 1, 2, 4, 5, 6]  # genres that occur in `case`


@pytest.fixture(scope="module")
def case():
    rng = np.random.default_rng(0)
    targets = (rng.random((200, 7)) < np.linspace(0.02, 0.6, 7)).astype(int)
    probs = np.clip(np.round(0.35 * targets + 0.7 * rng.random((200, 7)), 2), 0, 1)  # rounded: many ties
    targets[:, 3], probs[:, 5] = 0, 0.01  # genre 3 is absent, genre 5 never predicted
    targets[:9] = 0
    return probs, targets


@pytest.mark.parametrize("ties", [False, True])
def test_top_n_accuracy_is_the_brute_force_on_thousands_of_cases(ties):
    rng = np.random.default_rng(1)
    for _ in range(1500):
        probs, targets = random_case(rng, ties)
        assert top_n_accuracy(probs, targets) == pytest.approx(brute_top_n(probs, targets), nan_ok=True)


def test_ties_go_to_the_genre_that_stands_first_also_when_there_are_many_genres():
    # torch.topk and numpy's default sort break ties in no fixed order from about 16 columns on
    scores = np.zeros((3, 300))
    scores[1, 299] = 1
    mask = top_n_mask(scores, [2, 3, 0])
    assert [np.flatnonzero(row).tolist() for row in mask] == [[0, 1], [0, 1, 299], []]
    assert top_n_mask(np.array([[0, 3, 7]], dtype=np.uint8), 1).tolist() == [[False, False, True]]


def test_torch_numpy_logits_and_probabilities_agree():
    logits, targets = torch.randn(50, 20), (torch.rand(50, 20) < 0.15).float()
    expected = top_n_accuracy(logits.numpy(), targets.numpy())
    assert top_n_accuracy(logits, targets) == expected
    assert top_n_accuracy(torch.sigmoid(logits.double()), TensorMultiCategory(targets)) == expected
    assert isinstance(top_n_accuracy(logits.bfloat16(), targets.bool()), float)
    logits.requires_grad_()
    assert top_n_accuracy(logits, targets) == expected


def test_movies_without_genres_are_not_counted():
    probs, targets = np.array([[0.9, 0.1], [0.9, 0.1], [0.9, 0.1]]), np.array([[1, 0], [0, 1], [0, 0]])
    assert top_n_hits(probs, targets).tolist()[:2] == [1, 0]
    assert np.isnan(top_n_hits(probs, targets)[2])
    assert top_n_accuracy(probs, targets) == 0.5
    assert np.isnan(top_n_accuracy(probs, np.zeros((3, 2))))
    assert np.isnan(top_n_accuracy(np.zeros((0, 2)), np.zeros((0, 2))))


@pytest.mark.parametrize(
    ("probs", "targets", "said"),
    [
        (np.zeros((2, 3)), np.zeros((2, 4)), r"\(2, 3\).*\(2, 4\)"),
        (np.zeros(3), np.zeros(3), r"\(movies, genres\)"),
        (np.full((2, 3), np.nan), np.zeros((2, 3)), "6 NaN"),
        (np.zeros((2, 3)), np.full((2, 3), np.nan), "only 0 and 1"),
        (np.zeros((2, 3)), np.full((2, 3), 2), "only 0 and 1"),
    ],
)
def test_wrong_arrays_are_refused_in_one_clear_error(probs, targets, said):
    for metric in (top_n_accuracy, macro_average_precision, micro_f1, brier_score):
        with pytest.raises(ValueError, match=said):
            metric(probs, targets)


def test_average_precision_is_scikit_learns(case):
    probs, targets = case
    aps = average_precision_per_genre(probs, targets)
    assert np.flatnonzero(np.isnan(aps)).tolist() == [3]
    expected = skm.average_precision_score(targets[:, PRESENT], probs[:, PRESENT], average=None)
    assert aps[PRESENT] == pytest.approx(expected)
    expected = skm.average_precision_score(targets[:, PRESENT], probs[:, PRESENT], average="macro")
    assert macro_average_precision(probs, targets) == pytest.approx(expected)
    assert micro_average_precision(probs, targets) == pytest.approx(
        skm.average_precision_score(targets, probs, average="micro")
    )
    assert absent_genres(targets, list("abcdefg")) == ["d"]
    assert np.isnan(macro_average_precision(probs, np.zeros_like(targets)))
    assert np.isnan(micro_average_precision(probs, np.zeros_like(targets)))
    with pytest.raises(ValueError, match=r"2 genres.*7 columns"):
        absent_genres(targets, ["a", "b"])


@pytest.mark.parametrize("thresh", [0.5, np.linspace(0.2, 0.8, 7), torch.linspace(0.2, 0.8, 7).double()])
def test_f1_is_scikit_learns(case, thresh):
    probs, targets = case
    predicted = probs > np.asarray(thresh)
    for average, ours in ((None, f1_per_genre), ("micro", micro_f1)):
        expected = skm.f1_score(targets, predicted, average=average, zero_division=0)
        assert ours(probs, targets, thresh) == pytest.approx(expected)
    expected = skm.f1_score(targets, predicted, labels=PRESENT, average="macro", zero_division=0)
    assert macro_f1(probs, targets, thresh) == pytest.approx(expected)


def test_a_probability_equal_to_the_threshold_is_no_prediction_as_in_fastai():
    assert f1_per_genre(np.array([[0.5, 0.51]]), np.array([[1, 1]])).tolist() == [0, 1]


def test_a_threshold_list_of_the_wrong_length_is_refused(case):
    with pytest.raises(ValueError, match="7 numbers"):
        macro_f1(*case, thresh=[0.5, 0.5])


def test_precision_and_recall_at_n_are_scikit_learns(case):
    probs, targets = case
    top_n = top_n_mask(probs, targets.sum(1))
    precision, recall = precision_recall_at_n_per_genre(probs, targets)
    assert precision == pytest.approx(skm.precision_score(targets, top_n, average=None, zero_division=0))
    assert recall == pytest.approx(skm.recall_score(targets, top_n, average=None, zero_division=0))
    of = {"labels": PRESENT, "average": "macro", "zero_division": 0}
    assert precision_at_n(probs, targets) == pytest.approx(skm.precision_score(targets, top_n, **of))
    assert recall_at_n(probs, targets) == pytest.approx(skm.recall_score(targets, top_n, **of))


def test_every_macro_figure_leaves_absent_genres_out():
    "macro F1 counted them as 0, and macro AP left them out."
    targets = np.array([[1, 0, 0], [0, 1, 0], [1, 1, 0]])  # nobody has the third genre, which is predicted once
    probs = np.array([[0.9, 0.1, 0.2], [0.1, 0.8, 0.6], [0.7, 0.9, 0.1]])
    for figure in (macro_average_precision, macro_f1, precision_at_n, recall_at_n):
        assert figure(probs, targets) == 1 and np.isnan(figure(probs, np.zeros_like(targets))), figure


def test_expected_calibration_error_by_hand_and_by_a_loop():
    assert expected_calibration_error([[0.8, 0.8, 0.8, 0.8, 0.8]], [[1, 1, 1, 1, 0]]) == pytest.approx(0)
    assert expected_calibration_error([[1.0, 0.0]], [[0, 0]]) == pytest.approx(0.5)
    rng = np.random.default_rng(2)
    probs, targets = rng.random((300, 5)), rng.integers(0, 2, (300, 5))
    expected = 0
    for k in range(15):
        inside = (probs >= k / 15) & (probs < (k + 1) / 15)
        expected += inside.mean() * abs(probs[inside].mean() - targets[inside].mean())
    assert expected_calibration_error(probs, targets) == pytest.approx(expected)
    with pytest.raises(ValueError, match="logits"):
        expected_calibration_error([[-1.0, 2.0]], [[0, 1]])


def test_brier_score_is_scikit_learns(case):
    probs, targets = case
    assert brier_score(probs, targets) == pytest.approx(skm.brier_score_loss(targets.ravel(), probs.ravel()))
