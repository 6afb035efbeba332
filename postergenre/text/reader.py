"""The words on a poster, read by an OCR network: title, taglines, names. Needs pip install 'postergenre[words]'."""

import json
import os
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import numpy as np
from fastai.vision.augment import Resize, ResizeMethod
from fasttransform import Pipeline
from torch.utils.data import DataLoader, Dataset

from postergenre.data.augment import PosterImage
from postergenre.data.cache import poster_key
from postergenre.data.files import write_whole
from postergenre.data.progress import progress as progress_bar

__all__ = ["Line", "WordCache", "WordReader", "read_words"]

READ_SIZE = (672, 448)  # (height, width) in pixels: half as large again as most posters here, smaller words are lost
SAVE_EVERY = 500  # posters


class Line(NamedTuple):
    "One line of text as it was read."

    text: str
    score: float  # how sure the network is, from 0 to 1
    box: tuple[float, float, float, float]  # left, top, right, bottom, of a poster that is 1 wide and 1 high


class WordReader:
    """Reads lines of text in pictures with RapidOCR, whose networks (PP-OCR, Apache licence) come in its package.

    A reader can be pickled: its networks are loaded when it first reads.
    """

    def __init__(self):
        self._engine = None

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
        if self._engine is None:
            check_package()
            from rapidocr import RapidOCR  # of an extra

            # One thread: posters are read by several processes, and a poster has too little work for more.
            threads = {f"EngineConfig.onnxruntime.{kind}_op_num_threads": 1 for kind in ("intra", "inter")}
            whole = {"Det.limit_type": "max", "Det.limit_side_len": max(READ_SIZE)}
            self._engine = RapidOCR(
                params={"Global.log_level": "critical", "Global.use_cls": False, **threads, **whole}
            )
        return self._engine

    def __getstate__(self) -> dict:
        return {"_engine": None}


def read_words(
    poster: str | Path,  # anything that open_poster opens: a file, bytes, a PIL image
) -> list[Line]:  # from top to bottom. ImportError: the package is missing; OSError, ValueError: as open_poster
    "What is written on a poster."
    return WordReader()(as_read(poster))


class WordCache:
    "The words on posters, read once and kept in one file; each poster is known by its path, length and time of change."

    def __init__(
        self,
        folder: str | Path,  # where the file is; made when it is first written
        workers: int | None = None,  # processes that read; None: one a core
        progress: bool | None = None,  # a bar; None: in a terminal or notebook
    ):
        check_package()
        self.file = Path(folder) / f"words-rapidocr{version('rapidocr')}-{READ_SIZE[0]}x{READ_SIZE[1]}.json"
        self.workers, self.progress = os.cpu_count() if workers is None else workers, progress
        self.computed = 0  # posters read, summed over the calls
        self._known: dict[str, list[Line]] | None = None

    def get(
        self,
        posters: Sequence[str | Path],  # files
    ) -> list[list[Line]]:  # of each poster. ValueError: one cannot be read (none that was read is lost)
        "The words on posters, from the file where they are there, else read and added to it."
        if self._known is None:
            self._known = self._load()
        posters = [Path(p) for p in posters]
        keys = [poster_key(p) for p in posters]
        new = {key: poster for key, poster in zip(keys, posters, strict=True) if key not in self._known}
        unsaved = 0
        try:
            for key, lines in self._read(new):
                self._known[key] = lines
                unsaved += 1
                if unsaved == SAVE_EVERY:
                    self._save()
                    unsaved = 0
        finally:  # Ctrl-C or a broken poster must not lose what took minutes
            if unsaved:
                self._save()
        return [self._known[key] for key in keys]

    def _load(self) -> dict[str, list[Line]]:
        if not self.file.is_file():
            return {}
        try:
            saved = json.loads(self.file.read_text(encoding="utf-8"))
            return {key: [Line(text, score, tuple(box)) for text, score, box in rows] for key, rows in saved.items()}
        except (OSError, ValueError, TypeError, AttributeError) as e:
            raise ValueError(f"{self.file} is no whole file of words ({e}); delete it to read them again") from e

    def _save(self) -> None:
        with write_whole(self.file) as whole:
            whole.write_text(json.dumps(self._known, ensure_ascii=False), encoding="utf-8")

    def _read(self, posters: dict[str, Path]):
        "(key, lines) of each poster, as they are read."
        if posters:
            data = _Reading(list(posters.values()))
            workers = min(self.workers, len(posters))
            # list: torch's own conversion would take the tuples apart
            loader = DataLoader(data, batch_size=None, collate_fn=list, num_workers=workers, worker_init_fn=_no_threads)
            for key, lines in zip(posters, progress_bar(loader, len(data), self.progress), strict=True):
                self.computed += 1
                yield key, lines


class _Reading(Dataset):
    "The lines on each poster."

    def __init__(self, posters: list[Path]):
        self.posters, self.reader = posters, WordReader()

    def __len__(self) -> int:
        return len(self.posters)

    def __getitem__(self, i: int) -> list[Line]:
        try:
            picture = as_read(self.posters[i])
        except (OSError, ValueError, SyntaxError) as e:
            raise ValueError(
                f"{self.posters[i]} cannot be read ({e}); leave such posters out with "
                "read_movies(..., check_posters=True)"
            ) from e
        return self.reader(picture)


def _no_threads(worker: int) -> None:
    "OpenCV's threads do not survive the fork of a process that has used them: the copy would wait for them for ever."
    import cv2  # comes with rapidocr

    cv2.setNumThreads(0)


def as_read(
    poster: str | Path,  # as in read_words
) -> np.ndarray:  # uint8 (height, width, 3)
    "A poster as the reader sees it, and as loaders of READ_SIZE show it to a network."
    return np.array(Pipeline([Resize(READ_SIZE, method=ResizeMethod.Squish)], split_idx=1)(PosterImage.create(poster)))


def check_package() -> None:
    "ImportError: what to install, if the reader's package is missing."
    try:
        version("rapidocr"), version("onnxruntime")
    except ImportError as e:  # PackageNotFoundError
        raise ImportError(f"Reading words needs the package {e.name}: pip install 'postergenre[words]'") from e
