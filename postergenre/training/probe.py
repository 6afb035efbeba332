"""A strong model in minutes: a head on what frozen, pretrained bodies see, as an ordinary learner."""

import copy
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from fastai.data.core import DataLoaders
from fastai.data.transforms import Normalize
from fastai.learner import Learner
from torch import nn

from postergenre.data.genres import multi_hot
from postergenre.data.loaders import size_of
from postergenre.text.cache import WordFeatureCache
from postergenre.text.encoder import WordBody
from postergenre.training.fusion import FrozenBodies, ProbeModel, frozen_body, reads_only
from postergenre.training.heads import fit_head
from postergenre.training.learner import model_learner
from postergenre.vision.build import head_name
from postergenre.vision.features import FeatureCache
from postergenre.vision.stages import StageModel
from postergenre.vision.views import for_validation, whole_size
from postergenre.vision.weights import LITE

PROBE_ARCHS = ("tf_efficientnet_lite0",)
WORD_STRENGTHS = (1.0, 0.5, 0.25, 0.12, 0.06)  # of the penalty, where there are few features


def probe_learner(
    dls: DataLoaders,  # from PosterDataLoaders.from_movies(..., crop="whole", size=(height, width))
    archs: Sequence[str] = PROBE_ARCHS,  # bodies, as in create_model, or "words"; their features stand side by side
    pretrained: bool = False,  # ImageNet weights from the hub, for all bodies
    weights: str | Path | None = LITE,  # "lite", or a local file if there is one body
    stages: bool = True,  # statistics of all stages of a body, as StagePooling; False: its last features alone
    **kwargs,  # for poster_learner: loss_func, metrics, ...
) -> Learner:  # its head knows the genres' frequencies only, until fit_probe. ValueError: no body, or no weights
    "A learner of frozen bodies and an untrained linear head."
    archs = [archs] if isinstance(archs, str) else list(archs)
    if not archs:
        raise ValueError("archs is empty; pass at least one body, for example ['tf_efficientnet_lite0']")
    if pretrained and weights == LITE:
        weights = None
    size = size_of(dls)
    made = [frozen_body(arch, size, pretrained, weights, stages) for arch in archs]
    if any(stats is None for _, stats in made):
        raise ValueError("A frozen body needs weights; pass pretrained=True, weights='lite' or a file of weights")
    features = FrozenBodies([body for body, _ in made], [stats for _, stats in made])
    with torch.inference_mode():
        width = features(torch.zeros(1, 3, *size)).shape[1]
    model = ProbeModel(features, nn.Linear(width, len(dls.vocab)))
    nn.init.zeros_(model.head.weight)
    learn = model_learner(dls, model, made[0][1], "+".join(archs), **kwargs)
    learn.model.eval()
    return learn


def feature_caches(
    learn: Learner,  # from probe_learner, or such a one loaded
    folder: str | Path,  # where the files are
    **kwargs,  # for FeatureCache: bs, workers, progress
) -> list[FeatureCache]:  # one a body
    "The caches of a probe's bodies, at the size of its loaders."
    features, size = learn.model.features, whole_size(for_validation(learn.dls.valid.after_item))
    norm = next(t for t in learn.dls.valid.after_batch.fs if isinstance(t, Normalize))
    mean, std = (t.detach().cpu().flatten() for t in (norm.mean, norm.std))
    caches = []
    for i, (arch, body) in enumerate(zip(learn.arch.split("+"), features.bodies, strict=True)):
        scale, shift = (getattr(features, f"{name}{i}").cpu().flatten() for name in ("scale", "shift"))
        # x -> (x - mean) / std * scale + shift, written as one mean and one std
        own_std = std / scale
        own_mean = mean - shift * own_std
        stats = own_mean.tolist(), own_std.tolist()
        if isinstance(body, WordBody):
            caches.append(WordFeatureCache(folder, body, stats, **kwargs))
        else:
            caches.append(FeatureCache(folder, arch, body, size, stats, **kwargs))
    return caches


def poster_features(
    caches: Sequence[FeatureCache],  # from feature_caches
    movies: pd.DataFrame,  # with the column poster
    view: str = "whole",  # as in FeatureCache.get
) -> np.ndarray:  # (movies, features of all bodies)
    "The features of movies' posters."
    return np.concatenate([cache.get(movies["poster"].tolist(), view) for cache in caches], axis=1)


