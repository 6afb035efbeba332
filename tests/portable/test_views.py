"""What names of views mean, and the pictures that they are, without torch; as a learner sees them: test_light.py."""

import numpy as np
import pytest
from PIL import Image, ImageOps

from postergenre.data.windows import cut, grid
from postergenre.portable.views import Views, parse_views, pictures_of, view_named, view_names, whole

SIZE = (64, 48)  # height and width


@pytest.fixture
def poster() -> Image.Image:
    return Image.effect_noise((100, 160), 80).convert("RGB")


def same(ours: list[np.ndarray], pictures) -> None:
    assert all(picture.dtype == np.uint8 and picture.flags.c_contiguous for picture in ours)
    expected = [np.asarray(picture).transpose(2, 0, 1) for picture in pictures]
    assert len(ours) == len(expected)
    for own, other in zip(ours, expected, strict=True):
        np.testing.assert_array_equal(own, other)


def test_a_name_says_frames_scales_and_mirror():
    assert parse_views("auto") == Views(("auto",), (1,), (False,)) == parse_views("auto+auto")
    assert parse_views("grid+mirror+scales+whole") == Views(("center", "grid"), (1, 1.25), (False, True))
    assert parse_views("whole") == parse_views("center") == Views(("center",), (1,), (False,))
    for wrong in ("left", "", "Grid", "grid mirror", None, ["grid"]):
        with pytest.raises(ValueError) as e:
            parse_views(wrong)
        assert str(e.value) == (
            f"Unknown views {wrong!r}; choose one of: auto, center, grid, mirror, scales; or several joined by +, as "
            "grid+mirror"
        )


def test_every_combination_has_a_name_and_the_name_means_it():
    names = view_names(parse_views("center+grid+scales+mirror"))
    assert names == [
        *("center", "grid", "center-large", "grid-large"),
        *("center-mirrored", "grid-mirrored", "center-large-mirrored", "grid-large-mirrored"),
    ]
    assert view_named("grid") == Views(("grid",), (1,), (False,))
    assert view_named("center-large-mirrored") == Views(("center",), (1.25,), (True,))
    assert view_names(view_named("grid-large")) == ["grid-large"]


def test_a_whole_poster_and_its_corners(poster):
    large, larger, largest = (
        poster.resize(size, Image.Resampling.BILINEAR) for size in ((48, 64), (60, 80), (75, 100))
    )
    assert whole(poster, SIZE).size == (48, 64) and whole(poster, SIZE).tobytes() == large.tobytes()
    for views in ("auto", "center", "center+auto"):
        same(pictures_of(poster, SIZE, False, views), [large])
    same(pictures_of(poster, SIZE, False), [large])
    corners = [larger.crop(box) for box in ((0, 0, 48, 64), (12, 0, 60, 64), (0, 16, 48, 80), (12, 16, 60, 80))]
    same(pictures_of(poster, SIZE, False, "grid"), corners)
    same(pictures_of(poster, SIZE, False, "scales"), [large, larger])
    far = [largest.crop(box) for box in ((0, 0, 60, 80), (15, 0, 75, 80), (0, 20, 60, 100), (15, 20, 75, 100))]
    same(pictures_of(poster, SIZE, False, "grid+center+scales"), [large, *corners, larger, *far])
    mirrored = ImageOps.mirror(poster).resize((48, 64), Image.Resampling.BILINEAR)
    same(pictures_of(poster, SIZE, False, "mirror"), [large, mirrored])


def test_crops_at_the_posters_own_scale(poster):
    def crops(of: Image.Image) -> list[Image.Image]:
        return [cut(of, SIZE, *at) for at in grid((of.height, of.width), SIZE)]

    center, mirrored = cut(poster, SIZE, 0.5, 0.5), ImageOps.mirror(poster)
    same(pictures_of(poster, SIZE, True, "center"), [center])
    for views in ("auto", "grid", "auto+grid"):
        same(pictures_of(poster, SIZE, True, views), crops(poster))
    same(pictures_of(poster, SIZE, True, "center+auto+mirror"), [
        *crops(poster), center, *crops(mirrored), cut(mirrored, SIZE, 0.5, 0.5)
    ])  # fmt: skip
    large = poster.resize((125, 200), Image.Resampling.BICUBIC)
    same(pictures_of(poster, SIZE, True, "scales"), [*crops(poster), *crops(large)])


@pytest.mark.parametrize(("size", "grown"), [((100, 32), (250, 80)), ((24, 100), (60, 250)), ((30, 40), (60, 80))])
def test_a_small_poster_is_larger_at_the_second_scale_than_the_window(size, grown):
    "1.25 times what `cut` would make of it."
    poster = Image.effect_noise(size, 80).convert("RGB")
    large = poster.resize(grown, Image.Resampling.BICUBIC)
    expected = [cut(poster, SIZE, 0.5, 0.5), cut(large, SIZE, 0.5, 0.5)]
    same(pictures_of(poster, SIZE, True, "center+scales"), expected)
