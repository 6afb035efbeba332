"""Several views of one poster to average over: mirrored, as a grid of crops, enlarged; e.g. views="grid+mirror"."""

import copy
from itertools import product
from pathlib import Path

import numpy as np
import torch
from fastai.vision.augment import Resize
from fasttransform import Pipeline
from PIL import Image, ImageOps

from postergenre.data.augment import PosterCrop, PosterImage
from postergenre.data.windows import cut, grid
from postergenre.portable.views import LARGER, Views, parse_views


def for_validation(transforms: Pipeline) -> Pipeline:
    "Transforms as validation applies them: loaders tell theirs only once they run, and untold ones crop at random."
    return Pipeline(transforms.fs, split_idx=1)


def resolve_views(views: str, transforms: Pipeline) -> Views:
    """The views of a learner with these item transforms: auto is grid where it was trained on crops, else center.

    ValueError: unknown names, or the transforms allow no such views.
    """
    wanted = parse_views(views)
    window, resize = _first(transforms, PosterCrop), _first(transforms, Resize)
    auto = "grid" if window else "center"
    frames = tuple(dict.fromkeys(auto if f == "auto" else f for f in wanted.frames))
    if not (window or resize) and ("grid" in frames or len(wanted.scales) > 1):
        raise ValueError(
            f"views={views!r} needs a learner whose item transforms hold PosterCrop or Resize, as those of "
            "PosterDataLoaders do; use views='auto' or 'mirror'"
        )
    return wanted._replace(frames=frames)


def make_views(
    image: str | Path | bytes | Image.Image,  # a poster
    transforms: Pipeline,  # a learner's item transforms: for_validation(learn.dls.valid.after_item)
    views: str | Views = "auto",  # as in `parse_views`
) -> list[torch.Tensor]:  # uint8 (3, height, width) each; not all of one size if a whole poster is shown at two scales
    """The views of a poster.

    center: what `learn.predict` sees. grid: crops that cover the poster, or of a learner of whole posters the four
    corners of the poster at 1.25 times its input's size. scales: all this once more, 1.25 times larger: a learner of
    crops gets more crops, one of whole posters larger pictures. mirror: all this once more, of the poster's mirror
    image.
    """
    wanted = views if isinstance(views, Views) else resolve_views(views, transforms)
    image = PosterImage.create(image)
    window, made = crop_window(transforms), []
    for mirrored, scale, frame in product(wanted.mirrored, wanted.scales, wanted.frames):
        shown = PosterImage(ImageOps.mirror(image)) if mirrored else image
        made += _crops(shown, transforms, window, scale, frame) if window else _wholes(shown, transforms, scale, frame)
    return made


def _crops(image: PosterImage, transforms: Pipeline, window: tuple[int, int], scale: float, frame: str) -> list:
    "The crop at the centre, or those that cover a poster, evenly spread as in `grid`."
    if scale != 1:  # than `cut` would take it, which enlarges posters smaller than the window
        scale *= max(1, window[0] / image.height, window[1] / image.width)
        size = (round(image.width * scale), round(image.height * scale))
        image = PosterImage(image.resize(size, Image.Resampling.BICUBIC))
    if frame == "center":
        return [as_view(transforms(image))]
    return [as_view(cut(image, window, *at)) for at in grid((image.height, image.width), window)]


def _wholes(image: PosterImage, transforms: Pipeline, scale: float, frame: str) -> list:
    "The whole poster, or the four corners of it enlarged."
    large = as_view(_scaled(transforms, scale if frame == "center" else scale * LARGER)(image))
    if frame == "center":
        return [large]
    rows, columns = ((slice(n), slice(-n, None)) for n in whole_size(transforms, scale))
    return [large[:, down, right] for down in rows for right in columns]


def _scaled(transforms: Pipeline, scale: float) -> Pipeline:
    "The same item transforms, with pictures some times larger; those given stay as they are."
    fs = [copy.copy(transform) if isinstance(transform, Resize) else transform for transform in transforms.fs]
    for resize in (transform for transform in fs if isinstance(transform, Resize)):
        resize.size = type(resize.size)(round(s * scale) for s in resize.size)
    return Pipeline(fs, split_idx=transforms.split_idx)


def whole_size(transforms: Pipeline, scale: float = 1) -> tuple[int, int]:  # (height, width) in pixels
    "The size of a whole poster's view."
    width, height = _first(transforms, Resize).size
    return round(height * scale), round(width * scale)


def crop_window(transforms: Pipeline) -> tuple[int, int] | None:  # (height, width) in pixels; None: whole posters
    "The size of the crops that a learner was trained on."
    return getattr(_first(transforms, PosterCrop), "size", None)


def as_view(picture: Image.Image | torch.Tensor) -> torch.Tensor:  # uint8 (3, height, width)
    "A picture, from item transforms or a crop, as a plain tensor."
    if not isinstance(picture, torch.Tensor):
        picture = torch.from_numpy(np.array(picture)).permute(2, 0, 1)
    return picture.as_subclass(torch.Tensor)


def _first(transforms: Pipeline, kind: type) -> PosterCrop | Resize | None:
    return next((t for t in transforms.fs if isinstance(t, kind)), None)