def fit_probe(
    learn: Learner,  # from probe_learner; its head is replaced by the fitted one
    movies: pd.DataFrame,  # with the columns poster, genres, split (train and valid are used)
    caches: Sequence[FeatureCache],  # from feature_caches
    views: Sequence[str] = ("whole",),  # of training posters, each a row of its own
    strengths: Sequence[float] | None = None,  # of the penalty; None: as fit_head, for words alone WORD_STRENGTHS
    hidden: int = 0,  # units of a hidden layer; 0: none
    kernel: int = 0,  # landmarks of an RBF kernel; 0: none
    seed: int = 42,  # of a hidden layer or of landmarks
) -> pd.DataFrame:  # a row a strength: training loss, validation loss, top-n accuracy, macro AP
    "Fit the head on the training posters' features; its strength is chosen on the validation posters."
    if strengths is None and reads_only(learn.model) and not kernel:
        strengths = WORD_STRENGTHS
    head, table = _fit(list(learn.dls.vocab), movies, caches, views, strengths, hidden, seed, kernel)
    learn.model.head = head.to(next(learn.model.head.parameters()).device)
    learn.create_opt()
    return table


def start_from_probe(
    learn: Learner,  # from poster_learner with weights, on whole posters; its last layer is replaced by a fitted one
    movies: pd.DataFrame,  # with the columns poster, genres, split
    folder: str | Path,  # of the cache
    **kwargs,  # for FeatureCache: bs, workers, progress
) -> pd.DataFrame:  # as fit_probe
    """Fit the last layer on the network's features as they are, before all of it is trained.

    A random head would first pull good features apart (Kumar et al. 2022, https://arxiv.org/abs/2202.10054).
    """
    model, name = learn.model, head_name(learn.model)
    if isinstance(model, StageModel):
        body = copy.deepcopy(model.features).eval()
    else:
        body = copy.deepcopy(model).eval()
        body.set_submodule(name, nn.Identity())
    norm = next(t for t in learn.dls.valid.after_batch.fs if isinstance(t, Normalize))
    stats = tuple(t.detach().cpu().flatten().tolist() for t in (norm.mean, norm.std))
    caches = [FeatureCache(folder, learn.arch, body, size_of(learn.dls), stats, **kwargs)]
    head, table = _fit(list(learn.dls.vocab), movies, caches)
    own = model.get_submodule(name)
    with torch.no_grad():
        if isinstance(model, StageModel):  # its last layer works on standardised features
            x = torch.from_numpy(poster_features(caches, movies[movies["split"] == "train"]))
            model.norm.mean.copy_(x.mean(0))
            model.norm.std.copy_(x.std(0).clamp_min(1e-6))
            head.bias += head.weight @ x.mean(0)
            head.weight *= x.std(0).clamp_min(1e-6)
        own.weight.copy_(head.weight)
        own.bias.copy_(head.bias)
    return table


def probe_probs(
    learn: Learner,  # from probe_learner, fitted
    movies: pd.DataFrame,  # with the column poster
    caches: Sequence[FeatureCache],  # from feature_caches
    views: Sequence[str] = ("whole",),  # whose probabilities are averaged
) -> np.ndarray:  # (movies, genres), what movie_probs gives, to rounding
    "Probabilities from cached features: no poster that is in the cache is opened."
    logits = [torch.from_numpy(probe_logits(learn, movies, caches, view)) for view in views]
    return torch.stack([learn.loss_func.activation(x) for x in logits]).mean(0).numpy()


def probe_logits(
    learn: Learner,  # from probe_learner, fitted
    movies: pd.DataFrame,  # with the column poster
    caches: Sequence[FeatureCache],  # from feature_caches
    view: str = "whole",  # as in FeatureCache.get
) -> np.ndarray:  # (movies, genres)
    "The network's outputs from cached features."
    head = learn.model.head.eval()
    with torch.inference_mode():
        return (
            head(torch.from_numpy(poster_features(caches, movies, view)).to(next(head.parameters()).device))
            .cpu()
            .numpy()
        )


def _fit(vocab, movies, caches, views=("whole",), strengths=None, hidden=0, seed=42, kernel=0):
    train, valid = (movies[movies["split"] == side] for side in ("train", "valid"))
    x = np.concatenate([poster_features(caches, train, view) for view in views])
    y = np.tile(multi_hot(train["genres"], vocab), (len(views), 1))
    seen, truth = poster_features(caches, valid), multi_hot(valid["genres"], vocab)
    return fit_head(x, y, seen, truth, strengths, hidden, seed, kernel=kernel)
