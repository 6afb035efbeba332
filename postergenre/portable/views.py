"""The views of a poster: what their names mean, and the pictures they are, with Pillow and NumPy alone."""

from itertools import product
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps

from postergenre.data.windows import cut, grid

FRAMES = ("auto", "center", "grid")
VIEWS = (*FRAMES, "mirror", "scales")
WHOLE = "whole"  # another name of center, which learners of whole posters show
LARGER = 1.25  # the second scale, and how much larger than its crops a whole poster is for a grid


class Views(NamedTuple):
    "What a name of views means: every combination of the three is a view."

    frames: tuple[str, ...]  # of FRAMES: what is looked at
    scales: tuple[float, ...]  # 1, or 1 and LARGER: how large it is shown
    mirrored: tuple[bool, ...]  # False, or False and True


def parse_views(views: str) -> Views:  # ValueError: unknown names
    "What names of VIEWS, joined by +, mean."
    names = ["center" if name == WHOLE else name for name in (views.split("+") if isinstance(views, str) else [views])]
    if any(name not in VIEWS for name in names):
        raise ValueError(
            f"Unknown views {views!r}; choose one of: {', '.join(VIEWS)}; or several joined by +, as grid+mirror"
        )
    frames = tuple(f for f in FRAMES if f in names) or ("auto",)
    return Views(frames, (1, LARGER) if "scales" in names else (1,), (False, True) if "mirror" in names else (False,))


def view_names(views: Views) -> list[str]:  # e.g. center, grid-mirrored, center-large, in the order of `make_views`
    "Each combination of frame, scale and mirror by a name that a file can have."
    return [
        "-".join([frame, *["large"] * (scale > 1), *["mirrored"] * mirrored])
        for mirrored, scale, frame in product(views.mirrored, views.scales, views.frames)
    ]


def view_named(name: str) -> Views:
    "The one combination of that name."
    frame, *more = name.split("-")
    return Views((frame,), (LARGER if "large" in more else 1,), ("mirrored" in more,))


def pictures_of(
    image: Image.Image,  # a poster, from open_poster
    size: tuple[int, int],  # (height, width) that the network sees, in pixels
    crops: bool,  # whether it sees windows at the poster's own scale; else the whole poster resized
    views: str = "auto",  # as `parse_views`
) -> list[np.ndarray]:  # uint8 (3, height, width) each, pixel by pixel as vision.views.make_views gives them
    "The views of a poster, for models that run without torch."
    wanted, made = parse_views(views), []
    frames = dict.fromkeys(("grid" if crops else "center") if frame == "auto" else frame for frame in wanted.frames)
    for mirrored, scale, frame in product(wanted.mirrored, wanted.scales, frames):
        shown = ImageOps.mirror(image) if mirrored else image
        made += _crops(shown, size, scale, frame) if crops else _wholes(shown, size, scale, frame)
    return [np.ascontiguousarray(np.asarray(picture).transpose(2, 0, 1)) for picture in made]


def whole(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    "A poster resized to (height, width), as fastai's Resize does it with Squish."
    return image.resize(size[::-1], Image.Resampling.BILINEAR)


def _crops(image: Image.Image, size: tuple[int, int], scale: float, frame: str) -> list[Image.Image]:
    if scale != 1:
        scale *= max(1, size[0] / image.height, size[1] / image.width)
        image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.BICUBIC)
    places = [(0.5, 0.5)] if frame == "center" else grid((image.height, image.width), size)
    return [cut(image, size, *at) for at in places]


def _wholes(image: Image.Image, size: tuple[int, int], scale: float, frame: str) -> list[Image.Image]:
    grown = tuple(round(s * (scale if frame == "center" else scale * LARGER)) for s in size)
    large = whole(image, grown)
    if frame == "center":
        return [large]
    height, width = (round(s * scale) for s in size)
    tops, lefts = (0, grown[0] - height), (0, grown[1] - width)
    return [large.crop((left, top, left + width, top + height)) for top in tops for left in lefts]
