"""Probabilities that can be believed: a scale and a bias a genre, fitted after training and kept inside the loss.

Platt scaling (Platt 1999; Guo et al. 2017, https://arxiv.org/abs/1706.04599). A poster's probability is the mean over
its views, so that mean is what is fitted: mean over views of sigmoid(scale * logit + bias). With one view this is
logistic regression. In an ensemble the calibrated probabilities are averaged.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from scipy.optimize import Bounds, minimize
from scipy.special import expit
from torch.nn.functional import logsigmoid

from postergenre.data.genres import multi_hot
from postergenre.data.loaders import fitting_movies
from postergenre.data.reading import refuse_unreadable
from postergenre.data.terminal import wrapped
from postergenre.losses import as_genre_loss
from postergenre.metrics import expected_calibration_error
from postergenre.training.learner import PosterLearner

COMMON = (1.0, 3.0)  # standard deviations of log(scale) and shift that all genres share, about 0
OWN = (0.25, 0.5)  # and of each genre's own, about the shared ones; chosen on drawn data of 100 and 800 posters


def calibrate(
    learn: PosterLearner,  # trained or loaded; its loss gets the calibration, which learn.export keeps
    movies: pd.DataFrame | None = None,  # not from training; None: the validation posters of learn.dls
    views: str | None = None,  # views of a poster to average: those with which you will predict; None: learn.views
    strength: float = 1.0,  # of the pull towards what all genres share; more for fewer posters, 0: none
    verbose: bool = True,  # print the calibration error
    progress: bool | None = None,  # a bar; None: in a terminal or notebook
) -> pd.DataFrame:  # a row a genre: positives, scale, bias; attrs: posters, ece_before, ece_after
    """Fit each genre's probabilities to how often it is true; predict, evaluate and all others give them from now on.

    The order of posters within a genre hardly changes, that of genres within a poster may. The loss in training stays
    as it is; after more training calibrate again, which starts anew. A threshold a genre is set back to 0.5.
    ValueError: a loaded learner without movies, movies of training, or a loss without sigmoid probabilities.
    """
    loss = as_genre_loss(learn.loss_func)
    movies = fitting_movies(learn, movies, "calibrate")
    targets = multi_hot(movies["genres"], learn.dls.vocab)
    logits = view_logits(learn, movies, views, progress)
    there = [len(rows) > 0 for rows in logits]  # a movie without evidence says nothing of how evidence should count
    logits, targets = [rows for rows in logits if len(rows)], targets[there]
    scale, bias = fit_calibration(logits, targets, strength)
    before, after = (expected_calibration_error(mean_probs(logits, *ab), targets) for ab in ((1, 0), (scale, bias)))
    loss.scale, loss.bias = (torch.tensor(x, dtype=torch.float32) for x in (scale, bias))
    learn.loss_func = loss
    said = f"Calibration error on the {len(movies):,} posters it was fitted on: {before:.3f} before, {after:.3f} after."
    note = _forget_thresholds(loss)
    if verbose:
        print(wrapped(said + note))
    columns = {"positives": targets.sum(0).astype(int), "scale": scale, "bias": bias}
    table = pd.DataFrame(columns, index=pd.Index(learn.dls.vocab, name="genre"))
    table.attrs = {"posters": len(movies), "ece_before": before, "ece_after": after}
    return table


def uncalibrate(learn: PosterLearner) -> None:
    "Take the calibration away: probabilities are sigmoids of the network's outputs again."
    if getattr(learn.loss_func, "scale", None) is not None:
        learn.loss_func.scale = learn.loss_func.bias = None
        if note := _forget_thresholds(learn.loss_func):
            print(note.strip())


def fit_calibration(
    logits: Sequence[np.ndarray],  # (views, genres) of each poster
    targets: np.ndarray,  # (posters, genres) of 0 and 1
    strength: float = 1.0,  # of the pull towards what all genres share, and of that towards scale 1 and no shift
) -> tuple[np.ndarray, np.ndarray]:  # scale (genres,), positive; bias (genres,)
    """The scales and biases of the greatest likelihood of the mean over views, with a normal prior (MAP).

    A genre's logits are stretched about their mean, then shifted. log(scale) and shift are a sum of two: one that all
    genres share, and one of the genre's own that is kept small, so that a genre of few positives follows the others.
    """
    if len(logits) == 0:
        raise ValueError("there are no posters to calibrate on")
    n_views = torch.tensor([len(rows) for rows in logits])
    z = torch.nn.utils.rnn.pad_sequence([torch.as_tensor(rows, dtype=torch.float64) for rows in logits], True)
    here = torch.arange(z.shape[1]) < n_views[:, None]
    weight = torch.where(here, -n_views[:, None].double().log(), -torch.inf)[:, :, None]  # its exponential sums to 1
    y = torch.as_tensor(targets, dtype=torch.float64)
    n, n_genres = y.shape
    center = torch.from_numpy(np.concatenate(logits).mean(0, dtype=np.float64))
    spread = torch.tensor([[common, *[own] * n_genres] for common, own in zip(COMMON, OWN, strict=True)], dtype=y.dtype)

    def scale_and_shift(params: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        log_scale, shift = params[:, :1] + params[:, 1:]
        return log_scale.exp(), shift

    def loss_and_slope(flat: np.ndarray) -> tuple[float, np.ndarray]:
        params = torch.tensor(flat.reshape(2, -1), requires_grad=True)
        scale, shift = scale_and_shift(params)
        moved = scale * (z - center) + center + shift
        yes, no = (torch.logsumexp(logsigmoid(signed) + weight, 1) for signed in (moved, -moved))
        loss = -(y * yes + (1 - y) * no).sum() + strength * ((params / spread) ** 2).sum() / 2
        (loss / n).backward()
        return loss.item() / n, params.grad.numpy().ravel()

    far = np.repeat([4.0, 20.0], n_genres + 1)  # log(scale) and shift beyond these would be a mishap of the line search
    options = {"maxiter": 2000, "maxfun": 5000, "ftol": 1e-12, "gtol": 1e-7}
    start, bounds = np.zeros(len(far)), Bounds(-far, far)
    found = minimize(loss_and_slope, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    scale, shift = scale_and_shift(torch.from_numpy(found.x.reshape(2, -1)))
    return scale.numpy(), (center * (1 - scale) + shift).numpy()


def mean_probs(logits: Sequence[np.ndarray], scale=1.0, bias=0.0) -> np.ndarray:
    "Each poster's probabilities (genres,), the mean over its views (views, genres); scale and bias may be one a genre."
    return np.stack([expit(rows * scale + bias).mean(0) for rows in logits])


def view_logits(
    learn: PosterLearner, movies: pd.DataFrame, views: str | None = None, progress=None
) -> list[np.ndarray]:
    "Outputs (views, genres) behind the probabilities that `movie_probs` averages. ValueError: unreadable posters."
    outputs, errors = learn.outputs(movies, views, progress=progress)
    refuse_unreadable(movies["poster"], errors)
    return outputs


def _forget_thresholds(loss) -> str:  # what to tell the user, or nothing
    "Thresholds of single genres were tuned on other probabilities."
    if np.ndim(loss.thresh) == 0:
        return ""
    loss.thresh = 0.5
    return " The thresholds are 0.5 again: tune_thresholds(learn) fits them to these probabilities."
