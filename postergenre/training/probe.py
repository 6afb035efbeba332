"""A strong model in minutes: a head on what frozen modalities see, as an ordinary learner."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from operator import itemgetter
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from fastai.data.core import DataLoaders
from fastai.data.transforms import Normalize

from postergenre.data.genres import multi_hot
from postergenre.data.loaders import size_of
from postergenre.data.posters import UNREADABLE
from postergenre.data.reading import as_movie, refuse_unreadable
from postergenre.layers import Standardize
from postergenre.modality import Modality
from postergenre.tabular.metadata import METADATA, Metadata
from postergenre.tabular.names import NAMES, Names
from postergenre.text.words import WORDS, Words
from postergenre.training.fusion import ProbeLearner, ProbeModel
from postergenre.training.heads import fit_head
from postergenre.training.learner import PosterLearner
from postergenre.training.networks import learner_options, start_at_frequencies
from postergenre.training.readings import MovieDataLoaders
from postergenre.vision.build import pooled_body, set_head
from postergenre.vision.objects import OBJECTS, Objects
from postergenre.vision.people import PEOPLE, People
from postergenre.vision.pictures import Pictures
from postergenre.vision.views import crop_window, for_validation
from postergenre.vision.weights import LITE

PROBE_ARCHS = ("tf_efficientnet_lite0",)
BY_NAME = {OBJECTS: Objects, PEOPLE: People, METADATA: Metadata, NAMES: Names}  # as they are without arguments


def probe_learner(
    dls: DataLoaders,  # from PosterDataLoaders.from_movies; their size and crop are those of pictures by name
    modalities: str
    | Modality
    | Sequence[str | Modality] = PROBE_ARCHS,  # names of networks; words, objects, ...; or made
    pretrained: bool = False,  # ImageNet weights from the hub, for all networks by name
    weights: str | Path | None = LITE,  # of networks by name: "lite", or a local file; of words as in Words
    stages: bool = True,  # statistics of all stages of a network, as StagePooling; False: its last features alone
    **kwargs,  # for poster_learner: loss_func, metrics, ...
) -> ProbeLearner:  # its head knows the genres' frequencies only, until fit_probe. ValueError: none, or no weights
    "A learner of frozen modalities, their features side by side, and an untrained linear head."
    modalities = [modalities] if isinstance(modalities, str | Modality) else list(modalities)
    if not modalities:
        raise ValueError("modalities is empty; pass at least one, for example ['tf_efficientnet_lite0']")
    made = list(_made(modalities, dls, pretrained, weights, stages))
    movies = list(map(as_movie, dls.train.items.to_dict("records")))
    learn_from(made, dls.train.items, dls.vocab)
    model = ProbeModel(made, [width_of(modality, movies) for modality in made], len(dls.vocab))
    start_at_frequencies(model.head, getattr(dls, "row_freq", None))
    arch = "+".join(modality.name for modality in made)
    learn = ProbeLearner(MovieDataLoaders.of_readings(dls, made), model, arch, **learner_options(kwargs))
    learn.model.eval()
    return learn


def _made(modalities, dls, pretrained, weights, stages) -> Iterator[Modality]:
    size, crop = size_of(dls), "random" if crop_window(for_validation(dls.valid.after_item)) else "whole"
    for modality in modalities:
        if modality == WORDS:
            yield Words(None if weights == LITE else weights)
        elif modality in BY_NAME:
            yield BY_NAME[modality]()
        elif isinstance(modality, str):
            yield Pictures.by_name(modality, size, pretrained, None if pretrained else weights, stages, crop)
        else:
            yield modality


def learn_from(modalities: Sequence[Modality], movies: pd.DataFrame, vocab: Sequence[str]) -> None:
    "Let modalities learn from training movies. ValueError: one learned from others before."
    rows, targets = list(map(as_movie, movies.to_dict("records"))), multi_hot(movies["genres"], vocab)
    for modality in modalities:
        modality.fit(rows, targets)


def width_of(modality: Modality, movies: Sequence[dict]) -> int:  # ValueError: no movie has what it looks at
    "How many features a modality gives."
    for movie in movies:
        with suppress(*UNREADABLE):
            if (reading := modality.read(movie)) is not None:
                with torch.inference_mode():
                    return modality.encode([reading]).shape[1]
    raise ValueError(
        f"None of the {len(movies)} training movies has what {modality.name} looks at "
        f"({', '.join(modality.columns)}); leave that modality out"
    )


def fit_probe(
    learn: ProbeLearner,  # its head is replaced by the fitted one
    movies: pd.DataFrame,  # with the columns poster, genres, split (train and valid are used)
    views: str = "center",  # of training movies, each a row of its own
    strengths: Sequence[float] | None = None,  # of the penalty; None: those of the modality with most features
    kernel: int = 0,  # landmarks of an RBF kernel; 0: none
    seed: int = 42,  # of landmarks
    **kwargs,  # for ProbeLearner.features: bs, workers, progress
) -> pd.DataFrame:  # a row a strength: training loss, validation loss, top-n accuracy, macro AP
    "Fit the head on the training movies' features; its strength is chosen on the validation movies."
    model = learn.model
    learn_from(learn.modalities, movies[movies["split"] == "train"], learn.dls.vocab)
    if strengths is None and not kernel:
        strengths = max(zip(model.widths, learn.modalities, strict=True), key=itemgetter(0))[1].strengths
    (x, y), (seen, truth) = (
        side_features(learn.features, movies[movies["split"] == side], learn.dls.vocab, of, **kwargs)
        for side, of in (("train", views), ("valid", "center"))
    )
    absent = np.nansum(x, axis=0) / np.maximum((~np.isnan(x)).sum(0), 1).astype(np.float32)
    x, seen = (np.where(np.isnan(rows), absent, rows) for rows in (x, seen))
    head, table = fit_head(x, y, seen, truth, strengths, kernel, seed)
    model.absent.copy_(torch.from_numpy(absent))
    model.head = head.to(model.absent.device)
    learn.create_opt()
    return table


def side_features(features: Callable, movies: pd.DataFrame, vocab: Sequence[str], views: str = "center", **kwargs):
    "What a head is fitted to: (rows, features), a row a view, NaN where absent; (rows, genres)."
    rows, errors = features(movies, views, **kwargs)
    refuse_unreadable(movies["poster"], errors)
    rows = list(rows)  # read once
    return np.concatenate(rows), np.repeat(multi_hot(movies["genres"], vocab), list(map(len, rows)), axis=0)


def start_from_probe(
    learn: PosterLearner,  # from poster_learner with weights, on whole posters; its last layer is replaced
    movies: pd.DataFrame,  # with the columns poster, genres, split
    folder: str | Path | None = None,  # where features are kept
    **kwargs,  # for Modality.features: bs, workers, progress
) -> pd.DataFrame:  # as fit_probe
    """Fit the last layer on the network's features as they are, before all of it is trained.

    A random head would first pull good features apart (Kumar et al. 2022, https://arxiv.org/abs/2202.10054).
    """
    norm = next(t for t in learn.dls.valid.after_batch.fs if isinstance(t, Normalize))
    stats = tuple(t.detach().cpu().flatten().tolist() for t in (norm.mean, norm.std))
    pictures = Pictures(learn.arch, pooled_body(learn.model), size_of(learn.dls), stats)
    pictures.keep_in(folder)
    sides = [movies[movies["split"] == side] for side in ("train", "valid")]
    (x, y), valid = (side_features(pictures.features, side, learn.dls.vocab, **kwargs) for side in sides)
    head, table = fit_head(x, y, *valid)
    set_head(learn.model, head, Standardize.fit(torch.from_numpy(x)))
    return table
