"""Heads fitted on features, linear or on a kernel; the strength of the penalty is chosen on validation."""

import copy
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import torch
from sklearn.kernel_approximation import Nystroem
from torch import nn
from torch.nn import functional as F

from postergenre.layers import RBFFeatures, Standardize, squared_distances
from postergenre.metrics import macro_average_precision, top_n_accuracy
from postergenre.modality import Modality
from postergenre.training.networks import start_at_frequencies

STRENGTHS = Modality.strengths
KERNEL_STRENGTHS = (0.2, 0.1, 0.05, 0.02)
WIDTH = 2.0  # of the kernel: exp(-WIDTH x squared distance / its mean); 1 and 4 did worse on validation posters


def fit_head(
    x: np.ndarray,  # (rows, features) of training posters; several views of a poster are several rows
    y: np.ndarray,  # (rows, genres), 0 or 1
    x_valid: np.ndarray,  # (posters, features)
    y_valid: np.ndarray,  # (posters, genres)
    strengths: Sequence[float] | None = None,  # of the penalty, from the largest on; None: (KERNEL_)STRENGTHS
    kernel: int = 0,  # landmarks of an RBF kernel; 0: none
    seed: int = 42,  # of the choice of landmarks
    loss_func: Callable = F.binary_cross_entropy_with_logits,  # (logits, targets) -> mean loss, e.g. poster_loss()
) -> tuple[nn.Module, pd.DataFrame]:  # takes raw features, gives logits; a row a strength. ValueError: no strength
    """The head with the best mean of top-n accuracy and macro AP on validation.

    Features are standardised for the fit, which the first layer then undoes. Linear: logistic regression a genre with
    an L2 penalty of strength / 2 * |weights|^2 beside the mean loss a poster (scikit-learn's C is 1 / (strength rows)),
    that is `loss_func` times the genres.
    Kernel: the same as linear on `RBFFeatures`, so that posters are judged by those that they are like.
    """
    if strengths is None:
        strengths = KERNEL_STRENGTHS if kernel else STRENGTHS
    if not len(strengths):
        raise ValueError("strengths is empty; pass at least one, for example (0.3,)")
    x, x_valid, y = (torch.as_tensor(a, dtype=torch.float32) for a in (x, x_valid, y))
    norm = Standardize.fit(x)
    x, x_valid = norm(x), norm(x_valid)
    if kernel:
        likeness = rbf_features(x, kernel, seed)
        x, x_valid = likeness(x), likeness(x_valid)
    rows, heads = [], []
    for strength, head, train_loss in _fits(x, y, sorted(strengths, reverse=True), loss_func):
        rows.append({"strength": strength, "train_loss": train_loss, **validate(head, x_valid, y_valid)})
        heads.append(copy.deepcopy(head))
    best = heads[max(range(len(rows)), key=lambda i: score(rows[i]))]
    return nn.Sequential(norm, likeness, best) if kernel else norm.within(best), pd.DataFrame(rows)


def rbf_features(
    x: torch.Tensor,  # (rows, features), standardised
    n: int,  # landmarks; all rows if there are fewer
    seed: int = 42,
) -> RBFFeatures:
    "Rows drawn at random as landmarks, as wide as they are apart on average (Nystroem; Williams & Seeger 2000)."
    rows = x[torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))[:n]]
    apart = squared_distances(rows, rows).sum().item() / max(1, len(rows) * (len(rows) - 1))
    found = Nystroem(gamma=WIDTH / max(apart, 1e-6), n_components=len(rows), random_state=seed).fit(
        rows.double().numpy()
    )
    landmarks, root = (torch.as_tensor(a, dtype=torch.float32) for a in (found.components_, found.normalization_))
    return RBFFeatures(landmarks, root, found.gamma)


def score(figures: dict) -> float:
    "What a head is chosen by: the mean of top-n accuracy and macro AP, as each alone is noisy on few movies."
    return (figures["top_n_accuracy"] + figures["macro_ap"]) / 2


def validate(head: nn.Module, x: torch.Tensor, y: np.ndarray) -> dict[str, float]:
    with torch.no_grad():
        logits = head.eval()(x)
    loss = F.binary_cross_entropy_with_logits(logits, torch.as_tensor(y, dtype=torch.float32)).item()
    probs = logits.sigmoid().numpy()
    return {
        "valid_loss": loss,
        "top_n_accuracy": top_n_accuracy(probs, y),
        "macro_ap": macro_average_precision(probs, y),
    }


def _fits(x, y, strengths, loss_func):
    head = nn.Linear(x.shape[1], y.shape[1])
    nn.init.zeros_(head.weight)
    start_at_frequencies(head, y.mean(0))
    for strength in strengths:  # each starts from the one before, which is near
        optimizer = torch.optim.LBFGS(head.parameters(), max_iter=30, history_size=10, line_search_fn="strong_wolfe")

        def closure(optimizer=optimizer, strength=strength):
            optimizer.zero_grad()
            loss = loss_func(head(x), y)
            penalised = loss * y.shape[1] + strength / 2 * head.weight.square().sum()
            penalised.backward()
            closure.loss = loss.item()
            return penalised.detach()

        optimizer.step(closure)
        yield strength, head, closure.loss
