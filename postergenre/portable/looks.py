"""How posters are read for graphs: as pixels, or as the tokens of what is written on them."""

import os
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from postergenre.portable.folder import CONFIG, check_file, check_size
from postergenre.portable.views import parse_views, pictures_of

NARROWED = "narrowed"  # entry of config.json: as WordReader has it; folders of before it have none


def read_narrowed(said: Mapping) -> bool:  # ValueError: neither true nor false
    "Whether a model's words are read with their letters narrowed, of what config.json says of them."
    if type(narrowed := said.get(NARROWED, False)) is not bool:
        raise ValueError(f"{CONFIG} should say {NARROWED}: true or false, not {narrowed!r}")
    return narrowed


class NeedsTorch(ValueError):
    "A model that graphs cannot answer for; the message says why."


class Poster:
    "A poster that several graphs look at."

    def __init__(self, image: Image.Image):
        self.image, self.read = image, {}

    def lines(self, narrowed: bool) -> list:
        "What is written on it, as WordReader has it; read once for all that go by it."
        from postergenre.portable.reader import as_read

        if narrowed not in self.read:
            self.read[narrowed] = _reader(narrowed).result()(as_read(self.image))
        return self.read[narrowed]


class Pixels:
    "Reads posters as pictures."

    def __init__(self, reads: Mapping, folder: Path, config: Mapping):
        self.size, self.crops = check_size(reads.get("size"), folder / CONFIG), bool(reads.get("crops"))

    def check(self, views: str) -> None:
        if len(parse_views(views).scales) > 1 and not self.crops:
            raise NeedsTorch(
                f"views={views!r} shows pictures of two sizes, and the graph takes only {self.size[0]}x{self.size[1]}; "
                "leave scales out, or use torch (--engine torch)"
            )

    def look(self, poster: Poster, views: str) -> list[np.ndarray]:
        return pictures_of(poster.image, self.size, self.crops, views)

    def feed(self, readings: list) -> dict:
        return {"pixels": np.stack(readings)}


class Words:
    "Reads what is written on posters, as tokens."

    def __init__(self, reads: Mapping, folder: Path, config: Mapping):
        try:
            from tokenizers import Tokenizer
        except ImportError as e:
            raise NeedsTorch(f"Reading words needs the package {e.name}: pip install 'postergenre[words]'") from e
        length, pad = reads.get("length"), reads.get("pad")
        if type(length) is not int or type(pad) is not int or not 0 < length <= 2**16:
            raise ValueError(f"{folder / CONFIG} does not say how long texts may be (length, pad)")
        self.narrowed = read_narrowed(reads)
        _reader(self.narrowed)
        file = check_file(folder, reads.get("tokenizer"), config)
        self.tokenizer = Tokenizer.from_str(file.read_text(encoding="utf-8"))
        self.tokenizer.enable_truncation(length)
        self.tokenizer.enable_padding(pad_id=pad)

    def check(self, views: str) -> None:
        parse_views(views)

    def look(self, poster: Poster, views: str) -> list[str]:
        from postergenre.portable.reader import as_text

        return [as_text(poster.lines(self.narrowed))]

    def feed(self, readings: list[str]) -> dict:
        tokens = self.tokenizer.encode_batch(readings)
        return {
            "input_ids": np.array([t.ids for t in tokens], dtype=np.int64),
            "attention_mask": np.array([t.attention_mask for t in tokens], dtype=np.int64),
        }


READERS = {"pixels": Pixels, "words": Words}


def threads() -> int:  # 0: one a core
    "How many threads a graph may use, said as to torch and NumPy."
    return int(os.environ.get("OMP_NUM_THREADS") or 0)


@cache
def _reader(narrowed: bool) -> Future:
    "The one such reader of this process, whose networks load beside all else that is loaded: they take longest."
    pool = ThreadPoolExecutor(1)
    loading = pool.submit(_load, narrowed)
    pool.shutdown(wait=False)
    return loading


def _load(narrowed: bool):
    from postergenre.portable.reader import WordReader

    return WordReader(threads() or os.cpu_count(), narrowed).load()
