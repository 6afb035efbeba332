"""A poster as a scene: the modality whose features are the objects on it, joined with networks as Chu & Guo did."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from postergenre.data.augment import PosterImage
from postergenre.modality import Packed
from postergenre.portable.folder import check_package, packaged
from postergenre.vision.detectors import DETECTORS, LEAST, Object, detector_digest
from postergenre.vision.things import Things

OBJECTS = "objects"
SURE = 0.1  # objects of this score and more are told apart in explanations
FAINT = "fainter ones"


class Objects(Things):
    """What detectors find on posters: of each label the greatest score, the area, the count.

    With a picture side by side in one head it is the method of Chu & Guo (2017,
    https://doi.org/10.1145/3132515.3132516), who took YOLO's objects.
    """

    name, kind = OBJECTS, Object
    strengths = (8.0, 4.0, 2.0, 1.0, 0.5)
    heading, meaning = "Objects: what it recognises", "objects that add to their log-odds"

    def __init__(
        self,
        detector: str | Callable[[Image.Image], Sequence] = "imagenet",  # or "coco"; or a function at a module's top
        # level: an RGB picture -> (label, score, (left, top, right, bottom)) of each object, all from 0 to 1
        weights: str | Path | None = None,  # of a detector by name: a local file; None: as the detector has them
        labels: Sequence[str] | None = None,  # that the detector knows; None: detector.labels
    ):  # ValueError: no such detector, or no labels; else as the detectors
        super().__init__()
        if isinstance(detector, str):
            if detector not in DETECTORS:
                raise ValueError(f"There is no detector {detector!r}; choose {' or '.join(DETECTORS)}, or a function")
            detector = DETECTORS[detector](**({} if weights is None else {"weights": weights}))
        self.detector, self.labels = detector, list(labels or getattr(detector, "labels", ()))
        if not self.labels:
            raise ValueError("A detector of your own needs labels=[...], the names that it gives")
        self.places = {label: i for i, label in enumerate(self.labels)}

    @property
    def digest(self) -> str:
        "Of its detector."
        return detector_digest(self.detector)

    def pack(self, bodies: bool = False) -> Packed:  # ValueError: its detector is none that has a name
        "As every modality: a detector of a name is named, with the digest of its weights."
        kind = next((name for name, detector in DETECTORS.items() if type(self.detector) is detector), None)
        if kind is None:
            raise ValueError("The detector of objects is your own, which a folder cannot name; use learn.export")
        return {"detector": kind} | packaged(self.digest, f"of the detector {kind}", bodies), {}

    @classmethod
    def unpack(cls, config, tensors) -> "Objects":  # ValueError: unknown, or one that is no package's
        "As every modality; a detector whose weights would be downloaded is not made."
        if config.get("detector") != "imagenet":
            raise ValueError(
                f"The detector {config.get('detector')!r} comes in no package; only 'imagenet' is made from a folder"
            )
        objects = cls()
        check_package(config.get("body"), objects.digest)
        return objects

    def find(self, poster: PosterImage) -> list[Object]:  # ValueError: an unknown label
        "The objects on a poster, as the detector gives them."
        found = [Object(label, float(score), tuple(map(float, box))) for label, score, box in self.detector(poster)]
        if unknown := [o.label for o in found if o.label not in self.places]:
            raise ValueError(f"The detector found {unknown[0]!r}, which is not one of its labels; add it to labels=")
        return found

    def encode(self, readings: Sequence[list[Object]]) -> torch.Tensor:
        "(posters, 3 x labels): how far the greatest score is above the least, in logs; area; count in logs."
        x = np.zeros((len(readings), 3, len(self.labels)), dtype=np.float32)
        for row, objects in zip(x, readings, strict=True):
            for label, score, (left, top, right, bottom) in objects:
                at = self.places[label]
                row[0, at] = max(row[0, at], np.log(max(score, LEAST) / LEAST))
                row[1, at] = min(1, row[1, at] + (right - left) * (bottom - top))
                row[2, at] += 1
        x[:, 2] = np.log1p(x[:, 2])
        return torch.from_numpy(x).flatten(1)

    def parts(self, reading: list[Object]) -> list[tuple[str, list[int]]]:
        "A label each, and the faint ones together."
        of: dict[str, list[int]] = {}
        sure = {o.label for o in reading if o.score >= SURE}
        for i, thing in enumerate(reading):
            of.setdefault(thing.label if thing.label in sure else FAINT, []).append(i)
        return list(of.items())
