"""Train, valid and test by movie, stratified over the genres; a poster is never on two sides."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
from iterstrat.ml_stratifiers import IterativeStratification

from postergenre.data.digests import movie_digests
from postergenre.data.files import write_whole
from postergenre.data.genres import multi_hot, vocab_of

SIDES = ("train", "valid", "test")


def split_movies(
    movies: pd.DataFrame,  # from read_movies
    valid: float = 0.1,  # share of all movies that choices are made on
    test: float = 0.3,  # share of all movies that is only reported on
    seed: int = 42,
) -> pd.DataFrame:  # a copy with the column split: train, valid or test. ValueError: shares or movies do not allow it
    """Movies divided by iterative stratification, the same on every machine and for any order of the rows.

    Movies that share a byte-identical poster stay together. Source: Sechidis, Tsoumakas, Vlahavas 2011, in the
    package iterative-stratification.
    """
    if not (valid >= 0 and test >= 0 and valid + test < 1):
        said = "must be shares from 0 that leave some for training, e.g. 0.1, 0.3"
        raise ValueError(f"valid={valid} and test={test} {said}")
    shares = np.array([1 - valid - test, valid, test])
    needed = int(np.ceil(1 / shares[shares > 0].min()))
    if len(movies) < needed:
        raise ValueError(f"{len(movies)} movies are too few for shares {shares.round(3).tolist()}; it takes {needed}")
    if twice := movies.loc[movies["id"].duplicated(), "id"].tolist():
        raise ValueError(f"The id {twice[0]} occurs twice; ids must differ")
    ordered = movies.sort_values("id", key=lambda ids: ids.astype("str"))
    group = _poster_groups(ordered["poster"])
    # A group of movies with one poster is one item with all their genres.
    grouped = pd.DataFrame(multi_hot(ordered["genres"], vocab_of(movies)) > 0).groupby(group).any().to_numpy()
    used = shares > 0
    # The algorithm fills the smallest side last: in the order of ids, validation would be the newest movies only.
    rng, side = np.random.RandomState(seed), np.empty(len(grouped), dtype=int)
    shuffled = rng.permutation(len(grouped))
    side[shuffled] = IterativeStratification(grouped[shuffled], shares[used], rng)
    names = np.array(SIDES)[used][side][group]
    return movies.assign(split=pd.Series(names, index=ordered.index, dtype="str"))


def genre_shares(
    movies: pd.DataFrame,  # with the column split
) -> pd.DataFrame:  # genres x (all, train, valid, test), percent of the movies of each side that have the genre
    "How frequent each genre is on each side of a split."
    labels = pd.DataFrame(multi_hot(movies["genres"], vocab_of(movies)), columns=vocab_of(movies), index=movies.index)
    labels = labels.astype("float64")  # else rounded percents are shown as 17.700001
    sides = {s: labels[movies["split"] == s].mean() for s in SIDES if (movies["split"] == s).any()}
    return pd.DataFrame({"all": labels.mean()} | sides) * 100


def save_split(
    movies: pd.DataFrame,  # with the column split
    path: str | Path,  # a CSV with the columns id, split
    digests: bool = False,  # a third column digest, as of `movie_digests`: whether the movies change can then be told
) -> None:
    "Write which movie is on which side."
    table = movies[["id", "split"]]
    with write_whole(path) as file:
        (table.assign(digest=movie_digests(movies)) if digests else table).to_csv(file, index=False)


def load_split(
    movies: pd.DataFrame,  # the movies to divide
    path: str | Path,  # a CSV that save_split wrote
) -> pd.DataFrame:  # a copy with the column split. ValueError: movies that the file does not list, or unknown sides
    "Divide movies as a saved split says."
    table = pd.read_csv(path, dtype="str", keep_default_na=False)
    if not {"id", "split"} <= set(table.columns):
        raise ValueError(f"{path} has the columns {', '.join(table.columns)}; a split has id and split")
    if wrong := sorted(set(table["split"]) - set(SIDES)):
        raise ValueError(f"{path} knows the side {wrong[0]!r}; sides are {', '.join(SIDES)}")
    if twice := table.loc[table["id"].duplicated(), "id"].tolist():
        raise ValueError(f"{path} lists {twice[0]} twice; list each movie once")
    side = movies["id"].astype("str").map(table.set_index("id")["split"])
    if new := movies.loc[side.isna(), "id"].tolist():
        raise ValueError(f"{path} does not list {len(new)} of the movies, for example {new[0]}; split them anew")
    return movies.assign(split=side.astype("str"))


def _poster_groups(posters: pd.Series) -> np.ndarray:
    "The same number for byte-identical posters. Only files of equal length are read."
    files = pd.Series([Path(p) for p in posters], dtype=object)
    keys = files.map(lambda file: file.stat().st_size).astype(object)
    alike = keys.duplicated(keep=False)
    keys[alike] = files[alike].map(lambda file: hashlib.sha256(file.read_bytes()).hexdigest())
    return pd.factorize(keys)[0]
