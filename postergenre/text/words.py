"""A poster as something written: the modality whose features are the meaning of the words on it."""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import torch

from postergenre.data.augment import PosterImage
from postergenre.data.reading import as_movie, refuse_unreadable
from postergenre.modality import Packed
from postergenre.portable.graphs import Graph
from postergenre.portable.looks import NARROWED, read_narrowed
from postergenre.portable.reader import READ_SIZE, Line, WordReader, as_read, as_text, check_package
from postergenre.text.encoder import sentence_encoder
from postergenre.text.files import encoder_graph, pack_encoder, unpack_encoder
from postergenre.vision.things import Things

WORDS = "words"


class Written(Things):
    "What is written on posters, read once for all that goes by it: a base."

    def __init__(self):  # ImportError: a package is missing
        super().__init__()
        check_package()
        self.reader = WordReader()

    @property
    def readings_name(self) -> str:
        "The same for all, whatever is made of what was read."
        how = "ppocr" if self.reader.narrowed else "padded"
        return f"{WORDS}-{how}-rapidocr{version('rapidocr')}-{READ_SIZE[0]}x{READ_SIZE[1]}.readings"

    @property
    def file_name(self) -> str:
        "Features of what was read in this way and no other."
        return super().file_name + "-padded" * (not self.reader.narrowed)

    def find(self, poster: PosterImage) -> list[Line]:
        "Lines from top to bottom; none: nothing is legible."
        return self.reader(as_read(poster))


class Words(Written):
    """What is written on posters, read by an OCR network, and its meaning as a vector of length 1.

    The encoder is all-MiniLM-L6-v2 (Reimers & Gurevych 2019, https://arxiv.org/abs/1908.10084; Wang et al. 2020,
    https://arxiv.org/abs/2002.10957), 384 features, for English. Nothing legible is a text of no words.
    """

    name, kind, nothing = WORDS, Line, "nothing legible"
    strengths = (1.0, 0.5, 0.25, 0.12, 0.06)  # weaker ones, as there are few features
    heading, meaning = "Words: what it reads", "lines of text that add to their log-odds"

    def __init__(
        self,
        weights: str | Path | None = None,  # a folder or hub name for SentenceTransformer; None: all-MiniLM-L6-v2
    ):  # ImportError: a package is missing; WeightsUnavailableError: the encoder cannot be had
        super().__init__()
        self.encoder = sentence_encoder(weights).requires_grad_(False).eval()

    def parts(self, reading: list[Line]) -> list[tuple[str, list[int]]]:
        "A line each."
        return [(line.text, [i]) for i, line in enumerate(reading)]

    def encode(self, readings: Sequence[list[Line]]) -> torch.Tensor:
        "(posters, 384)."
        encoded = self.encoder.encode(list(map(as_text, readings)), convert_to_tensor=True, show_progress_bar=False)
        return encoded.float().clone()  # else it could not be trained on: it is made in inference mode

    def pack(self, bodies: bool = False) -> Packed:
        "As every modality; a trained encoder is among the tensors, with its tokenizer."
        config, tensors = pack_encoder(self.encoder, bodies)
        return config | {NARROWED: self.reader.narrowed}, tensors

    @classmethod
    def unpack(cls, config, tensors: dict[str, torch.Tensor]) -> "Words":
        "As every modality."
        words = cls.__new__(cls)
        Things.__init__(words)
        check_package()
        words.reader = WordReader(narrowed=read_narrowed(config))
        words.encoder = unpack_encoder(config, tensors).requires_grad_(False).eval()
        return words

    def graph(self) -> Graph:
        "Tokens of what is written to features."
        return encoder_graph(self.encoder, self.reader.narrowed)

    def all_lines(self, movies: pd.DataFrame) -> list[list[Line]]:  # ValueError: a poster cannot be read
        "What is written on movies' posters, from the file where it is kept."
        rows = list(map(as_movie, movies.to_dict("records")))
        keys = [self.key(row) if self.folder else None for row in rows]
        said = list(self._read(rows, keys, list(range(len(rows))), "", 0, None))
        refuse_unreadable(movies["poster"], [error for _, error in said])
        return [lines[0] if lines else [] for lines, _ in said]
