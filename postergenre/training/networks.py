"""Learners of pictures: any architecture by name, and the study's two."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from fastai.callback.channelslast import ChannelsLast
from fastai.callback.core import Callback
from fastai.callback.training import BnFreeze
from fastai.data.core import DataLoaders
from fastai.data.transforms import Normalize
from fastai.learner import Learner
from fastai.optimizer import Adam
from fastcore.meta import delegates
from fasttransform import Pipeline
from torch import nn

from postergenre.data.loaders import size_of
from postergenre.losses import poster_loss
from postergenre.metrics import MacroAP, TopNAccuracy
from postergenre.training.learner import PosterLearner
from postergenre.training.precision import TrainingPrecision
from postergenre.vision.build import CUSTOM, arch_name, create_model, head_name, split_body_head
from postergenre.vision.stages import last_frozen


def learner_options(kwargs: dict) -> dict:
    "Arguments of fastai's Learner, with bce, Adam, top-n accuracy and macro AP where nothing else is said."
    kwargs = {"metrics": [TopNAccuracy(), MacroAP()], "opt_func": Adam, "splitter": split_body_head} | kwargs
    return kwargs | {"loss_func": kwargs.get("loss_func") or poster_loss("bce")}


@delegates(Learner.__init__, but=["model", "splitter"])
def poster_learner(
    dls: DataLoaders,  # from PosterDataLoaders.from_movies
    arch: str | Callable = "densenet121",  # torchvision or timm name, or function; "custom_cnn"; see list_archs()
    pretrained: bool = False,  # ImageNet weights, downloaded or from the cache; nothing is downloaded unless asked
    weights: str | Path | None = None,  # a local file (.pth, .safetensors) instead; or "lite"
    loss: str | None = None,  # name from list_losses(); None: "bce", or loss_func where one is passed
    attention: str | None = None,  # "gram" or "se": channel weights for a feature map, trained with the last layer
    attention_after: str | None = None,  # name of the module that gives this map; None: a late stage
    stages: bool = False,  # the last layer sees how strong and varied each channel of every stage is: style
    arch_kwargs: dict | None = None,  # for timm.create_model: drop_rate, drop_path_rate, ...
    precision: str = "fp32",  # in which it trains: "bf16", or "auto": bf16 where the processor is faster with it
    **kwargs,
) -> PosterLearner:  # unfrozen; `arch` and `genre_freq` say what it is and how frequent each genre was in training
    """A learner for the genres of a poster: a loss on logits, Adam, top-n accuracy and macro AP.

    Predictions are sigmoid probabilities, and start at the genres' frequencies. A network with weights gets its own
    mean and std for its inputs, in loaders of its own: the `dls` passed stay as they are. A loss with options is
    `loss_func=poster_loss("focal", gamma=1)`. Errors as in `create_model` and `poster_loss`.
    """
    arch = arch_name(arch)
    if loss is not None and kwargs.get("loss_func") is not None:
        raise ValueError("Pass loss=... (a name) or loss_func=..., not both")
    if loss is not None:
        kwargs["loss_func"] = poster_loss(loss, getattr(dls, "row_freq", None))
    more = {"attention": attention, "attention_after": attention_after, "stages": stages, **(arch_kwargs or {})}
    model, stats = create_model(arch, len(dls.vocab), size_of(dls), pretrained, weights, **more)
    start_at_frequencies(model.get_submodule(head_name(model)), getattr(dls, "row_freq", None))
    learn = PosterLearner(dls if stats is None else with_stats(dls, *stats), model, arch, **learner_options(kwargs))
    if any(isinstance(m, nn.Conv2d) for m in model.modules()):  # 4-15 times faster on CPUs
        learn.add_cb(ChannelsLast())
        learn.model.to(memory_format=torch.channels_last)
    if precision != "fp32":
        learn.add_cb(TrainingPrecision(precision))
    return learn


@delegates(poster_learner, but=["arch"])
def densenet_learner(
    dls: DataLoaders,  # from PosterDataLoaders.from_movies
    **kwargs,
) -> PosterLearner:
    "The study's DenseNet-121: average pooling, one linear layer 1024 -> genres (6,974,356 parameters for 20)."
    return poster_learner(dls, "densenet121", **kwargs)


@delegates(poster_learner, but=["arch", "pretrained"])
def custom_cnn_learner(
    dls: DataLoaders,  # from PosterDataLoaders.from_movies; pictures of at least 64 pixels a side
    **kwargs,
) -> PosterLearner:
    "The study's own network of six convolutions, from random weights; it learns with arch_kwargs={'drop_rate': 0}."
    return poster_learner(dls, CUSTOM, **kwargs)


def with_stats(dls: DataLoaders, mean: list[float], std: list[float]) -> DataLoaders:
    "Loaders over the same data that normalise with another mean and std, a channel each, of values from 0 to 1."

    def swapped(loader):
        others = [t for t in loader.after_batch.fs if not isinstance(t, Normalize)]
        norm = Normalize.from_stats(mean, std, cuda=False)
        norm.mean, norm.std = norm.mean.to(dls.device), norm.std.to(dls.device)
        pipeline = Pipeline([*others, norm], split_idx=loader.after_batch.split_idx)
        return loader.new(after_batch=pipeline)

    new = type(dls)(*(swapped(loader) for loader in dls.loaders), path=dls.path, device=dls.device)
    new.genre_freq, new.row_freq = (getattr(dls, name, None) for name in ("genre_freq", "row_freq"))
    return new


def start_at_frequencies(layer: nn.Module, freq: np.ndarray | torch.Tensor | None) -> None:
    "Set the last layer's bias to the log-odds of the genres (None: unknown), so that training starts at popularity."
    bias = getattr(layer, "bias", None)
    if freq is not None and bias is not None:
        with torch.no_grad():
            bias.copy_(torch.logit(torch.as_tensor(freq, dtype=bias.dtype).clamp(1e-3, 1 - 1e-3)))


def freeze_stages(learn: Learner, n: int) -> None:  # ValueError: there are fewer
    "The first n stages stay as pretraining left them: most of the time goes there, and least of what is learned."
    if n:
        last = last_frozen(learn.model, size_of(learn.dls), n)
        for p in learn.model.parameters():
            p.requires_grad_(False)
            if p is last:
                break


def freeze_norms(learn: Learner) -> Callback:
    """Batch norms keep the statistics and weights of pretraining; gives a callback for the fit.

    Else those of augmented, mixed pictures take their place within an epoch, and the fitted head no longer fits.
    """
    for module in learn.model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.requires_grad_(False)
    return BnFreeze()
