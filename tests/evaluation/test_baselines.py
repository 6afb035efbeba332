"""Popularity by hand, random order by simulation, and both on the real posters."""

import os
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score

from postergenre.data.genres import multi_hot
from postergenre.evaluation.baselines import (
    expected_average_precision,
    genre_frequencies,
    popularity_baseline,
    random_expectation,
)
from postergenre.metrics import (
    macro_average_precision,
    micro_average_precision,
    recall_at_n,
    top_n_accuracy,
)

VOCAB = ["Action", "Comedy", "Drama"]


@pytest.fixture
def tables():
    train = pd.DataFrame({"id": list("abcd"), "genres": [["Drama"], ["Drama", "Comedy"], ["Comedy"], ["Drama"]]})
    test = pd.DataFrame({"id": list("efg"), "genres": [["Drama"], ["Comedy", "Action"], []]})
    return train, test


def test_popularity_gives_every_movie_the_training_frequencies(tables):
    train, test = tables
    assert genre_frequencies(train, VOCAB).tolist() == [0, 0.5, 0.75]
    figures = popularity_baseline(train, test, VOCAB)
    assert figures["top_n_accuracy"] == pytest.approx((1 + 1 / 2) / 2)  # the movie without genres does not count
    assert figures["macro_ap"] == pytest.approx(1 / 3)  # all scores equal: AP is the frequency in the test movies


def test_tables_and_arrays_give_the_same(tables):
    train, test = tables
    arrays = np.array([[0, 0, 1], [0, 1, 1], [0, 1, 0], [0, 0, 1]]), np.array([[0, 0, 1], [1, 1, 0], [0, 0, 0]])
    assert popularity_baseline(*arrays) == popularity_baseline(train, test, VOCAB)
    assert genre_frequencies(arrays[0]).tolist() == [0, 0.5, 0.75]


def test_the_vocabulary_of_the_table_is_the_default(tables):
    train, test = tables
    assert len(genre_frequencies(train)) == 20
    train.attrs["vocab"] = VOCAB
    assert popularity_baseline(train, test) == popularity_baseline(train, test, VOCAB)


def test_popularity_never_learns_from_the_movies_it_is_judged_on(tables):
    train, test = tables
    with pytest.raises(ValueError, match=r"2 of the 3 .*train=movies.query"):
        popularity_baseline(pd.concat([train, test[:2]]), test, VOCAB)


def test_unusable_tables_are_refused(tables):
    train, test = tables
    with pytest.raises(ValueError, match="no column genres"):
        genre_frequencies(train[["id"]])
    with pytest.raises(ValueError, match="no movies"):
        popularity_baseline(train[:0], test, VOCAB)
    with pytest.raises(ValueError, match="'Drama'"):
        genre_frequencies(train, ["Action", "Comedy"])


@pytest.mark.parametrize(("n", "n_true"), [(1, 1), (2, 1), (5, 2), (6, 6), (6, 1)])
def test_expected_average_precision_is_the_mean_over_all_orders(n, n_true):
    orders = [np.isin(np.arange(n), places) for places in combinations(range(n), n_true)]
    by_hand = np.mean([average_precision_score(order, -np.arange(n)) for order in orders])
    assert expected_average_precision(n, n_true) == pytest.approx(by_hand)


def test_random_expectation_is_what_random_orders_give():
    rng = np.random.default_rng(0)
    targets = rng.random((40, 6)) < [0.05, 0.1, 0.2, 0.5, 0, 0.3]
    targets[:3] = False
    runs = [rng.random(targets.shape) for _ in range(250)]
    expected = random_expectation(targets)
    for name, metric in (
        ("top_n_accuracy", top_n_accuracy),
        ("macro_ap", macro_average_precision),
        ("micro_ap", micro_average_precision),
        ("recall_at_n", recall_at_n),
    ):
        values = [metric(scores, targets) for scores in runs]
        assert abs(np.mean(values) - expected[name]) < 4 * np.std(values) / np.sqrt(len(values)), name


def test_random_expectation_of_nothing_is_nan():
    expected = random_expectation(np.zeros((3, 2)))
    assert all(map(np.isnan, expected.values()))


@pytest.mark.slow
@pytest.mark.real
def test_on_the_real_posters_the_baselines_are_the_anchors():
    from postergenre.data.movies import read_movies
    from postergenre.data.split import split_movies

    folder = Path(os.environ.get("POSTERGENRE_DATA", "../shared/posters"))
    if not folder.exists():
        pytest.skip(f"no real posters at {folder}")
    movies = split_movies(read_movies(folder), valid=0, test=0.3)
    train, test = movies.query("split == 'train'"), movies.query("split == 'test'")
    assert popularity_baseline(train, test)["top_n_accuracy"] == pytest.approx(0.425, abs=0.015)
    expected = random_expectation(multi_hot(test["genres"]))
    assert expected["top_n_accuracy"] == pytest.approx(0.113, abs=0.003)
    assert expected["macro_ap"] == pytest.approx(0.116, abs=0.01)
