"""What a model takes for what: tables from probabilities and truth, for movies that have several genres at once."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from scipy.stats import binomtest
from torch.nn.functional import binary_cross_entropy

from postergenre.metrics import calibration_bins, check_arrays, top_n_mask


def confusions(
    probs,  # (movies, genres)
    targets,  # 0 or 1, the same shape
    vocab: Sequence[str],  # names of the genres
    normalize: bool = False,  # shares of the movies in which the row's genre is missed, instead of counts
) -> pd.DataFrame:  # genres x genres; normalised: 0 to 1, NaN in the row of a genre that is never missed
    """How often genre Y (column) wrongly stands in a movie's top n when its true genre X (row) does not stand there.

    n is the number of the movie's true genres. X is missed if it is true and not in the top n; Y stands in for it if it
    is in the top n and not true. A movie counts once in every such cell: one that misses two genres has two wrong ones
    and counts in four cells, and a normalised row may sum to more than 1. The diagonal is 0.
    """
    missed, wrong = _missed_and_wrong(probs, targets)
    counts = missed.T.astype(int) @ wrong.astype(int)
    return _table(counts, missed.sum(0), vocab, normalize)


def most_confused(
    probs,  # (movies, genres)
    targets,  # 0 or 1, the same shape
    vocab: Sequence[str],  # names of the genres
    min_val: int = 1,  # leave out pairs of fewer movies
) -> pd.DataFrame:  # missed, instead, movies (count), share (of the movies that miss it); the most frequent pair first
    "The cells of `confusions` as a list."
    counts = confusions(probs, targets, vocab).to_numpy()
    misses = _missed_and_wrong(probs, targets)[0].sum(0)
    rows, columns = np.nonzero(counts >= max(1, min_val))
    names = np.array(vocab, dtype=object)
    found = counts[rows, columns]
    pairs = {"missed": names[rows], "instead": names[columns], "movies": found, "share": found / misses[rows]}
    return pd.DataFrame(pairs).sort_values("movies", ascending=False, kind="stable", ignore_index=True)


def cooccurrence(
    probs,  # (movies, genres)
    targets,  # 0 or 1, the same shape
    vocab: Sequence[str],  # names of the genres
    normalize: bool = False,  # shares of the movies with the row's genre, instead of counts
) -> tuple[pd.DataFrame, pd.DataFrame]:  # genres x genres each: in truth; in the top n (n = number of true genres)
    """How often two genres stand together on a movie, in truth and in the predictions.

    The diagonal counts the movies with the genre (normalised: 1). Normalised rows of genres that never occur are NaN.
    """
    probs, targets = check_arrays(probs, targets)
    tables = []
    for labels in (targets, top_n_mask(probs, targets.sum(1))):
        counts = labels.T.astype(int) @ labels.astype(int)
        tables.append(_table(counts, labels.sum(0), vocab, normalize))
    return tables[0], tables[1]


def movie_losses(
    probs,  # (movies, genres), 0 to 1
    targets,  # 0 or 1, the same shape
) -> np.ndarray:  # (movies,)
    "Binary cross-entropy of each movie, the mean over its genres (a logarithm is at least -100, as in torch)."
    probs, targets = (torch.as_tensor(x, dtype=torch.float64) for x in check_arrays(probs, targets))
    return binary_cross_entropy(probs, targets, reduction="none").mean(1).numpy()


def reliability(
    probs,  # (movies, genres), 0 to 1
    targets,  # 0 or 1, the same shape
    n_bins: int = 15,  # bins of equal width
) -> pd.DataFrame:  # a row a bin that holds any: pairs, confidence (mean probability), share (that is true), low, high
    """How often genres of a given probability are true, over all pairs of a movie and a genre.

    low and high: 95 % interval of the share (Wilson 1927, in scipy), which takes the pairs as independent.
    """
    probs, targets = check_arrays(probs, targets)
    pairs = pd.DataFrame({"bin": calibration_bins(probs, n_bins).ravel(), "p": probs.ravel(), "true": targets.ravel()})
    table = pairs.groupby("bin").agg(pairs=("p", "size"), confidence=("p", "mean"), share=("true", "mean"))
    hits = pairs.groupby("bin")["true"].sum()
    ends = [binomtest(k, n).proportion_ci(method="wilson") for k, n in zip(hits, table["pairs"], strict=True)]
    return table.assign(low=[e.low for e in ends], high=[e.high for e in ends])


def _missed_and_wrong(probs, targets) -> tuple[np.ndarray, np.ndarray]:
    probs, targets = check_arrays(probs, targets)
    top = top_n_mask(probs, targets.sum(1))
    return targets & ~top, top & ~targets


def _table(counts: np.ndarray, of: np.ndarray, vocab: Sequence[str], normalize: bool) -> pd.DataFrame:
    if normalize:
        counts = np.divide(counts, of[:, None], out=np.full(counts.shape, np.nan), where=of[:, None] > 0)
    return pd.DataFrame(counts, index=list(vocab), columns=list(vocab))
