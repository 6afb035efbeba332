"""Names that stand on a poster: the modality whose features are the other films of the people named there."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from postergenre.data.cache import poster_key
from postergenre.modality import Packed
from postergenre.portable.looks import NARROWED, read_narrowed
from postergenre.portable.reader import WordReader
from postergenre.tabular.encoders import Profiles, state_of, state_tensor, with_ones
from postergenre.tabular.fields import clean_cell
from postergenre.tabular.matching import NameMatcher
from postergenre.text.words import Written

NAMES = "names"
ROLES = ("directors", "writers", "actors")


class OwnLine(NamedTuple):
    "A line of text, and whose it is."

    text: str
    score: float
    box: tuple[float, float, float, float]
    poster: str  # as poster_key, so that a training movie does not count for itself; "": no file


class Names(Written):
    """Who is named on a poster, by the genres of their training films; it looks at nothing but the poster.

    `fit` learns from the directors, writers and actors of training movies, of which each leaves itself out.
    """

    name, kind, nothing = NAMES, OwnLine, "no line of text"
    strengths = (0.5, 0.1, 0.03)
    heading, meaning = "Names: who is named", "names that add to their log-odds"

    def __init__(self):  # ImportError: a package is missing
        super().__init__()
        self.profiles, self.films, self.own = None, {}, {}

    def fit(self, movies: Sequence[Mapping], targets: np.ndarray) -> None:
        "Learn who plays in what. ValueError: no movie names people, or it was fitted on other movies."
        ids = [poster_id(movie) for movie in movies]
        if self.profiles is not None:
            if not set(ids) <= {*self.own, ""}:
                raise ValueError("These Names were fitted on other training movies; make new ones, and a new learner")
            return
        roles = [{role: clean_cell(movie.get(role), "people") for role in ROLES} for movie in movies]
        # a movie that is repeated to balance genres counts once
        unique = {(i or str(role), tuple(target)): role for i, role, target in zip(ids, roles, targets, strict=True)}
        people = [list(dict.fromkeys(chain(*role.values()))) for role in unique.values()]
        if not any(people):
            raise ValueError(f"No training movie has {', '.join(ROLES)}; names on posters say nothing without them")
        y = np.array([target for _, target in unique])
        self.profiles = Profiles.fit(people, y)
        self.films = dict(Counter(actor for role in unique.values() for actor in role["actors"]))
        for (i, _), own, counts in zip(unique, people, with_ones(y).astype(int).tolist(), strict=True):
            self.own[i] = [own, counts]

    def pack(self, bodies: bool = False) -> Packed:
        "As every modality: what it learned is a tensor, of bytes."
        return {NARROWED: self.reader.narrowed}, {"learned": self.get_extra_state()}

    @classmethod
    def unpack(cls, config, tensors: dict[str, torch.Tensor]) -> "Names":
        "As every modality."
        names = cls()
        names.reader = WordReader(narrowed=read_narrowed(config))
        try:
            names.set_extra_state(tensors["learned"])
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as e:
            raise ValueError(f"What the names taught is not whole ({e!r}); save the model again") from e
        return names

    @cached_property
    def matcher(self) -> NameMatcher:
        return NameMatcher(list(self.profiles.counts), self.films)

    def look(self, movie: Mapping, view: str = "") -> list:
        "Lines as Words keeps them."
        lines = super().read(movie)
        return [] if lines is None else [lines]

    def read(self, movie: Mapping, train: bool = False) -> list[OwnLine] | None:
        "Lines from top to bottom; none: nothing is legible."
        lines = super().read(movie)
        return None if lines is None else owned(lines, movie)

    def _read(self, rows, keys, places, *args) -> Iterator[tuple[list, str | None]]:
        for place, (seen, error) in zip(places, super()._read(rows, keys, places, *args), strict=True):
            yield [owned(lines, rows[place]) for lines in seen], error

    def restored(self, reading: list) -> list:
        return reading

    def parts(self, reading: list[OwnLine]) -> list[tuple[str, list[int]]]:
        "A person each."
        return list(self.matcher([line.text for line in reading]).items()) or [("nobody known", [])]

    def encode(self, readings: Sequence[list[OwnLine]]) -> torch.Tensor:
        "(posters, genres + 1)."
        if self.profiles is None:
            raise ValueError("Names learn from training movies first: probe_learner(dls, Names()) sees to it")
        return torch.from_numpy(np.stack([self._evidence(lines) for lines in readings]))

    def _evidence(self, lines: list[OwnLine]) -> np.ndarray:
        named = self.matcher([line.text for line in lines])
        own, counts = self.own.get(lines[0].poster if lines else None, ((), None))
        others = self.profiles.encode([person for person in named if person not in own])
        return others + self.profiles.encode([person for person in named if person in own], counts)

    def get_extra_state(self) -> torch.Tensor:
        prior, counts = (None, {}) if self.profiles is None else (self.profiles.prior, self.profiles.counts)
        return state_tensor([prior, counts, self.films, self.own])

    def set_extra_state(self, state: torch.Tensor) -> None:
        prior, counts, self.films, self.own = state_of(state)
        self.profiles = prior and Profiles(prior, counts)
        self.__dict__.pop("matcher", None)

    def __getstate__(self) -> dict:
        state = super().__getstate__()
        state.pop("matcher", None)  # made again where it is needed
        return state


def poster_id(movie: Mapping) -> str:
    poster = movie.get("poster")
    return poster_key(Path(poster)) if isinstance(poster, str | Path) and Path(poster).is_file() else ""


def owned(lines: Sequence, movie: Mapping) -> list[OwnLine]:
    poster = poster_id(movie)
    return [OwnLine(text, score, tuple(box), poster) for text, score, box, *_ in lines]
