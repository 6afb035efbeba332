"""Posters in, probabilities out: one file or thousands, batched; an unreadable file is a row, not the end."""

import pickle
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from fastai.learner import Learner
from fastai.torch_core import default_device
from fastai.vision.core import PILImage, TensorImage
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from postergenre.crops import PosterCrop, cut, grid
from postergenre.posters import POSTER_SUFFIXES, PosterImage
from postergenre.terminal import progress as progress_bar

VIEWS = ("auto", "center", "grid")


def load_learner(
    fname: str | Path,  # what learn.export wrote
    cpu: bool = True,  # put the learner on the CPU (False: where fastai would train)
) -> Learner:  # FileNotFoundError, ValueError (no learner) or ImportError (a package it needs is missing)
    "Load an exported learner. Loading runs code that the file holds: only load files you trust."
    fname = Path(fname).expanduser()
    if not fname.is_file():
        raise FileNotFoundError(f"There is no learner file {fname} (seen from {Path.cwd()})")
    try:
        # fastai.learner.load_learner does the same, but hides a missing module and drops channels_last on CPUs.
        learn = torch.load(fname, map_location="cpu" if cpu else default_device(), weights_only=False)
    except (ImportError, AttributeError) as e:
        raise ImportError(f"{fname} needs a module or name that is not here ({e}); install it, then load again") from e
    except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError, OSError) as e:
        first_line = str(e).splitlines()[0] if str(e) else type(e).__name__
        raise ValueError(f"{fname} is no whole learner file ({first_line}); export it again: learn.export(...)") from e
    if not isinstance(learn, Learner):
        raise ValueError(f"{fname} holds a {type(learn).__name__}, not a learner; pass a file that learn.export wrote")
    if cpu:
        learn.dls.cpu()
        if hasattr(learn, "mixed_precision"):
            learn.to_fp32()
    return learn


def predict_posters(
    learn: Learner,  # a trained or loaded learner
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
    learn: Learner,  # a trained or loaded learner
    movies: pd.DataFrame,  # with the column poster
    bs: int = 64,  # pictures a batch
    views: str = "auto",  # as in poster_probs
    workers: int = 0,  # processes that read posters
    progress: bool | None = None,  # a bar; None: in a terminal or notebook
) -> np.ndarray:  # (movies, genres). ValueError: a poster cannot be read
    "The probability of each genre for each movie's poster."
    probs, errors = poster_probs(learn, movies["poster"].tolist(), bs, views, workers, progress)
    bad = [(p, e) for p, e in zip(movies["poster"], errors, strict=True) if e]
    if bad:
        raise ValueError(
            f"{len(bad)} posters cannot be read, first {bad[0][0]} ({bad[0][1]}); "
            "leave them out with read_movies(..., check_posters=True)"
        )
    return probs


def poster_probs(
    learn: Learner,
    posters: Sequence,  # files, bytes or PIL images
    bs: int = 64,  # pictures a batch (the crops of a grid count one each)
    views: str = "auto",  # "grid": mean over crops that cover it; "center": as learn.predict; "auto": grid if cropped
    workers: int = 0,  # processes that read posters
    progress: bool | None = None,  # a bar; None: in a terminal or notebook
) -> tuple[np.ndarray, list[str | None]]:  # (posters, genres), NaN where unreadable; an error or None a poster
    "Sigmoid probabilities of posters, averaged over the views of each."
    if views not in VIEWS:
        raise ValueError(f"Unknown views {views!r}; choose one of: {', '.join(VIEWS)}")
    data = _PosterViews(posters, learn, views)
    loader = DataLoader(data, batch_size=max(1, bs // data.typical), num_workers=workers, collate_fn=list)
    probs = np.full((len(data), len(learn.dls.vocab)), np.nan, dtype=np.float32)
    errors: list[str | None] = [None] * len(data)
    learn.model.to(learn.dls.device).eval()
    bar = progress_bar(loader, len(loader), progress)
    with torch.inference_mode():
        for batch in bar:
            good = [(i, v) for i, v, error in batch if error is None]
            for i, _, error in batch:
                errors[i] = error
            if good:
                rows = _forward(learn, torch.cat([v for _, v in good])).split([len(v) for _, v in good])
                for (i, _), row in zip(good, rows, strict=True):
                    probs[i] = row.mean(0).cpu().numpy()
    return probs, errors


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


def _forward(learn: Learner, batch: torch.Tensor) -> torch.Tensor:
    x = TensorImage(batch).to(learn.dls.device)
    x = learn.dls.valid.after_batch(x).as_subclass(torch.Tensor)
    if hasattr(learn, "channels_last"):
        x = x.contiguous(memory_format=torch.channels_last)
    logits = learn.model(x)
    activation = getattr(learn.loss_func, "activation", None)
    if activation is None:
        raise ValueError(
            "The learner's loss has no activation, so its outputs are no probabilities; use poster_learner"
        )
    return activation(logits).float()


class _PosterViews(Dataset):
    "(index, uint8 views (n, 3, height, width), error) of each poster; the learner's own item transforms make a view."

    def __init__(self, posters: Sequence, learn: Learner, views: str):
        self.posters, self.after_item = posters, learn.dls.valid.after_item
        crops = [t for t in self.after_item.fs if isinstance(t, PosterCrop)]
        self.window = crops[0].size if crops and views != "center" else None
        if views == "grid" and self.window is None:
            raise ValueError("views='grid' needs a learner trained on crops (crop='random'); use views='auto'")
        self.typical = 6 if self.window else 1

    def __len__(self) -> int:
        return len(self.posters)

    def __getitem__(self, i: int):
        try:
            poster = self.posters[i]
            image = poster if isinstance(poster, PosterImage) else PosterImage.create(poster)
            return i, self._views(image), None
        except (OSError, ValueError, SyntaxError) as e:  # Pillow's plugins raise all three on broken files
            return i, None, f"{type(e).__name__}: {e}"

    def _views(self, image: PILImage) -> torch.Tensor:
        if self.window is None:
            return self._tensor(self.after_item(image))
        # A poster smaller than the window is enlarged by `cut`, to the window's size or a little more.
        places = grid((image.height, image.width), self.window)
        return torch.cat([self._tensor(cut(image, self.window, *place)) for place in places])

    @staticmethod
    def _tensor(view) -> torch.Tensor:
        if not isinstance(view, torch.Tensor):
            view = torch.from_numpy(np.array(view)).permute(2, 0, 1)
        return view.as_subclass(torch.Tensor)[None]
