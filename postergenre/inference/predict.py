"""Movies in, probabilities out: one poster or thousands, batched; an unreadable file is a row, not the end."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from fastcore.meta import delegates
from PIL import Image

from postergenre.data.genres import genre_names
from postergenre.data.movies import read_table
from postergenre.data.posters import POSTER_SUFFIXES, poster_files
from postergenre.data.reading import refuse_unreadable
from postergenre.training.learner import ABSENT, PosterLearner


@delegates(PosterLearner.probs, but=["movies"])
def predict_posters(
    learn,  # a PosterLearner or PosterEnsemble, trained or loaded
    posters: str | Path | Image.Image | Iterable,  # a folder (searched through), a file, or many: files, bytes, images
    **kwargs,
) -> pd.DataFrame:  # as predict_movies, without id and title
    "Genres of bare posters, of which nothing else is known. A poster that cannot be read is a row with its error."
    paths = find_posters(posters)
    table = predict_movies(learn, pd.DataFrame({"poster": pd.Series(paths, dtype=object)}), **kwargs)
    names = [str(p) if isinstance(p, str | Path) else f"image {i}" for i, p in enumerate(paths)]
    return table.assign(poster=names)


@delegates(PosterLearner.probs, but=["movies"])
def predict_movies(
    learn,  # a PosterLearner or PosterEnsemble, trained or loaded
    movies: pd.DataFrame | str | Path,  # a row a movie: poster, and what else the learner looks at; or a CSV
    **kwargs,
) -> pd.DataFrame:  # id and title if known, poster, genres (over the thresholds), error, a column a genre
    """Genres of movies by all that is known of each.

    What a movie lacks moves no probability from what the rest says. A movie that cannot be read, or of which nothing is
    there that the learner looks at, is a row with its error.
    """
    movies = read_table(movies)
    probs, errors = learn.probs(movies, **kwargs)
    vocab = list(learn.dls.vocab)
    over = probs > np.asarray(learn.thresh)
    table = movies[[c for c in ("id", "title", "poster") if c in movies]].reset_index(drop=True)
    table = table.assign(genres=[genre_names(row, vocab) for row in over], error=pd.Series(errors, dtype="str"))
    return pd.concat([table, pd.DataFrame(probs, columns=vocab)], axis=1)


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


def find_posters(posters: str | Path | Image.Image | Iterable) -> list:
    "The poster files of a folder in order, or what was passed, as a list. FileNotFoundError: nothing is there."
    if isinstance(posters, Image.Image | bytes):
        return [posters]
    if not isinstance(posters, str | Path):
        return list(posters)
    path = Path(posters).expanduser()
    if not path.exists():
        raise FileNotFoundError(f"There is no {path} (seen from {Path.cwd()}); pass a folder of posters or a poster")
    if path.is_file():
        return [path]
    if not (found := poster_files(path)):
        raise FileNotFoundError(f"{path} holds no pictures ({', '.join(POSTER_SUFFIXES)}), nor do its folders")
    return found
