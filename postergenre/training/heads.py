"""Heads fitted on features: linear, on a kernel, or with a hidden layer; the strength is chosen on validation."""

import copy
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.nn import functional as F

from postergenre.layers import RBFFeatures, unscale
from postergenre.metrics import macro_average_precision, top_n_accuracy

STRENGTHS = (2.0, 1.0, 0.5, 0.25)
KERNEL_STRENGTHS = (0.2, 0.1, 0.05, 0.02)
HIDDEN_EPOCHS, HIDDEN_BS = 30, 128


def fit_head(
    x: np.ndarray,  # (rows, features) of training posters; several views of a poster are several rows
    y: np.ndarray,  # (rows, genres), 0 or 1
    x_valid: np.ndarray,  # (posters, features)
    y_valid: np.ndarray,  # (posters, genres)
    strengths: Sequence[float] | None = None,  # of the penalty, from the largest on; None: (KERNEL_)STRENGTHS
    hidden: int = 0,  # units of a hidden layer; 0: none
    seed: int = 42,  # of a hidden layer's first weights, batches and dropout; of the choice of landmarks
    loss_func: Callable = F.binary_cross_entropy_with_logits,  # (logits, targets) -> mean loss, e.g. poster_loss()
    kernel: int = 0,  # landmarks of an RBF kernel, instead of a hidden layer; 0: none
) -> tuple[nn.Module, pd.DataFrame]:  # takes raw features, gives logits; a row a strength. ValueError: no strength
    """The head with the best mean of top-n accuracy and macro AP on validation.

    Features are standardised for the fit, which the first layer then undoes. Linear: logistic regression a genre with
    an L2 penalty of strength / 2 * |weights|^2 beside the mean loss a poster (scikit-learn's C is 1 / (strength rows)),
    that is `loss_func` times the genres.
    Hidden: ReLU and dropout 0.5, AdamW with weight decay = strength, the best epoch counts.
    Kernel: the same as linear on `RBFFeatures`, so that posters are judged by those that they are like.
    """
    if hidden and kernel:
        raise ValueError("Pass hidden=... or kernel=..., not both")
    if strengths is None:
        strengths = KERNEL_STRENGTHS if kernel else STRENGTHS
    if not len(strengths):
        raise ValueError("strengths is empty; pass at least one, for example (0.3,)")
    x, x_valid, y = (torch.as_tensor(a, dtype=torch.float32) for a in (x, x_valid, y))
    mean, std = x.mean(0), x.std(0).clamp_min(1e-6)
    scaled, scaled_valid = (x - mean) / std, (x_valid - mean) / std
    strengths = sorted(strengths, reverse=True)
    if kernel:
        first = RBFFeatures.choose(scaled, kernel, seed)
        with torch.no_grad():
            scaled, scaled_valid = first(scaled), first(scaled_valid)
    if hidden:
        fits = _hidden_fits(scaled, y, scaled_valid, y_valid, strengths, loss_func, hidden, seed)
    else:
        fits = _linear_fits(scaled, y, strengths, loss_func)
    best, rows = None, []
    for strength, head, train_loss in fits:
        row = {"strength": strength, "train_loss": train_loss, **validate(head, scaled_valid, y_valid)}
        rows.append(row)
        if best is None or score(row) > score(best[0]):
            best = row, copy.deepcopy(head)
    head = nn.Sequential(first.after(mean, std), best[1]) if kernel else unscale(best[1], mean, std)
    return head, pd.DataFrame(rows)


def score(
    figures: dict,  # with top_n_accuracy and macro_ap
) -> float:
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


def start_bias(y: torch.Tensor) -> torch.Tensor:
    "Log-odds of the genres."
    return torch.logit(y.mean(0).clamp(1e-3, 1 - 1e-3))


def _linear_fits(x, y, strengths, loss_func):
    head = nn.Linear(x.shape[1], y.shape[1])
    nn.init.zeros_(head.weight)
    with torch.no_grad():
        head.bias.copy_(start_bias(y))
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


def _hidden_fits(x, y, x_valid, y_valid, strengths, loss_func, hidden, seed):
    for strength in strengths:
        torch.manual_seed(seed)
        head = nn.Sequential(nn.Linear(x.shape[1], hidden), nn.ReLU(), nn.Dropout(0.5), nn.Linear(hidden, y.shape[1]))
        with torch.no_grad():
            head[3].bias.copy_(start_bias(y))
        optimizer = torch.optim.AdamW(head.parameters(), lr=1e-3, weight_decay=strength)
        best = None
        for _ in range(HIDDEN_EPOCHS):
            head.train()
            losses = []
            for rows in torch.randperm(len(x)).split(HIDDEN_BS):
                loss = loss_func(head(x[rows]), y[rows])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                losses.append(loss.item())
            figures = validate(head, x_valid, y_valid)
            if best is None or score(figures) > score(best[0]):
                best = figures, copy.deepcopy(head), float(np.mean(losses))
        yield strength, best[1], best[2]
