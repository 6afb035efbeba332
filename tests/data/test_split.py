import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from postergenre.data.movies import read_movies
from postergenre.data.split import genre_shares, load_split, save_split, split_movies


@pytest.fixture(scope="module")
def unsplit(demo_folder):
    return read_movies(demo_folder, verbose=False)


def sides(movies):
    return movies.set_index("id")["split"].sort_index()


def test_an_id_that_pandas_takes_for_missing_is_an_id(unsplit, tmp_path):
    movies = unsplit.head(12).assign(id=["NA", "null", *unsplit["id"][2:12]])
    save_split(split_movies(movies), tmp_path / "split.csv")
    assert load_split(movies, tmp_path / "split.csv")["split"].notna().all()


def test_same_sides_for_any_order_of_rows(unsplit):
    again = split_movies(unsplit.sample(frac=1, random_state=5))
    pd.testing.assert_series_equal(sides(split_movies(unsplit)), sides(again))
    assert (sides(split_movies(unsplit, seed=7)) != sides(again)).any()
    assert "split" not in unsplit.columns


def test_shares_are_about_what_was_asked(unsplit):
    shares = split_movies(unsplit, valid=0.2, test=0.3)["split"].value_counts(normalize=True)
    assert abs(shares["train"] - 0.5) < 0.06 and abs(shares["test"] - 0.3) < 0.06 and abs(shares["valid"] - 0.2) < 0.06
    assert set(split_movies(unsplit, valid=0, test=0.3)["split"]) == {"train", "test"}


