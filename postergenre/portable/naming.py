"""Which genres a prediction names: by thresholds, or the most probable ones; with NumPy alone."""

import numpy as np


def named_genres(
    probs: np.ndarray,  # probabilities (movies, genres); a movie of NaN is named none
    own=0.5,  # a genre is named where its probability is greater: one number, or one a genre
    thresh=None,  # the same, in place of own
    top: int | None = None,  # name this many of the most probable instead, whatever the thresholds
    at_least: int = 1,  # a movie with fewer genres over their thresholds gets this many most probable ones; 0: none
) -> np.ndarray:  # boolean (movies, genres). ValueError: thresh not from 0 to 1, or beside top; others too small
    """The genres that a prediction names: those over their thresholds, but at least the most probable one.

    All that names genres of movies goes by this: `predict`, `predict_posters`, `predict_movies`, the command, pictures.
    Figures at thresholds, F1 and what follows from it, judge the thresholds alone, as if at_least were 0.
    Of equal probabilities the genre that stands first in the vocabulary comes first.
    """
    if thresh is not None and top is not None:
        raise ValueError(f"thresh={thresh} and top={top} are two ways to choose genres; give one of them")
    probs, thresh = np.asarray(probs, dtype=np.float64), np.asarray(own if thresh is None else thresh, dtype=np.float64)
    if thresh.shape not in ((), (1,), probs.shape[1:]):
        raise ValueError(f"thresh has the shape {thresh.shape}; pass one number or {probs.shape[1]}, one a genre")
    if not ((thresh >= 0) & (thresh <= 1)).all():
        raise ValueError(f"thresh={thresh.max():g} must lie between 0 and 1, as probabilities do, for example 0.3")
    for name, number, least in (("top", 1 if top is None else top, 1), ("at_least", at_least, 0)):
        if not isinstance(number, int | np.integer) or number < least:
            raise ValueError(f"{name}={number!r} must be a whole number of genres, {least} or more")
    there, place = ~np.isnan(probs), np.argsort(np.argsort(-probs, axis=1, kind="stable"), axis=1)
    if top is not None:
        return (place < top) & there
    over = probs > thresh
    few = over.sum(axis=1, keepdims=True) < at_least
    return (over | ((place < at_least) & few)) & there


def name_genres(
    learn,  # a learner, an ensemble or a LightModel
    probs: np.ndarray,  # its probabilities (movies, genres)
    thresh=None,  # as in `named_genres`; None: learn.thresh
    top: int | None = None,  # as in `named_genres`
    at_least: int = 1,  # as in `named_genres`
) -> np.ndarray:  # boolean (movies, genres). ValueError: as in named_genres
    "The genres that a model names, as `named_genres` says."
    own = learn.thresh.cpu() if hasattr(learn.thresh, "cpu") else learn.thresh
    return named_genres(probs, own, thresh, top, at_least)
