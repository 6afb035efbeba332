"""Which probability is enough: one threshold a genre, tuned after training and kept inside the loss."""

import numpy as np
import pandas as pd
import torch

from postergenre.data.genres import multi_hot
from postergenre.data.loaders import fitting_movies
from postergenre.data.terminal import wrapped
from postergenre.inference.probs import movie_probs
from postergenre.metrics import check_arrays, f1_per_genre


def tune_thresholds(
    learn,  # a PosterLearner or PosterEnsemble, calibrated or not; it gets the thresholds, which learn.export keeps
    movies: pd.DataFrame | None = None,  # not from training; None: the validation posters of learn.dls
    min_positives: int = 10,  # as in best_thresholds
    views: str | None = None,  # views of a poster to average: those with which you will predict; None: learn.views
    verbose: bool = True,  # print F1 before and after
    progress: bool | None = None,  # a bar; None: in a terminal or notebook
    probs: np.ndarray | None = None,  # ready (movies, genres); None: the posters are looked at
) -> pd.DataFrame:  # a row a genre: positives, thresh, f1_before, f1. ValueError: no posters
    "Set the threshold of each genre with the best F1 on some posters; `learn.predict` and all others use it."
    movies = fitting_movies(learn, movies, "tune_thresholds")
    targets = multi_hot(movies["genres"], learn.dls.vocab)
    probs = movie_probs(learn, movies, views=views, progress=progress) if probs is None else probs
    before = f1_per_genre(probs, targets, learn.thresh)
    thresh = best_thresholds(probs, targets, min_positives)
    columns = {
        "positives": targets.sum(0).astype(int),
        "thresh": thresh,
        "f1_before": before,
        "f1": f1_per_genre(probs, targets, thresh),
    }
    table = pd.DataFrame(columns, index=pd.Index(learn.dls.vocab, name="genre"))
    learn.thresh = torch.from_numpy(thresh)
    if verbose:
        said = f"Macro F1 on the {len(movies):,} posters that the thresholds were fitted on"
        print(wrapped(f"{said}: {before.mean():.3f} before, {table['f1'].mean():.3f} after."))
        if few := list(table.index[table["positives"] < min_positives]):
            names = "all genres" if len(few) == len(table) else ", ".join(few)
            print(wrapped(f"Fewer than {min_positives} posters, so the common threshold: {names}."))
    return table


def best_thresholds(
    probs,  # (movies, genres)
    targets,  # true genres, 0 or 1 (movies, genres)
    min_positives: int = 10,  # genres of fewer movies get the one threshold that is best over all pairs (micro F1)
) -> np.ndarray:  # (genres,) float64: predict where the probability is greater
    """The thresholds of the highest F1, found by trying every cut between two neighbouring probabilities.

    A threshold lies halfway between its neighbours. Of equally good cuts the highest one is taken, which predicts the
    fewest movies. 0.5 for a genre that would need a cut of its own and has no movies.
    """
    probs, targets = check_arrays(probs, targets)
    if len(probs) == 0:
        raise ValueError("there are no movies to choose thresholds on")
    common = _best_cuts(probs.reshape(-1, 1), targets.reshape(-1, 1))
    return np.where(targets.sum(0) < min_positives, common, _best_cuts(probs, targets))


def _best_cuts(probs: np.ndarray, targets: np.ndarray) -> np.ndarray:
    "For each column; row k of what follows stands for predicting its k + 1 most probable movies."
    order = np.argsort(-probs, axis=0, kind="stable")
    upper, true = (np.take_along_axis(x, order, 0) for x in (probs, targets))
    lower = np.vstack([upper[1:], np.zeros_like(upper[:1])])
    predicted, positives = np.arange(1, len(probs) + 1)[:, None], true.sum(0)
    f1 = 2 * np.cumsum(true, 0) / (predicted + positives)
    f1[upper <= lower] = -1  # no cut goes through equal probabilities
    best = f1.argmax(0)[None]
    upper, lower = (np.take_along_axis(x, best, 0)[0] for x in (upper, lower))
    middle = (upper + lower) / 2
    thresh = np.where(middle < upper, middle, lower)  # no number lies between floats that are next to each other
    return np.where(positives > 0, thresh, 0.5)
