"""A poster as something written: the modality whose features are the meaning of the words on it."""

import os
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from postergenre.data.reading import as_movie, poster_of, refuse_unreadable
from postergenre.modality import Modality, Part
from postergenre.text.encoder import as_text, sentence_encoder
from postergenre.text.reader import READ_SIZE, Line, WordReader, as_read, check_package

WORDS = "words"
FEW = 8  # posters that are read faster by this process alone


class Words(Modality):
    """What is written on posters, read by an OCR network, and its meaning as a vector of length 1.

    The encoder is all-MiniLM-L6-v2 (Reimers & Gurevych 2019, https://arxiv.org/abs/1908.10084; Wang et al. 2020,
    https://arxiv.org/abs/2002.10957), 384 features, for English. Nothing legible is a text of no words, which says
    something too; a movie without a poster has no words to go by.
    """

    name, keeps_readings = WORDS, True
    strengths = (1.0, 0.5, 0.25, 0.12, 0.06)  # weaker ones, as there are few features
    heading, meaning = "Words: what it reads", "lines of text that add to their log-odds"

    def __init__(
        self,
        weights: str | Path | None = None,  # a folder or hub name for SentenceTransformer; None: all-MiniLM-L6-v2
    ):  # ImportError: a package is missing; WeightsUnavailableError: the encoder cannot be had
        super().__init__()
        check_package()
        self.reader, self.encoder = WordReader(), sentence_encoder(weights).requires_grad_(False).eval()

    @property
    def readings_name(self) -> str:
        "Another encoder needs no new reading."
        return f"{WORDS}-rapidocr{version('rapidocr')}-{READ_SIZE[0]}x{READ_SIZE[1]}.json"

    def processes(self, n: int, workers: int) -> int:
        "One a core if not said otherwise: reading takes long."
        return workers or (os.cpu_count() if n >= FEW else 0)

    def read(self, movie: Mapping, train: bool = False) -> list[Line] | None:
        "Lines from top to bottom; none: nothing is legible."
        poster = poster_of(movie)
        return None if poster is None else self.reader(as_read(poster))

    def restored(self, reading: list) -> list[Line]:
        "Lines again."
        return [Line(text, score, tuple(box)) for text, score, box in reading]

    def encode(self, readings: Sequence[list[Line]]) -> torch.Tensor:
        "(posters, 384)."
        encoded = self.encoder.encode(list(map(as_text, readings)), convert_to_tensor=True, show_progress_bar=False)
        return encoded.float().clone()  # else it could not be trained on: it is made in inference mode

    def all_lines(self, movies: pd.DataFrame) -> list[list[Line]]:  # ValueError: a poster cannot be read
        "What is written on movies' posters, from the file where it is kept."
        rows = list(map(as_movie, movies.to_dict("records")))
        keys = [self.key(row) if self.folder else None for row in rows]
        said = list(self._read(rows, keys, list(range(len(rows))), "", 0, None))
        refuse_unreadable(movies["poster"], [error for _, error in said])
        return [lines[0] if lines else [] for lines, _ in said]

    def explain(self, movie: Mapping, reading: list[Line], logits, log_odds, genres: Sequence[int], absent) -> Part:
        "The lines, each with what the log-odds lose without it; as heat their boxes, where they add."
        without = [[*reading[:i], *reading[i + 1 :]] for i in range(len(reading))]
        with torch.no_grad():
            whole, *others = log_odds(self.encode([reading, *without]))[:, list(genres)]
        effects = [whole - other for other in others]
        height, width = movie["poster"].height, movie["poster"].width
        heats = np.zeros((len(genres), height, width), dtype=np.float32)
        for line, effect in zip(reading, effects, strict=True):
            left, top, right, bottom = line.box
            down = slice(int(top * height), int(np.ceil(bottom * height)))
            across = slice(int(left * width), int(np.ceil(right * width)))
            heats[:, down, across] = np.maximum(heats[:, down, across], effect[:, None, None])
        most = heats.max((1, 2), keepdims=True)
        heats = np.divide(heats, most, out=np.zeros_like(heats), where=most > 0)
        return Part([(line.text, effect) for line, effect in zip(reading, effects, strict=True)], heats)
