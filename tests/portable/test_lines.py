"""Lines of text in pictures: found and read as by RapidOCR, in any place, order and direction."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

pytest.importorskip("rapidocr", reason="pip install 'postergenre[words]'")

from postergenre.portable.lines import (
    FINDS,
    READS,
    LineFinder,
    LineReader,
    _corners,
    _in_order,
    _run,
    _session,
    _without_denormals,
    model_file,
)  # fmt: skip
from postergenre.portable.reader import WordReader


def drawn(*texts: tuple[str, int, int], size: tuple[int, int] = (448, 672), turned: float = 0) -> np.ndarray:
    "Words in black on a pale ground, each at its place; BGR."
    image = Image.new("RGB", size, "#dde6ee")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(size=40)
    for text, x, y in texts:
        draw.text((x, y), text, fill="black", font=font)
    return np.array(image.rotate(turned, fillcolor="#dde6ee"))[:, :, ::-1]


@pytest.fixture(scope="module")
def find():
    return LineFinder(threads=1)


@pytest.fixture(scope="module")
def read():
    return LineReader(threads=1)


@pytest.fixture(scope="module")
def rapid():
    from rapidocr import RapidOCR

    return RapidOCR(
        params={"Global.log_level": "critical", "Global.use_cls": False, "Det.limit_type": "max",
                "Det.limit_side_len": 672}
    )  # fmt: skip


@pytest.mark.parametrize("turned", [0, 12, -20])
def test_lines_are_found_and_read_as_by_rapidocr(find, read, rapid, turned):
    picture = drawn(("MIDNIGHT", 90, 200), ("RUN AWAY", 100, 330), ("Paris, Texas", 80, 480), turned=turned)
    wanted, found = rapid(picture), find(picture)
    assert len(found) == len(wanted.boxes) == 3
    assert np.abs(np.array(found) - wanted.boxes).max() <= 3
    assert [read(picture, corners)[0] for corners in found] == list(wanted.txts)


def test_a_picture_of_any_size_keeps_its_places(find, read):
    picture = drawn(("TERROR", 120, 100), size=(431, 207))
    [corners] = find(picture)
    assert read(picture, corners)[0] == "TERROR"
    assert np.abs(corners.mean(0) - (205, 124)).max() < 12 and corners.dtype == np.float32


def test_a_picture_without_words_has_no_lines(find):
    assert find(np.full((96, 64, 3), 200, np.uint8)) == []


def test_words_that_stand_upright_are_read(find, read):
    picture = np.ascontiguousarray(np.rot90(drawn(("GODZILLA", 100, 40), size=(448, 128)), -1))
    [corners] = find(picture)
    text, score = read(picture, corners)
    assert text == "GODZILLA" and score > 0.8


def test_lines_side_by_side_go_from_left_to_right():
    def box(x, y):
        return np.float32([[x, y], [x + 20, y], [x + 20, y + 10], [x, y + 10]])

    lines = [box(200, 54), box(10, 50), box(100, 58), box(5, 80), box(0, 10)]
    assert [tuple(line[0]) for line in _in_order(lines)] == [(0, 10), (10, 50), (100, 58), (200, 54), (5, 80)]
    assert _in_order([]) == []


def test_what_is_small_or_doubtful_is_no_line():
    probs = np.zeros((64, 64), np.float32)
    probs[20:30, 10:50] = 0.9
    contour = np.int32([[10, 20], [49, 20], [49, 29], [10, 29]])[:, None]
    corners = _corners(contour, probs)
    # 39 x 9 grows by 1.6 * area / half its edge = 11.7 in all
    assert np.abs(corners - [[4.15, 14.15], [54.85, 14.15], [54.85, 34.85], [4.15, 34.85]]).max() < 0.01
    assert _corners(contour, probs * 0.5) is None
    assert _corners(np.int32([[10, 20], [49, 20], [49, 22], [10, 22]])[:, None], probs) is None


def test_the_network_is_the_same_without_its_smallest_weights():
    import onnx

    model = onnx.load_model_from_string(_without_denormals(model_file(FINDS)))
    weights = [onnx.numpy_helper.to_array(t) for t in model.graph.initializer if t.data_type == onnx.TensorProto.FLOAT]
    assert not any(((w != 0) & (np.abs(w) < np.finfo(np.float32).tiny)).any() for w in weights)
    picture = drawn(("NIGHT", 10, 10), size=(160, 64))
    before, after = (_run(_session(m, 1), picture) for m in (str(model_file(FINDS)), model.SerializeToString()))
    assert before.max() > 0.9 and np.abs(before - after).max() < 1e-5


def test_a_package_without_the_network_is_named():
    with pytest.raises(ImportError, match=r"brings no PP-OCRv0.onnx: pip install 'postergenre\[words\]'"):
        model_file("PP-OCRv0.onnx")
    assert model_file(READS).is_file()


def test_doubtful_lines_are_left_out(monkeypatch):
    reader = WordReader()
    corners = np.float32([[10, 20], [90, 20], [90, 40], [10, 40]])
    said = iter([("SURE", 0.91234), ("GUESSED", 0.49), ("", 0.0)])
    monkeypatch.setattr(reader, "_loaded", lambda: lambda picture: [(corners, *one) for one in said])
    assert reader(np.zeros((100, 200, 3), np.uint8)) == [("SURE", 0.912, (0.05, 0.2, 0.45, 0.4))]
