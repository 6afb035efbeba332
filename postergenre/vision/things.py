"""Things that stand on a poster, each with a box: lines of text, objects, faces; what they have in common."""

import os
from collections.abc import Mapping, Sequence

import numpy as np
import torch

from postergenre.data.augment import PosterImage
from postergenre.data.reading import poster_of
from postergenre.modality import Modality, Part

FEW = 8  # posters that are read faster by this process alone

Box = tuple[float, float, float, float]  # left, top, right, bottom, of a poster that is 1 wide and 1 high


class Things(Modality):
    """What is found on posters, with boxes: a base. A subclass says how it is found, encoded and called.

    A poster on which nothing is found says something too; a movie without a poster has nothing to go by.
    """

    keeps_readings = True
    kind: type[tuple]  # of a thing, with a box: a NamedTuple
    nothing = "nothing found"  # a poster without any

    def find(self, poster: PosterImage) -> list:
        "The things on a poster; none: it is known to have none."
        raise NotImplementedError

    def parts(self, reading: list) -> list[tuple[str, list[int]]]:
        "What is told apart in an explanation: a name, and its places among the things that were found."
        raise NotImplementedError

    def read(self, movie: Mapping, train: bool = False) -> list | None:
        "What is found on the movie's poster."
        poster = poster_of(movie)
        return None if poster is None else self.find(PosterImage.create(poster))

    def restored(self, reading: list) -> list:
        "Things again."
        return [self.kind(*(tuple(x) if isinstance(x, list) else x for x in thing)) for thing in reading]

    @property
    def readings_name(self) -> str:
        "Of the networks that find them."
        return f"{self.file_name}.readings"

    def processes(self, n: int, workers: int) -> int:
        "One a core if not said otherwise: finding takes long."
        return workers or (os.cpu_count() if n >= FEW else 0)

    def explain(self, movie: Mapping, reading: list, logits, log_odds, genres: Sequence[int], absent) -> Part:
        "The things, each with what the log-odds lose without it; as heat their boxes, where they add."
        height, width = movie["poster"].height, movie["poster"].width
        if not reading:
            there = super().explain(movie, reading, logits, log_odds, genres, absent)
            return Part([(self.nothing, there.parts[0][1])], np.zeros((len(genres), height, width), dtype=np.float32))
        parts = [(name, set(places)) for name, places in self.parts(reading)]
        without = [[thing for i, thing in enumerate(reading) if i not in places] for _, places in parts]
        with torch.no_grad():
            whole, *others = log_odds(self.encode([reading, *without]))[:, list(genres)]
        effects = [whole - other for other in others]
        boxes = [[reading[i].box for i in places] for _, places in parts]
        named = [(name, effect) for (name, _), effect in zip(parts, effects, strict=True)]
        return Part(named, box_heats(boxes, effects, (height, width)))


def box_heats(
    boxes: Sequence[Sequence[Box]],  # of each part
    effects: Sequence[np.ndarray],  # (genres,) of each part
    size: tuple[int, int],  # (height, width) of the poster in pixels
) -> np.ndarray:  # (genres, height, width), 0 to 1; zero where nothing adds
    "The boxes, as warm as what they add to each genre."
    height, width = size
    heats = np.zeros((len(effects[0]), height, width), dtype=np.float32)
    for own, effect in zip(boxes, effects, strict=True):
        for left, top, right, bottom in own:
            down = slice(max(0, int(top * height)), int(np.ceil(bottom * height)))
            across = slice(max(0, int(left * width)), int(np.ceil(right * width)))
            heats[:, down, across] = np.maximum(heats[:, down, across], effect[:, None, None])
    most = heats.max((1, 2), keepdims=True)
    return np.divide(heats, most, out=np.zeros_like(heats), where=most > 0)
