"""Probabilities of movies that can all be read."""

import numpy as np
import pandas as pd
from fastcore.meta import delegates

from postergenre.data.reading import refuse_unreadable
from postergenre.training.learner import ABSENT, PosterLearner


@delegates(PosterLearner.probs)
def movie_probs(
    learn,  # a PosterLearner or PosterEnsemble, trained or loaded
    movies: pd.DataFrame,  # with the column poster, and what else the learner looks at
    **kwargs,
) -> np.ndarray:  # (movies, genres). ValueError: a poster cannot be read
    """The probability of each genre for each movie; without any evidence, how frequent the genres were in training.

    Views take the place of fastai's learn.tta, which draws from the augmentation of training: it differs from call to
    call, sees only what training was augmented with, and crops at random where a grid covers the poster.
    """
    probs, errors = learn.probs(movies, **kwargs)
    absent = [error == ABSENT for error in errors]
    if any(absent) and learn.genre_freq is not None:
        probs[absent], errors = learn.genre_freq, [None if error == ABSENT else error for error in errors]
    refuse_unreadable(movies.get("poster", movies.index), errors)
    return probs
