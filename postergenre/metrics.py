"""The figures by which a model is judged: pure functions on arrays, then fastai metrics on top of them.

Everywhere `probs` and `targets` have the shape (movies, genres) and may be numpy arrays or torch tensors; `targets`
holds 0 and 1. Where only the order of the scores counts, logits do as well as probabilities. A genre is predicted where
its probability is greater than `thresh`: one number, or one a genre. `n_bins` bins of probabilities have equal width.
"""

from collections.abc import Sequence

import postergenre._fastai  # noqa: F401

import numpy as np
import torch
from fastai.metrics import AccumMetric
from sklearn.metrics import average_precision_score


def _to_numpy(x) -> np.ndarray:
    if isinstance(x, torch.Tensor):
        x = x.detach().as_subclass(torch.Tensor).cpu()  # fastai's tensor subclasses carry dispatch that numpy needs not
        x = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x  # numpy knows no bfloat16
    return np.asarray(x)


def check_arrays(probs, targets) -> tuple[np.ndarray, np.ndarray]:  # float64 and bool. ValueError: what does not fit
    "Scores and true genres as numpy arrays, checked: two dimensions, one shape, no NaN, targets 0 or 1."
    probs, targets = _to_numpy(probs), _to_numpy(targets)
    if probs.ndim != 2 or probs.shape != targets.shape:
        found = f"probs has the shape {probs.shape} and targets {targets.shape}"
        raise ValueError(f"probs and targets must both have the shape (movies, genres), but {found}")
    probs = probs.astype(np.float64)
    if n := int(np.isnan(probs).sum()):
        raise ValueError(f"probs holds {n} NaN values of {probs.size}: the model has diverged, nothing can be ranked")
    if targets.dtype != bool and not np.isin(targets, (0, 1)).all():
        raise ValueError("targets must hold only 0 and 1: one column a genre, 1 where the movie has it")
    return probs, targets.astype(bool)


def check_thresh(thresh, n_genres: int) -> np.ndarray:
    thresh = _to_numpy(thresh).astype(np.float64)
    if thresh.shape not in ((), (1,), (n_genres,)) or np.isnan(thresh).any():
        raise ValueError(f"thresh must be one number or {n_genres} numbers, one a genre, not of shape {thresh.shape}")
    return np.broadcast_to(thresh, (n_genres,))


def absent_genres(targets, vocab: Sequence[str]) -> list[str]:  # their names
    "Genres that no movie has: every macro figure is a mean over the others."
    present = _to_numpy(targets).astype(bool).any(axis=0)
    if len(present) != len(vocab):
        raise ValueError(f"vocab names {len(vocab)} genres, but targets has {len(present)} columns")
    return [genre for genre, there in zip(vocab, present, strict=True) if not there]


# ---- the top n, n being the number of genres a poster truly has


def top_n_mask(scores, n) -> np.ndarray:  # boolean (movies, genres), n[i] times True in row i; n may be one integer
    "Marks the n best genres of each row; of equal scores the genre that stands first in the vocabulary wins."
    scores = _to_numpy(scores)
    if scores.ndim != 2:
        raise ValueError(f"scores must have the shape (movies, genres), but has {scores.shape}")
    n = np.broadcast_to(_to_numpy(n), (len(scores),))
    # Negation keeps stable ascending order = vocabulary order among equals; float64 first, as unsigned types cannot
    order = np.argsort(-scores.astype(np.float64), axis=1, kind="stable")
    return np.argsort(order, axis=1) < n[:, None]  # the place of each genre in the order


def top_n_hits(probs, targets) -> np.ndarray:  # (movies,) between 0 and 1; NaN for a movie without genres
    "Each movie's share of true genres among its top n predictions, n being its number of true genres."
    probs, targets = check_arrays(probs, targets)
    n = targets.sum(axis=1)
    hits = (top_n_mask(probs, n) & targets).sum(axis=1)
    return np.divide(hits, n, out=np.full(len(n), np.nan), where=n > 0)


def top_n_accuracy(
    probs,  # scores (movies, genres): probabilities or logits
    targets,  # true genres, 0 or 1 (movies, genres)
) -> float:  # between 0 and 1; NaN if no movie has a genre
    "Mean over the movies with genres of |top n predictions and truth| / n, n being their number of true genres."
    hits = top_n_hits(probs, targets)
    hits = hits[~np.isnan(hits)]
    return float(hits.mean()) if len(hits) else float("nan")


def precision_recall_at_n_per_genre(probs, targets) -> tuple[np.ndarray, np.ndarray]:  # (genres,); 0: none counted
    "Of the posters with a genre in their top n, the share that has it; of the posters of a genre, the share found so."
    probs, targets = check_arrays(probs, targets)
    predicted = top_n_mask(probs, targets.sum(axis=1))
    hits, n_predicted, support = (predicted & targets).sum(0), predicted.sum(0), targets.sum(0)
    return hits / np.maximum(n_predicted, 1), hits / np.maximum(support, 1)


def macro_mean(values, support) -> np.ndarray:  # over the first axis, the genres; NaN where no genre occurs
    "The mean of a figure over the genres that occur in the targets; absent genres are left out of every macro figure."
    there = np.asarray(support) > 0
    n = there.sum(axis=0)
    return np.where(n > 0, np.where(there, values, 0).sum(axis=0) / np.maximum(n, 1), np.nan)


