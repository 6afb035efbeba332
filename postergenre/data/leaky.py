"""The study's protocol, leaky on purpose: crops are cut first and divided afterwards. For comparison only."""

import numpy as np
import pandas as pd

from postergenre.data.balance import TARGET, balanced_crops
from postergenre.data.split import SIDES

LEAKY = "leaky"


def split_crops(
    movies: pd.DataFrame,  # from read_movies; a column split is ignored
    target: int = TARGET,  # crops wanted of each genre, as in balanced_crops
    method: str = "study",  # as in balanced_crops
    valid: float = 0.1,  # share of the crops
    test: float = 0.3,  # share of the crops
    seed: int = 42,
) -> pd.DataFrame:  # one row a crop: split, movie (its id), id (movie, "#", copy)
    """Crops divided at random into train, valid and test, so that crops of one poster stand on several sides.

    Figures on such a test side are too good: a network that knows a poster by heart is asked for its genres again.
    """
    rows = balanced_crops(movies.assign(split="train"), target, method)
    rows["movie"] = rows["id"]
    rows["id"] = rows["id"].astype("str") + "#" + rows.groupby("id").cumcount().astype("str")
    order = np.random.default_rng(seed).permutation(len(rows))
    ends = (np.cumsum([1 - valid - test, valid, test]) * len(rows)).round().astype(int)
    rows.loc[order, "split"] = np.repeat(SIDES, np.diff(ends, prepend=0))
    rows.attrs = movies.attrs | {LEAKY: True}
    return rows


def seen_share(rows: pd.DataFrame) -> float:
    "The share of the test crops, from split_crops, whose poster stands in training too."
    test = rows[rows["split"] == "test"]
    return float(test["movie"].isin(rows.loc[rows["split"] == "train", "movie"]).mean())
