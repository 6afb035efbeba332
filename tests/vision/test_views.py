"""The views of a poster against explicit pictures; averaged by a learner: test_averaged_views.py."""

from pathlib import Path

import numpy as np
import pytest
import torch
from fastai.data.transforms import ToTensor
from fastai.vision.augment import Resize, ResizeMethod
from fasttransform import Pipeline
from PIL import Image, ImageOps

from postergenre.data.augment import PosterCrop, PosterImage
from postergenre.data.demo.make import draw_poster
from postergenre.data.posters import open_poster
from postergenre.data.windows import cut, grid
from postergenre.portable.views import parse_views, view_named, view_names
from postergenre.vision.views import as_view, crop_window, for_validation, make_views, resolve_views, whole_size

CROPS = Pipeline([PosterCrop(64), ToTensor()], split_idx=1)
WHOLE = Pipeline([Resize((64, 48), method=ResizeMethod.Squish), ToTensor()], split_idx=1)


@pytest.fixture
def poster() -> PosterImage:
    return PosterImage(draw_poster(["Horror"], 1, size=(160, 240)))


def pixels(views) -> list[np.ndarray]:
    return [np.asarray(v.permute(1, 2, 0) if isinstance(v, torch.Tensor) else v) for v in views]


# ---- names


@pytest.mark.parametrize(
    ("views", "expected"),
    [
        ("auto", (("auto",), (1,), (False,))),
        ("mirror", (("auto",), (1,), (False, True))),
        ("scales+mirror", (("auto",), (1, 1.25), (False, True))),
        ("mirror+grid", (("grid",), (1,), (False, True))),
        ("grid+center", (("center", "grid"), (1,), (False,))),
    ],
)
def test_a_name_says_frames_scales_and_mirror(views, expected):
    assert parse_views(views) == expected


@pytest.mark.parametrize("views", ["all", "", "grid+", "grid,mirror", "Mirror", "grid + mirror", None, ["grid"]])
def test_unknown_names_are_an_error_with_the_known_ones(views):
    with pytest.raises(ValueError, match=r"Unknown views .*auto, center, grid, mirror, scales; or .* as grid\+mirror"):
        parse_views(views)


def test_auto_is_grid_for_crops_and_center_for_whole_posters():
    assert resolve_views("auto", CROPS).frames == ("grid",) and resolve_views("mirror", WHOLE).frames == ("center",)
    assert resolve_views("auto+grid", CROPS).frames == ("grid",)
    assert resolve_views("auto+grid", WHOLE).frames == ("center", "grid")


def test_transforms_that_are_neither_crop_nor_resize_have_no_grid():
    plain = Pipeline([ToTensor()], split_idx=1)
    assert resolve_views("mirror", plain).frames == ("center",)
    for views in ("grid", "scales"):
        with pytest.raises(ValueError, match=f"views='{views}' needs .*PosterCrop or Resize.*use views='auto'"):
            resolve_views(views, plain)


# ---- one poster


def test_views_of_crops_are_cut_from_the_poster_and_its_mirror_image(poster):
    size = (poster.height, poster.width)
    expected = [cut(p, (64, 64), *at) for p in (poster, ImageOps.mirror(poster)) for at in grid(size, (64, 64))]
    views = make_views(poster, CROPS, "grid+mirror")
    assert len(views) == len(expected) > 2 and all(v.dtype == torch.uint8 for v in views)
    np.testing.assert_array_equal(pixels(views), pixels(expected))
    np.testing.assert_array_equal(
        pixels(make_views(poster, CROPS, "center")), pixels([cut(poster, (64, 64), 0.5, 0.5)])
    )


def test_scales_of_crops_enlarge_the_poster_and_not_the_crop():
    poster = PosterImage(Image.effect_noise((100, 160), 80).convert("RGB"))
    large = poster.resize((125, 200), Image.Resampling.BICUBIC)
    expected = [cut(p, (64, 64), *at) for p in (poster, large) for at in grid((p.height, p.width), (64, 64))]
    np.testing.assert_array_equal(pixels(make_views(poster, CROPS, "scales")), pixels(expected))


def test_the_second_scale_is_larger_for_posters_smaller_than_the_crop_too():
    # `cut` enlarges these to the window already, so 1.25 times their own size would give the first view again.
    views = make_views(Image.effect_noise((40, 60), 80).convert("RGB"), CROPS, "center+scales")
    assert [v.shape for v in views] == [(3, 64, 64)] * 2 and not torch.equal(*views)


def test_a_grid_of_a_whole_poster_is_the_corners_of_an_enlarged_one(poster):
    large = np.asarray(poster.resize((60, 80), Image.Resampling.BILINEAR))
    expected = [large[:64, :48], large[:64, 12:], large[16:, :48], large[16:, 12:]]
    np.testing.assert_array_equal(pixels(make_views(poster, WHOLE, "grid")), expected)


