"""What of a movie speaks for its genres, as a table to read."""

from collections.abc import Sequence

import pandas as pd


def explain(
    learn,  # a PosterLearner or PosterEnsemble, trained or loaded; left as it was
    movie,  # a row of a table of movies, or a poster: file, bytes or PIL image
    genres: str | Sequence[str] | None = None,  # one or several; None: the three most probable
    n: int = 8,  # parts a genre, those first that say most, for it or against it
) -> pd.DataFrame:  # genre, probability, modality, part, adds (log-odds); no rows: its parts cannot be told apart
    "What of a movie speaks for genres and against them: director Wes Craven +2.1. Of pictures `plot_gradcam` shows it."
    found = learn.explain(movie, genres)
    rows = []
    for genre, probability in found.probs.items():
        adds = found.parts[genre].astype(float)
        parts = found.parts[["modality", "part"]].assign(genre=genre, probability=probability, adds=adds)
        rows.append(parts.sort_values("adds", key=abs, ascending=False, kind="stable").head(n))
    return pd.concat(rows, ignore_index=True)[["genre", "probability", "modality", "part", "adds"]]
