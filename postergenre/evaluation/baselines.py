"""What a model must beat: the most frequent genres for every movie, and a random order."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from postergenre.data.genres import multi_hot, vocab_of
from postergenre.metrics import check_arrays, macro_average_precision, macro_mean, top_n_accuracy


def _targets(movies, vocab: Sequence[str] | None) -> np.ndarray:
    if isinstance(movies, pd.DataFrame):
        if "genres" not in movies:
            raise ValueError(f"the movies have no column genres, but {', '.join(map(str, movies.columns))}")
        return multi_hot(movies["genres"], vocab_of(movies) if vocab is None else vocab).astype(bool)
    return check_arrays(movies, movies)[1]


def check_apart(train: pd.DataFrame, movies: pd.DataFrame) -> None:  # ValueError: how many movies stand in both
    "Makes sure that no movie is used for training and for judging."
    if "id" in train and "id" in movies and (n := int(movies["id"].isin(train["id"]).sum())):
        said = f"{n} of the {len(movies)} movies to judge on are also among the training movies, so popularity would be"
        side = """pass only the training side: train=movies.query("split == 'train'")"""
        raise ValueError(f"{said} taken from the answers; {side}")


def genre_frequencies(movies, vocab: Sequence[str] | None = None) -> np.ndarray:  # (genres,) between 0 and 1
    "Share of the movies that have each genre; movies and vocab as in `popularity_baseline`."
    targets = _targets(movies, vocab)
    if not len(targets):
        raise ValueError("there are no movies to count genres in; pass the training movies")
    return targets.mean(axis=0)


def popularity_baseline(
    train,  # training movies: table with the columns id and genres, or 0/1 (movies, genres)
    test,  # movies to judge on, the same way; a `ValueError` says if some are among the training movies
    vocab: Sequence[str] | None = None,  # genres; None: the training table's own. Not needed for 0/1 arrays
) -> dict[str, float]:  # top_n_accuracy and macro_ap, between 0 and 1
    "How well the most frequent training genres do on other movies, no poster looked at."
    if isinstance(train, pd.DataFrame) and isinstance(test, pd.DataFrame):
        check_apart(train, test)
        vocab = vocab_of(train) if vocab is None else vocab
    targets = _targets(test, vocab)
    probs = np.tile(genre_frequencies(train, vocab), (len(targets), 1))
    return {"top_n_accuracy": top_n_accuracy(probs, targets), "macro_ap": macro_average_precision(probs, targets)}


def expected_average_precision(n: int, n_true: int) -> float:  # NaN if none is true
    "Mean average precision over all orders of n items (Bestgen 2015, 'Exact expected average precision')."
    if n_true < 1:
        return float("nan")
    # the item at rank k is true with n_true / n, and then a share (n_true - 1) / (n - 1) of the k - 1 before it
    harmonic = float((1 / np.arange(1, n + 1)).sum())
    return (harmonic + (n_true - 1) / max(n - 1, 1) * (n - harmonic)) / n


def random_expectation(
    targets,  # true genres, 0 or 1 (movies, genres)
) -> dict[str, float]:  # top_n_accuracy, macro_ap, micro_ap, recall_at_n; NaN where nothing is to be counted
    "What a random order of the genres (for average precision: of the movies) reaches on average; exact, not simulated."
    targets = check_arrays(targets, targets)[1]
    n_movies, n_genres = targets.shape
    n_true, support = targets.sum(axis=1), targets.sum(axis=0)
    share = n_true / n_genres  # the chance of any genre to be in the movie's top n
    aps = [expected_average_precision(n_movies, k) for k in support if k]
    return {
        "top_n_accuracy": float(share[n_true > 0].mean()) if n_true.any() else float("nan"),
        "macro_ap": float(np.mean(aps)) if aps else float("nan"),
        "micro_ap": expected_average_precision(targets.size, int(support.sum())),
        "recall_at_n": float(macro_mean(share @ targets / np.maximum(support, 1), support)),
    }
