"""A poster as fastai's image, and windows cut out of it at its own scale."""

import math
import random
from itertools import product
from pathlib import Path

import postergenre._fastai  # noqa: F401

import numpy as np
from fastai.vision.augment import RandTransform, aug_transforms
from fastai.vision.core import PILImage
from PIL import Image
from torch import Tensor

from postergenre.data.posters import open_poster

MOST = 3  # rows and columns of a grid


class PosterImage(PILImage):
    "A poster for fastai's ImageBlock(cls=PosterImage); opens what `open_poster` opens, arrays and tensors too."

    @classmethod
    def create(cls, fn: Path | str | Tensor | np.ndarray | bytes | Image.Image, **kwargs) -> "PosterImage":
        "A poster from a file, bytes, a PIL image, or an array or tensor as fastai's PILImage takes them."
        if isinstance(fn, Tensor | np.ndarray):
            return super().create(fn, **kwargs)
        return fn if isinstance(fn, cls) else cls(open_poster(fn))


def as_size(size: int | tuple[int, int]) -> tuple[int, int]:  # ValueError: not one or two positive whole numbers
    "A size in pixels as (height, width): one number is that of a square."
    pair = (size, size) if isinstance(size, int) else tuple(size)
    if len(pair) != 2 or not all(isinstance(s, int) and s > 0 for s in pair):
        raise ValueError(
            f"size={size!r} must be a whole number of pixels or (height, width), for example 150 or (224, 160)"
        )
    return pair


def cut(image: Image.Image, size: tuple[int, int], down: float, right: float) -> Image.Image:
    """A window (height, width) of the poster at its own scale; a poster smaller than that is enlarged first.

    It lies from 0 at the top to 1 at the bottom, and from 0 at the left to 1 at the right.
    """
    height, width = size
    scale = max(1.0, height / image.height, width / image.width)
    if scale > 1:
        grown = (max(width, math.ceil(image.width * scale)), max(height, math.ceil(image.height * scale)))
        image = image.resize(grown, Image.Resampling.BICUBIC)
    top, left = round(down * (image.height - height)), round(right * (image.width - width))
    return image.crop((left, top, left + width, top + height))


def grid(size: tuple[int, int], window: tuple[int, int]) -> list[tuple[float, float]]:
    "Where `cut` finds evenly spread windows that cover a poster (if MOST allows), as few as that takes: (down, right)."
    sides = (min(MOST, max(1, math.ceil(p / w - 0.05))) for p, w in zip(size, window, strict=True))
    return list(product(*([i / (n - 1) for i in range(n)] if n > 1 else [0.5] for n in sides)))


class PosterCrop(RandTransform):
    "Cuts a window at a random place in training, at the centre in validation and `predict`."

    split_idx, order = None, 1

    def __init__(self, size: int | tuple[int, int], **kwargs):
        self.size = as_size(size)
        super().__init__(**kwargs)

    def before_call(self, b, split_idx: int):
        # The global generator: fastai seeds it differently in each worker, one of our own would repeat there.
        self.at = (0.5, 0.5) if split_idx else (random.random(), random.random())

    def encodes(self, x: PosterImage):
        return cut(x, self.size, *self.at)


def gentle_tfms(zoom: float = 1.2, flip: bool = True) -> list:
    "Batch transforms that leave colour and lettering as they are: at most `zoom` times larger, half mirrored (flip)."
    if zoom < 1:
        raise ValueError(f"--zoom {zoom} should be 1 (none) or more, for example 1.2")
    return aug_transforms(do_flip=flip, max_rotate=0, max_zoom=zoom, max_lighting=0, max_warp=0, p_affine=1.0)
