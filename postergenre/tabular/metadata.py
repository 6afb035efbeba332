"""A movie as a row of metadata: the modality whose features are its people, countries, numbers and title."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from postergenre.data.reading import as_movie
from postergenre.layers import weights_digest
from postergenre.modality import Found, Modality, Packed, Part
from postergenre.tabular.encoders import ENCODERS, Profiles, state_of, state_tensor, with_ones
from postergenre.tabular.fields import Value, check_fields, clean_cell
from postergenre.text.encoder import sentence_encoder
from postergenre.text.files import pack_encoder, unpack_encoder

METADATA = "metadata"
ANY_ROLE = "people in any role"
LABELS = {"directors": "director", "writers": "writer", "actors": "actor", "countries": "country"}
LABELS |= {"languages": "language", "box_office": "box office", "writer_roles": "written as"}
LONGEST = 40  # letters of a text in an explanation

Row = dict[str, Value]  # of the columns that a movie has


class Metadata(Modality):
    """What is known of a movie beside its poster, learned from training movies by `fit`.

    People, and words of texts, are the genres of their other training movies; numbers lie on a scale; of texts the
    meaning counts too, 384 features of all-MiniLM-L6-v2. A training movie is always encoded as if it had not been among
    them. An empty cell says that the source does not know, which is evidence; a column that is not there says nothing.
    """

    name = METADATA
    strengths = (0.5, 0.25, 0.12, 0.06)
    heading, meaning = "Metadata: what is known", "fields that add to their log-odds"

    def __init__(
        self,
        fields: str | Sequence[str] | Mapping[str, str] = "all",  # or "before release"; or columns; or column -> kind
        weights: str | Path | None = None,  # encoder of texts: a folder or hub name; None: all-MiniLM-L6-v2
    ):  # ValueError: an unknown field or kind; ImportError, WeightsUnavailableError: the encoder cannot be had
        self._begin(fields)
        self.encoder = sentence_encoder(weights).requires_grad_(False).eval() if self.texts else None

    def _begin(self, fields) -> None:
        super().__init__()
        self.fields = check_fields(fields)
        self.columns = tuple(self.fields)
        self.chosen = not isinstance(fields, str)
        self.people = [field for field, kind in self.fields.items() if kind == "people"]
        self.texts = [field for field, kind in self.fields.items() if kind == "text"]
        self.learned, self.own, self.meanings = {}, {}, {}

    def pack(self, bodies: bool = False) -> Packed:
        "As every modality: what it learned is a tensor, of bytes."
        config, tensors = pack_encoder(self.encoder, bodies) if self.texts else ({}, {})
        return {"fields": self.fields, "encoder": config}, {"learned": self.get_extra_state()} | tensors

    @classmethod
    def unpack(cls, config: Mapping, tensors: dict[str, torch.Tensor]) -> "Metadata":
        "As every modality."
        metadata = cls.__new__(cls)
        try:
            metadata._begin(config["fields"])
            metadata.set_extra_state(tensors["learned"])
        except (KeyError, TypeError, AttributeError, RecursionError) as e:
            raise ValueError(f"What the metadata's fields taught is not whole ({e!r}); save the model again") from e
        metadata.encoder = None
        if metadata.texts:
            metadata.encoder = unpack_encoder(config.get("encoder") or {}, tensors).requires_grad_(False).eval()
        return metadata

    def read(self, movie: Mapping, train: bool = False) -> Row | None:
        "Its cells, of the columns that there are; none: all are empty."
        row = {field: clean_cell(movie[field], kind) for field, kind in self.fields.items() if field in movie}
        return None if all(value in (None, []) for value in row.values()) else row

    def fit(self, movies: Sequence[Mapping], targets: np.ndarray) -> None:
        "Learn profiles, common names and scales. ValueError: a column is nowhere, or it was fitted on other movies."
        rows = [(row, target) for m, target in zip(movies, targets, strict=True) if (row := self.read(m)) is not None]
        keys = [row_key(row) for row, _ in rows]
        if self.learned:
            if not set(keys) <= set(self.own):
                said = "This Metadata was fitted on other training movies"
                raise ValueError(f"{said}; make a new one, Metadata(), and with it a new learner")
            return
        # a movie that is repeated to balance genres counts once, else it would see its copies
        unique = {(key, tuple(target)): row for key, (row, target) in zip(keys, rows, strict=True)}
        y = np.array([target for _, target in unique]).reshape(len(unique), targets.shape[1])
        for (key, _), counts in zip(unique, with_ones(y).astype(int), strict=True):
            self.own[key] = (counts + self.own.get(key, 0)).tolist()
        for field, kind in self.fields.items():
            there = [(row[field], target) for row, target in zip(unique.values(), y, strict=True) if field in row]
            if there:
                values, of = zip(*there, strict=True)
                self.learned[field] = ENCODERS[kind].fit(values, np.array(of))
            elif self.chosen:
                raise ValueError(f"No training movie has the column {field!r}; leave it out of fields")
        if self.people:
            self.learned[ANY_ROLE] = Profiles.fit([self._people(row) for row in unique.values()], y)

    def key(self, movie: Mapping) -> str | None:
        "Of the cells as they are read, so that a CSV gives what the table gave."
        row = self.read(movie)
        return None if row is None else row_key(row)

    def features(self, movies: pd.DataFrame, *args, **kwargs) -> Found:
        "As of every modality; what texts mean takes longest, and is kept by the text, whatever else was learned."
        rows = [self.read(as_movie(movie)) or {} for movie in movies.to_dict("records")]
        texts = list(dict.fromkeys(row[field] for row in rows for field in self.texts if row.get(field)))
        if texts:
            keys = [digest(text) for text in texts]

            def compute(places: list[int]):
                yield list(zip(places, self._understood([texts[i] for i in places])[:, None], strict=True))

            kept = self.recall(f"{METADATA}-texts-{weights_digest(self.encoder)}.features", keys, compute)
            self.meanings = {text: rows[0] for text, rows in zip(texts, kept, strict=True)}
        found = super().features(movies, *args, **kwargs)
        self.meanings = {}
        return found

    def encode(self, readings: list[Row]) -> torch.Tensor:
        "(movies, features); NaN where a column is not there."
        return self._features(readings, [self.own.get(row_key(row)) for row in readings])

    def explain(self, movie: Mapping, reading: Row, logits, log_odds, genres: Sequence[int], absent) -> Part:
        "People against unknown ones in their place, other cells against what training movies have on average."
        own, absent = self.own.get(row_key(reading)), absent.cpu()
        whole, at, names, without = self._features([reading], [own])[0], 0, [], []
        for field, width in self._widths().items():
            block, at = slice(at, at + width), at + width
            value, label = reading.get(field), LABELS.get(field, field)
            if field in self.people and value:
                for i, name in enumerate(value):
                    others = [*value[:i], "", *value[i + 1 :]]  # no name that training knows
                    names.append(f"{label} {name}")
                    without.append(self._features([reading | {field: others}], [own])[0])
            elif field in reading:
                names.append(f"{label} {_said(value)}")
                without.append(whole.clone())
                without[-1][block] = absent[block]
        x = torch.stack([whole, *without])
        with torch.no_grad():
            there, *others = log_odds(torch.where(x.isnan(), absent, x))[:, list(genres)]
        return Part([(name, there - other) for name, other in zip(names, others, strict=True)])

    def get_extra_state(self) -> torch.Tensor:
        state = {field: asdict(encoder) for field, encoder in self.learned.items()}
        return state_tensor([state, self.own])

    def set_extra_state(self, state: torch.Tensor) -> None:
        learned, self.own = state_of(state)
        kinds = self.fields | {ANY_ROLE: ANY_ROLE}
        self.learned = {field: (ENCODERS | {ANY_ROLE: Profiles})[kinds[field]](**s) for field, s in learned.items()}

    def _people(self, row: Row) -> list[str]:
        return list(dict.fromkeys(name for field in self.people for name in row.get(field, ())))

    def _widths(self) -> dict[str, int]:
        "How many features each field gives, in their order."
        meaning = self.encoder.get_embedding_dimension() if self.texts else 0
        return {field: e.width + meaning * (field in self.texts) for field, e in self.learned.items()}

    def _features(self, rows: list[Row], own: Sequence[list[int] | None]) -> torch.Tensor:
        if not self.learned:
            raise ValueError("Metadata learns from training movies first: probe_learner(dls, Metadata()) sees to it")
        new = dict.fromkeys(t for row in rows for f in self.texts if (t := row.get(f)) and t not in self.meanings)
        meanings = self.meanings | (dict(zip(new, self._understood(list(new)), strict=True)) if new else {})
        widths = self._widths()
        return torch.from_numpy(np.stack([self._row(*pair, meanings, widths) for pair in zip(rows, own, strict=True)]))

    def _row(self, row: Row, own, meanings: Mapping[str, np.ndarray], widths: Mapping[str, int]) -> np.ndarray:
        blocks = []
        for field, encoder in self.learned.items():
            block, n = np.full(widths[field], np.nan, dtype=np.float32), encoder.width
            if field in row:
                block[:n] = encoder.encode(row[field], own)
                block[n:] = meanings.get(row[field], 0) if field in self.texts else 0
            elif field == ANY_ROLE and any(role in row for role in self.people):
                block[:] = encoder.encode(self._people(row), own)
            blocks.append(block)
        return np.concatenate(blocks)

    def _understood(self, texts: list[str]) -> np.ndarray:  # (texts, features)
        return self.encoder.encode(texts, convert_to_numpy=True, show_progress_bar=False)

    def __getstate__(self) -> dict:
        return super().__getstate__() | {"meanings": {}}


def row_key(row: Row) -> str:
    "What stays the same as long as the cells do."
    return digest(json.dumps(row, sort_keys=True))


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _said(value: Value) -> str:
    if value in (None, []):
        return "missing"
    text = f"{value:.10g}" if isinstance(value, float) else value if isinstance(value, str) else ", ".join(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
