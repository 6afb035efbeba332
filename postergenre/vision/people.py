"""A poster as people: the modality whose features are its faces, how they lie and look. Never whose they are."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from postergenre.data.augment import PosterImage
from postergenre.modality import Packed
from postergenre.portable.folder import check_package, packaged
from postergenre.vision.expressions import EXPRESSIONS, FER
from postergenre.vision.faces import Face, FaceReader
from postergenre.vision.things import Things

PEOPLE = "people"
PACKAGES = "facenet-pytorch, fer"
N_SHAPE = 10  # numbers that are said of a face, without its expression
SIZES = (0.1, 0.2, 0.35)  # of a poster's height: small, middling, large faces, and those that fill it


class People(Things):
    "Faces on posters: their number, sizes and places, how frontal they are, the mouth's shape, the expression."

    name, kind = PEOPLE, Face
    nothing = "no face"
    strengths = (1.0, 0.5, 0.25, 0.12, 0.06, 0.03)  # weaker ones, as there are few features
    heading, meaning = "People: the faces it sees", "faces that add to their log-odds"

    def __init__(
        self,
        expressions: str | Path | None = FER,  # weights as in expression_network; None: expressions are left out
    ):  # ImportError: a package is missing
        super().__init__()
        self.reader = FaceReader(expressions)

    @property
    def digest(self) -> str:
        "Of its networks."
        return self.reader.digest

    def pack(self, bodies: bool = False) -> Packed:
        "As every modality: its networks are those of their packages, named with their digest."
        return {"expressions": self.reader.expressions is not None} | packaged(self.digest, PACKAGES, bodies), {}

    @classmethod
    def unpack(cls, config, tensors) -> "People":
        "As every modality."
        people = cls(FER if config.get("expressions") else None)
        check_package(config.get("body"), people.digest)
        return people

    def find(self, poster: PosterImage) -> list[Face]:
        "The faces on a poster, from the largest to the smallest."
        return self.reader(poster)

    def restored(self, reading: list) -> list[Face]:
        "Faces again."
        faces = super().restored(reading)
        return [face._replace(points=tuple(map(tuple, face.points))) for face in faces]

    def encode(self, readings: Sequence[list[Face]]) -> torch.Tensor:
        "(posters, features)."
        return torch.from_numpy(np.stack([features(faces, self.reader.expressions is not None) for faces in readings]))

    def parts(self, reading: list[Face]) -> list[tuple[str, list[int]]]:
        "A face each."
        return [(called(i, face), [i]) for i, face in enumerate(reading)]


def called(i: int, face: Face) -> str:
    "A name for the i-th face, with its likeliest expression."
    return f"face {i + 1}" if face.expressions is None else f"face {i + 1}, {likeliest(face)}"


def likeliest(face: Face) -> str:
    "Its likeliest expression."
    return EXPRESSIONS[int(np.argmax(face.expressions))]


def features(faces: Sequence[Face], expressions: bool) -> np.ndarray:  # float32
    "What is said of a poster's faces: of all, of the largest, of them on average; zero where there is none."
    each = np.array([_shape(face) for face in faces]).reshape(len(faces), N_SHAPE)
    height, area, x = each[:, :3].T
    sizes = np.bincount(np.digitize(height, SIZES), minlength=len(SIZES) + 1)
    second = height[1] / height[0] if len(faces) > 1 else 0
    found = [np.log1p([len(faces), *sizes]), [len(faces) > 0, min(1, area.sum()), second, np.ptp(x) if len(x) else 0]]
    kinds = [each]
    if expressions:
        kinds.append(np.array([face.expressions for face in faces]).reshape(len(faces), len(EXPRESSIONS)))
    for kind in kinds:
        found += [kind[0], kind.mean(0)] if len(kind) else [np.zeros(2 * kind.shape[1])]
    if expressions:
        found.append(kinds[1].max(0, initial=0))
    return np.concatenate(found).astype(np.float32)


def _shape(face: Face) -> list[float]:
    "Of one face: size and place, score, how it is turned, and the mouth; lengths in distances between the eyes."
    left, top, right, bottom = face.box
    wide, high = max(1e-3, right - left), max(1e-3, bottom - top)
    points = (np.array(face.points) - (left, top)) / (wide, high)  # of the box, whatever the poster's shape
    eyes, nose, mouth = points[:2], points[2], points[3:]
    apart = max(0.1, float(np.linalg.norm(eyes[1] - eyes[0])))
    middle, lips = eyes.mean(0), mouth.mean(0)
    turned = abs(nose[0] - middle[0])  # 0: frontal
    tilted = abs(eyes[1, 1] - eyes[0, 1])
    smile = float(np.linalg.norm(mouth[1] - mouth[0]))
    lengths = [turned, tilted, smile, lips[1] - nose[1], lips[1] - middle[1]]
    shape = [min(3.0, float(length) / apart) for length in lengths]
    return [high, wide * high, (left + right) / 2, (top + bottom) / 2, face.score, *shape]
