"""The cache of what words mean: posters are read by several processes, and what was read is kept as text too."""

from importlib.metadata import version
from pathlib import Path

from postergenre.text.encoder import WORDS, WordBody
from postergenre.text.reader import READ_SIZE, WordCache
from postergenre.vision.features import FeatureCache


class WordFeatureCache(FeatureCache):
    "As a FeatureCache; another encoder needs no new reading, as the words stand in a WordCache beside it."

    def __init__(
        self,
        folder: str | Path,  # where the files are
        body: WordBody,  # frozen
        stats: tuple,  # as in FeatureCache
        bs: int = 32,  # posters whose words are encoded at once
        workers: int = 0,  # processes that read; 0: one a core
        progress: bool | None = None,  # a bar; None: in a terminal or notebook
    ):
        super().__init__(
            folder, f"{WORDS}-rapidocr{version('rapidocr')}", body, READ_SIZE, stats, bs, progress=progress
        )
        self.words = WordCache(folder, workers or None, progress)

    def _compute(self, posters: dict[str, Path], view: str):
        if view != "whole":
            raise ValueError(f"Words are read in whole posters, not in the view {view!r}; leave that view out")
        lines = self.words.get(list(posters.values()))
        keys = list(posters)
        for start in range(0, len(keys), self.bs):
            batch = slice(start, start + self.bs)
            rows = self.body.encode(lines[batch]).cpu().numpy()
            self.computed += len(rows)
            yield from zip(keys[batch], rows, strict=True)
