"""A network of frozen bodies and one trained head: what a probe is, once it is a model for pictures."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

from postergenre.text.encoder import WORDS, WordBody, word_body
from postergenre.vision.build import create_model, head_name
from postergenre.vision.stages import StagePooling
from postergenre.vision.weights import LITE


class FrozenBodies(nn.Module):
    """The pooled features of several bodies beside each other; they stay in eval mode, their weights as they are.

    Takes pictures normalised for the first body; another body's mean and std are reached from there.
    """

    def __init__(
        self,
        bodies: Sequence[nn.Module],  # (batch, 3, height, width) -> (batch, features)
        stats: Sequence[tuple],  # (mean, std) of each body's inputs, three numbers each
    ):
        super().__init__()
        self.bodies = nn.ModuleList(bodies).requires_grad_(False).eval()
        (first_mean, first_std), *_ = stats = [tuple(torch.tensor(s).view(3, 1, 1) for s in pair) for pair in stats]
        for i, (mean, std) in enumerate(stats):
            self.register_buffer(f"scale{i}", first_std / std)
            self.register_buffer(f"shift{i}", (first_mean - mean) / std)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        "(batch, 3, height, width) -> (batch, features of all bodies)."
        return torch.cat([self.one(i, x) for i in range(len(self.bodies))], dim=1)

    def one(
        self,
        i: int,  # which body
        x: torch.Tensor,  # (batch, 3, height, width), normalised for the first body
    ) -> torch.Tensor:  # (batch, features)
        "The features of one body."
        return self.bodies[i](x * getattr(self, f"scale{i}") + getattr(self, f"shift{i}")).flatten(1)

    def train(self, mode: bool = True) -> "FrozenBodies":
        "Stay in eval mode: frozen means that batch statistics do not move either."
        return super().train(False)


class ProbeModel(nn.Module):
    "Frozen bodies, then a head that can be trained on their features alone."

    def __init__(
        self,
        features: FrozenBodies,
        head: nn.Module,  # (batch, features) -> (batch, genres)
    ):
        super().__init__()
        self.features, self.head = features, head

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        "(batch, 3, height, width) -> (batch, genres) logits."
        return self.head(self.features(x))


def reads_only(model: nn.Module) -> bool:
    "Whether a network sees nothing of a poster but its words."
    return isinstance(model, ProbeModel) and all(isinstance(body, WordBody) for body in model.features.bodies)


def frozen_body(
    arch: str,  # as in create_model, or "words": what is written (models/words.py)
    size: tuple[int, int],  # (height, width) of the input in pixels
    pretrained: bool = False,  # as in create_model; words are always read by a trained network
    weights: str | Path | None = None,  # as in create_model; for words as in WordBody, where "lite" is the default too
    stages: bool = True,  # statistics of all stages, as StagePooling; False: what the last layer would see
) -> tuple[nn.Module, tuple | None]:  # without its last layer; (mean, std) of its inputs, None for random weights
    "Any architecture by name up to its last layer."
    if arch == WORDS:
        return word_body(size, None if weights == LITE else weights)
    body, stats = create_model(arch, 1, size, pretrained, weights)
    body.set_submodule(head_name(body), nn.Identity())
    body.requires_grad_(False).eval()
    return (StagePooling(body, size).eval() if stages else body), stats
