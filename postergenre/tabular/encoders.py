"""What is learned from the training movies' fields: genre profiles of names, names that are common, scales."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch

from postergenre.tabular.fields import words_of

COMMON = 20  # training movies that a name stands in to get a column of its own
KNOTS = 7  # of a number's scale


@dataclass
class Profiles:
    """How much more often than elsewhere the training movies of a name have each genre, summed over a movie's names.

    Of few movies little is believed: `smoothing` movies of average genres are added to those of each name. A movie's
    own genres are left out of the profiles of its names, else they would tell them in training and not in use. Names
    of more than a tenth of the movies tell little; left out of a profile that is much the same for all movies, a
    movie's own genres could be read off what is left.
    """

    prior: list[float]  # how frequent each genre is
    counts: dict[str, list[int]]  # name -> training movies, then those of each genre
    smoothing: ClassVar[float] = 3.0

    @classmethod
    def fit(cls, values: Sequence, targets: np.ndarray) -> "Profiles":
        counts: dict[str, np.ndarray] = {}
        for value, target in zip(values, with_ones(targets), strict=True):
            for name in cls.names(value):
                counts[name] = counts.get(name, 0) + target
        return cls.of_counts(
            targets.mean(0).tolist(), {name: c.astype(int).tolist() for name, c in counts.items()}, len(targets)
        )

    @classmethod
    def of_counts(cls, prior: list[float], counts: dict[str, list[int]], movies: int) -> "Profiles":
        return cls(prior, {name: count for name, count in counts.items() if count[0] <= max(COMMON, movies // 10)})

    @staticmethod
    def names(value) -> Sequence[str]:
        return value

    @property
    def width(self) -> int:
        return len(self.prior) + 1

    def encode(self, value, own: Sequence[int] | None = None) -> np.ndarray:
        "(genres + 1,): the genres, and on how much they rest; own: what the movie itself added to each count."
        known = np.array([self.counts[name] for name in self.names(value) if name in self.counts], dtype=np.float32)
        if not len(known):
            return np.zeros(len(self.prior) + 1, dtype=np.float32)
        if own is not None:
            known = known - np.asarray(own, dtype=np.float32)
        n, prior = known[:, :1], np.asarray(self.prior, dtype=np.float32)
        share = (known[:, 1:] + self.smoothing * prior) / (n + self.smoothing) - prior
        return np.append(share.sum(0), np.log1p(n).sum()).astype(np.float32)


class People(Profiles):
    "Profiles of people in one role, how many they are, and whether there is none."

    @property
    def width(self) -> int:
        return super().width + 2

    def encode(self, value, own=None) -> np.ndarray:
        n = len(self.names(value))
        return np.append(super().encode(value, own), [n, not n]).astype(np.float32)


class Text(People):
    "The same of a text's words."

    smoothing: ClassVar[float] = 10.0

    @staticmethod
    def names(value: str | None) -> list[str]:
        return words_of(value or "")


@dataclass
class Names(People):
    "Names of few: those that are common in training have a column each, and no profile; else as people."

    common: list[str]
    smoothing: ClassVar[float] = 10.0

    @classmethod
    def of_counts(cls, prior: list[float], counts: dict[str, list[int]], movies: int) -> "Names":
        common = {name: count for name, count in counts.items() if count[0] >= COMMON}
        return cls(prior, {name: count for name, count in counts.items() if name not in common}, list(common))

    @property
    def width(self) -> int:
        return super().width + len(self.common)

    def encode(self, value: Sequence[str], own=None) -> np.ndarray:
        return np.append(super().encode(value, own), [name in value for name in self.common]).astype(np.float32)


@dataclass
class Number:
    "Where between quantiles of training a number lies, so that a line may bend there, and whether it is missing."

    knots: list[float]

    @classmethod
    def fit(cls, values: Sequence[float | None], targets: np.ndarray) -> "Number":
        there = [value for value in values if value is not None]
        quantiles = np.quantile(there, np.linspace(0.01, 0.99, KNOTS)) if there else [0.0]
        return cls(np.unique(quantiles).tolist())

    @property
    def width(self) -> int:
        return len(self.knots) + 1

    def encode(self, value: float | None, own=None) -> np.ndarray:
        row = np.zeros(self.width, dtype=np.float32)
        if value is None:
            row[-1] = 1
        else:
            row[:-1] = [np.interp(value, self.knots, hat) for hat in np.eye(len(self.knots))]
        return row


ENCODERS = {"people": People, "names": Names, "words": Names, "number": Number, "text": Text}


def with_ones(targets: np.ndarray) -> np.ndarray:
    "(movies, 1 + genres): each movie itself, then its genres."
    return np.concatenate([np.ones((len(targets), 1)), targets], axis=1)


def state_tensor(learned) -> torch.Tensor:
    "What JSON can hold as bytes, for `get_extra_state`: in the weights, their digest and every file of them."
    return torch.frombuffer(bytearray(json.dumps(learned).encode()), dtype=torch.uint8)


def state_of(state: torch.Tensor):
    "What `state_tensor` made bytes of."
    return json.loads(state.cpu().numpy().tobytes())
