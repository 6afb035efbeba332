import numpy as np
import pandas as pd
import pytest

from postergenre.data.balance import balance_table, balanced_crops, even_copies, plot_balance, study_copies
from postergenre.data.genres import multi_hot
from postergenre.data.movies import read_movies
from postergenre.data.split import split_movies


def study_by_hand(genres, target):
    "The study's way as plain loops, over lists of genres."
    names = sorted({g for gs in genres for g in gs})
    support = {g: sum(g in gs for gs in genres) for g in names}
    copies = [None] * len(genres)
    for g in sorted(names, key=lambda g: support[g]):
        for i, gs in enumerate(genres):
            if copies[i] is None and g in gs:
                copies[i] = max(1, target // support[g])
    return copies


def test_study_way_against_plain_loops():
    rng = np.random.default_rng(0)
    names = [f"g{i}" for i in range(6)]
    for _ in range(50):
        genres = [list(rng.choice(names, size=rng.integers(1, 4), replace=False, p=[0.4, 0.3, 0.15, 0.08, 0.05, 0.02]))
                  for _ in range(40)]  # fmt: skip
        labels = multi_hot(genres, names)
        support = labels.sum(0)
        if len(set(support)) < len(names):
            continue  # ties may come up in another order
        assert study_copies(labels, 100).tolist() == study_by_hand(genres, 100)


def ratio(copies, labels):
    counts = (copies @ labels)[labels.any(0)]
    return counts.max() / counts.min()


def test_even_keeps_its_promises():
    rng = np.random.default_rng(1)
    for seed in range(20):
        frequency = rng.uniform(0.02, 0.6, size=8)
        labels = (rng.random((200, 8)) < frequency).astype(float)
        labels[labels.sum(1) == 0, 0] = 1
        study, even = study_copies(labels, 100), even_copies(labels, 100)
        assert even.min() >= 1 and even.max() <= study.max() and even.sum() <= study.sum(), seed
        assert ratio(even, labels) <= 1.05 * min(ratio(study, labels), ratio(np.ones(200), labels)), seed


def test_even_finds_the_exact_balance_where_there_is_one():
    labels = np.zeros((110, 2))
    labels[:100, 0] = 1
    labels[100:, 1] = 1
    copies = even_copies(labels, 100)
    assert (copies[:100] == 1).all() and copies[100:].sum() == pytest.approx(100, abs=3)
    assert even_copies(labels, 100, max_copies=4).max() == 4


def test_only_training_movies_give_crops(movies):
    plan = balanced_crops(movies, target=30)
    assert set(plan["split"]) == {"train"} and set(plan["id"]) == set(movies.loc[movies["split"] == "train", "id"])
    assert len(plan) == study_copies(multi_hot(movies[movies["split"] == "train"]["genres"]), 30).sum()


def test_errors(movies):
    with pytest.raises(ValueError, match="not split yet"):
        balanced_crops(movies.drop(columns="split"))
    with pytest.raises(ValueError, match=r"Unknown balancing 'evn'; choose one of: study, even"):
        balanced_crops(movies, method="evn")
    with pytest.raises(ValueError, match="No movie is on the training side"):
        balanced_crops(movies[movies["split"] == "test"])
    with pytest.raises(ValueError, match="at least 1"):
        balanced_crops(movies, target=0)


def test_table_and_chart(movies):
    table = balance_table(movies, target=20)
    assert list(table.columns) == ["posters", "study", "even"]
    assert table.loc["total rows", "posters"] == (movies["split"] == "train").sum()
    axes = plot_balance(table)
    assert len(axes) == 3
    assert [t.get_text() for t in axes[0].get_yticklabels()][::-1] == table.index[:-2].tolist()


@pytest.mark.real
def test_real_ratio_is_clearly_lower_with_even(real_posters):
    movies = split_movies(read_movies(real_posters, verbose=False))
    table = balance_table(movies)
    print(table.to_string())
    ratios = table.loc["most / least"]
    assert ratios["even"] < 0.5 * ratios["study"] < 0.5 * ratios["posters"]
    assert table.loc["total rows", "even"] <= table.loc["total rows", "study"]
    assert isinstance(table, pd.DataFrame)
