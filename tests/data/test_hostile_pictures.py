"""Ten thousand broken pictures, and a hundred of the worst of them: each gives pixels, or an error with a reason.

python -m pytest -n 0 -s -m slow tests/data/test_hostile_pictures.py      # all, by every way; prints the outcomes
"""

import os
import time
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("psutil", reason="pip install 'postergenre[dev]'")

from hostile.pictures import write_hostile
from hostile.stages import PIXELS, bulk, opening, predicting, reading
from PIL import Image

from postergenre.data.bombs import refuse_bomb
from postergenre.data.posters import open_poster
from postergenre.data.unreadable import unreadable_posters

ALL = 10_000
GOLDEN = Path(__file__).parents[1] / "inference" / "golden" / "network"
# two of each error there was, the slowest and the largest, and those that once broke something
WORST = (
    0, 1, 2, 3, 5, 6, 7, 10, 12, 15, 17, 21, 25, 26, 35, 39, 48, 52, 56, 62, 74, 78, 83, 93, 99, 106, 111, 115, 116,
    124, 138, 174, 177, 182, 189, 196, 210, 219, 306, 312, 313, 326, 330, 403, 419, 435, 454, 456, 479, 487, 499, 549,
    580, 610, 612, 622, 630, 646, 661, 663, 664, 745, 784, 797, 813, 828, 842, 852, 862, 939, 964, 967, 971, 1006, 1080,
    1118, 1224, 1235, 1280, 1288, 1298, 1561, 1593, 1631, 1671, 1774, 1986, 2144, 2933, 3947, 4305, 5119, 5575, 6326,
    8059, 8393, 8714, 9367, 9429, 9461,
)  # fmt: skip


def test_a_hundred_of_the_worst_give_pixels_or_a_reason(tmp_path):
    files = write_hostile(tmp_path, WORST)
    stage = opening(files)
    stage.check()
    assert len(files) == 100 and 10 <= stage.outcomes.count(PIXELS) < 60


def test_pictures_that_once_broke_it_are_predicted_or_refused(tmp_path):
    pytest.importorskip("onnxruntime", reason="pip install 'postergenre[onnx]'")
    from postergenre.portable.light import LightModel

    files = write_hostile(tmp_path, [seed for seed in WORST if seed < 700])
    why = unreadable_posters(files, workers=1)
    probs, errors = LightModel(GOLDEN).probs({"poster": list(map(str, files))}, progress=False)
    assert np.isnan(probs).any(axis=1).tolist() == [file in why for file in files] == [e is not None for e in errors]


@pytest.mark.parametrize("what", ["folder", "pipe", "dead link", "circle"])
def test_what_is_no_file_is_refused_at_once(tmp_path, what):
    place = tmp_path / "poster.jpg"
    make = {"folder": place.mkdir, "pipe": lambda: os.mkfifo(place), "circle": lambda: place.symlink_to(place)}
    make.get(what, lambda: place.symlink_to("nowhere"))()
    with pytest.raises(OSError, match=r"poster\.jpg"):
        open_poster(place)


def test_a_huge_file_is_refused_before_it_is_read(tmp_path):
    file = tmp_path / "huge.webp"
    Image.new("RGB", (4, 6)).save(file)
    os.truncate(file, 5 * 10**9)  # it takes no space
    begun = time.process_time()
    with pytest.raises(ValueError, match=r"huge\.webp has 5,000 MB, over the cap of 150 MB"):
        open_poster(file)
    assert time.process_time() - begun < 1


def test_a_file_object_is_left_where_it_was(picture):
    with open(picture, "rb") as file:
        file.seek(3)
        refuse_bomb(file, "it")
        assert file.tell() == 3


@pytest.mark.slow
def test_ten_thousand_pictures_give_pixels_or_a_reason_everywhere(tmp_path):
    files = write_hostile(tmp_path, range(ALL))
    readable = None
    for through in (opening, reading, predicting, bulk):
        begun = time.monotonic()
        stage = through(files)
        print(f"\n{through.__name__}: {len(files):,} pictures in {time.monotonic() - begun:.0f} s; at most "
              f"{stage.seconds:.1f} s and {stage.mb:,.0f} MB")  # fmt: skip
        print("".join(f"{n:>7,}  {said}\n" for said, n in stage.counts().most_common()))
        stage.check()
        found = [said == PIXELS for said in stage.outcomes]
        readable = readable or found
        assert found == readable
