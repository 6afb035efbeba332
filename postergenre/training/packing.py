"""What a learner's config.json says of it, and its parts made of that again."""

import copy
import platform
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version

import numpy as np
import torch
from fastai.data.core import DataLoaders
from fastai.data.transforms import IntToFloatTensor, Normalize, ToTensor
from fastai.learner import Learner
from fastai.vision.augment import Resize, ResizeMethod
from torch import nn

from postergenre.data.augment import PosterCrop
from postergenre.layers import RBFFeatures, Standardize
from postergenre.portable.folder import CONFIG, FORMAT, VERSION
from postergenre.portable.graphs import Graph
from postergenre.vision.views import for_validation

PACKAGES = ("postergenre", "torch", "timm", "torchvision", "safetensors")


def about(learn) -> dict:
    "What config.json says of every learner and ensemble."
    thresh, freq = np.asarray(learn.thresh, dtype=np.float64).tolist(), learn.genre_freq
    return {
        "format": FORMAT,
        "format_version": VERSION,
        "arch": learn.arch,
        "genres": list(map(str, learn.dls.vocab)),
        "thresholds": thresh,
        "frequencies": None if freq is None else np.asarray(freq, dtype=np.float64).tolist(),
        "versions": {"python": platform.python_version()} | {name: version(name) for name in PACKAGES},
    }


def about_probs(learn) -> dict:  # ValueError: it gives no sigmoid probabilities
    "What config.json says of how a learner looks and what makes probabilities of its outputs."
    scale, bias = getattr(learn.loss_func, "scale", None), getattr(learn.loss_func, "bias", None)
    logits = torch.linspace(-3, 3, 2 * len(learn.dls.vocab)).view(2, -1)
    calibrated = logits if scale is None else logits * scale.cpu() + bias.cpu()
    if not torch.equal(learn.activation(logits).cpu(), torch.sigmoid(calibrated)):
        raise ValueError("The loss gives no sigmoid probabilities; train with poster_learner(dls, loss=...)")
    return {
        "views": learn.views,
        "calibration": None if scale is None else {"scale": scale.tolist(), "bias": bias.tolist()},
    }


def network_of(model: nn.Module) -> dict:  # ValueError: none can make it again
    "What config.json says of a network: how to make it."
    made = vars(model).get("made")
    if made is None:
        raise ValueError(
            f"The network of the learner ({type(model).__name__}) was not made by its name, as poster_learner does, "
            "so a folder cannot say how to make it again; write the learner with learn.export"
        )
    return made


def looks_of(dls: DataLoaders) -> dict:  # ValueError: transforms that cannot be named
    "How loaders show posters to a network in validation, for config.json."
    looks = {"mean": [0.0] * 3, "std": [1.0] * 3}
    for transform in for_validation(dls.valid.after_item).fs:
        if isinstance(transform, PosterCrop):
            looks |= {"size": list(transform.size), "crops": True}
        elif isinstance(transform, Resize) and transform.method == ResizeMethod.Squish:
            looks |= {"size": list(transform.size[::-1]), "crops": False}
        elif not isinstance(transform, ToTensor):
            raise _unusual(transform)
    for transform in dls.valid.after_batch.fs:
        if isinstance(transform, Normalize):
            looks |= {name: getattr(transform, name).flatten().tolist() for name in ("mean", "std")}
        elif not isinstance(transform, IntToFloatTensor) and transform.split_idx != 0:
            raise _unusual(transform)
    if "size" not in looks:
        raise _unusual("no transform to one size")
    return looks


def head_of(head: nn.Module) -> dict:  # ValueError: another kind of head
    "What config.json says of the head of a probe."
    kinds = [type(part) for part in head] if isinstance(head, nn.Sequential) else [type(head)]
    if kinds == [Standardize, RBFFeatures, nn.Linear]:
        return {"kind": "kernel", "landmarks": len(head[1].landmarks), "gamma": head[1].gamma}
    if kinds != [nn.Linear]:
        names = ", ".join(kind.__name__ for kind in kinds)
        raise ValueError(f"The head ({names}) is none that fit_probe makes; write the learner with learn.export")
    return {"kind": "linear"}


def head_from(config, width: int, n_out: int) -> nn.Module:  # ValueError: not as in `head_of`
    "A head to be filled with tensors."
    kind = config.get("kind") if isinstance(config, dict) else None
    if kind == "linear":
        return nn.Linear(width, n_out)
    n, gamma = (config.get(key) for key in ("landmarks", "gamma")) if kind == "kernel" else (None, None)
    if type(n) is not int or not 0 < n < 2**20 or type(gamma) not in (int, float):
        raise ValueError(f"{CONFIG} does not describe the head (kind: linear, or kernel with landmarks and gamma)")
    likeness = RBFFeatures(torch.zeros(n, width), torch.zeros(n, n), gamma)
    return nn.Sequential(Standardize(torch.zeros(width), torch.ones(width)), likeness, nn.Linear(n, n_out))


class Normalized(nn.Module):
    "A network that takes pixels from 0 to 255, as loaders with IntToFloatTensor and Normalize give them to it."

    def __init__(self, network: nn.Module, mean: list[float], std: list[float]):
        super().__init__()
        self.network = network
        self.norm = Standardize(*(torch.tensor(values).view(3, 1, 1) for values in (mean, std)))

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return self.network(self.norm(pixels.float() / 255))


class Filled(nn.Module):
    "Features, with what training movies have on average where a movie lacks them (NaN)."

    def __init__(self, absent: torch.Tensor):
        super().__init__()
        self.absent = absent

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return torch.where(features.isnan(), self.absent, features)


class Probabilities(nn.Module):
    "What a learner's loss makes of logits, behind a network."

    def __init__(self, network: nn.Module, calibration: dict | None, n_out: int, head: nn.Module | None = None):
        super().__init__()
        self.network, self.head = network, head or nn.Identity()
        self.scale, self.bias = (
            torch.full((n_out,), value) if calibration is None else torch.tensor(calibration[name])
            for name, value in (("scale", 1.0), ("bias", 0.0))
        )

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(self.head(self.network(*inputs)) * self.scale + self.bias)


def graph_of(model: nn.Module, config: dict) -> Graph:
    "The graph of a network, from pixels to probabilities, as config.json describes it."
    looks = config["looks"]
    network = Normalized(copy.deepcopy(model).cpu().float(), looks["mean"], looks["std"])
    reads = {"reads": "pixels", "size": looks["size"], "crops": looks["crops"]}
    pixels = {"pixels": torch.zeros(2, 3, *looks["size"], dtype=torch.uint8)}
    return Graph(Probabilities(network, config["calibration"], len(config["genres"])), pixels, reads)


def _unusual(transform) -> ValueError:
    return ValueError(
        f"The loaders' transforms ({transform}) are not those of PosterDataLoaders, so a folder cannot name them; "
        "write the learner with learn.export"
    )


@contextmanager
def without_data(learners: Sequence[Learner]) -> Iterator[None]:
    "Learners as they stand in a file, without movies and optimizer; afterwards they are as they were."
    before = [(learn.dls, learn.opt) for learn in learners]
    try:
        for learn in learners:
            learn._end_cleanup()
            learn.dls, learn.opt = learn.dls.new_empty(), None
        yield
    finally:
        for learn, (dls, opt) in zip(learners, before, strict=True):
            learn.dls, learn.opt = dls, opt
