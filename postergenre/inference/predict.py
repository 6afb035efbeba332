"""Posters in, probabilities out: one file or thousands, batched; an unreadable file is a row, not the end."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
from fastai.learner import Learner
from fastai.vision.core import TensorImage
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader

from postergenre.data.posters import POSTER_SUFFIXES
from postergenre.data.progress import progress as progress_bar
from postergenre.vision.views import PosterViews, check_views, for_validation

if TYPE_CHECKING:  # ensemble.py imports this file
    from postergenre.inference.ensemble import PosterEnsemble


def predict_posters(
    learn: "Learner | PosterEnsemble",  # trained or loaded
    posters: str
    | Path
    | Image.Image
    | Iterable,  # a folder (searched through), a file, or many files, bytes or PIL images
    bs: int = 64,  # pictures a batch
    views: str = "auto",  # as in poster_probs
    workers: int = 0,  # processes that read posters; 0: none beside this one
    progress: bool | None = None,  # a bar; None: in a terminal or notebook
) -> (
    pd.DataFrame
):  # a row a poster: poster, genres (over the learner's thresholds), error (or missing), a column a genre
    "Genres of many posters. A poster that cannot be read is a row with its error."
    paths = find_posters(posters)
    probs, errors = poster_probs(learn, paths, bs, views, workers, progress)
    vocab = list(learn.dls.vocab)
    over = probs > np.asarray(getattr(learn.loss_func, "thresh", 0.5))
    names = [str(p) if isinstance(p, str | Path) else f"image {i}" for i, p in enumerate(paths)]
    genres = [[g for g, on in zip(vocab, row, strict=True) if on] for row in over]
    table = pd.DataFrame({"poster": names, "genres": genres, "error": pd.Series(errors, dtype="str")})
    return pd.concat([table, pd.DataFrame(probs, columns=vocab)], axis=1)


def movie_probs(
    learn: "Learner | PosterEnsemble",  # trained or loaded
    movies: pd.DataFrame,  # with the column poster
    bs: int = 64,  # pictures a batch
    views: str = "auto",  # as in poster_probs
    workers: int = 0,  # processes that read posters
    progress: bool | None = None,  # a bar; None: in a terminal or notebook
) -> np.ndarray:  # (movies, genres). ValueError: a poster cannot be read
    """The probability of each genre for each movie's poster.

    Views take the place of fastai's learn.tta, which draws from the augmentation of training: it differs from call to
    call, sees only what training was augmented with, and crops at random where a grid covers the poster.
    """
    probs, errors = poster_probs(learn, movies["poster"].tolist(), bs, views, workers, progress)
    refuse_unreadable(movies["poster"], errors)
    return probs


def refuse_unreadable(
    posters: Iterable,  # files
    errors: Sequence[str | None],  # from poster_probs or poster_outputs
) -> None:  # ValueError: how many posters cannot be read, and the first of them
    "Make sure that all posters were read."
    bad = [(p, e) for p, e in zip(posters, errors, strict=True) if e]
    if bad:
        raise ValueError(
            f"{len(bad)} posters cannot be read, first {bad[0][0]} ({bad[0][1]}); "
            "leave them out with read_movies(..., check_posters=True)"
        )


def poster_probs(
    learn: "Learner | PosterEnsemble",
    posters: Sequence,  # files, bytes or PIL images
    bs: int = 64,  # pictures a batch (each view counts)
    views: str = "auto",  # center, grid, mirror, scales, joined by +, as `views.make_views`; "auto": grid if cropped
    workers: int = 0,  # processes that read posters
    progress: bool | None = None,  # a bar; None: in a terminal or notebook
) -> tuple[np.ndarray, list[str | None]]:  # (posters, genres), NaN where unreadable; an error or None a poster
    "The probabilities of posters, each the mean over its views. ValueError: as in `check_views`."
    if hasattr(type(learn), "poster_probs"):  # an ensemble knows how to ask its members
        return learn.poster_probs(posters, bs, views, workers, progress)
    activation = activation_of(learn)  # a learner without one is refused before it looks at thousands of posters
    outputs, errors = poster_outputs(learn, posters, bs, views, workers, progress)
    probs = np.full((len(outputs), len(learn.dls.vocab)), np.nan, dtype=np.float32)
    for i, rows in enumerate(outputs):
        if len(rows):
            probs[i] = activation(torch.from_numpy(rows).to(learn.dls.device)).double().mean(0).cpu().numpy()
    return probs, errors


def poster_outputs(
    learn: Learner,
    posters: Sequence,  # files, bytes or PIL images
    bs: int = 64,  # pictures a batch (each view counts)
    views: str = "auto",  # as in poster_probs
    workers: int = 0,  # processes that read posters
    progress: bool | None = None,  # a bar; None: in a terminal or notebook
    model: nn.Module | None = None,  # what looks at the views, e.g. a part of the learner's; None: learn.model
) -> tuple[list[np.ndarray], list[str | None]]:  # (views, outputs) of each poster, 0 views where unreadable; errors
    "The network's outputs for each view of posters. ValueError: as in `check_views`."
    check_views(learn, views)
    data = PosterViews(posters, for_validation(learn.dls.valid.after_item), views)
    loader = DataLoader(data, batch_size=max(1, bs // data.typical), num_workers=workers, collate_fn=list)
    outputs: list[list[np.ndarray]] = [[] for _ in range(len(data))]
    errors: list[str | None] = [None] * len(data)
    learn.model.to(learn.dls.device).eval()
    with torch.inference_mode():
        for batch in progress_bar(loader, len(loader), progress):
            same_size = defaultdict(list)
            for i, stacks, error in batch:
                errors[i] = error
                for stack in stacks:
                    same_size[stack.shape[1:]].append((i, stack))
            for group in same_size.values():
                owners = [i for i, stack in group for _ in stack]
                parts = torch.cat([stack for _, stack in group]).split(bs)
                rows = torch.cat([view_outputs(learn, part, model) for part in parts]).float().cpu().numpy()
                for i, row in zip(owners, rows, strict=True):
                    outputs[i].append(row)
    return [np.array(rows) for rows in outputs], errors


def find_posters(posters: str | Path | Image.Image | Iterable) -> list:
    "The poster files of a folder in order, or what was passed, as a list. FileNotFoundError: nothing is there."
    if isinstance(posters, Image.Image | bytes):
        return [posters]
    if not isinstance(posters, str | Path):
        return list(posters)
    path = Path(posters).expanduser()
    if not path.exists():
        raise FileNotFoundError(f"There is no {path} (seen from {Path.cwd()}); pass a folder of posters or a poster")
    if path.is_file():
        return [path]
    found = sorted(p for p in path.rglob("*") if p.suffix.lower() in POSTER_SUFFIXES and p.is_file())
    if not found:
        raise FileNotFoundError(f"{path} holds no pictures ({', '.join(POSTER_SUFFIXES)}), nor do its folders")
    return found


def view_outputs(
    learn: Learner,
    views: torch.Tensor,  # uint8 (views, 3, height, width), of one size
    model: nn.Module | None = None,  # as in poster_outputs
) -> torch.Tensor:  # (views, outputs), on the learner's device
    "The outputs of the network for views, batch transforms included."
    x = TensorImage(views).to(learn.dls.device)
    x = for_validation(learn.dls.valid.after_batch)(x).as_subclass(torch.Tensor)
    if hasattr(learn, "channels_last"):
        x = x.contiguous(memory_format=torch.channels_last)
    return (learn.model if model is None else model)(x)


def view_probs(
    learn: Learner,
    views: torch.Tensor,  # as in view_outputs
) -> torch.Tensor:  # (views, genres). ValueError: the learner's loss has no activation
    "The probabilities of views."
    return activation_of(learn)(view_outputs(learn, views)).float()


def activation_of(
    learn: Learner,
) -> Callable[[torch.Tensor], torch.Tensor]:  # ValueError: the learner's loss has none
    "What makes probabilities of the network's outputs."
    activation = getattr(learn.loss_func, "activation", None)
    if activation is None:
        raise ValueError(
            "The learner's loss has no activation, so its outputs are no probabilities; use poster_learner"
        )
    return activation
