from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from postergenre.data.balance import (
    balance_table,
    balance_words,
    balanced_crops,
    copies_by_method,
    even_copies,
    plot_balance,
    study_copies,
)
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
    nobodys = np.c_[labels, np.zeros(110)]
    assert even_copies(nobodys, 100).tolist() == copies.tolist()


def test_copies_by_hand():
    labels = np.array([[1, 0], [1, 0], [1, 0], [1, 1]])
    assert study_copies(labels, 10).tolist() == [2, 2, 2, 10]
    assert study_copies(labels, 10, max_copies=3).tolist() == [2, 2, 2, 3]
    assert study_copies(labels, 2).tolist() == [1, 1, 1, 2] and study_copies(labels).tolist() == [750] * 3 + [3000]
    assert study_copies(np.array([[1, 0], [0, 0]]), 5).tolist() == [5, 1]  # nobody has the second genre
    assert study_copies(np.array([[1, 1], [0, 1]]), 8).tolist() == [8, 4]
    assert even_copies(labels[:, :1], 100).tolist() == even_copies(labels, 100, max_copies=1).tolist() == [1] * 4


def test_even_copies_are_these_for_ever():
    "The plan of one table, its sums and its cap, as it came out when this was written."
    rng = np.random.RandomState(3)
    labels = (rng.random_sample((60, 4)) < (0.7, 0.35, 0.2, 0.08)).astype(int)
    labels[labels.sum(1) == 0, 0] = 1
    even = even_copies(labels, 40)
    assert (even @ labels).tolist() == [60, 31, 31, 31] and even.sum() == 98 and even.max() == 5
    assert (even_copies(labels, 40, max_copies=2) @ labels).tolist() == [53, 17, 15, 15]
    assert copies_by_method(labels, 40, "even", 3).tolist() == even_copies(labels, 40, 3).tolist()
    assert copies_by_method(labels, 40, "study").tolist() == study_copies(labels, 40).tolist()


def test_a_plan_that_is_not_found_is_said(monkeypatch):
    failed = SimpleNamespace(success=False, message="no time")
    monkeypatch.setattr("postergenre.data.balance.linprog", lambda *_, **__: failed)
    with pytest.raises(RuntimeError, match=r"found no plan \(no time\); use method='study'"):
        even_copies(np.eye(2), 4)


@pytest.fixture
def few() -> pd.DataFrame:
    "Four movies to train on, one to test; one genre that nobody has."
    genres = [["Drama"], ["Drama"], ["Drama", "War"], ["War"], ["War"]]
    sides = ["train", "train", "train", "test", "train"]
    movies = pd.DataFrame({"id": list("abcde"), "genres": genres, "split": sides}, index=[9, 8, 7, 6, 5])
    movies.attrs = {"vocab": ("Crime", "Drama", "War"), "more": 1}
    return movies


def test_a_plan_repeats_rows_and_keeps_what_is_known_of_the_movies(few):
    plan = balanced_crops(few, target=6)
    assert plan["id"].tolist() == [*"aabbccceee"] and plan.index.tolist() == list(range(10))
    assert list(plan.columns) == list(few.columns)
    assert plan.attrs == few.attrs and plan.attrs is not few.attrs
    assert balanced_crops(few, target=6, max_copies=1)["id"].tolist() == list("abce")
    assert balanced_crops(few, target=6, method="even")["id"].value_counts().max() <= 3
    assert len(balanced_crops(few)) == 1000 * 2 + 1500 * 2
    for wrong in ({"target": 0}, {"max_copies": 0}, {"target": -1, "max_copies": 1}):
        with pytest.raises(ValueError, match="must be at least 1"):
            balanced_crops(few, **wrong)
    assert balanced_crops(few, target=1, max_copies=1)["id"].tolist() == list("abce")


def test_a_table_by_hand_and_what_is_said_of_it(few):
    table = balance_table(few, target=6, methods=["study"])
    assert table.index.tolist() == ["Drama", "War", "Crime", "total rows", "most / least"]
    assert table["posters"].tolist() == [3, 2, 0, 4, 1.5] and table["study"].tolist() == [7, 6, 0, 10, 1.2]
    assert balance_table(few, target=6, max_copies=1)["study"].tolist() == [3, 2, 0, 4, 1.5]
    assert balance_table(few)["study"].tolist()[:2] == [2 * 1000 + 1500, 3000]
    assert balance_words(table, "study", 6) == (
        "study:6 gives 6 (War) to 7 (Drama) crops a genre: a poster's copies are set by its rarest genre and count for "
        "all of its genres."
    )
    said = balance_words(balance_table(few, 6000), "even", 6000)
    assert said.startswith("even:6000 gives 2 (War) to 3 (Drama) ") and said.endswith(
        "crops a genre: as near to each other as posters of several genres allow, with as few crops as that takes; "
        "6,000 is a bound: neither the total nor the copies of a poster surpass those of study:6000."
    )


def test_bars_are_the_tables(few):
    table = balance_table(few, target=6, methods=["study"])
    axes = plot_balance(table)
    assert [ax.get_title() for ax in axes] == [
        "Posters\n4 rows, most / least 1.5",
        'Crops, method "study"\n10 rows, most / least 1.2',
    ]
    assert [[bar.get_width() for bar in ax.patches] for ax in axes] == [[0, 2, 3], [0, 6, 7]]
    assert [text.get_text() for text in axes[1].texts] == ["0", "6", "7"]
    assert axes[0].get_figure().get_suptitle() == "Training rows of each genre in an epoch"
    figure, mine = plt.subplots(1, 2)
    assert plot_balance(table, mine)[1] is mine[1] and figure.get_suptitle() == ""


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
