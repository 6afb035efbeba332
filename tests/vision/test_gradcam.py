"""Where a network's views lie on a poster, and their heat as one picture."""

import numpy as np
import pytest
from fastai.data.transforms import ToTensor
from fastai.vision.augment import Resize
from fasttransform import Pipeline

from postergenre.data.loaders import PosterDataLoaders
from postergenre.training.networks import poster_learner
from postergenre.vision.gradcam import coordinate_poster, merge_views, view_box


def loaders(movies, crop="whole"):
    return PosterDataLoaders.from_movies(movies, size=96, crop=crop, bs=16, num_workers=0)


def test_crops_are_found_where_they_were_cut(movies):
    learn = poster_learner(loaders(movies, "random"), "test_resnet")
    views = learn.dense_views(coordinate_poster((150, 200)))
    boxes = np.array([view_box(v) for v in views.numpy()])
    lefts, tops = [0, 27, 54], [0, 26, 52, 78, 104]  # the grid is 2 x 3; between its crops lie those half-way
    expected = [(x / 150, (x + 96) / 150, y / 200, (y + 96) / 200) for y in tops for x in lefts]
    np.testing.assert_allclose(boxes, expected, atol=0.005)


def test_a_small_poster_is_one_enlarged_crop(movies):
    learn = poster_learner(loaders(movies, "random"), "test_resnet")
    views = learn.dense_views(coordinate_poster((96, 60)))
    assert len(views) == 1
    np.testing.assert_allclose(view_box(views[0].numpy()), (0.1875, 0.8125, 0, 1), atol=0.01)


@pytest.mark.parametrize(
    ("method", "box"), [("squish", (0, 1, 0, 1)), ("crop", (0, 1, 0.2, 0.8)), ("pad", (-1 / 3, 4 / 3, 0, 1))]
)
def test_other_resizing_is_followed_too(movies, method, box):
    "fastai's own Resize crops by default: stretching the heat over the whole poster would put it in the wrong place."
    learn = poster_learner(loaders(movies), "test_resnet")
    learn.dls.valid.after_item = Pipeline([Resize(96, method=method), ToTensor()], split_idx=1)
    views = learn.dense_views(coordinate_poster((120, 200)))
    np.testing.assert_allclose(view_box(views[0].numpy()), box, atol=0.01)


def test_views_are_merged_by_hand():
    left, right = np.full((2, 2), 1.0), np.full((2, 2), 3.0)
    heat = merge_views(np.stack([left, right]), [(0, 0.5, 0, 1), (0.5, 1, 0, 1)], (4, 8))
    np.testing.assert_allclose(heat, np.repeat([[1 / 3] * 4 + [1.0] * 4], 4, axis=0), rtol=1e-6)
    heat = merge_views(np.stack([left, right]), [(0, 0.5, 0, 1), (0, 0.5, 0, 1)], (4, 8))
    np.testing.assert_allclose(heat, np.repeat([[1.0] * 4 + [0.0] * 4], 4, axis=0))  # nobody looks at the right half
    blend = merge_views(np.stack([left, right]), [(0, 0.75, 0, 1), (0.25, 1, 0, 1)], (4, 8))[0]
    assert (np.diff(blend) >= -1e-6).all() and blend[0] == pytest.approx(1 / 3) and blend[-1] == 1
