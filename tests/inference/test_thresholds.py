"""Thresholds against brute force, and where a learner uses them."""

import copy
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from postergenre import calibrate, evaluate, movie_probs, tune_thresholds
from postergenre.data.genres import multi_hot
from postergenre.inference.thresholds import best_thresholds
from postergenre.metrics import f1_per_genre


def brute_force(p, t):
    "F1 of every threshold there can be."
    cuts = np.unique(p)
    middles = np.concatenate([[cuts[0] / 2], (cuts[1:] + cuts[:-1]) / 2, [1.0]])
    predicted = p > middles[:, None]
    return middles, 2 * (predicted & t).sum(1) / np.maximum(predicted.sum(1) + t.sum(), 1)


@pytest.mark.parametrize("decimals", [7, 1])  # 1: many equal probabilities
def test_no_threshold_is_better(decimals):
    rng = np.random.default_rng(0)
    probs = rng.random((60, 5)).round(decimals)
    targets = rng.random((60, 5)) < probs * [1, 0.6, 0.4, 0.2, 0.5]
    thresh = best_thresholds(probs, targets, min_positives=1)
    reached = f1_per_genre(probs, targets, thresh)
    for g in range(5):
        middles, f1 = brute_force(probs[:, g], targets[:, g])
        assert reached[g] == pytest.approx(f1.max(), abs=1e-12)
        assert thresh[g] == pytest.approx(middles[np.isclose(f1, f1.max(), atol=1e-12)].max())  # ties: the highest


def test_by_hand():
    probs = np.array([[0.9], [0.7], [0.4], [0.2]])
    assert best_thresholds(probs, [[1], [1], [0], [0]], 1) == pytest.approx([0.55])
    assert best_thresholds(probs, [[1], [0], [0], [1]], 1) == pytest.approx([0.8])  # F1 2/3 with one or all four
    assert best_thresholds(probs, [[0], [0], [0], [1]], 1) == pytest.approx([0.1])  # all: half of the smallest
    assert best_thresholds(np.full((3, 1), 0.6), [[1], [0], [0]], 1) == pytest.approx([0.3])  # nothing to cut between
    assert best_thresholds(np.zeros((3, 1)), [[1], [0], [0]], 1) == [0.0]  # nothing is greater
    assert best_thresholds(probs, np.zeros((4, 1)), 0) == [0.5]
    order = np.random.default_rng(0).permutation(4)
    targets = np.array([[1], [0], [0], [1]])
    assert best_thresholds(probs[order], targets[order], 1) == best_thresholds(probs, targets, 1)


def test_neighbouring_floats_are_told_apart():
    low = np.float32(0.3)
    probs = np.array([[low], [np.nextafter(low, np.float32(1))]], dtype=np.float32)
    [thresh] = best_thresholds(probs, [[0], [1]], 1)
    assert (torch.from_numpy(probs) > torch.tensor([thresh], dtype=torch.float64)).flatten().tolist() == [False, True]
    probs = np.array([[0.3], [np.nextafter(0.3, 1)]])
    assert (probs > best_thresholds(probs, [[0], [1]], 1)).ravel().tolist() == [False, True]


def test_rare_genres_get_the_common_threshold():
    rng = np.random.default_rng(1)
    probs = rng.random((200, 4))
    targets = rng.random((200, 4)) < probs * [0.9, 0.5, 0.03, 0]
    n = targets.sum(0)
    assert n[1] >= 10 > n[2] > n[3] == 0
    thresh = best_thresholds(probs, targets)
    middles, f1 = brute_force(probs.ravel(), targets.ravel())
    assert thresh[2] == thresh[3] == pytest.approx(middles[f1.argmax()])
    own = best_thresholds(probs, targets, min_positives=1)
    np.testing.assert_array_equal(thresh[:2], own[:2])
    assert own[2] != thresh[2] == own[3]


