"""Several views of one poster to average over: mirrored, as a grid of crops, enlarged; e.g. views="grid+mirror"."""

import copy
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from fastai.vision.augment import Resize
from fasttransform import Pipeline
from PIL import Image, ImageOps

from postergenre.data.augment import PosterCrop, PosterImage, cut, grid

FRAMES = ("auto", "center", "grid")
VIEWS = (*FRAMES, "mirror", "scales")
WHOLE = "whole"  # another name of center, which learners of whole posters show
LARGER = 1.25  # the second scale, and how much larger than its crops a whole poster is for a grid


class Views(NamedTuple):
    "What a name of views means."

    frames: tuple[str, ...]  # of FRAMES: what is looked at
    scales: tuple[float, ...]  # 1, or 1 and LARGER: how large it is shown
    mirrored: tuple[bool, ...]  # False, or False and True


def for_validation(
    transforms: Pipeline,  # of learn.dls.valid
) -> Pipeline:
    "Transforms as validation applies them: loaders tell theirs only once they run, and untold ones crop at random."
    return Pipeline(transforms.fs, split_idx=1)


def parse_views(
    views: str,  # names of VIEWS joined by +
) -> Views:  # ValueError: unknown names
    "What to look at, at which scales, and whether mirrored too; every combination of the three is a view."
    names = views.split("+") if isinstance(views, str) else [views]
    names = ["center" if name == WHOLE else name for name in names]
    if any(name not in VIEWS for name in names):
        raise ValueError(
            f"Unknown views {views!r}; choose one of: {', '.join(VIEWS)}; or several joined by +, as grid+mirror"
        )
    frames = tuple(f for f in FRAMES if f in names) or ("auto",)
    return Views(frames, (1, LARGER) if "scales" in names else (1,), (False, True) if "mirror" in names else (False,))


def resolve_views(
    views: str,  # as in `parse_views`
    transforms: Pipeline,  # a learner's item transforms: from `for_validation`
) -> Views:  # without "auto". ValueError: unknown names, or the transforms allow no such views
    "The views of a learner: auto is grid where it was trained on crops, else center."
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
    image = image if isinstance(image, PosterImage) else PosterImage.create(image)
    frames = {"center": center_views, "grid": grid_views}
    return [
        view
        for mirrored in wanted.mirrored
        for scale in wanted.scales
        for frame in wanted.frames
        for view in frames[frame](mirror(image) if mirrored else image, transforms, scale)
    ]


def mirror(image: Image.Image) -> PosterImage:
    "A poster with left and right exchanged."
    return PosterImage(ImageOps.mirror(image))


def center_views(
    image: Image.Image,  # a poster
    transforms: Pipeline,  # as in `make_views`
    scale: float = 1,  # how large it is shown
) -> list[torch.Tensor]:  # one
    "The one view that a learner's item transforms make: the whole poster, or the crop at its centre."
    if crop := _first(transforms, PosterCrop):
        return [as_view(transforms(enlarge(image, crop.size, scale)))]
    return [as_view((transforms if scale == 1 else scaled(transforms, scale))(image))]


def grid_views(
    image: Image.Image,  # a poster
    transforms: Pipeline,  # as in `make_views`
    scale: float = 1,  # how large it is shown
) -> list[torch.Tensor]:
    "Crops that cover a poster, evenly spread as in `crops.grid`; of a whole poster that is enlarged its four corners."
    if crop := _first(transforms, PosterCrop):
        # A poster smaller than the window is enlarged by `cut`, to the window's size or a little more.
        image = enlarge(image, crop.size, scale)
        return [as_view(cut(image, crop.size, *at)) for at in grid((image.height, image.width), crop.size)]
    height, width = whole_size(transforms, scale)
    large = as_view(scaled(transforms, scale * LARGER)(image))
    rows, columns = ((slice(n), slice(-n, None)) for n in (height, width))
    return [large[:, down, right] for down in rows for right in columns]


def enlarge(
    image: Image.Image,  # a poster
    window: tuple[int, int],  # (height, width) of the crops that will be cut
    scale: float,  # 1: the image stays as it is
) -> Image.Image:
    "A poster some times larger than `cut` would take it, which enlarges posters smaller than the window."
    if scale == 1:
        return image
    scale *= max(1, window[0] / image.height, window[1] / image.width)
    size = (round(image.width * scale), round(image.height * scale))
    return PosterImage(image.resize(size, Image.Resampling.BICUBIC))


def scaled(
    transforms: Pipeline,  # with a Resize; stays as it is
    scale: float,
) -> Pipeline:
    "The same item transforms, with pictures some times larger."

    def larger(transform):
        if isinstance(transform, Resize):
            transform = copy.copy(transform)
            transform.size = type(transform.size)(round(s * scale) for s in transform.size)
        return transform

    return Pipeline([larger(t) for t in transforms.fs], split_idx=transforms.split_idx)


def whole_size(
    transforms: Pipeline,  # with a Resize
    scale: float = 1,
) -> tuple[int, int]:  # (height, width) in pixels
    "The size of a whole poster's view."
    width, height = _first(transforms, Resize).size
    return round(height * scale), round(width * scale)


def crop_window(
    transforms: Pipeline,  # a learner's item transforms
) -> tuple[int, int] | None:  # (height, width) in pixels; None: the learner sees whole posters
    "The size of the crops that a learner was trained on."
    crop = _first(transforms, PosterCrop)
    return crop.size if crop else None


def as_view(
    picture: Image.Image | torch.Tensor,  # what item transforms give, or a crop
) -> torch.Tensor:  # uint8 (3, height, width)
    "A picture as a plain tensor."
    if not isinstance(picture, torch.Tensor):
        picture = torch.from_numpy(np.array(picture)).permute(2, 0, 1)
    return picture.as_subclass(torch.Tensor)


def view_names(
    views: Views,  # from `resolve_views`
) -> list[str]:  # e.g. center, grid-mirrored, center-large, in the order of `make_views`
    "Each combination of frame, scale and mirror by a name that a file can have."
    return [
        "-".join([frame, *["large"] * (scale > 1), *["mirrored"] * mirrored])
        for mirrored in views.mirrored
        for scale in views.scales
        for frame in views.frames
    ]


def view_named(
    name: str,  # from `view_names`
) -> Views:
    "The one combination of that name."
    frame, *more = name.split("-")
    return Views((frame,), (LARGER if "large" in more else 1,), ("mirrored" in more,))


def _first(transforms: Pipeline, kind: type) -> PosterCrop | Resize | None:
    return next((t for t in transforms.fs if isinstance(t, kind)), None)
