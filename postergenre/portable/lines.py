"""PP-OCR's two networks (Cui et al. 2025, https://arxiv.org/abs/2507.05595): where lines stand and what they say.

They come in the package rapidocr, whose own steps were followed but for three: every line is read at its own width, not
padded to that of others; letters are narrowed; and weights too small for a processor's fast path are zero.
"""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np

from postergenre.portable.runtime import onnx_runtime

FINDS, READS = "PP-OCRv6_det_small.onnx", "PP-OCRv6_rec_small.onnx"
HEIGHT = 48  # pixels of a line, as the network was trained
NARROWED = 0.8  # of a line's width at that height; as much is read as at its full width
MARGIN, STRIDE = 16, 8  # pixels of nothing at its end; widths are multiples
INSIDE, SURE = 0.3, 0.5  # least probabilities of a point of a line, and of a line
GROWN = 1.6  # the network finds the middle of lines: how far they reach beyond, by area and edge
SAME_ROW = 10  # pixels between the tops of lines that stand side by side


class NarrowedLines:
    "Every line at its own width, its letters narrowed."

    def __init__(self, threads: int):
        self.find, self.read = LineFinder(threads), LineReader(threads)

    def __call__(
        self,
        picture: np.ndarray,  # uint8 (height, width, 3), BGR
    ) -> Iterator[tuple[np.ndarray, str, float]]:  # corners (4, 2) in pixels, text, how sure it is; from top to bottom
        "The lines in a picture."
        for corners in self.find(picture):
            yield corners, *self.read(picture, corners)


class LineFinder:
    "Where lines of text stand in a picture, by differentiable binarization (https://arxiv.org/abs/1911.08947)."

    def __init__(self, threads: int):
        self.session = _session(_without_denormals(model_file(FINDS)), threads)

    def __call__(
        self,
        picture: np.ndarray,  # uint8 (height, width, 3), BGR
    ) -> list[np.ndarray]:  # (4, 2) pixels each, from the corner at the top left on, clockwise; from top to bottom
        "Corners of the lines in a picture."
        height, width = picture.shape[:2]
        size = [max(32, round(side / 32) * 32) for side in (width, height)]
        shown = picture if size == [width, height] else cv2.resize(picture, size)
        probs = _run(self.session, shown)[0, 0]
        mask = cv2.dilate((probs > INSIDE).astype(np.uint8), np.ones((2, 2), np.uint8))
        contours = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)[0]
        scale, end = np.divide((width, height), size), (width - 1, height - 1)
        found = [corners for contour in contours if (corners := _corners(contour, probs)) is not None]
        found = [np.clip((corners * scale).round(), 0, end).astype(np.float32) for corners in found]
        return _in_order([corners for corners in found if min(_sides(corners)) >= 4])


class LineReader:
    "What a line of text says, by a network that names a letter or none at each place of it."

    def __init__(self, threads: int):
        self.session = _session(str(model_file(READS)), threads)
        self.letters = ["", *self.session.get_modelmeta().custom_metadata_map["character"].splitlines(), " "]

    def __call__(
        self,
        picture: np.ndarray,  # uint8 (height, width, 3), BGR
        corners: np.ndarray,  # of a line, as LineFinder gives them
    ) -> tuple[str, float]:  # "": nothing legible; the mean probability of its letters
        "The text of a line and how sure it is."
        line = _cut(picture, corners)
        width = max(STRIDE, round(HEIGHT * NARROWED * line.shape[1] / line.shape[0]))
        probs = _run(self.session, cv2.resize(line, (width, HEIGHT)), -(width + MARGIN) % STRIDE + MARGIN)[0]
        named = probs.argmax(1)
        kept = (named != 0) & (named != np.roll(named, 1))
        kept[0] = named[0] != 0
        text = "".join(self.letters[i] for i in named[kept])
        return (text, float(probs[kept, named[kept]].mean())) if text.strip() else ("", 0.0)


