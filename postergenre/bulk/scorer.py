"""What scores a part: a model in a process of its own, with one thread."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from postergenre.bulk.places import fetched
from postergenre.data.posters import is_url
from postergenre.portable.ahead import ahead
from postergenre.portable.folder import CARD, about_file, is_folder
from postergenre.portable.light import LightModel, light_model
from postergenre.portable.naming import name_genres, named_genres
from postergenre.portable.views import parse_views

FETCHED = 64  # posters of addresses that are fetched while as many are scored
CONNECTIONS = 16


class Asked(NamedTuple):
    "What is asked of which model."

    model: str  # folder of save_pretrained, or file of learn.export
    compute: str  # "onnx": its graphs; "torch"
    digest: str  # of the model's files, as `digest_of_model`
    bs: int = 64  # pictures a batch
    views: str | None = None  # views of a poster to average; None: those that the model was judged with
    thresh: float | None = None  # genres of a greater probability are named; None: the model's own
    top: int | None = None  # name this many of the most probable instead
    at_least: int = 1  # a poster with fewer genres over their thresholds gets this many most probable ones

    @property
    def options(self) -> dict:
        "Those that a score depends on."
        return {name: getattr(self, name) for name in ("compute", "views", "thresh", "top", "at_least")}


def ask(
    model: str | Path,  # as Asked has it
    compute: str = "auto",  # "onnx", "torch", or "auto": onnx where a folder has graphs
    views: str | None = None,  # as Asked has it
    **options,  # of Asked
) -> tuple[Asked, str]:  # and why torch computes, if it does. FileNotFoundError, ValueError, ImportError: what is wrong
    "What is asked of a model, once it is sure that it can be computed."
    parse_views(views or "auto")
    light, why = light_model(model, compute, views)
    by = "torch" if light is None else "onnx"
    asked = Asked(str(model), by, digest_of_model(model), views=views, **options)
    named_genres(np.zeros((0, 1)), 0.5, asked.thresh, asked.top, asked.at_least)
    return asked, why


def digest_of_model(model: str | Path) -> dict[str, str]:  # name of a file -> SHA-256
    "What tells a model from another: its files, but for its card."
    model = Path(model).expanduser()
    files = sorted(f for f in model.rglob("*") if f.is_file() and f.name != CARD) if is_folder(model) else [model]
    return {file.relative_to(model).as_posix(): about_file(file)["sha256"] for file in files}


class Scorer:
    "A model that is loaded, and scores parts."

    def __init__(self, asked: Asked):  # ValueError: other files than were asked, or as LightModel and load_learner
        os.environ["OMP_NUM_THREADS"] = "1"  # of this process, which is one of several
        if digest_of_model(asked.model) != asked.digest:
            raise ValueError(f"{asked.model} holds other files here than where this was begun; copy the model again")
        self.asked = asked
        self.learn = LightModel(asked.model) if asked.compute == "onnx" else _learner(asked.model)
        self.genres = list(self.learn.dls.vocab)
        self.learn.check_views(asked.views)

    def __call__(
        self,
        part: pa.Table,  # id, poster
    ) -> pa.Table:  # id, genres (those named), a probability a genre, error; a row each, in the same order
        "The scores of a part."
        probs, errors = self._probs(part["poster"].to_pylist())
        named = [[g for g, on in zip(self.genres, row, strict=True) if on] for row in self._named(probs)]
        columns = {"id": part["id"].cast(pa.string()), "genres": pa.array(named, pa.list_(pa.string()))}
        for genre, column in zip(self.genres, probs.T, strict=True):
            columns[genre] = pa.array(column, pa.float32(), mask=np.isnan(column))
        return pa.table(columns | {"error": pa.array(errors, pa.string())})

    def _probs(self, posters: list) -> tuple[np.ndarray, list[str | None]]:
        probs, errors = [], []
        for some, failed in _opened(posters):
            own, said = self.learn.probs(_table(some, self.asked), self.asked.views, self.asked.bs, progress=False)
            probs.append(own)
            errors += [failed.get(i, error) for i, error in enumerate(said)]
        return np.concatenate(probs), errors

    def _named(self, probs: np.ndarray) -> np.ndarray:
        return name_genres(self.learn, probs, self.asked.thresh, self.asked.top, self.asked.at_least)


def _opened(posters: list) -> Iterator[tuple[list, dict[int, str]]]:
    "Posters as they can be opened, and errors of those that cannot; what lies at addresses is fetched beforehand."
    if not any(map(is_url, posters)):
        yield posters, {}
        return
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        some = (posters[i : i + FETCHED] for i in range(0, len(posters), FETCHED))
        for answers in ahead(lambda some: list(pool.map(_fetched, some)), some):
            failed = {i: error for i, (_, error) in enumerate(answers) if error}
            yield [poster for poster, _ in answers], failed


def _fetched(poster) -> tuple[object, str | None]:
    try:
        return fetched(poster), None
    except Exception as e:  # each filesystem has errors of its own; none is the end
        return None, f"{type(e).__name__}: {e}"


def _table(posters: list, asked: Asked):
    if asked.compute == "onnx":
        return {"poster": posters}
    import pandas as pd

    return pd.DataFrame({"poster": pd.Series(posters, dtype=object)})


def _learner(model: str):  # ValueError: it needs more than posters
    import torch

    torch.set_num_threads(1)
    if is_folder(model):
        from postergenre.inference.pretrained import from_pretrained as load
    else:
        from postergenre.inference.export import load_learner as load
    learn = load(model)
    columns = dict.fromkeys(c for member in learn.members for c in member.columns if c != "poster")
    if columns:
        raise ValueError(
            f"{model} looks at {', '.join(columns)} too, and posters alone are scored here; python -m "
            "postergenre.predict takes a table of movies"
        )
    return learn
