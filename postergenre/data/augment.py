"""A poster as fastai's image, and the transforms that training sees it through."""

import random
from pathlib import Path

import postergenre._fastai  # noqa: F401

import numpy as np
from fastai.vision.augment import RandTransform, aug_transforms
from fastai.vision.core import PILImage
from PIL import Image
from torch import Tensor

from postergenre.data.posters import open_poster
from postergenre.data.windows import cut


class PosterImage(PILImage):
    "A poster for fastai's ImageBlock(cls=PosterImage); opens what `open_poster` opens, and tensors."

    @classmethod
    def create(cls, fn: Path | str | Tensor | np.ndarray | bytes | Image.Image, **kwargs) -> "PosterImage":
        "A poster from all that `open_poster` takes, or from a tensor of the shapes and values of its arrays."
        if isinstance(fn, Tensor):
            fn = fn.detach().cpu().numpy()
        return fn if isinstance(fn, cls) else cls(open_poster(fn))


def as_size(size: int | tuple[int, int]) -> tuple[int, int]:  # ValueError: not one or two positive whole numbers
    "A size in pixels as (height, width): one number is that of a square."
    pair = (size, size) if isinstance(size, int) else tuple(size)
    if len(pair) != 2 or not all(isinstance(s, int) and s > 0 for s in pair):
        raise ValueError(
            f"size={size!r} must be a whole number of pixels or (height, width), for example 150 or (224, 160)"
        )
    return pair


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
