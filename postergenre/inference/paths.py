"""Genres of all that stands at some paths: folders, pictures, tables."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from postergenre.data.movies import read_table
from postergenre.inference.predict import find_posters, predict_movies


def predict_paths(
    learn,  # a learner or ensemble
    paths: list[str],  # folders, pictures and tables
    tables: Sequence[str],  # suffixes of tables
    poster_col: str = "poster",  # column of posters in tables
    **options,  # of predict_movies
) -> pd.DataFrame:  # from predict_movies
    "Genres of all that stands at some paths, in batches across them; where nothing is found is a row with its error."
    parts, wrong = [], {}
    for path in paths:
        try:
            if Path(path).suffix.lower() in tables:
                parts.append(read_table(path, poster_col))
            else:
                parts.append(pd.DataFrame({"poster": list(map(str, find_posters(path)))}))
        except (OSError, ValueError, ImportError) as e:
            wrong[sum(map(len, parts))] = path, str(e)
            parts.append(pd.DataFrame({"poster": [None]}))
    found = predict_movies(learn, pd.concat(parts, ignore_index=True), **options)
    for row, path_and_error in wrong.items():
        found.loc[row, ["poster", "error"]] = path_and_error
    return found
