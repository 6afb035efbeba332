"""A model folder at work without torch, fastai and pandas: Pillow, NumPy and ONNX Runtime on its graphs."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from PIL import Image

from postergenre.data.counts import check_counts
from postergenre.data.posters import UNREADABLE, open_poster
from postergenre.data.progress import progress as progress_bar
from postergenre.portable.ahead import ahead
from postergenre.portable.folder import CONFIG, GRAPH, is_folder, read_config, read_member
from postergenre.portable.looks import READERS, NeedsTorch, Poster
from postergenre.portable.network import Network
from postergenre.portable.pool import ABSENT, pool_probs, side_by_side

ENGINES = ("auto", "torch", "onnx")
CHUNK = 16  # posters whose views are in memory at once


class LightModel:
    """A model folder with graphs in a learner's place: `predict_posters`, `predict_movies`, `movie_probs`, `evaluate`.

    It says what the learner that was saved says, and knows nothing of training, layers or heat.
    """

    def __init__(
        self,
        folder: str | Path,  # that learn.save_pretrained wrote with graphs
    ):  # FileNotFoundError, ValueError: what is wrong with it, or it has no graphs; ImportError: a package is missing
        folder = Path(folder).expanduser()
        self.config = config = read_config(folder)
        self.genres, self.arch = config["genres"], str(config.get("arch", "model"))
        self.dls = SimpleNamespace(vocab=self.genres)
        self.thresh = config["thresholds"]
        self.genre_freq = _frequencies(config)
        self.views = config.get("views", "auto")
        self.parts = _Ensemble(folder, config) if config["kind"] == "ensemble" else _Graphs(folder, config)
        self.check_views(self.views)

    def check_views(self, views: str | None) -> None:  # ValueError: unknown, or the graphs cannot look in this way
        "As a learner's; None: its own."
        self.parts.check(views)

    def probs(
        self,
        movies: Mapping,  # with the column poster: files, bytes or PIL images
        views: str | None = None,  # None: those that the learner was judged with
        bs: int = 64,  # readings a batch, at most; graphs look at few at once
        workers: int = 0,  # threads that open posters
        progress: bool | None = None,  # a bar; None: in a terminal or notebook
    ) -> tuple[np.ndarray, list[str | None]]:  # (movies, genres), NaN where there is an error; an error or None each
        "Probabilities as PosterLearner.probs gives them."
        check_counts(bs=bs, workers=workers)
        self.check_views(views)
        posters, errors = list(movies["poster"]), []
        probs = np.full((len(posters), len(self.genres)), np.nan, dtype=np.float32)
        starts = range(0, len(posters), CHUNK)
        with ThreadPoolExecutor(max(1, workers)) as pool:

            def look(start: int) -> tuple[list, list[str | None]]:
                looks, said = [], []
                for i in range(start, min(start + CHUNK, len(posters)), max(1, workers)):
                    opened = list(pool.map(_open, posters[i : min(i + max(1, workers), start + CHUNK)]))
                    while opened:  # let go one after the other: each may have 150 MB
                        poster, error = opened.pop(0)
                        said.append(error)
                        if error is None:
                            looks.append(self.parts.look(poster, views))
                        del poster
                return looks, said

            seen = zip(starts, ahead(look, starts), strict=True)
            for start, (looks, said) in progress_bar(seen, len(starts), progress):
                errors += said
                if there := [start + i for i, error in enumerate(said) if error is None]:
                    probs[there] = self.parts.probs(looks, bs)
        return probs, errors


def light_model(
    model,  # a folder
    engine: str = "auto",  # of ENGINES
    views: str | None = None,  # with which it will be asked
) -> tuple[LightModel | None, str]:  # None: torch is needed, and why. ValueError, FileNotFoundError: what is wrong
    "A model by its graphs, where the engine allows it and they can answer."
    if engine not in ENGINES:
        raise ValueError(f"Unknown engine {engine!r}; choose one of: {', '.join(ENGINES)}")
    if engine == "torch":
        return None, "as was asked"
    if not is_folder(model):
        if engine == "onnx":
            raise ValueError(f"{model} is no folder with graphs; write one: learn.save_pretrained(folder)")
        return None, "it is a file"
    try:
        light = LightModel(model)
        light.check_views(views)
    except NeedsTorch as e:
        if engine == "onnx":
            raise
        return None, str(e)
    return light, ""


class _Graphs:
    "The graphs of one learner."

    def __init__(self, folder: Path, config: Mapping):
        listed = config.get("graphs")
        if not isinstance(listed, list) or not listed or not all(isinstance(about, dict) for about in listed):
            raise NeedsTorch(f"{folder} holds no {GRAPH}; torch answers without it (from_pretrained, --engine torch)")
        if find_spec("onnxruntime") is None:
            raise NeedsTorch("Graphs need the package onnxruntime: pip install 'postergenre[onnx]'")
        self.views = config.get("views", "auto")
        *parts, last = listed
        n, self.widths = len(config["genres"]), last.get("widths")
        self.head = Network(folder, last, config, n) if parts else None
        parts = parts or [last]
        if self.head and not (
            isinstance(self.widths, list)
            and len(self.widths) == len(parts)
            and all(type(width) is int and 0 < width < 2**20 for width in self.widths)
        ):
            raise ValueError(f"{folder / CONFIG} does not say how wide the features of its {len(parts)} graphs are")
        widths = self.widths if self.head else [n]
        unknown = [
            about.get("reads") for about in parts if about.get("reads") not in tuple(READERS)
        ]  # it may be a list
        if unknown:
            raise ValueError(f"{folder / CONFIG} reads {unknown[0]!r}; known are {', '.join(READERS)}")
        self.readers = [READERS[about["reads"]](about, folder, config) for about in parts]
        self.networks = [Network(folder, about, config, width) for about, width in zip(parts, widths, strict=True)]

    def check(self, views: str | None) -> None:
        for reader in self.readers:
            reader.check(self.views if views is None else views)

    def look(self, poster: Poster, views: str | None) -> list[list]:
        "What each reader reads of a poster."
        views = self.views if views is None else views
        for network in self.networks:
            network.session  # noqa: B018  # loaded while the reader of words is
        return [reader.look(poster, views) for reader in self.readers]

    def probs(self, looks: Sequence[list[list]], bs: int) -> np.ndarray:
        "Of each poster's look."
        seen = []
        for reader, network, own in zip(self.readers, self.networks, zip(*looks, strict=True), strict=True):
            rows = network.run(reader, [reading for look in own for reading in look], bs)
            seen.append(np.split(rows, np.cumsum(list(map(len, own)))[:-1]))
        if self.head is None:
            [each] = seen
        else:
            joined = [side_by_side(rows, self.widths) for rows in zip(*seen, strict=True)]
            each = [self.head.rows({"features": rows}, len(rows)) for rows in joined]
        return np.stack([rows.mean(0, dtype=np.float64) for rows in each])


class _Ensemble:
    "The graphs of several learners, pooled as PosterEnsemble does."

    def __init__(self, folder: Path, config: Mapping):
        about = [member for member in config["members"] if np.any(np.array(member["weight"]) > 0)]
        if not about:
            raise ValueError(f"{folder / CONFIG} has no member with a weight above 0")
        self.members = [_Graphs(*read_member(folder, config, member)) for member in about]
        for member, own in zip(self.members, about, strict=True):
            member.views = own["views"]
        self.weights, self.pool = [member["weight"] for member in about], config.get("pool")
        self.freq = _frequencies(config)

    def check(self, views: str | None) -> None:
        for member in self.members:
            member.check(views)

    def look(self, poster: Poster, views: str | None) -> list:
        return [member.look(poster, views) for member in self.members]

    def probs(self, looks: Sequence[list], bs: int) -> np.ndarray:
        own = zip(self.members, zip(*looks, strict=True), strict=True)
        said = [member.probs(seen, bs).astype(np.float32) for member, seen in own]
        return pool_probs(said, self.weights, self.pool, self.freq)


def _frequencies(config: Mapping) -> np.ndarray | None:
    freq = config.get("frequencies")
    return None if freq is None else np.array(freq)


def _open(poster) -> tuple[Poster | None, str | None]:
    "A poster, or what is wrong with it."
    if isinstance(poster, np.ndarray):
        poster = Image.fromarray(poster)
    if poster is None or poster == "" or poster != poster:  # as missing cells of a table are
        return None, ABSENT
    try:
        return Poster(open_poster(poster)), None
    except UNREADABLE as e:
        return None, f"{type(e).__name__}: {e}"
