"""Posters as pixels in memory-mapped files, decoded once: a GPU that trains on them never waits for a decoder."""

import os
import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from functools import cached_property, partial
from pathlib import Path
from uuid import uuid4

import postergenre._fastai  # noqa: F401

import numpy as np
import torch
from fastai.data.core import DataLoaders, TfmdDL
from fastai.torch_core import TensorMultiCategory
from fastai.vision.augment import Resize
from fastai.vision.core import TensorImage

from postergenre.data.augment import PosterCrop, PosterImage
from postergenre.data.cache import Batch, Cache, poster_key
from postergenre.data.files import write_whole
from postergenre.data.genres import multi_hot
from postergenre.data.posters import UNREADABLE
from postergenre.data.progress import progress
from postergenre.data.windows import enlarged

PART = 256  # posters in a file


class Shards:
    """Posters as pixels, by their places; whole ones of one size, or at their own scale, to cut windows from.

    What a folder has is used, what it has not is decoded and added, a file at a time that is whole or not there.
    Several processes may do so at once. A poster that changes is decoded again.
    """

    def __init__(
        self,
        folder: str | Path,
        posters: Sequence[str | Path],  # files; a poster may be there several times
        view: PosterCrop | Resize,  # what loaders do to an opened poster
        workers: int = 0,  # processes that decode; 0: one a core
    ):  # ValueError: a poster cannot be read, or a file of the folder is not whole
        window = view.size if isinstance(view, PosterCrop) else view.size[::-1]
        kind = "own" if isinstance(view, PosterCrop) else "whole"
        self.size, self.folder = tuple(map(int, window)), Path(folder) / f"{kind}-{window[0]}x{window[1]}"

        def compute(places: list[int]) -> Iterator[Batch]:
            parts = [places[i : i + PART] for i in range(0, len(places), PART)]
            write = partial(write_part, self.folder, view)
            processes = min(workers or os.cpu_count() or 1, len(parts))
            with ProcessPoolExecutor(processes) if processes > 1 else nullcontext() as pool:
                written = (pool.map if pool else map)(write, ([posters[i] for i in part] for part in parts))
                for part, where in progress(zip(parts, written, strict=True), len(parts)):
                    yield list(zip(part, where, strict=True))

        found = Cache(self.folder / "index.db").get([poster_key(Path(poster)) for poster in posters], compute)
        names, self.where = {}, np.zeros((len(posters), 4), dtype=np.int64)  # file, first byte, height, width
        for i, (name, *where) in enumerate(found):
            self.where[i] = names.setdefault(name, len(names)), *where
        self.names = list(names)

    def __len__(self) -> int:
        return len(self.where)

    def __getitem__(self, place: int) -> np.ndarray:  # uint8 (height, width, 3), on the disk
        part, first, height, width = self.where[place].tolist()
        return self.parts[part][first : first + height * width * 3].reshape(height, width, 3)

    @cached_property
    def parts(self) -> list[np.ndarray]:
        "The files, mapped into memory."
        files = [self.folder / name for name in self.names]
        try:
            return [np.load(file, mmap_mode="r") for file in files]
        except (OSError, ValueError) as e:
            raise ValueError(
                f"Posters are missing in {self.folder} ({e}); delete it, and they are decoded again"
            ) from e

    def windows(
        self,
        places: Sequence[int],
        at: Sequence[tuple[float, float]],  # of each, from (0, 0) at the top left to (1, 1): as `cut`
    ) -> torch.Tensor:  # uint8 (places, 3, height, width)
        "Windows of posters, a copy in memory."
        height, width = self.size
        made = np.empty((len(places), height, width, 3), dtype=np.uint8)
        for window, place, (down, right) in zip(made, places, at, strict=True):
            poster = self[place]
            top, left = round(down * (poster.shape[0] - height)), round(right * (poster.shape[1] - width))
            window[:] = poster[top : top + height, left : left + width]
        return torch.from_numpy(made).permute(0, 3, 1, 2)

    def __getstate__(self) -> dict:
        return {name: value for name, value in self.__dict__.items() if name != "parts"}


def write_part(
    folder: Path, view: PosterCrop | Resize, posters: Sequence[str | Path]
) -> list[tuple[str, int, int, int]]:  # of each its file, first byte, height, width. ValueError: one cannot be read
    "Decode posters into one file."
    name, pixels, where, first = f"{uuid4().hex}.npy", [], [], 0
    for poster in posters:
        try:
            image = PosterImage.create(poster)
        except UNREADABLE as e:
            how = "leave it out with read_movies(..., check_posters=True)"
            raise ValueError(f"{poster} cannot be read ({type(e).__name__}: {e}); {how}") from e
        seen = enlarged(image, view.size) if isinstance(view, PosterCrop) else view(image, split_idx=1)
        pixels.append(np.asarray(seen, dtype=np.uint8).reshape(-1))
        where.append((name, first, seen.height, seen.width))
        first += len(pixels[-1])
    with write_whole(folder / name) as whole:
        np.save(whole, np.concatenate(pixels))
    return where


class ShardDL(TfmdDL):
    "A loader of posters from Shards, a batch at once; its transforms of batches run on the device, as ever."

    def __init__(
        self,
        *args,
        shards: Shards,
        rows: np.ndarray,  # (items,) places of the loader's items in the shards
        targets: torch.Tensor,  # (items, genres)
        **kwargs,  # of TfmdDL
    ):
        super().__init__(*args, **kwargs)
        self.shards, self.rows, self.targets = shards, rows, targets

    def new(self, dataset=None, cls=None, **kwargs) -> TfmdDL:
        "As TfmdDL; of other movies an ordinary one, which opens posters."
        if dataset is not None and dataset is not self.dataset:
            return super().new(dataset, TfmdDL, **kwargs)
        kwargs = {"shards": self.shards, "rows": self.rows, "targets": self.targets} | kwargs
        return super().new(dataset, cls, **kwargs)

    def do_item(self, s: int | None) -> int:
        return s or 0

    def do_batch(self, b: list[int]) -> tuple[TensorImage, TensorMultiCategory]:
        # the global generator, as PosterCrop
        train = getattr(self.dataset, "split_idx", None) == 0
        at = [(random.random(), random.random()) if train else (0.5, 0.5) for _ in b]
        x, y = self.shards.windows(self.rows[b], at), self.targets[torch.tensor(b)]
        return TensorImage(x), TensorMultiCategory(y)


def shard_loaders(folder: str | Path, dls: DataLoaders) -> list[ShardDL]:  # errors as of Shards
    "The loaders of whole posters or random crops, over shards in a folder."
    view = next(t for t in dls.valid.after_item.fs if isinstance(t, PosterCrop | Resize))
    items, vocab, made, first = [dl.items for dl in dls.loaders], list(dls.vocab), [], 0
    posters = [poster for rows in items for poster in rows["poster"]]
    shards = Shards(folder, posters, view, dls.train.fake_l.num_workers)
    for dl, rows in zip(dls.loaders, items, strict=True):
        targets = torch.from_numpy(multi_hot(rows["genres"], vocab)).float()
        places, first = np.arange(first, first + len(rows)), first + len(rows)
        made.append(TfmdDL.new(dl, cls=ShardDL, shards=shards, rows=places, targets=targets))
    return made