def test_validation_is_not_the_end_of_the_ids(unsplit):
    # Iterative stratification fills the smallest side last: unshuffled, validation held only the newest movies.
    split = split_movies(unsplit.sort_values("id"), valid=0.1).sort_values("id")
    half = split["split"].iloc[: len(split) // 2]
    assert (half == "valid").any()


def test_identical_posters_stay_together(unsplit, tmp_path):
    copies = unsplit.head(30).copy()
    copies["id"] = "copy-" + copies["id"]
    copies["poster"] = [
        shutil.copy(p, tmp_path / f"{i}.jpg") for i, p in zip(copies["id"], copies["poster"], strict=True)
    ]
    both = split_movies(pd.concat([unsplit, copies], ignore_index=True)).set_index("id")["split"]
    for original in unsplit["id"].head(30):
        assert both[original] == both[f"copy-{original}"]


def test_saved_and_read_back(unsplit, tmp_path):
    split = split_movies(unsplit)
    save_split(split, tmp_path / "deep" / "split.csv")
    back = load_split(unsplit, tmp_path / "deep" / "split.csv")
    assert back["split"].tolist() == split["split"].tolist()
    with pytest.raises(ValueError, match=r"does not list 1 of the movies, for example new"):
        load_split(pd.concat([unsplit, unsplit.head(1).assign(id="new")]), tmp_path / "deep" / "split.csv")
    (tmp_path / "bad.csv").write_text("id,split\na,dev\n")
    with pytest.raises(ValueError, match="knows the side 'dev'"):
        load_split(unsplit, tmp_path / "bad.csv")
    (tmp_path / "worse.csv").write_text("movie,side\na,train\n")
    with pytest.raises(ValueError, match="a split has id and split"):
        load_split(unsplit, tmp_path / "worse.csv")


@pytest.mark.parametrize(
    ("valid", "test"), [(0.5, 0.5), (-0.1, 0.3), (0.3, -0.1), (0.1, 1.2), (1, 0), (0, 1), (float("nan"), 0.1)]
)
def test_impossible_shares(unsplit, valid, test):
    with pytest.raises(ValueError, match="must be shares"):
        split_movies(unsplit, valid=valid, test=test)


def test_too_few_movies_and_repeated_ids(unsplit):
    with pytest.raises(ValueError, match="5 movies are too few"):
        split_movies(unsplit.head(5))
    with pytest.raises(ValueError, match=f"The id {unsplit['id'].iloc[0]} occurs twice"):
        split_movies(pd.concat([unsplit, unsplit.head(1)]))


@pytest.fixture
def drawn(tmp_path):
    "Forty movies; many posters are of one length, and the last four are the first four."
    rng = np.random.RandomState(0)
    rows = rng.random_sample((40, 4)) < (0.7, 0.4, 0.2, 0.1)
    genres = [[g for g, on in zip(("Drama", "War", "Crime", "Music"), row, strict=True) if on] for row in rows]
    for i in range(40):
        (tmp_path / f"{i}.jpg").write_bytes(bytes([i % 36]) * (5 + i % 3))
    posters = [str(tmp_path / f"{i}.jpg") for i in range(40)]
    return pd.DataFrame({"id": [f"tt{i}" for i in range(40)], "genres": genres, "poster": posters})


def test_the_sides_are_these_for_ever(drawn):
    "Of these movies, on any machine and for ids that are numbers too; genres are even over the sides."
    split = split_movies(drawn)
    assert "".join(side[1] for side in split["split"]) == "rerrrrreerereererrerrrrrraraerrareerrerr"
    assert split["split"].tolist() == split_movies(drawn, valid=0.1, test=0.3, seed=42)["split"].tolist()
    assert split["split"].head(4).tolist() == split["split"].tail(4).tolist() and split.index.equals(drawn.index)
    texts, numbers = (drawn.assign(id=[kind(i) for i in range(40)]) for kind in (str, int))
    assert split_movies(texts)["split"].tolist() == split_movies(numbers)["split"].tolist()
    own = drawn.assign(genres=[[g.upper() for g in names] for names in drawn["genres"]])
    own.attrs["vocab"] = ("DRAMA", "WAR", "CRIME", "MUSIC")
    assert set(split_movies(own)["split"]) == {"train", "valid", "test"}
    mixed = drawn.assign(id=pd.Series([*range(20), *map(str, range(20, 40))], dtype=object))
    assert split_movies(mixed)["split"].tolist() == split_movies(texts)["split"].tolist()


def test_shares_of_genres_by_hand():
    sides, genres = ["train", "train", "train", "valid"], [["War"], ["War", "Drama"], ["Drama"], ["War"]]
    movies = pd.DataFrame({"genres": genres, "split": sides}, index=[7, 5, 3, 1])
    movies.attrs["vocab"] = ("Drama", "War")
    shares = genre_shares(movies)
    assert list(shares.columns) == ["all", "train", "valid"] and list(shares.index) == ["Drama", "War"]
    assert shares["all"].tolist() == [50, 75] and shares["valid"].tolist() == [0, 100]
    assert shares["train"].tolist() == pytest.approx([200 / 3, 200 / 3]) and set(map(str, shares.dtypes)) == {"float64"}


def test_ten_movies_are_enough_for_a_tenth(unsplit):
    assert len(split_movies(unsplit.head(10))) == 10
    with pytest.raises(ValueError, match=r"9 movies are too few .* it takes 10"):
        split_movies(unsplit.head(9))
    assert set(split_movies(unsplit, valid=0.3, test=0)["split"]) == {"train", "valid"}


def test_a_file_of_sides_is_two_columns_of_texts(unsplit, tmp_path):
    movies = unsplit.head(3).assign(id=["007", "7", "x"], split=["train", "test", "valid"])
    save_split(movies, tmp_path / "split.csv")
    assert (tmp_path / "split.csv").read_text() == "id,split\n007,train\n7,test\nx,valid\n"
    back = load_split(movies.drop(columns="split").sample(frac=1, random_state=1), tmp_path / "split.csv")
    assert back.set_index("id")["split"].to_dict() == {"007": "train", "7": "test", "x": "valid"}
    assert str(back["split"].dtype) == "str"
    numbers = pd.DataFrame({"id": [7]}), pd.DataFrame({"id": ["7"]})
    assert [load_split(ids, tmp_path / "split.csv")["split"].tolist() for ids in numbers] == [["test"], ["test"]]
    (tmp_path / "split.csv").write_text("id,split\na,train\na,test\n")
    with pytest.raises(ValueError, match="lists a twice; list each movie once"):
        load_split(unsplit, tmp_path / "split.csv")


@pytest.mark.real
def test_real_genres_are_even_over_the_sides(real_posters):
    movies = split_movies(read_movies(real_posters, verbose=False), seed=42)
    shares = genre_shares(movies)[["train", "valid", "test"]]
    assert (shares.max(axis=1) - shares.min(axis=1)).max() <= 1.5
    by_file = movies.assign(bytes=[Path(p).read_bytes() for p in movies["poster"]]).groupby("bytes")["split"].nunique()
    assert by_file.max() == 1 and len(by_file) < len(movies)
    assert movies["split"].value_counts().to_dict() == {"train": 4506, "test": 2275, "valid": 760}
    assert movies.groupby("split", observed=True)["year"].mean().between(2000, 2003).all()
