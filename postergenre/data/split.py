"""Train, valid and test by movie, stratified over the genres; a poster is never on two sides."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
from iterstrat.ml_stratifiers import IterativeStratification

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
    if not (0 <= valid < 1 and 0 <= test < 1 and valid + test < 1):
        raise ValueError(
            f"valid={valid} and test={test} must be shares from 0 that leave some for training, e.g. 0.1, 0.3"
        )
    shares = np.array([1 - valid - test, valid, test])
    needed = int(np.ceil(1 / shares[shares > 0].min()))
    if len(movies) < needed:
        raise ValueError(f"{len(movies)} movies are too few for shares {shares.round(3).tolist()}; it takes {needed}")
    if movies["id"].duplicated().any():
        raise ValueError(f"The id {movies.loc[movies['id'].duplicated(), 'id'].iloc[0]} occurs twice; ids must differ")
    ordered = movies.sort_values("id", key=lambda ids: ids.astype("str"))
    group = pd.factorize(pd.Series(_poster_keys(ordered["poster"])))[0]
    labels = multi_hot(ordered["genres"], vocab_of(movies))
    # A group of movies with one poster is one item with all their genres.
    grouped = np.zeros((group.max() + 1, labels.shape[1]), dtype=bool)
    np.logical_or.at(grouped, group, labels.astype(bool))
    used = shares > 0
    # The algorithm fills the smallest side last: in the order of ids, validation would be the newest movies only.
    rng = np.random.RandomState(seed)
    shuffled = rng.permutation(len(grouped))
    side = np.empty(len(grouped), dtype=int)
    side[shuffled] = IterativeStratification(grouped[shuffled], shares[used], rng)
    names = np.array(SIDES)[used][side][group]
    return movies.assign(split=pd.Series(names, index=ordered.index, dtype="str"))


def genre_shares(
    movies: pd.DataFrame,  # with the column split
) -> pd.DataFrame:  # genres x (all, train, valid, test), percent of the movies of each side that have the genre
    "How frequent each genre is on each side of a split."
    labels = pd.DataFrame(multi_hot(movies["genres"], vocab_of(movies)), columns=vocab_of(movies), index=movies.index)
    sides = [s for s in SIDES if (movies["split"] == s).any()]
    shares = {"all": labels.mean()} | {s: labels[movies["split"] == s].mean() for s in sides}
    return pd.DataFrame(shares) * 100


def save_split(
    movies: pd.DataFrame,  # with the column split
    path: str | Path,  # a CSV with the columns id, split
) -> None:
    "Write which movie is on which side."
    with write_whole(path) as file:
        movies[["id", "split"]].to_csv(file, index=False)


def load_split(
    movies: pd.DataFrame,  # the movies to divide
    path: str | Path,  # a CSV that save_split wrote
) -> pd.DataFrame:  # a copy with the column split. ValueError: movies that the file does not list, or unknown sides
    "Divide movies as a saved split says."
    table = pd.read_csv(path, dtype="str")
    if not {"id", "split"} <= set(table.columns):
        raise ValueError(f"{path} has the columns {', '.join(table.columns)}; a split has id and split")
    wrong = sorted(set(table["split"]) - set(SIDES))
    if wrong:
        raise ValueError(f"{path} knows the side {wrong[0]!r}; sides are {', '.join(SIDES)}")
    if table["id"].duplicated().any():
        raise ValueError(
            f"{path} lists {table.loc[table['id'].duplicated(), 'id'].iloc[0]} twice; list each movie once"
        )
    side = movies["id"].astype("str").map(table.set_index("id")["split"])
    if side.isna().any():
        unknown = movies.loc[side.isna(), "id"].tolist()
        raise ValueError(
            f"{path} does not list {len(unknown)} of the movies, for example {unknown[0]}; split them anew"
        )
    return movies.assign(split=side.astype("str"))


def _poster_keys(posters: pd.Series) -> list[str]:
    "The same text for byte-identical posters. Only files of equal length are read."
    sizes = [Path(p).stat().st_size for p in posters]
    shared = pd.Series(sizes).duplicated(keep=False)
    return [
        hashlib.sha256(Path(p).read_bytes()).hexdigest() if same else f"{size} bytes"
        for p, size, same in zip(posters, sizes, shared, strict=True)
    ]
