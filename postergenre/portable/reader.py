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


class Line(NamedTuple):
    "One line of text as it was read."

    text: str
    score: float  # how sure the network is, from 0 to 1
    box: tuple[float, float, float, float]  # left, top, right, bottom, of a poster that is 1 wide and 1 high


class WordReader:
    """Reads lines of text in pictures with RapidOCR, whose networks (PP-OCR, Apache licence) come in its package.

    A reader can be pickled and used in several processes: its networks are loaded when it first reads in each.
    """

    threads = 1  # of readers in files of before it could be said

    def __init__(self, threads: int = 1):  # one: posters are read by several processes, each with too little for more
        self.threads, self._engine, self._process = threads, None, None

    def load(self) -> "WordReader":  # itself
        "Load its networks now."
        self._loaded()
        return self

    def __call__(
        self,
        picture: np.ndarray,  # uint8 (height, width, 3), RGB
    ) -> list[Line]:  # from top to bottom. ImportError: the package is missing
        "The lines in a picture."
        height, width = picture.shape[:2]
        found = self._loaded()(np.ascontiguousarray(picture[:, :, ::-1]))
        if found.txts is None:
            return []
        corners = np.asarray(found.boxes, dtype=np.float64) / (width, height)
        ends = np.concatenate([corners.min(1), corners.max(1)], axis=1).round(4).tolist()
        rows = zip(found.txts, found.scores, ends, strict=True)
        return [Line(text, round(float(score), 3), tuple(box)) for text, score, box in rows]

    def _loaded(self):
        if self._process != os.getpid():
            check_package()
            from rapidocr import RapidOCR  # of an extra

            if multiprocessing.parent_process() is not None:
                import cv2  # comes with rapidocr

                # Its threads do not survive the fork of a process that has used them: the copy would wait for ever.
                cv2.setNumThreads(0)

            threads = {"EngineConfig.onnxruntime.intra_op_num_threads": self.threads}
            threads |= {"EngineConfig.onnxruntime.inter_op_num_threads": 1}
            whole = {"Det.limit_type": "max", "Det.limit_side_len": max(READ_SIZE)}
            self._engine = RapidOCR(
                params={"Global.log_level": "critical", "Global.use_cls": False, **threads, **whole}
            )
            self._process = os.getpid()
        return self._engine

    def __getstate__(self) -> dict:
        return {"threads": self.threads, "_engine": None, "_process": None}


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
        version("rapidocr"), version("onnxruntime")
    except ImportError as e:  # PackageNotFoundError
        raise ImportError(f"Reading words needs the package {e.name}: pip install 'postergenre[words]'") from e