def test_a_table_by_hand_and_what_is_said_of_it(capsys):
    "Of probabilities that are ready: no poster is looked at."
    learn = SimpleNamespace(dls=SimpleNamespace(vocab=["Drama", "War"]), thresh=0.5)
    movies = pd.DataFrame({"poster": "x.jpg", "genres": [["Drama"], ["Drama"], ["War"], []]})
    probs = np.array([[0.4, 0.1], [0.3, 0.2], [0.1, 0.3], [0.2, 0.4]])
    table = tune_thresholds(learn, movies, min_positives=1, probs=probs)
    assert list(table.index) == ["Drama", "War"] and table.index.name == "genre"
    assert table["positives"].tolist() == [2, 1] and table["positives"].dtype == int
    assert table["thresh"].tolist() == pytest.approx([0.25, 0.25]) and table["f1_before"].tolist() == [0, 0]
    assert table["f1"].tolist() == pytest.approx([1, 2 / 3])
    assert learn.thresh.tolist() == table["thresh"].tolist() and learn.thresh.dtype == torch.float64
    said = "Macro F1 on the 4 posters that the thresholds were fitted on: 0.000 before, 0.833 after."
    assert " ".join(capsys.readouterr().out.split()) == said
    again = tune_thresholds(learn, movies, probs=probs)
    assert again["f1_before"].tolist() == table["f1"].tolist()  # with those it had
    few = "Fewer than 10 posters, so the common threshold: all genres."
    assert " ".join(capsys.readouterr().out.split()).endswith(few)
    assert again["thresh"].tolist() == best_thresholds(probs, multi_hot(movies["genres"], ["Drama", "War"])).tolist()
    tune_thresholds(learn, movies, 2, probs=probs)
    assert " ".join(capsys.readouterr().out.split()).endswith("Fewer than 2 posters, so the common threshold: War.")
    three = SimpleNamespace(dls=SimpleNamespace(vocab=["Drama", "War", "Crime"]), thresh=0.5)
    tune_thresholds(three, movies, 2, probs=np.c_[probs, probs[:, 0]])
    assert " ".join(capsys.readouterr().out.split()).endswith("so the common threshold: War, Crime.")
    tune_thresholds(learn, movies, 2, probs=probs, verbose=False)
    assert capsys.readouterr().out == ""


def test_ten_movies_are_enough_for_a_threshold_of_its_own():
    probs = np.linspace(0.01, 0.4, 40)[:, None] * [1, 1, 2]
    targets = np.zeros((40, 3))
    targets[30:, 0], targets[31:, 1], targets[:, 2] = 1, 1, 1
    own, few, _ = best_thresholds(probs, targets)
    common = best_thresholds(probs, targets, min_positives=100)
    assert own == pytest.approx(0.305) and few == common[0] == common[1] == common[2] != own


@pytest.fixture
def learn(cnn):
    before = cnn.loss_func
    cnn.loss_func = copy.deepcopy(before)
    yield cnn
    cnn.loss_func = before


def test_they_decide_wherever_genres_are_predicted(learn, movies, capsys):
    valid, test = (movies[movies["split"] == side] for side in ("valid", "test"))
    calibrate(learn, verbose=False)
    table = tune_thresholds(learn, min_positives=2)
    said = capsys.readouterr().out
    assert f"on the {len(valid)} posters that the thresholds were fitted on: {table['f1_before'].mean():.3f}" in said
    assert "Fewer than 2 posters, so the common threshold: " in said
    frequent = table["positives"] >= 2
    assert (table["f1"] >= table["f1_before"])[frequent].all() and table["f1"].mean() > table["f1_before"].mean()
    thresh = table["thresh"].to_numpy()
    result = evaluate(learn, test)
    np.testing.assert_array_equal(result.thresh, thresh)
    np.testing.assert_array_equal(result.per_genre()["predicted"], (movie_probs(learn, test) > thresh).sum(0))
    genres, mask, probs = learn.predict(test["poster"].iloc[0])
    assert mask.tolist() == (probs.numpy() > thresh).tolist() and len(genres) == mask.sum()


def test_errors_say_what_to_type(learn, movies):
    with pytest.raises(ValueError, match=r"training side; pass others, for example tune_thresholds\(learn, movies"):
        tune_thresholds(learn, movies)
    with pytest.raises(ValueError, match="no movies to choose thresholds on"):
        best_thresholds(np.zeros((0, 3)), np.zeros((0, 3)))
