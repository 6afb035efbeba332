"""Saved predictions: what a model said about some movies and what is true, in memory and in files."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

import numpy as np
import pandas as pd

from postergenre import metrics as m
from postergenre.data.files import write_whole
from postergenre.data.genres import check_vocab, genre_names

MARK = "postergenre predictions 1"
FEW = 10  # movies of a genre below which chance has most of the say
TRAINING = "TRAINING"  # beside every figure of movies that were trained on


class Predictions:
    """A model's probabilities for some movies beside their true genres; checked, and saved as CSV or Parquet.

    F1 judges the thresholds alone: a movie below all of them counts as one without genres, where a prediction names its
    most probable one (`named_genres`).
    """

    def __init__(
        self,
        probs,  # probabilities (movies, genres), 0 to 1: numpy array or torch tensor
        targets,  # true genres, 0 or 1 (movies, genres)
        vocab: Sequence[str],  # the genres in the order of the columns
        thresh=0.5,  # a genre is predicted where its probability is greater: one number, or one a genre
        ids: Sequence | None = None,  # the movies' ids, all different, texts or integers; None: 0, 1, 2 ...
        name: str = "model",  # the model's name in tables
        train_freq=None,  # share of the *training* movies with each genre: (genres,) or {genre: share}; None: unknown
        titles: Sequence[str] | None = None,  # the movies' titles, kept for figures
        sides: Mapping[str, int] | None = None,  # how many movies are of each side of the split; None: not known
    ):
        self.probs, self.targets = m.check_arrays(probs, targets)
        n, n_genres = self.probs.shape
        self.vocab, self.name, self.sides = check_vocab(vocab), name, dict(sides or {})
        if len(self.vocab) != n_genres:
            raise ValueError(f"vocab names {len(self.vocab)} genres, but probs has {n_genres} columns")
        if n == 0:
            raise ValueError("there are no movies to evaluate")
        m.calibration_bins(self.probs)  # refuses logits
        self.thresh = np.array(m.check_thresh(thresh, n_genres))
        self.ids = pd.Index(np.arange(n) if ids is None else ids)
        if not pd.api.types.is_integer_dtype(self.ids):
            self.ids = pd.Index([str(i) for i in self.ids], dtype="str")
        self.titles = None if titles is None else ["" if pd.isna(t) else str(t) for t in titles]
        for what, entries in (("ids", self.ids), ("titles", self.titles)):
            if entries is not None and len(entries) != n:
                raise ValueError(f"{what} has {len(entries)} entries for {n} movies")
        if self.ids.has_duplicates:
            repeated = self.ids[self.ids.duplicated()][0]
            raise ValueError(f"the id {repeated!r} occurs more than once; every movie needs an id of its own")
        self.train_freq = None if train_freq is None else _frequencies(train_freq, self.vocab)

    @property
    def name(self) -> str:  # with `mark`, so that it stands wherever a figure of the model does
        "The model's name in tables."
        return f"{self._name} ({self.mark})" if self.mark else self._name

    @name.setter
    def name(self, name: str):
        self._name = str(name)

    @property
    def mark(self) -> str:  # "": no movie is known to be from training
        "TRAINING, where movies that the model has learned are among those that it is judged on."
        n = self.sides.get("train", 0)
        return "" if not n else TRAINING if n == len(self.ids) else f"{TRAINING} in part"

    @property
    def top_n(self) -> np.ndarray:  # boolean (movies, genres)
        "Each movie's n most probable genres, n being the number of its true ones."
        return m.top_n_mask(self.probs, self.targets.sum(axis=1))

    @property
    def predicted(self) -> np.ndarray:  # boolean (movies, genres)
        "The genres above their thresholds, by which F1 judges; none of a movie that is below all of them."
        return self.probs > self.thresh

    def aligned(self, ids: Sequence) -> "Predictions":  # ValueError: how many are not the same
        "The same predictions with the movies in the order of `ids`."
        rows = self.ids.get_indexer(pd.Index(ids))
        if len(rows) != len(self.ids) or (rows < 0).any():
            only_here, only_there = len(self.ids) - len(set(rows) - {-1}), int((rows < 0).sum())
            raise ValueError(
                f"{self.name!r} was evaluated on other movies: {only_here} of its {len(self.ids)} are not among the "
                f"{len(rows)} of the result compared with, and {only_there} of those are missing in it; "
                "evaluate every model on the same movies"
            )
        titles = None if self.titles is None else [self.titles[i] for i in rows]
        probs, targets, ids = self.probs[rows], self.targets[rows], self.ids[rows]
        about = self.thresh, ids, self._name, self.train_freq, titles, self.sides
        return type(self)(probs, targets, self.vocab, *about)

    def save(
        self,
        path: str | Path,  # ends in .csv or .parquet; an existing file is replaced only once the new one is whole
    ) -> None:  # FileExistsError: the .json that belongs to a .csv is another's
        """Writes all that the figures need, so that they can be made again without the model.

        Beside a CSV, a table of plain columns, stands a JSON file of the same name with the rest: name, thresholds, ...
        """
        csv = _is_csv(path)
        columns = {"id": self.ids} | ({} if self.titles is None else {"title": self.titles})
        columns |= {f"prob {g}": self.probs[:, i] for i, g in enumerate(self.vocab)}
        columns |= {f"true {g}": self.targets[:, i].astype(np.int8) for i, g in enumerate(self.vocab)}
        about = {"format": MARK, "name": self._name, "movies": len(self.ids), "vocab": self.vocab}
        about["thresh"] = self.thresh.tolist()
        about["train_freq"] = None if self.train_freq is None else self.train_freq.tolist()
        about |= {"integer_ids": pd.api.types.is_integer_dtype(self.ids), "titles": self.titles is not None}
        about["sides"] = self.sides
        table, beside = pd.DataFrame(columns), Path(path).with_suffix(".json")
        if not csv:
            table.attrs = {MARK: json.dumps(about)}  # pandas keeps them in the file
            with write_whole(path) as file:
                table.to_parquet(file, index=False)
            return
        if beside.exists() and MARK not in beside.read_text(encoding="utf-8", errors="replace"):
            raise FileExistsError(f"{beside}, which would belong to {path}, is another file; choose another name")
        with write_whole(path) as file, write_whole(beside) as file_about:
            table.to_csv(file, index=False)
            file_about.write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> "Predictions":  # ValueError: it is not a file that `save` wrote, or not whole
        "Reads saved predictions; the numbers are the same to the last bit."
        if _is_csv(path):
            with open(path, encoding="utf-8", newline="") as file:
                text = _about(path, file)
                # all as text: an id "007" and a title "NA" stay so, and Python reads every float back exactly
                table = pd.read_csv(file, dtype="str", keep_default_na=False)
        else:
            table = pd.read_parquet(path)
            text = table.attrs.get(MARK)
        if text is None:
            raise ValueError(f"{path} holds no predictions that Evaluation.save wrote")
        try:
            about = json.loads(text)
            cells = table[[f"{what} {g}" for what in ("prob", "true") for g in about["vocab"]]].to_numpy(object)
        except (json.JSONDecodeError, KeyError) as error:
            raise ValueError(f"{path} is not whole: what belongs to it is damaged ({error}); save it again") from error
        if len(cells) != about["movies"] or any(cell == "" or cell != cell for cell in cells.flat):
            found = f"it holds {len(cells)} of {about['movies']} movies, or cells are empty"
            raise ValueError(f"{path} is not whole: {found}; save it again")
        probs, targets = np.split(cells.astype(np.float64), 2, axis=1)
        ids = table["id"].astype("int64" if about["integer_ids"] else "str")
        titles = table["title"].tolist() if about["titles"] else None
        more = about["thresh"], ids, about["name"], about["train_freq"], titles, about.get("sides")
        return cls(probs, targets, about["vocab"], *more)


def _about(path: str | Path, file: TextIO) -> str:  # ValueError: there is none
    "What belongs to a CSV, JSON from the file beside it; of an older version its first line, which is read then."
    if (first := file.readline()).startswith(f"# {MARK} "):
        return first.removeprefix(f"# {MARK} ")
    file.seek(0)
    beside = Path(path).with_suffix(".json")
    if not beside.is_file():
        said = f"{path} holds no predictions that Evaluation.save wrote: there is no {beside.name} beside it"
        raise ValueError(f"{said}; keep the two together, or pass another file")
    return beside.read_text(encoding="utf-8")


def _frequencies(train_freq, vocab: Sequence[str]) -> np.ndarray:
    if isinstance(train_freq, Mapping):
        if missing := [g for g in vocab if g not in train_freq]:
            raise ValueError(f"train_freq has no share for {', '.join(missing)}")
        train_freq = [train_freq[g] for g in vocab]
    freq = np.array([float(f) for f in train_freq])
    if freq.shape != (len(vocab),) or not ((freq >= 0) & (freq <= 1)).all():
        need = f"{len(vocab)} shares between 0 and 1, one a genre"
        raise ValueError(f"train_freq must hold {need}; divide counts by the number of training movies")
    return freq


def _is_csv(path: str | Path) -> bool:
    if (suffix := Path(path).suffix.lower()) not in (".csv", ".parquet"):
        raise ValueError(f"{path} must end in .csv or .parquet, for example {Path(path).with_suffix('.csv')}")
    return suffix == ".csv"


def rare_genres(result: Predictions) -> list[str]:  # no sentence or one
    "What to know of genres that hardly any movie has."
    support = result.targets.sum(axis=0)
    rare = genre_names((support > 0) & (support < FEW), result.vocab)
    return [f"Fewer than {FEW} movies have {', '.join(rare)}: chance lifts their AP, and so macro AP."] if rare else []


def judged_on(result: Predictions) -> str:  # e.g. "301 movies (test)", "397 movies (96 valid, 301 test)"
    "How many movies, and of which sides."
    n, sides = len(result.ids), result.sides
    whole = len(sides) == 1 and sum(sides.values()) == n
    of = "".join(sides) if whole else ", ".join(f"{count:,} {side}" for side, count in sides.items())
    return f"{n:,} movies" + (f" ({of})" if of else "")


def seen_in_training(result: Predictions) -> list[str]:  # no sentence or one
    "What to know of figures of training movies."
    if not result.mark:
        return []
    of = f"{result.sides['train']:,} of the {len(result.ids):,} movies"
    return [f"{result.mark}: the model learned from {of}; this says how well it remembers them, not how good it is."]


def evaluated_movies(result: Predictions, movies: pd.DataFrame) -> pd.DataFrame:  # ValueError: some are missing
    "The rows of movies (may hold more) of a result, in its order, with id and title as text, genres as judged."
    if missing := [c for c in ("id", "poster") if c not in movies]:
        raise ValueError(f"movies has no column {', '.join(missing)}; read_movies gives them all")
    found = movies.iloc[rows_of(movies["id"], result.ids, "movies")].reset_index(drop=True)
    titles = found["title"].fillna("") if "title" in movies else (result.titles or result.ids)
    genres = [genre_names(row, result.vocab) for row in result.targets]
    found = found.assign(id=result.ids.map(str), title=list(map(str, titles)), genres=genres)
    found.attrs["vocab"] = list(result.vocab)
    return found


def rows_of(ids, wanted, name: str) -> np.ndarray:  # ValueError: `name` lacks one that is wanted
    "Where each of `wanted` stands in `ids`, all different, whether they are texts or numbers."
    wanted = pd.Index(wanted).map(str)
    rows = pd.Index(ids).map(str).get_indexer(wanted)
    if n := int((rows < 0).sum()):
        first = wanted[rows < 0][0]
        raise ValueError(f"{name} lacks {n} of {len(rows)} movies, first {first}; use the movies that were evaluated")
    return rows
