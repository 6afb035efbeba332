"""Movies for fastai as what modalities read of them, instead of pictures."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from fastai.data.block import DataBlock, MultiCategoryBlock, TransformBlock
from fastai.data.core import DataLoaders
from fastai.data.transforms import ColReader, IndexSplitter
from fastai.vision.augment import RandTransform
from fasttransform import Transform
from PIL import Image

from postergenre.data.augment import PosterImage
from postergenre.data.loaders import PosterDataLoaders
from postergenre.data.reading import as_movie
from postergenre.modality import Modality


class Movie(dict):
    "A row of a table of movies, for fastai's dispatch by type."


class AsMovie(Transform):
    "A row of a table or a bare poster as a Movie."

    input_types = (pd.Series, dict, str, Path, bytes, np.ndarray, torch.Tensor, Image.Image)

    def encodes(self, movie):
        return Movie(as_movie(movie))


class Readings:
    "What modalities read of movies; no list, so that fastai passes it on as it is."

    def __init__(self, rows: list):
        self.rows = rows


class ReadMovie(RandTransform):
    "A Movie as what its modalities read of it, at random places in training where they crop."

    split_idx, order, train = None, 1, False

    def __init__(self, modalities: Sequence[Modality]):
        super().__init__()
        self.modalities = list(modalities)

    def before_call(self, b, split_idx: int):
        self.train = split_idx == 0

    def encodes(self, movie: Movie):
        return Readings([modality.read(movie, self.train) for modality in self.modalities])


def batch_of_readings(samples: list[tuple]) -> tuple:
    "One batch for a ProbeModel, of (readings,) or (readings, targets) each."
    readings, *targets = zip(*samples, strict=True)
    return Readings([r.rows for r in readings]), *map(torch.stack, targets)


class MovieDataLoaders(PosterDataLoaders):
    "The movies of other loaders as what modalities read of them."

    @classmethod
    def of_readings(cls, dls: DataLoaders, modalities: Sequence[Modality]) -> "MovieDataLoaders":
        "Loaders over the same movies as others, which stay as they are, in the same batches."
        sides = [loader.items for loader in dls.loaders]
        n = len(sides[0])
        block = DataBlock(
            blocks=(TransformBlock(type_tfms=[AsMovie()]), MultiCategoryBlock(vocab=list(dls.vocab))),
            get_y=ColReader("genres"),
            splitter=IndexSplitter(range(n, n + len(sides[1]))),
            item_tfms=ReadMovie(modalities),
        )
        kwargs = {"bs": dls.bs, "num_workers": dls.num_workers, "device": dls.device, "path": dls.path}
        made = block.dataloaders(pd.concat(sides, ignore_index=True), create_batch=batch_of_readings, **kwargs)
        new = cls(*made.loaders, path=made.path, device=made.device)
        new.genre_freq, new.row_freq = dls.genre_freq, dls.row_freq
        return new

    def _shown(self, loader, b, max_n: int, unique: bool) -> tuple[Iterable, Iterable]:
        "Posters as they are, with their genres: modalities may look at other things."
        if b is not None:
            raise ValueError("A batch of what modalities read holds no posters; call show_batch without b")
        rows = loader.items.iloc[[0] * max_n] if unique else loader.items.head(max_n)
        return map(PosterImage.create, rows["poster"]), rows["genres"]
