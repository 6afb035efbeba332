"""Faces in a picture: where they are, where eyes, nose and mouth, and their expression. Never whose they are."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from postergenre.layers import weights_digest
from postergenre.vision.expressions import expression_network, expressions_of
from postergenre.vision.things import Box

SEEN = 360  # pixels of a poster's longer side
SMALLEST = 24  # pixels of a face
SURE = 0.9  # what is found with a lower score is often none
MARGIN = 0.1  # of a face's side around it, for its expression

Point = tuple[float, float]


class Face(NamedTuple):
    "One face as it was found."

    score: float  # how sure the detector is, from 0 to 1
    box: Box
    points: tuple[Point, ...]  # left eye, right eye, nose, left and right corner of the mouth, as a viewer sees them
    expressions: tuple[float, ...] | None  # probabilities, in the order of EXPRESSIONS; None: not looked at


class FaceReader:
    """Finds faces with MTCNN (Zhang et al. 2016, https://arxiv.org/abs/1604.02878), from the package facenet-pytorch.

    It and its weights are under the MIT licence. Faces drawn, masked or from the side are often missed.
    """

    def __init__(self, expressions: str | Path | None):  # of expression_network; None: none. ImportError: no package
        self.net = _detector()
        self.expressions = None if expressions is None else expression_network(expressions)

    @property
    def digest(self) -> str:
        "A name for files of what it found."
        return f"{SEEN}-" + "-".join(weights_digest(net) for net in (self.net, self.expressions) if net is not None)

    def __call__(self, picture: Image.Image) -> list[Face]:  # RGB
        "The faces, from the largest to the smallest."
        scale = SEEN / max(picture.size)
        small = picture.resize(tuple(max(1, round(side * scale)) for side in picture.size), Image.Resampling.BILINEAR)
        if min(small.size) < SMALLEST:
            return []
        boxes, scores, points = self.net.detect(Image.fromarray(np.asarray(small)), landmarks=True)
        sure = [] if boxes is None else np.flatnonzero(np.asarray(scores, dtype=float) >= SURE)
        if not len(sure):
            return []
        boxes = np.asarray(boxes, dtype=float)[sure] / (small.size * 2)
        points = np.asarray(points, dtype=float)[sure] / small.size
        moods = [None] * len(boxes)
        if self.expressions is not None:
            cuts = [_around(picture, box) for box in boxes]
            moods = [tuple(row) for row in expressions_of(self.expressions, cuts).astype(float).round(3).tolist()]
        rows = zip(scores[sure], boxes.clip(0, 1).round(4).tolist(), points.round(4).tolist(), moods, strict=True)
        return [Face(round(float(s), 3), tuple(box), tuple(map(tuple, at)), mood) for s, box, at, mood in rows]

    def __getstate__(self) -> dict:
        return self.__dict__ | {"net": None}

    def __setstate__(self, state: dict):
        self.__dict__ |= state | {"net": _detector()}  # a missing package is said in the same words


def _detector():
    try:
        from facenet_pytorch import MTCNN  # of an extra
    except ImportError as e:
        raise ImportError(f"Finding faces needs the package {e.name}: pip install 'postergenre[people]'") from e
    return MTCNN(keep_all=True, min_face_size=SMALLEST).eval()


def _around(picture: Image.Image, box: np.ndarray) -> Image.Image:
    "A square around a face; outside the picture it is black."
    left, top, right, bottom = box * (picture.size * 2)
    half = max(right - left, bottom - top) * (0.5 + MARGIN)
    x, y = (left + right) / 2, (top + bottom) / 2
    return picture.crop(tuple(round(v) for v in (x - half, y - half, x + half, y + half)))