def model_file(name: str) -> Path:  # ImportError: the package has no such file
    "A network in the package rapidocr, nothing of which is imported: that would take half a second."
    file = Path(find_spec("rapidocr").origin).parent / "models" / name
    if not file.is_file():
        raise ImportError(f"The package rapidocr brings no {name}: pip install 'postergenre[words]'")
    return file


def _without_denormals(file: Path) -> bytes:
    # A fifth of one layer's weights are below 1e-38; with them it takes a processor forty times as long.
    import onnx

    model, least = onnx.load(file), np.finfo(np.float32).tiny
    for tensor in model.graph.initializer:
        if tensor.data_type == onnx.TensorProto.FLOAT and tensor.raw_data:
            values = np.frombuffer(tensor.raw_data, "<f4")
            tensor.raw_data = np.where(np.abs(values) < least, np.float32(0), values).tobytes()
    return model.SerializeToString()


def _session(model: bytes | str, threads: int):
    onnxruntime = onnx_runtime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.enable_cpu_mem_arena = False  # it would keep the most that any width of line took
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _run(session, picture: np.ndarray, margin: int = 0) -> np.ndarray:
    "What a network makes of a picture with nothing, grey, to its right."
    height, width = picture.shape[:2]
    x = np.zeros((1, 3, height, width + margin), np.float32)
    x[0, :, :, :width] = picture.transpose(2, 0, 1) / np.float32(127.5) - 1
    return session.run(None, {session.get_inputs()[0].name: x})[0]


def _corners(contour: np.ndarray, probs: np.ndarray) -> np.ndarray | None:  # None: no line
    middle, sides, angle = cv2.minAreaRect(contour)
    if min(sides) < 3 or _mean_inside(probs, cv2.boxPoints((middle, sides, angle))) < SURE:
        return None
    more = GROWN * sides[0] * sides[1] / sum(sides)  # twice the distance area * ratio / perimeter
    corners = cv2.boxPoints((middle, (sides[0] + more, sides[1] + more), angle))
    left, right = np.split(corners[corners[:, 0].argsort(kind="stable")], 2)
    (top_left, low_left), (top_right, low_right) = (side[side[:, 1].argsort()] for side in (left, right))
    return np.stack([top_left, top_right, low_right, low_left])


def _mean_inside(probs: np.ndarray, corners: np.ndarray) -> float:
    least = np.clip(np.floor(corners.min(0)).astype(int), 0, None)
    most = np.ceil(corners.max(0)).astype(int) + 1
    part = probs[least[1] : most[1], least[0] : most[0]]
    mask = cv2.fillPoly(np.zeros(part.shape, np.uint8), [(corners - least).astype(np.int32)], 1)
    return cv2.mean(part, mask)[0]


def _in_order(lines: list[np.ndarray]) -> list[np.ndarray]:
    "From top to bottom, those side by side from left to right."
    lines = sorted(lines, key=lambda corners: corners[0, 1])
    tops = np.array([corners[0, 1] for corners in lines])
    rows = np.concatenate([[0], np.cumsum(np.diff(tops) >= SAME_ROW)])
    return [lines[i] for i in sorted(range(len(lines)), key=lambda i: (rows[i], lines[i][0, 0]))]


def _sides(corners: np.ndarray) -> tuple[int, int]:
    "Width and height in pixels, the greater of both edges."
    edges = np.linalg.norm(corners - np.roll(corners, -1, 0), axis=1)
    return int(max(edges[0], edges[2])), int(max(edges[1], edges[3]))


def _cut(picture: np.ndarray, corners: np.ndarray) -> np.ndarray:
    "A line set straight; what is much higher than wide is turned to the left."
    width, height = _sides(corners)
    straight = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    turn = cv2.getPerspectiveTransform(corners, straight)
    line = cv2.warpPerspective(picture, turn, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.rot90(line) if height >= 1.5 * width else line
