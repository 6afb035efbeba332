import numpy as np
import pytest
from PIL import Image

from postergenre.data.augment import PosterCrop, PosterImage, as_size
from postergenre.data.windows import cut, grid


@pytest.fixture
def numbered():
    "A poster 100 wide, 160 high, whose colours tell where a pixel was."
    rows, columns = np.mgrid[0:160, 0:100]
    return PosterImage(Image.fromarray(np.stack([rows, columns, 0 * rows], -1).astype(np.uint8)))


def corner(image):
    return image.getpixel((0, 0))[:2]


def test_cut_is_at_the_posters_own_scale(numbered):
    for down, right, expected in [(0, 0, (0, 0)), (1, 1, (100, 50)), (0.5, 0.5, (50, 25)), (1, 0, (100, 0))]:
        window = cut(numbered, (60, 50), down, right)
        assert window.size == (50, 60) and corner(window) == expected


def test_a_poster_smaller_than_the_crop_is_enlarged(numbered):
    for size in [(300, 150), (150, 150), (161, 10), (10, 101)]:
        window = cut(numbered, size, 0.5, 0.5)
        assert window.size == size[::-1]
        assert np.asarray(window)[-1, -1, :2].min() > 0  # picture up to the edge, no padding


def test_random_in_training_and_centre_otherwise(numbered):
    crop = PosterCrop((60, 50))
    assert {corner(crop(numbered, split_idx=1)) for _ in range(5)} == {(50, 25)}
    assert len({corner(crop(numbered, split_idx=0)) for _ in range(20)}) > 10


def test_grid_covers_the_poster():
    for poster, window in [
        ((440, 300), (150, 150)),
        ((200, 100), (150, 150)),
        ((150, 150), (150, 150)),
        ((445, 300), (150, 150)),
    ]:
        seen = np.zeros(poster, dtype=bool)
        places = grid(poster, window)
        for down, right in places:
            top, left = round(down * max(0, poster[0] - window[0])), round(right * max(0, poster[1] - window[1]))
            seen[top : top + window[0], left : left + window[1]] = True
        assert seen.mean() > 0.94, poster
    assert len(grid((440, 300), (150, 150))) == 6 and grid((100, 100), (150, 150)) == [(0.5, 0.5)]
    assert len(grid((3000, 2000), (150, 150))) == 9


@pytest.mark.parametrize("size", [0, (1, 2, 3), (150, -1), 1.5, "150"])
def test_bad_sizes(size):
    with pytest.raises((ValueError, TypeError)):
        as_size(size)
