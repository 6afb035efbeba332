"""How like others a poster is: an RBF kernel by landmarks, as features for a linear layer."""

import torch
from torch import nn

WIDTH = 2.0  # of the kernel: exp(-WIDTH x squared distance / its mean); 1 and 4 did worse on validation posters
SMALLEST = 1e-6  # directions of the landmarks with less than this say nothing but rounding


class RBFFeatures(nn.Module):
    """Nystroem features of the kernel exp(-gamma |x - y|^2) (Williams & Seeger 2000; scikit-learn's Nystroem).

    Their dot products are the kernel between posters, as far as the landmarks span it. Nothing is learned here.
    """

    def __init__(
        self,
        landmarks: torch.Tensor,  # (n, features), standardised
        gamma: float,
    ):
        super().__init__()
        values, vectors = torch.linalg.eigh(_kernel(landmarks, landmarks, gamma).double())
        # times the root of n: a feature's mean square is then about 1, as that of a standardised one
        root = vectors / values.clamp_min(SMALLEST).sqrt() * len(landmarks) ** 0.5
        self.gamma = gamma
        self.register_buffer("landmarks", landmarks)
        self.register_buffer("root", root.float())
        self.register_buffer("mean", torch.zeros(landmarks.shape[1]))
        self.register_buffer("std", torch.ones(landmarks.shape[1]))

    @classmethod
    def choose(
        cls,
        x: torch.Tensor,  # (rows, features), standardised
        n: int,  # landmarks; all rows if there are fewer
        seed: int = 42,
    ) -> "RBFFeatures":
        "Rows drawn at random as landmarks, as wide as they are apart on average."
        rows = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))[:n]
        apart = _squared_distances(x[rows], x[rows]).sum() / max(1, len(rows) * (len(rows) - 1))
        return cls(x[rows].clone(), WIDTH / max(apart.item(), SMALLEST))

    def after(
        self,
        mean: torch.Tensor,  # (features,)
        std: torch.Tensor,  # (features,)
    ) -> "RBFFeatures":  # itself
        "Take features that are not standardised from now on."
        self.mean.copy_(mean)
        self.std.copy_(std)
        return self

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        "(batch, features) -> (batch, landmarks)."
        return _kernel((x - self.mean) / self.std, self.landmarks, self.gamma) @ self.root


def _squared_distances(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return (x.square().sum(1, keepdim=True) + y.square().sum(1) - 2 * x @ y.T).clamp_min(0)


def _kernel(x: torch.Tensor, y: torch.Tensor, gamma: float) -> torch.Tensor:
    return (-gamma * _squared_distances(x, y)).exp()


class Standardize(nn.Module):
    "Brings features to mean 0 and standard deviation 1, as they were when it was set; it does not learn."

    def __init__(
        self,
        width: int,  # features
    ):
        super().__init__()
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("std", torch.ones(width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        "(batch, features) -> the same."
        return (x - self.mean) / self.std


def unscale(head: nn.Module, mean: torch.Tensor, std: torch.Tensor) -> nn.Module:
    "The same head for features that were not standardised."
    first = head if isinstance(head, nn.Linear) else head[0]
    with torch.no_grad():
        first.weight /= std
        first.bias -= first.weight @ mean
    return head
