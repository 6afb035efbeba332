import pandas as pd

from postergenre.data.leaky import seen_share, split_crops


def test_crops_of_one_poster_stand_on_several_sides(movies):
    rows = split_crops(movies, target=100, seed=1)
    assert rows["id"].is_unique and set(rows["movie"]) == set(movies["id"])
    assert rows.groupby("movie")["split"].nunique().max() > 1
    shares = rows["split"].value_counts(normalize=True)
    assert abs(shares["test"] - 0.3) < 0.01 and abs(shares["valid"] - 0.1) < 0.01
    assert seen_share(rows) > 0.5 and rows.attrs["leaky"]
    pd.testing.assert_frame_equal(rows, split_crops(movies, target=100, seed=1))


def test_seen_share_by_hand():
    rows = pd.DataFrame({"movie": ["a", "a", "b", "c"], "split": ["train", "test", "test", "train"]})
    assert seen_share(rows) == 0.5
