"""Windows cut out of a poster at its own scale, and where they lie."""

import math
from itertools import product

from PIL import Image

MOST = 3  # rows and columns of a grid


def cut(image: Image.Image, size: tuple[int, int], down: float, right: float) -> Image.Image:
    """A window (height, width) of the poster at its own scale; a poster smaller than that is enlarged first.

    It lies from 0 at the top to 1 at the bottom, and from 0 at the left to 1 at the right.
    """
    height, width = size
    image = enlarged(image, size)
    top, left = round(down * (image.height - height)), round(right * (image.width - width))
    return image.crop((left, top, left + width, top + height))


def enlarged(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    "A poster that is smaller than a window (height, width) so large that it fills it; others as they are."
    height, width = size
    scale = max(1.0, height / image.height, width / image.width)
    if scale == 1:
        return image
    grown = (max(width, math.ceil(image.width * scale)), max(height, math.ceil(image.height * scale)))
    return image.resize(grown, Image.Resampling.BICUBIC)


def grid(size: tuple[int, int], window: tuple[int, int]) -> list[tuple[float, float]]:
    "Where `cut` finds evenly spread windows that cover a poster (if MOST allows), as few as that takes: (down, right)."
    sides = (min(MOST, max(1, math.ceil(p / w - 0.05))) for p, w in zip(size, window, strict=True))
    return list(product(*([i / (n - 1) for i in range(n)] if n > 1 else [0.5] for n in sides)))
