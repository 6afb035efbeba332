import shutil
from pathlib import Path

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


@pytest.mark.parametrize(("valid", "test"), [(0.5, 0.5), (-0.1, 0.3), (0.1, 1.2)])
def test_impossible_shares(unsplit, valid, test):
    with pytest.raises(ValueError, match="must be shares"):
        split_movies(unsplit, valid=valid, test=test)


def test_too_few_movies_and_repeated_ids(unsplit):
    with pytest.raises(ValueError, match="5 movies are too few"):
        split_movies(unsplit.head(5))
    with pytest.raises(ValueError, match="occurs twice"):
        split_movies(pd.concat([unsplit, unsplit.head(1)]))


@pytest.mark.real
def test_real_genres_are_even_over_the_sides(real_posters):
    movies = split_movies(read_movies(real_posters, verbose=False), seed=42)
    shares = genre_shares(movies)[["train", "valid", "test"]]
    assert (shares.max(axis=1) - shares.min(axis=1)).max() <= 1.5
    by_file = movies.assign(bytes=[Path(p).read_bytes() for p in movies["poster"]]).groupby("bytes")["split"].nunique()
    assert by_file.max() == 1 and len(by_file) < len(movies)
    assert movies["split"].value_counts().to_dict() == {"train": 4506, "test": 2275, "valid": 760}
    assert movies.groupby("split", observed=True)["year"].mean().between(2000, 2003).all()
