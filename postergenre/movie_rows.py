"""Which movies a learner or a result is about."""

from pathlib import Path

import numpy as np
import pandas as pd
from fastai.learner import Learner

from postergenre.genres import genre_names
from postergenre.results import Predictions


def validation_movies(
    learn: Learner,  # with its data: neither exported nor loaded
    call: str = """from_learner(learn, movies.query("split == 'test'"))""",  # for the error: what to type
) -> pd.DataFrame:  # id and title (the file's name), poster, genres. ValueError: the learner holds no posters
    "The movies on the validation side of a learner's loaders."
    items = getattr(learn.dls.valid, "items", None)
    if not isinstance(items, pd.DataFrame) or not {"poster", "genres"} <= set(items.columns) or items.empty:
        raise ValueError(f"The learner holds no posters (a loaded one never does): pass movies, for example {call}")
    paths = [Path(p) for p in items["poster"]]
    names = [p.stem for p in paths]
    ids = names if len(set(names)) == len(names) else [str(p) for p in paths]
    movies = pd.DataFrame({"id": ids, "title": names, "poster": paths, "genres": list(items["genres"])})
    movies.attrs["vocab"] = list(learn.dls.vocab)
    return movies


def fitting_movies(
    learn: Learner,
    movies: pd.DataFrame | None,  # columns poster, genres; None: the learner's validation side
    function: str,  # its name, for the errors
) -> pd.DataFrame:  # ValueError: none, a column is missing, or movies are from training
    "The movies on which something is fitted after training: never those of training, which the network has learnt."
    call = f"""{function}(learn, movies.query("split == 'valid'"))"""
    if movies is None:
        return validation_movies(learn, call)
    if missing := [c for c in ("poster", "genres") if c not in movies]:
        raise ValueError(f"movies has no column {', '.join(missing)}; read_movies gives them all")
    if movies.empty:
        raise ValueError(f"There are no movies to fit on; pass some, for example {call}")
    if "split" in movies and (n := int((movies["split"] == "train").sum())):
        raise ValueError(f"{n} of the {len(movies)} movies are from the training side; pass others, for example {call}")
    return movies


def evaluated_movies(
    result: Predictions,
    movies: pd.DataFrame,  # columns id, poster, and title if there are titles; may hold more movies
) -> pd.DataFrame:  # id (as text), title, poster, genres (the result's truth). ValueError: evaluated movies are missing
    "The movies of a result, in its order."
    if missing := [c for c in ("id", "poster") if c not in movies]:
        raise ValueError(f"movies has no column {', '.join(missing)}; read_movies gives them all")
    rows = rows_of(movies["id"], result.ids, "movies")
    found = movies.iloc[rows]
    titles = found["title"].fillna("") if "title" in movies else (result.titles or result.ids)
    columns = {"id": result.ids.map(str), "title": list(map(str, titles)), "poster": found["poster"].tolist()}
    aligned = pd.DataFrame(columns | {"genres": [genre_names(row, result.vocab) for row in result.targets]})
    aligned.attrs["vocab"] = list(result.vocab)
    return aligned


def rows_of(
    ids,  # all different
    wanted,  # some of them
    name: str,  # of what has the ids, for the error
) -> np.ndarray:  # where each of `wanted` stands in `ids`. ValueError: one is missing
    "Places of ids, whether they are texts or numbers."
    wanted = pd.Index(wanted).map(str)
    rows = pd.Index(ids).map(str).get_indexer(wanted)
    if n := int((rows < 0).sum()):
        first = wanted[rows < 0][0]
        raise ValueError(f"{name} lacks {n} of {len(rows)} movies, first {first}; use the movies that were evaluated")
    return rows