def precision_at_n(probs, targets) -> float:  # a genre that occurs and is in no top n counts as 0; NaN as macro_mean
    "Precision of the top n predictions, as `macro_mean` (scikit-learn's `precision_score` with `labels` that occur)."
    return float(macro_mean(precision_recall_at_n_per_genre(probs, targets)[0], _to_numpy(targets).sum(0)))


def recall_at_n(probs, targets) -> float:  # NaN as macro_mean
    "Recall of the top n predictions, as `macro_mean` (scikit-learn's `recall_score` with `labels` that occur)."
    return float(macro_mean(precision_recall_at_n_per_genre(probs, targets)[1], _to_numpy(targets).sum(0)))


def average_precision_per_genre(probs, targets) -> np.ndarray:  # (genres,); NaN for a genre that no movie has
    "Scikit-learn's average precision of each genre."
    probs, targets = check_arrays(probs, targets)
    columns = zip(probs.T, targets.T, strict=True)
    return np.array([average_precision_score(t, p) if t.any() else np.nan for p, t in columns])


def macro_average_precision(
    probs,  # scores (movies, genres)
    targets,  # true genres, 0 or 1 (movies, genres)
) -> float:  # between 0 and 1; NaN if no genre occurs
    "Mean average precision over the genres that occur in the targets; absent genres are left out (`macro_mean`)."
    return float(macro_mean(average_precision_per_genre(probs, targets), _to_numpy(targets).sum(0)))


def micro_average_precision(probs, targets) -> float:  # 0 to 1; NaN if no movie has a genre
    "Average precision over all pairs of a movie and a genre, ranked together."
    probs, targets = check_arrays(probs, targets)
    return float(average_precision_score(targets.ravel(), probs.ravel())) if targets.any() else float("nan")


def f1_per_genre(probs, targets, thresh=0.5) -> np.ndarray:  # (genres,); 0 for a genre neither there nor predicted
    "F1 of each genre at a threshold (strictly greater, as fastai decodes)."
    probs, targets = check_arrays(probs, targets)
    predicted = probs > check_thresh(thresh, probs.shape[1])
    return 2 * (predicted & targets).sum(0) / np.maximum(predicted.sum(0) + targets.sum(0), 1)


def macro_f1(probs, targets, thresh=0.5) -> float:  # a genre that occurs and is never predicted counts as 0
    "F1 as `macro_mean` (scikit-learn's `f1_score(average='macro', zero_division=0)` with `labels` that occur)."
    return float(macro_mean(f1_per_genre(probs, targets, thresh), _to_numpy(targets).sum(0)))


def micro_f1(probs, targets, thresh=0.5) -> float:  # 0 if nothing is there and nothing predicted
    "F1 over all pairs of a movie and a genre (scikit-learn's `f1_score(average='micro', zero_division=0)`)."
    probs, targets = check_arrays(probs, targets)
    predicted = probs > check_thresh(thresh, probs.shape[1])
    return float(2 * (predicted & targets).sum() / max(predicted.sum() + targets.sum(), 1))


def calibration_bins(probs: np.ndarray, n_bins: int = 15) -> np.ndarray:  # of int, 0 to n_bins - 1
    "Which bin of equal width each probability (0 to 1, any shape) falls into; the last one includes 1."
    if probs.size and (probs.min() < 0 or probs.max() > 1):
        found = f"probabilities must lie between 0 and 1, but go from {probs.min():.3g} to {probs.max():.3g}"
        raise ValueError(f"{found}: are these logits? Take torch.sigmoid(logits)")
    return np.minimum((probs * n_bins).astype(int), n_bins - 1)


def expected_calibration_error(probs, targets, n_bins: int = 15) -> float:  # 0 is perfect; NaN without movies
    "Mean distance between probability and share of true genres, over all movie x genre pairs in bins of equal width."
    probs, targets = check_arrays(probs, targets)
    bins = calibration_bins(probs, n_bins)
    gap = np.bincount(bins.ravel(), weights=(probs - targets).ravel(), minlength=n_bins)
    return float(np.abs(gap).sum() / probs.size) if probs.size else float("nan")


def brier_score(probs, targets) -> float:  # 0 is perfect; NaN without movies
    "Mean squared distance between probability and truth over all movie x genre pairs."
    probs, targets = check_arrays(probs, targets)
    return float(((probs - targets) ** 2).mean()) if probs.size else float("nan")


class _PosterMetric(AccumMetric):
    "A figure of an epoch's probabilities: exact over uneven batches and several processes; NaN for NaN."

    def __init__(self, func, **kwargs):
        super().__init__(func, flatten=False, **kwargs)
        self.reset()

    def accumulate(self, learn):
        pred = learn.pred.detach().float()  # in half precision the sigmoid makes ties
        activation = getattr(learn.loss_func, "activation", None)  # on the device: it may hold calibration tensors
        # accum_values joins the batches of all processes and cuts the padding of the last one
        self.accum_values(pred if activation is None else activation(pred), learn.y, learn)

    @property
    def value(self) -> float | None:  # None when nothing was counted, as after `predict`
        if not any(targs.any() for targs in self.targs):
            return None
        # a fit that diverges is stopped by its callbacks, not by an error here
        return float("nan") if any(preds.isnan().any() for preds in self.preds) else super().value


class TopNAccuracy(_PosterMetric):
    "`top_n_accuracy` while training."

    def __init__(self):
        super().__init__(top_n_accuracy)


class MacroAP(_PosterMetric):
    "`macro_average_precision` while training."

    def __init__(self):
        super().__init__(macro_average_precision, name="macro_ap")
