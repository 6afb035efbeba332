"""Layers that several rooms share: features brought to one scale, and features of likeness to landmarks; digests."""

import hashlib

import torch
from torch import nn


class Standardize(nn.Module):
    "Brings values to mean 0 and standard deviation 1, as they were where it was set; it does not learn."

    def __init__(
        self,
        mean: torch.Tensor,  # of each feature (features,), or of each channel (3, 1, 1)
        std: torch.Tensor,  # the same shape
    ):
        super().__init__()
        self.register_buffer("mean", mean.clone())
        self.register_buffer("std", std.clone())

    @classmethod
    def fit(cls, x: torch.Tensor) -> "Standardize":
        "The scale of some features (rows, features); one that never varies stays what it is."
        return cls(x.mean(0), x.std(0).clamp_min(1e-6))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        "(batch, features) -> the same."
        return (x - self.mean) / self.std

    def before(self, layer: nn.Linear) -> nn.Linear:
        "A layer for features as they are, changed to take standardised ones and give the same."
        with torch.no_grad():
            layer.bias += layer.weight @ self.mean
            layer.weight *= self.std
        return layer

    def within(self, layer: nn.Linear) -> nn.Linear:
        "A layer for standardised features, changed to take them as they are and give the same."
        with torch.no_grad():
            layer.weight /= self.std
            layer.bias -= layer.weight @ self.mean
        return layer


class RBFFeatures(nn.Module):
    """How like each landmark a row is, by the kernel exp(-gamma |x - y|^2): what scikit-learn's Nystroem gives.

    Their dot products are the kernel between rows, as far as the landmarks span it. Times the root of the number of
    landmarks, so that a feature's mean square is about 1, as that of a standardised one.
    """

    def __init__(
        self,
        landmarks: torch.Tensor,  # (n, features): Nystroem's components_
        root: torch.Tensor,  # (n, n): its normalization_
        gamma: float,
    ):
        super().__init__()
        self.gamma = gamma
        self.register_buffer("landmarks", landmarks)
        self.register_buffer("root", root.T * len(landmarks) ** 0.5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        "(batch, features) -> (batch, landmarks)."
        return (-self.gamma * squared_distances(x, self.landmarks)).exp() @ self.root


def squared_distances(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    "Between all pairs of rows, (n, features) and (m, features) -> (n, m)."
    return (x.square().sum(1, keepdim=True) + y.square().sum(1) - 2 * x @ y.T).clamp_min(0)


def weights_digest(module: nn.Module, digits: int = 10) -> str:
    "A digest of a network's tensors, in hexadecimal digits."
    digest = hashlib.sha256()
    for name, tensor in module.state_dict().items():
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:digits]
