"""One kind of evidence on a movie, the picture or the words: read, encoded by a frozen network, kept, explained."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.utils.data import Subset

from postergenre.data.cache import Batch, Cache, poster_key
from postergenre.data.counts import check_counts
from postergenre.data.lazy import Lazy
from postergenre.data.reading import movie_rows, read_each, reading_processes
from postergenre.layers import weights_digest
from postergenre.portable.graphs import Graph

WHOLE = "all of it"  # the part of a modality that tells none apart
Packed = tuple[dict, dict[str, torch.Tensor]]  # what JSON can hold; names -> tensors
Found = tuple[Sequence[np.ndarray], list[str | None]]  # rows of each movie, an error or None each


@dataclass
class Explanation:
    "What of a movie speaks for some genres."

    probs: dict[str, float]  # genre -> probability
    parts: pd.DataFrame  # modality, part, and a column a genre: what the part adds to its log-odds; may be empty
    heat: np.ndarray  # (genres, height, width) of the poster, 0 to 1; all zero where nothing on it speaks for a genre
    heading: str  # what is shown, for a reader
    meaning: str  # how it was found, in a few words
    member: str | None = None  # whose view this is, in an ensemble


@dataclass
class Part:
    "What one modality says of it: `Modality.explain`."

    parts: list[tuple[str, np.ndarray]] = field(default_factory=list)  # part, (genres,) log-odds that it adds
    heat: np.ndarray | None = None  # as in Explanation; None: it has no place on the poster


class Modality(nn.Module):
    """One kind of evidence on a movie. A subclass is a file of its own: it says what is read and how it is encoded.

    `read` gives what there is of a movie, or None where there is nothing: such a movie keeps the probabilities that
    all else gives it. `encode` makes features of what was read. All else has defaults: one view, a cache by the files
    and cells that were read, an explanation by leaving the modality out. Nothing is read while a network runs.
    """

    name = "modality"  # of an instance, in tables and names of files: letters, digits, _ and -
    columns: tuple[str, ...] = ("poster",)  # of a table of movies, that `read` looks at
    keeps_readings = False  # whether what is read is worth a file: JSON can hold it, and reading takes long
    strengths: tuple[float, ...] = (2.0, 1.0, 0.5, 0.25)  # of the penalty that are tried on a linear head
    heading, meaning = "Evidence: what counts", "what each part adds to their log-odds"
    folder: Path | None = None  # where features are kept; None: nowhere
    known: ClassVar[dict[str, type["Modality"]]] = {}  # all kinds there are, by the names of their classes
    kept: dict[str, Cache] | None = None

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        Modality.known[cls.__name__] = cls

    def read(
        self,
        movie: Mapping,  # a row of a table, missing cells None; of a bare poster {"poster": file, bytes, image}
        train: bool = False,  # whether for training, where a picture may be cropped at random
    ):  # anything; None: the movie lacks it. OSError, ValueError: it cannot be read
        "What there is of a movie."
        raise NotImplementedError

    def encode(
        self,
        readings: list,  # from `read`, one or more
    ) -> torch.Tensor:  # (readings, features) float, on any device
        "What was read as features."
        raise NotImplementedError

    def fit(
        self,
        movies: Sequence[Mapping],  # of training, as in `read`
        targets: np.ndarray,  # (movies, genres), 0 or 1
    ) -> None:  # ValueError: it learned from other movies before
        """Learn from the training movies what `encode` needs, before any is encoded; most modalities learn nothing.

        What is learned of genres must not tell a training movie its own: it is encoded as if it had not been there.
        What is learned stands in the state dict, so that features kept in files are of this training set alone.
        """

    def views(self, views: str = "auto") -> list[str]:
        "The ways in which it looks at a movie, of those in `make_views`; most know one."
        return [""]

    def look(self, movie: Mapping, view: str = "") -> list:
        "Readings of a movie in one of its views, which may be several pictures; none: it lacks them."
        reading = self.read(movie)
        return [] if reading is None else [reading]

    def explain(
        self,
        movie: Mapping,  # as in `read`; its poster is an open PIL image where it has one
        reading,  # from `read`
        logits: Callable[[torch.Tensor], torch.Tensor],  # features of this modality (n, features) -> (n, genres)
        log_odds: Callable[[torch.Tensor], np.ndarray],  # the same, calibrated
        genres: Sequence[int],  # columns of the genres asked for
        absent: torch.Tensor,  # (features,) that stand for a movie that lacks it
    ) -> Part:
        "What of the movie speaks for some genres: here the modality as a whole, against its absence."
        with torch.no_grad():
            there, without = log_odds(torch.stack([self.encode([reading])[0], absent]))
        return Part([(WHOLE, (there - without)[list(genres)])])

    def pack(self, bodies: bool = False) -> Packed:  # ValueError: it cannot be kept so
        """What `unpack` makes it of again: what JSON can hold, and tensors.

        bodies: tensors that come unchanged in an installed package are among them; else their name and digest suffice.
        """
        raise ValueError(
            f"{type(self).__name__} does not say how it is kept (pack, unpack), so the learner cannot be saved as a "
            "folder that runs no code; write it with learn.export"
        )

    @classmethod
    def unpack(cls, config: Mapping, tensors: dict[str, torch.Tensor]) -> "Modality":  # ValueError: what does not fit
        "One from what `pack` gave, which may come from a stranger: nothing of it is run, nothing downloaded."
        raise ValueError(f"{cls.__name__} does not say how it is made again (unpack)")

    def graph(self) -> Graph:  # ValueError: why there is none
        "What `encode` does as a graph for ONNX, and how what it takes is read without torch."
        raise ValueError(f"{self.name} has no graph: it is computed by torch alone")

    # ---- what a learner asks

    def keep_in(self, folder: str | Path | None) -> None:
        "Keep features, and readings that take long, in files of a folder; None: nowhere."
        self.folder, self.kept = None if folder is None else Path(folder), {}

    @reading_processes()
    def features(
        self,
        movies: pd.DataFrame,  # with the columns that it looks at
        views: str = "auto",  # as in `make_views`
        bs: int = 32,  # readings a batch
        workers: int = 0,  # processes that read
        progress: bool | None = None,  # a bar; None: in a terminal or notebook
    ) -> Found:  # (views, features) of each movie, none where absent; errors
        "The features of movies, from the files where they are kept (read when asked for), else computed and added."
        check_counts(bs=bs, workers=workers)
        rows = movie_rows(movies)
        errors: list[str | None] = [None] * len(rows)
        keys = [self.key(row) if self.folder else None for row in rows]
        seen = []
        for view in self.views(views):
            compute = partial(self._encoded, rows, keys, view, errors, bs, workers, progress)
            file = f"{self.file_name}-{view or 'whole'}.features" if self.folder else ""
            seen.append(self.recall(file, keys, compute))
        of_file = {key: error for key, error in zip(keys, errors, strict=True) if key and error}  # listed twice
        errors = [error or of_file.get(key) for key, error in zip(keys, errors, strict=True)]
        return Lazy(lambda i: _stacked([rows for view in seen if (rows := view[i]) is not None]), len(rows)), errors

    def recall(self, file: str, keys: Sequence[str | None], compute: Callable) -> Sequence:
        "What Cache.get gives from one of its files, or computed where nothing is kept."
        if self.folder is None:
            values = dict(chain.from_iterable(compute(list(range(len(keys))))))
            return [values.get(i) for i in range(len(keys))]
        return self.kept.setdefault(file, Cache(self.folder / file)).get(keys, compute)

    @property
    def digest(self) -> str:
        "What tells its features from those of other networks."
        return weights_digest(self)

    @property
    def file_name(self) -> str:  # without view and ending
        "What its features' files are called: they are of this network and no other."
        return f"{self.name.replace('/', '-')}-{self.digest}"

    def key(self, movie: Mapping) -> str | None:  # None: it cannot be told what it is, so nothing is kept of it
        "What stays the same as long as what is read does."
        cells = [movie.get(column) for column in self.columns]
        if self.columns == ("poster",):
            poster = cells[0]
            return poster_key(Path(poster)) if isinstance(poster, str | Path) and Path(poster).is_file() else None
        if any(isinstance(cell, bytes) or hasattr(cell, "getpixel") for cell in cells):
            return None
        return hashlib.sha256(repr(cells).encode()).hexdigest()[:32]

    def processes(self, n: int, workers: int) -> int:
        "How many processes beside this one read n movies."
        return workers

    def _encoded(self, rows, keys, view, errors, bs, workers, progress, places) -> Iterator[Batch]:
        "(place, features) of movies as they come out of the network, a batch at a time."
        batch, readings = {}, []  # place -> how many readings; all of them
        for place, (seen, error) in zip(places, self._read(rows, keys, places, view, workers, progress), strict=True):
            errors[place] = error
            if error is None:
                batch[place] = len(seen)
                readings += seen
            if batch and (len(readings) >= bs or place == places[-1]):
                with torch.inference_mode():
                    parts = (self.encode(readings[i : i + bs]) for i in range(0, len(readings), bs))
                    found = _stacked([part.float().cpu().numpy() for part in parts])
                yield list(zip(batch, np.split(found, np.cumsum(list(batch.values()))[:-1]), strict=True))
                batch, readings = {}, []

    def _read(self, rows, keys, places, view, workers, progress) -> Iterator[tuple[list, str | None]]:
        "(readings, error) of movies."
        look, workers = partial(self.look, view=view), self.processes(len(places), workers)
        if not (self.keeps_readings and self.folder):
            yield from read_each(look, Subset(rows, places), workers, progress)
            return
        errors = {}

        def compute(missing: list[int]) -> Iterator[Batch]:
            of = Subset(rows, [places[i] for i in missing])
            for i, (seen, error) in zip(missing, read_each(look, of, workers, progress), strict=True):
                errors[i] = error
                if seen:
                    yield [(i, seen[0])]

        kept = self.recall(self.readings_name, [keys[i] for i in places], compute)
        yield from (([] if r is None else [self.restored(r)], errors.get(i)) for i, r in enumerate(kept))

    def restored(self, reading):
        "What was read, from what JSON made of it."
        return reading

    @property
    def readings_name(self) -> str:
        "The file in which readings are kept."
        return f"{self.name}.readings"

    def __getstate__(self) -> dict:
        return self.__dict__ | {"folder": None, "kept": None}

    def train(self, mode: bool = True) -> "Modality":
        "Stay in eval mode: frozen means that batch statistics do not move either."
        return super().train(False)


def _stacked(arrays: list[np.ndarray]) -> np.ndarray:
    there = [a for a in arrays if len(a)]
    return np.concatenate(there) if there else np.zeros((0, 0), dtype=np.float32)
