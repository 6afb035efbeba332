"""Losses by name, all on logits and with sigmoid probabilities; what turns logits into probabilities is kept here."""

from collections.abc import Callable

import postergenre._fastai  # noqa: F401

import numpy as np
import torch
from fastai.losses import BaseLoss
from timm.loss import AsymmetricLossMultiLabel
from torch import nn
from torchvision.ops import sigmoid_focal_loss


def list_losses() -> list[str]:
    "The names that `poster_loss` knows."
    return list(LOSSES)


def poster_loss(
    name: str = "bce",  # one of list_losses()
    freq: np.ndarray | None = None,  # share of the training rows with each genre: dls.row_freq
    smoothing: float = 0.0,  # bce and bce_pos_weight: mix targets with this much of freq, as t * (1 - s) + freq * s
    max_weight: float = 10.0,  # bce_pos_weight: a positive counts as negatives / positives, and at most this much
    thresh=0.5,  # a genre is predicted where its probability is greater: one number, or one a genre
    **kwargs,  # focal: alpha (0.25; -1: none), gamma (2); asymmetric: gamma_neg (4), gamma_pos (1), clip (0.05)
) -> "GenreLoss":  # ValueError: unknown name, freq is needed, or smoothing where there is none
    """A loss for posters with several genres, for `poster_learner(dls, loss_func=...)`.

    Smoothing towards the frequencies (Szegedy et al. 2016, https://arxiv.org/abs/1512.00567, section 7) leaves rare
    genres rare; towards 0.5, as is also done, it would lift the probability of each of 20 genres by smoothing / 2.
    """
    if name not in LOSSES:
        raise ValueError(f"Unknown loss {name!r}; choose one of: {', '.join(LOSSES)}")
    if not 0 <= smoothing < 1:
        raise ValueError(f"smoothing={smoothing} should be at least 0 and less than 1, for example 0.1")
    weighted, smoothed = name == "bce_pos_weight", smoothing > 0
    if smoothed and LOSSES[name] is not nn.BCEWithLogitsLoss:
        raise ValueError(f"loss {name!r} takes no smoothing; use it with bce or bce_pos_weight")
    if freq is None and (smoothed or weighted):
        what = "smoothing" if smoothed else f"loss {name!r}"
        raise ValueError(f"{what} needs the genres' frequencies: pass freq=dls.row_freq")
    if weighted:
        kwargs["pos_weight"] = torch.from_numpy(positive_weights(freq, max_weight))
    if smoothed:
        return GenreLoss(SmoothBCE, thresh, flatten=False, freq=freq, smoothing=smoothing, **kwargs)
    # the mean over posters and genres, where timm sums over the genres
    return GenreLoss(LOSSES[name], thresh, flatten=not weighted, **{"reduction": "mean"} | kwargs)


def positive_weights(freq: np.ndarray, max_weight: float = 10.0) -> np.ndarray:  # (genres,) float32
    "Negatives / positives of each genre, so that both sides of it weigh the same, up to a cap; an absent one gets it."
    freq = np.asarray(freq, dtype=np.float64)
    ratio = np.divide(1 - freq, freq, out=np.full(freq.shape, np.inf), where=freq > 0)
    return np.minimum(ratio, max_weight).astype(np.float32)


class GenreLoss(BaseLoss):
    """A loss on logits, flattened as fastai does, with sigmoid probabilities, thresholds and a calibration.

    Targets may lie between 0 and 1 (mixup). `calibrate` sets `scale` and `bias`, which change probabilities only,
    never the loss; `tune_thresholds` sets `thresh`. A class that has something for each genre wants flatten=False.
    """

    scale: torch.Tensor | None = None  # (genres,): probabilities are sigmoid(scale * logit + bias); None: as it is
    bias: torch.Tensor | None = None

    def __init__(self, loss_cls: Callable[..., nn.Module], thresh=0.5, flatten: bool = True, **kwargs):
        super().__init__(loss_cls, flatten=flatten, floatify=True, is_2d=False, **kwargs)
        self.thresh = thresh

    def __call__(self, inp, targ, **kwargs):
        self.to(inp.device)  # fastai moves the loss in fit, and forgets it in validate and get_preds
        return super().__call__(inp, targ, **kwargs)

    def activation(self, x: torch.Tensor) -> torch.Tensor:
        "Probabilities from logits, calibrated if `calibrate` was called."
        if self.scale is None:
            return torch.sigmoid(x)
        return torch.sigmoid(x * self.scale.to(x.device) + self.bias.to(x.device))

    def decodes(self, x: torch.Tensor) -> torch.Tensor:
        "Which genres are predicted, from probabilities."
        return x > torch.as_tensor(self.thresh).to(x.device)


def as_genre_loss(loss) -> GenreLoss:
    "A loss with a place for calibration: the same, or a fastai sigmoid loss of an older learner as one."
    if isinstance(loss, GenreLoss):
        return loss
    logits = torch.tensor([[-3.0, 0.0, 2.0]])
    if not isinstance(loss, BaseLoss) or not torch.equal(loss.activation(logits), torch.sigmoid(logits)):
        said = f"The learner's loss is a {type(loss).__name__}, whose probabilities cannot be calibrated"
        instead = "train with poster_learner(dls, loss=...), or set learn.loss_func = poster_loss()"
        raise ValueError(f"{said}; {instead}")
    new = GenreLoss.__new__(GenreLoss)
    new.__dict__.update({"thresh": 0.5} | vars(loss))
    return new


class FocalLoss(nn.Module):
    """torchvision's sigmoid_focal_loss as a module. Source: Lin et al. 2017, https://arxiv.org/abs/1708.02002.

    alpha is the weight of positives, 1 - alpha that of negatives; the larger gamma, the less do easy examples count.
    """

    def __init__(self, alpha: float = 0.25, gamma: float = 2.0, reduction: str = "mean"):
        super().__init__()
        self.alpha, self.gamma, self.reduction = alpha, gamma, reduction

    def forward(self, inp: torch.Tensor, targ: torch.Tensor) -> torch.Tensor:
        return sigmoid_focal_loss(inp, targ, self.alpha, self.gamma, self.reduction)


class SmoothBCE(nn.BCEWithLogitsLoss):
    "BCEWithLogitsLoss on targets that are mixed with the genres' frequencies."

    def __init__(self, freq: np.ndarray, smoothing: float, **kwargs):
        super().__init__(**kwargs)
        self.smoothing = smoothing
        self.register_buffer("freq", torch.as_tensor(freq, dtype=torch.float32))

    def forward(self, inp: torch.Tensor, targ: torch.Tensor) -> torch.Tensor:
        return super().forward(inp, targ * (1 - self.smoothing) + self.freq * self.smoothing)


LOSSES = {
    "bce": nn.BCEWithLogitsLoss,
    "bce_pos_weight": nn.BCEWithLogitsLoss,
    "asymmetric": AsymmetricLossMultiLabel,  # Ridnik et al. 2021, https://arxiv.org/abs/2009.14119
    "focal": FocalLoss,
}
