"""What a model takes for what: tables from probabilities and truth, for movies that have several genres at once.

`probs` and `targets` are those of `postergenre.metrics`. Counts become shares with `normalize`.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from scipy.stats import binomtest
from torch.nn.functional import binary_cross_entropy

from postergenre.metrics import calibration_bins, check_arrays, top_n_mask


def confusions(probs, targets, vocab: Sequence[str], normalize: bool = False) -> pd.DataFrame:  # genres x genres
    """How often genre Y (column) wrongly stands in a movie's top n when its true genre X (row) does not stand there.

    n is the number of the movie's true genres. X is missed if it is true and not in the top n; Y stands in for it if it
    is in the top n and not true. A movie counts once in every such cell: one that misses two genres has two wrong ones
    and counts in four cells. The diagonal is 0. Normalised: shares of the movies in which the row's genre is missed; a
    row may sum to more than 1, and is NaN if the genre is never missed.
    """
    missed, wrong = _missed_and_wrong(probs, targets)
    counts = missed.T.astype(int) @ wrong.astype(int)
    return _table(counts, missed.sum(0), vocab, normalize)


def most_confused(probs, targets, vocab: Sequence[str], min_val: int = 1) -> pd.DataFrame:
    """The cells of `confusions` of at least `min_val` movies as a list, the most frequent pair first.

    Its columns: missed, instead, movies (their number), share (of the movies that miss it).
    """
    counts = confusions(probs, targets, vocab).to_numpy()
    misses = _missed_and_wrong(probs, targets)[0].sum(0)
    rows, columns = np.nonzero(counts >= max(1, min_val))
    names = np.array(vocab, dtype=object)
    found = counts[rows, columns]
    pairs = {"missed": names[rows], "instead": names[columns], "movies": found, "share": found / misses[rows]}
    return pd.DataFrame(pairs).sort_values("movies", ascending=False, kind="stable", ignore_index=True)


def cooccurrence(
    probs, targets, vocab: Sequence[str], normalize: bool = False
) -> tuple[pd.DataFrame, pd.DataFrame]:  # genres x genres each: in truth; in the top n (n = number of true genres)
    """How often two genres stand together on a movie, in truth and in the predictions.

    The diagonal counts the movies with the genre. Normalised: shares of those; NaN in rows of genres that never occur.
    """
    probs, targets = check_arrays(probs, targets)
    labels = targets, top_n_mask(probs, targets.sum(1))
    return tuple(_table(x.T.astype(int) @ x.astype(int), x.sum(0), vocab, normalize) for x in labels)


def movie_losses(probs, targets) -> np.ndarray:  # (movies,)
    "Binary cross-entropy of each movie, the mean over its genres (a logarithm is at least -100, as in torch)."
    probs, targets = (torch.as_tensor(x, dtype=torch.float64) for x in check_arrays(probs, targets))
    return binary_cross_entropy(probs, targets, reduction="none").mean(1).numpy()


def reliability(probs, targets, n_bins: int = 15) -> pd.DataFrame:
    """How often genres of a given probability are true, over all pairs of a movie and a genre.

    A row a bin that holds any: pairs, confidence (mean probability), share (that is true), low, high: 95 % interval of
    the share (Wilson 1927, in scipy), which takes the pairs as independent.
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
