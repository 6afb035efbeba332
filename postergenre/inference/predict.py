"""Movies in, probabilities out: one poster or thousands, batched; an unreadable file is a row, not the end."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from fastcore.meta import delegates
from PIL import Image

from postergenre.data.genres import genre_names
from postergenre.data.movies import read_table
from postergenre.data.posters import posters_at
from postergenre.inference.engine import open_model
from postergenre.portable.light import LightModel
from postergenre.portable.naming import name_genres
from postergenre.portable.pool import ABSENT


@delegates(LightModel.probs, but=["movies"])
def predict_movies(
    learn,  # a PosterLearner or PosterEnsemble, trained or loaded; or a folder that save_pretrained wrote
    movies: pd.DataFrame | str | Path,  # a row a movie: poster, and what else the learner looks at; or a CSV
    thresh=None,  # genres of a greater probability are named: one number, or one a genre; None: learn.thresh
    top: int | None = None,  # name this many of the most probable instead
    at_least: int = 1,  # a movie with fewer genres over their thresholds gets this many most probable ones; 0: none
    engine: str = "auto",  # of a folder: "torch", "onnx", or "auto", which is onnx where the folder has graphs
    poster_col: str = "poster",  # column of posters
    **kwargs,
) -> pd.DataFrame:  # id and title if known, poster, genres (those named), error, a column a genre
    """Genres of movies by all that is known of each, as `named_genres` names them: at least the most probable.

    What a movie lacks moves no probability from what the rest says. A movie that cannot be read, or of which nothing is
    there that the learner looks at, is a row with its error. ValueError: no column is any that it looks at.
    """
    movies, learn = read_table(movies, poster_col), open_model(learn, engine, kwargs.get("views"))
    vocab, named_by = list(learn.dls.vocab), (thresh, top, at_least)
    name_genres(learn, np.zeros((0, len(vocab))), *named_by)  # says what is wrong before thousands of posters are read
    probs, errors = learn.probs(movies, **kwargs)
    if len(movies) and "poster" not in movies and set(errors) == {ABSENT}:
        raise ValueError(
            f"The learner looks at no column of the table, which has: {', '.join(map(str, movies))}; say where posters "
            "are: predict_movies(..., poster_col=...), in the command --poster_col"
        )
    genres = [genre_names(row, vocab) for row in name_genres(learn, probs, *named_by)]
    table = movies[[c for c in ("id", "title", "poster") if c in movies]].reset_index(drop=True)
    table = table.assign(genres=pd.Series(genres, dtype=object), error=pd.Series(errors, dtype="str"))
    return pd.concat([table, pd.DataFrame(probs, columns=vocab)], axis=1)


@delegates(predict_movies, but=["movies", "poster_col"])
def predict_posters(
    learn,  # a PosterLearner or PosterEnsemble, trained or loaded; or a folder that save_pretrained wrote
    posters: str | Path | Image.Image | Iterable,  # a folder (searched through), a file, or many: files, bytes, images
    **kwargs,
) -> pd.DataFrame:  # as predict_movies, without id and title; of a table of movies its column poster is looked at
    "Genres of bare posters, of which nothing else is known. A poster that cannot be read is a row with its error."
    paths = find_posters(posters)
    table = predict_movies(learn, pd.DataFrame({"poster": pd.Series(paths, dtype=object)}), **kwargs)
    names = [str(p) if isinstance(p, str | Path) and p else f"image {i}" for i, p in enumerate(paths)]
    return table.assign(poster=pd.Series(names, dtype="str"))


def find_posters(posters) -> list:
    """The poster files of a folder in order, or what was passed, as a list.

    FileNotFoundError: nothing is there; ValueError: an empty text, or nothing that could be a poster.
    """
    if isinstance(posters, pd.DataFrame | pd.Series | Mapping) and "poster" in posters:  # a table of movies, or one row
        posters = posters["poster"]
    elif isinstance(posters, pd.DataFrame | Mapping):
        raise ValueError(
            f"There is no column poster, only {', '.join(map(str, posters)) or 'none'}; pass posters, or "
            "predict_movies(learn, movies) if the learner looks at other columns"
        )
    # one picture: looping over an array would give its rows
    if isinstance(posters, Image.Image | bytes | bytearray) or getattr(posters, "ndim", 1) in (2, 3):
        return [posters]
    if not isinstance(posters, str | Path):
        if isinstance(posters, Iterable):
            return list(posters)
        raise ValueError(f"{posters!r} is no poster; pass a folder of posters, a poster, or a list of them")
    if not str(posters).strip():
        raise ValueError("posters is an empty text; pass a folder of posters or a poster, '.' for the current folder")
    return posters_at(posters)
