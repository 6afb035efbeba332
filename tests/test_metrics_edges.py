"""Figures at their edges: one movie, none, one genre, numbers that just fit; what mutants of metrics.py survived."""

import numpy as np
import pytest
import torch

from postergenre.metrics import (
    MacroAP,
    TopNAccuracy,
    absent_genres,
    brier_score,
    calibration_bins,
    check_arrays,
    check_thresh,
    expected_calibration_error,
    f1_per_genre,
    macro_average_precision,
    macro_f1,
    macro_mean,
    micro_average_precision,
    micro_f1,
    precision_at_n,
    precision_recall_at_n_per_genre,
    recall_at_n,
    top_n_accuracy,
    top_n_hits,
    top_n_mask,
)

pytestmark = pytest.mark.filterwarnings("error")  # nothing is divided by 0 on the way to a NaN


def test_arrays_keep_all_their_digits():
    probs, targets = check_arrays(torch.tensor([[0.1, 1 / 3]], dtype=torch.float64), torch.tensor([[1, 0]]))
    assert probs.tolist() == [[0.1, 1 / 3]] and probs.dtype == np.float64
    assert targets.tolist() == [[True, False]] and targets.dtype == bool
    half = check_arrays(torch.tensor([[0.5]]).half(), [[True]])
    assert half[0].tolist() == [[0.5]] and half[1].tolist() == [[True]]
    with pytest.raises(ValueError, match="1 NaN values of 2"):
        check_arrays([[np.nan, 0.5]], [[0, 1]])


def test_one_threshold_or_one_a_genre():
    assert check_thresh(0.3, 2).tolist() == check_thresh([0.3], 2).tolist() == [0.3, 0.3]
    assert check_thresh(torch.tensor([0.25, 0.75]), 2).tolist() == [0.25, 0.75]
    for wrong in (np.nan, [0.1, np.nan], [[0.1, 0.2]], [0.1, 0.2, 0.3], []):
        with pytest.raises(ValueError, match="one number or 2 numbers, one a genre"):
            check_thresh(wrong, 2)


def test_the_top_n_of_a_row():
    scores = np.array([[0.1, 0.9, 0.5], [0.3, 0.2, 0.1]])
    assert top_n_mask(scores, [2, 0]).tolist() == [[False, True, True], [False] * 3]
    assert top_n_mask(scores, 1).tolist() == [[False, True, False], [True, False, False]]
    assert top_n_mask(torch.tensor(scores), torch.tensor([3, 1])).sum(1).tolist() == [3, 1]
    with pytest.raises(ValueError, match=r"\(movies, genres\), but has \(3,\)"):
        top_n_mask(scores[0], 1)


def test_one_movie_of_each_genre():
    "The smallest counts that are not 0."
    eye, none = np.eye(2), np.zeros((2, 2))
    assert [part.tolist() for part in precision_recall_at_n_per_genre(eye, eye)] == [[1, 1], [1, 1]]
    assert [part.tolist() for part in precision_recall_at_n_per_genre(eye, none)] == [[0, 0], [0, 0]]
    figures = (top_n_accuracy, precision_at_n, recall_at_n, macro_average_precision, micro_average_precision)
    for figure in (*figures, macro_f1, micro_f1):
        assert figure(eye, eye) == figure(eye[:1], eye[:1]) == 1, figure
        assert type(figure(eye, eye)) is float, figure
    assert np.isnan(top_n_hits(eye, none)).all() and f1_per_genre(eye, none).tolist() == [0, 0]
    assert micro_f1(none, none) == micro_f1(eye, none) == 0


def test_nothing_at_all():
    none = np.zeros((0, 3))
    for figure in (top_n_accuracy, macro_average_precision, micro_average_precision, brier_score, macro_f1):
        assert np.isnan(figure(none, none)), figure
    assert np.isnan(expected_calibration_error(none, none)) and micro_f1(none, none) == 0
    assert absent_genres(none, ["a", "b", "c"]) == ["a", "b", "c"]


def test_a_mean_over_genres_is_taken_for_each_resample():
    values, support = np.array([[0.5, 0.25], [1.0, np.nan], [np.nan, np.nan]]), np.array([[1, 9], [3, 0], [0, 0]])
    assert macro_mean(values, support).tolist() == [0.75, 0.25]
    assert np.isnan(macro_mean(values, np.zeros((3, 2)))).all()


def test_the_usual_threshold_is_a_half():
    probs, targets = np.array([[0.6, 0.4], [0.5, 0.51]]), np.array([[1, 1], [1, 1]])
    for figure in (macro_f1, micro_f1):
        assert figure(probs, targets) == pytest.approx(2 / 3) == pytest.approx(figure(probs, targets, 0.5))
    assert f1_per_genre(probs, targets).tolist() == pytest.approx([2 / 3, 2 / 3])


def test_bins_are_fifteen_and_each_holds_its_lower_edge():
    assert calibration_bins(np.array([0, 0.06, 1 / 15, 0.5, 14 / 15, 1.0])).tolist() == [0, 0, 1, 7, 14, 14]
    assert calibration_bins(np.array([0.25, 0.5]), 4).tolist() == [1, 2]
    for wrong in ([[0.0, 1.01]], [[-0.01, 1.0]]):
        with pytest.raises(ValueError, match=r"take torch\.sigmoid|Take torch\.sigmoid"):
            expected_calibration_error(wrong, [[0, 1]])
    assert expected_calibration_error([[0.1, 0.3]], [[0, 1]], n_bins=1) == pytest.approx(0.3)
    assert expected_calibration_error([[0.1, 0.3]], [[0, 1]]) == pytest.approx(0.4)


def test_names_in_the_table_of_epochs():
    assert [TopNAccuracy().name, MacroAP().name] == ["top_n_accuracy", "macro_ap"]
