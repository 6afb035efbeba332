"""The study's protocol, leaky on purpose: crops are cut first and divided afterwards. For comparison only."""

import numpy as np
import pandas as pd
from fastai.learner import Learner

from postergenre.balance import TARGET, balanced_crops
from postergenre.baselines import genre_frequencies
from postergenre.evaluate import Evaluation
from postergenre.genres import multi_hot
from postergenre.inference import movie_probs

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
    copy = rows.groupby("id").cumcount()
    rows["movie"] = rows["id"]
    rows["id"] = rows["id"].astype("str") + "#" + copy.astype("str")
    order = np.random.default_rng(seed).permutation(len(rows))
    bounds = (np.cumsum([1 - valid - test, valid]) * len(rows)).round().astype(int)
    side = np.empty(len(rows), dtype=object)
    for name, part in zip(("train", "valid", "test"), np.split(order, bounds), strict=True):
        side[part] = name
    rows["split"] = side
    rows.attrs = movies.attrs | {LEAKY: True}
    return rows


def seen_share(
    rows: pd.DataFrame,  # from split_crops
) -> float:  # between 0 and 1
    "The share of the test crops whose poster stands in training too."
    test = rows[rows["split"] == "test"]
    return float(test["movie"].isin(rows.loc[rows["split"] == "train", "movie"]).mean())


def evaluate_crops(
    learn: Learner,
    rows: pd.DataFrame,  # crops to judge on: columns id, poster, genres; a poster may stand in many rows
    train: pd.DataFrame,  # the training crops, for the popularity row
    name: str,  # in the table
    progress: bool | None = None,  # a bar; None: in a terminal or notebook
) -> Evaluation:  # each crop counts once
    "Judge a model on rows that repeat posters; each poster is looked at once, as `evaluate` does."
    vocab = tuple(learn.dls.vocab)
    posters = rows.drop_duplicates("poster")
    probs = pd.DataFrame(movie_probs(learn, posters, progress=progress), index=posters["poster"].map(str))
    return Evaluation(
        probs.loc[rows["poster"].map(str)].to_numpy(),
        multi_hot(rows["genres"], vocab),
        vocab,
        getattr(learn.loss_func, "thresh", 0.5),
        rows["id"],
        name,
        genre_frequencies(train, vocab),
        rows.get("title"),
    )
