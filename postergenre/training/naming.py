"""What a learner or ensemble says of one movie, as fastai's `predict` gives it."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from fastai.data.transforms import MultiCategory

from postergenre.data.genres import genre_names
from postergenre.data.reading import as_movie
from postergenre.portable.naming import name_genres


def probs_of(genres: Sequence[str] | None, probs: np.ndarray, vocab: Sequence[str]) -> dict[str, float]:
    "The probabilities, of (genres,), of those asked for; None: of the three most probable."
    genres = genres or [vocab[i] for i in np.argsort(-probs, kind="stable")[:3]]
    return {genre: float(probs[vocab.index(genre)]) for genre in genres}


def predict_one(
    learn, movie, views: str | None = None, **kwargs
) -> tuple[MultiCategory, torch.Tensor, torch.Tensor]:  # kwargs: of name_genres
    "What fastai's `predict` gives, of a learner or ensemble. ValueError: nothing can be read, or is there."
    probs = probs_of_one(learn, movie, views)
    named = name_genres(learn, probs[None], **kwargs)[0]
    return MultiCategory(genre_names(named, learn.dls.vocab)), torch.from_numpy(named), torch.from_numpy(probs)


def probs_of_one(learn, movie, views: str | None = None) -> np.ndarray:  # (genres,)
    "The probabilities of one movie. ValueError: nothing can be read, or is there."
    [probs], [error] = learn.probs(pd.DataFrame([as_movie(movie)]), views, progress=False)
    if error:
        raise ValueError(f"The movie cannot be read: {error}")
    return probs
