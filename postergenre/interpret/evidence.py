"""What of a movie speaks for its genres: as a table to read, and by each kind of evidence."""

from collections.abc import Sequence

import pandas as pd

from postergenre.modality import Explanation


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


def explain_each(
    learn,  # a PosterLearner or PosterEnsemble, trained or loaded; left as it was
    movie,  # as in `explain`
    genres: str | Sequence[str],  # one or several
) -> list[Explanation]:  # of members that count, the heaviest first; one where several see alike
    "What speaks for genres as each kind of member sees it: where the network looks, and the lines that were read."
    seen = {}
    for weight, member in sorted(zip(learn.weights, learn.members, strict=True), key=lambda pair: -pair[0]):
        if weight > 0:
            found = member.explain(movie, genres)
            seen.setdefault(found.heading, found)
    return list(seen.values())
