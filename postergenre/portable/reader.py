"""The words on a poster, read by an OCR network: title, taglines, names. Needs pip install 'postergenre[words]'."""

import multiprocessing
import os
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from postergenre.data.posters import open_poster
from postergenre.portable.views import whole

READ_SIZE = (672, 448)  # (height, width) in pixels: half as large again as most posters here, smaller words are lost
LEAST = 0.5  # probability of the letters of a line, on average; else it is not legible


class Line(NamedTuple):
    "One line of text as it was read."

    text: str
    score: float  # how sure the network is, from 0 to 1
    box: tuple[float, float, float, float]  # left, top, right, bottom, of a poster that is 1 wide and 1 high


class WordReader:
    """Reads lines of text in pictures with PP-OCR's networks (Apache licence), which come in the package rapidocr.

    A reader can be pickled and used in several processes: its networks are loaded when it first reads in each.
    """

    threads, narrowed = 1, False  # of readers in files of before it could be said

    def __init__(
        self,
        threads: int = 1,  # one: posters are read by several processes, each with too little for more
        narrowed: bool = True,  # False: as RapidOCR comes, in 2.5 times the time, for models that were fitted to that
    ):
        self.threads, self.narrowed, self._engine, self._process = threads, narrowed, None, None

    def load(self) -> "WordReader":  # itself
        "Load its networks now."
        self._loaded()
        return self

    def __call__(
        self,
        picture: np.ndarray,  # uint8 (height, width, 3), RGB
    ) -> list[Line]:  # from top to bottom. ImportError: the package is missing
        "The lines in a picture."
        read, (height, width), lines = self._loaded(), picture.shape[:2], []
        for corners, text, score in read(np.ascontiguousarray(picture[:, :, ::-1])):
            if text and score >= LEAST:
                ends = np.concatenate([corners.min(0), corners.max(0)]) / (width, height, width, height)
                lines.append(Line(text, round(float(score), 3), tuple(ends.astype(float).round(4).tolist())))
        return lines

    def _loaded(self):
        if self._process != os.getpid():
            check_package()
            import cv2  # of an extra

            from postergenre.portable.lines import NarrowedLines
            from postergenre.portable.padded import PaddedLines

            if multiprocessing.parent_process() is not None:
                # Its threads do not survive the fork of a process that has used them: the copy would wait for ever.
                cv2.setNumThreads(0)
            side = max(READ_SIZE)
            self._engine = NarrowedLines(self.threads) if self.narrowed else PaddedLines(self.threads, side)
            self._process = os.getpid()
        return self._engine

    def __getstate__(self) -> dict:
        return {"threads": self.threads, "narrowed": self.narrowed, "_engine": None, "_process": None}


def read_words(
    poster: str | Path,  # anything that open_poster opens: a file, bytes, a PIL image
) -> list[Line]:  # from top to bottom. ImportError: the package is missing; OSError, ValueError: as open_poster
    "What is written on a poster."
    return WordReader()(as_read(open_poster(poster)))


def as_read(poster: Image.Image) -> np.ndarray:
    "A poster from open_poster as the reader sees it, uint8 (height, width, 3): whole, of READ_SIZE."
    return np.array(whole(poster, READ_SIZE))


def as_text(lines: Sequence[Line]) -> str:
    "What is written on one poster, a line a line."
    return "\n".join(line.text for line in lines)


def check_package() -> None:
    "ImportError: what to install, if the reader's package is missing."
    try:
        version("rapidocr"), version("onnx"), version("onnxruntime")
    except ImportError as e:  # PackageNotFoundError
        raise ImportError(f"Reading words needs the package {e.name}: pip install 'postergenre[words]'") from e