def test_views_of_a_whole_poster_at_two_scales(poster):
    views = make_views(poster, WHOLE, "scales+mirror")
    assert [v.shape[1:] for v in views] == [(64, 48), (80, 60)] * 2
    sizes = ((48, 64), (60, 80))
    expected = [p.resize(s, Image.Resampling.BILINEAR) for p in (poster, ImageOps.mirror(poster)) for s in sizes]
    for view, picture in zip(pixels(views), pixels(expected), strict=True):
        np.testing.assert_array_equal(view, picture)
    assert [v.shape[1:] for v in make_views(poster, WHOLE, "grid+scales")] == [(64, 48)] * 4 + [(80, 60)] * 4
    assert WHOLE.fs[0].size == (48, 64)  # the learner's own transforms stay as they are


def test_files_bytes_and_images_have_the_same_views(poster, tmp_path):
    poster.save(file := tmp_path / "poster.png")
    for source in (str(file), Path(file).read_bytes(), open_poster(file)):
        for transforms in (CROPS, WHOLE):
            a, b = (make_views(s, transforms, "center+grid") for s in (source, file))
            np.testing.assert_array_equal(pixels(a), pixels(b))


def test_every_view_has_a_name_of_its_own(poster):
    wanted = resolve_views("center+grid+scales+mirror", WHOLE)
    names = view_names(wanted)
    assert (
        len(set(names)) == 8 and names[:3] == ["center", "grid", "center-large"] and names[-1] == "grid-large-mirrored"
    )
    apart = [view for name in names for view in make_views(poster, WHOLE, view_named(name))]
    assert pixels_equal(apart, make_views(poster, WHOLE, wanted))


def test_whole_is_center_by_another_name():
    assert parse_views("whole+mirror") == parse_views("center+mirror")


def pixels_equal(a, b):
    return len(a) == len(b) and all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


def test_what_transforms_say_of_sizes():
    assert crop_window(CROPS) == (64, 64) and crop_window(WHOLE) is None
    assert whole_size(WHOLE) == (64, 48) and whole_size(WHOLE, 1.25) == (80, 60)
    assert all(type(n) is int for n in whole_size(WHOLE, 1.3))
    assert for_validation(Pipeline([PosterCrop(64)], split_idx=0)).split_idx == 1
    assert list(for_validation(WHOLE).fs) == list(WHOLE.fs)
    for views in ("auto", "scales"):
        assert resolve_views(views, WHOLE).frames == ("center",)
    with pytest.raises(ValueError, match="Unknown views"):
        make_views(Image.new("RGB", (9, 9)), WHOLE, "left")


def test_views_are_plain_tensors(poster):
    for transforms in (CROPS, WHOLE):
        views = make_views(poster, transforms)
        assert len(views) > 0 and all(type(view) is torch.Tensor for view in views)
        assert len(make_views(poster, transforms, "center")) == 1
    assert type(as_view(PosterImage.create(poster))) is type(as_view(ToTensor()(poster))) is torch.Tensor
    assert as_view(Image.new("RGB", (3, 5))).shape == (3, 5, 3)[::-1]


def test_a_crop_at_a_larger_scale_is_from_the_enlarged_poster():
    "Of a poster that is smaller than the window in one direction: it is first as large as the window."
    poster = PosterImage(Image.effect_noise((40, 100), 80).convert("RGB"))
    large = poster.resize((80, 200), Image.Resampling.BICUBIC)  # 64 / 40 * 1.25 = 2
    wide = PosterImage(poster.rotate(90, expand=True))
    larger = wide.resize((200, 80), Image.Resampling.BICUBIC)
    for small, grown in ((poster, large), (wide, larger)):
        expected = [cut(small, (64, 64), 0.5, 0.5), cut(grown, (64, 64), 0.5, 0.5)]
        np.testing.assert_array_equal(pixels(make_views(small, CROPS, "center+scales")), pixels(expected))
        grids = [cut(p, (64, 64), *at) for p in (small, grown) for at in grid((p.height, p.width), (64, 64))]
        np.testing.assert_array_equal(pixels(make_views(small, CROPS, "grid+scales")), pixels(grids))
    tall, small = Pipeline([PosterCrop((96, 64)), ToTensor()], split_idx=1), wide.resize((60, 40))
    for size, grown in (((60, 40), (180, 120)), ((20, 90), (80, 360))):
        poster = PosterImage(small.resize(size))
        large = poster.resize(grown, Image.Resampling.BICUBIC)
        expected = [cut(poster, (96, 64), 0.5, 0.5), cut(large, (96, 64), 0.5, 0.5)]
        np.testing.assert_array_equal(pixels(make_views(poster, tall, "center+scales")), pixels(expected))
