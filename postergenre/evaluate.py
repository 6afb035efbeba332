"""A learner and a table of movies in, a table of figures out: the model, popularity and a random order side by side."""

import html
from collections.abc import Sequence

import numpy as np
import pandas as pd

from postergenre import metrics as m
from postergenre.baselines import check_apart, genre_frequencies, random_expectation
from postergenre.bootstrap import METRICS, all_metrics, bootstrap_weights, interval, resampled_metrics
from postergenre.genres import multi_hot
from postergenre.inference import movie_probs
from postergenre.results import Predictions, text_lines, text_table

__all__ = ["Comparison", "Evaluation", "compare", "evaluate"]


class Evaluation(Predictions):
    "Saved predictions with every figure that follows from them; the arguments are those of `Predictions`"

    def resampled(
        self,
        resamples: int = 1000,  # Number of resamples of the movies
        seed: int = 42,  # Results on the same movies with the same seed are resampled alike
    ) -> dict[str, np.ndarray]:  # By name: (resamples,), and (genres, resamples) for "ap" and "f1"
        "Every figure in every resample of the movies; the last ones are kept"
        key = resamples, seed, np.asarray(self.thresh).tobytes()
        if getattr(self, "_resampled", (None,))[0] != key:
            weights = bootstrap_weights(len(self.probs), resamples, seed)
            drawn = resampled_metrics(self.probs, self.targets, weights, self.thresh)
            self._resampled = key, drawn
        return self._resampled[1]

    @property
    def popularity(self) -> "Evaluation | None":  # None without training frequencies
        "The same movies, judged with each genre's training frequency as its probability"
        if self.train_freq is None:
            return None
        kept = getattr(self, "_popularity", None)  # so that its resamples are drawn once
        if kept is None or not np.array_equal(kept.thresh, self.thresh):
            probs = np.tile(self.train_freq, (len(self.probs), 1))
            self._popularity = Evaluation(probs, self.targets, self.vocab, self.thresh, self.ids, "popularity")
        return self._popularity

    def figures(
        self,
        resamples: int = 1000,  # Number of resamples of the movies
        seed: int = 42,  # Seed of the resamples
        level: float = 0.95,  # Share of the resamples inside the intervals
    ) -> pd.DataFrame:  # Rows: model, popularity, random; columns: (metric, value or low or high); NaN: not defined
        "The figures as numbers, with intervals over the movies"
        names, rows = [], []
        for result in filter(None, (self, self.popularity)):
            values, drawn = all_metrics(result.probs, result.targets, result.thresh), result.resampled(resamples, seed)
            names.append(result.name)
            rows.append({k: (values[k], *interval(drawn[k], values[k], level)) for k in METRICS})
        expected = random_expectation(self.targets)
        rows.append({k: (expected.get(k, np.nan), np.nan, np.nan) for k in METRICS})
        return _wide([*names, "random"], rows)

    @property
    def metrics(self) -> pd.DataFrame:
        "`figures()` with 1,000 resamples and 95 % intervals"
        return self.figures()

    def table(
        self,
        resamples: int = 1000,  # Number of resamples of the movies
        seed: int = 42,  # Seed of the resamples
        level: float = 0.95,  # Share of the resamples inside the intervals
    ) -> pd.DataFrame:  # Texts such as "59.4 % [57.9, 60.8]"
        "One row each for the model, popularity and a random order, one column a metric"
        return text_table(self.figures(resamples, seed, level))

    def per_genre(
        self,
        resamples: int = 1000,  # Number of resamples of the movies
        seed: int = 42,  # Seed of the resamples
        level: float = 0.95,  # Share of the resamples inside the intervals
    ) -> pd.DataFrame:  # One row a genre; `lift` is AP / frequency; AP and lift are NaN for an absent genre
        "How well each genre is found, and how many movies stand behind each figure"
        drawn, support = self.resampled(resamples, seed), self.targets.sum(axis=0)
        ap = m.average_precision_per_genre(self.probs, self.targets)
        f1 = m.f1_per_genre(self.probs, self.targets, self.thresh)
        (ap_low, ap_high), (f1_low, f1_high) = interval(drawn["ap"], ap, level), interval(drawn["f1"], f1, level)
        precision, recall = m.precision_recall_at_n_per_genre(self.probs, self.targets)
        frequency = support / len(self.probs)
        columns = {
            "support": support,
            "frequency": frequency,
            "ap": ap,
            "ap_low": ap_low,
            "ap_high": ap_high,
            "lift": np.divide(ap, frequency, out=np.full(len(ap), np.nan), where=support > 0),
            "f1": f1,
            "f1_low": f1_low,
            "f1_high": f1_high,
            "precision_at_n": precision,
            "recall_at_n": recall,
            "thresh": self.thresh,
            "predicted": (self.probs > self.thresh).sum(axis=0),
            "in_top_n": m.top_n_mask(self.probs, self.targets.sum(axis=1)).sum(axis=0),
        }
        return pd.DataFrame(columns, index=pd.Index(self.vocab, name="genre"))

    @property
    def never_predicted(self) -> dict[str, list[str]]:  # "threshold" and "top_n", each with names of genres
        "Genres that no movie gets above the threshold, and genres that stand in no movie's top n"
        top_n = m.top_n_mask(self.probs, self.targets.sum(axis=1))
        above = self.probs > self.thresh
        return {"threshold": m.absent_genres(above, self.vocab), "top_n": m.absent_genres(top_n, self.vocab)}

    @property
    def absent(self) -> list[str]:
        "Genres that none of the movies has"
        return m.absent_genres(self.targets, self.vocab)

    @property
    def notes(self) -> list[str]:
        "What must be known to read the printed table, a sentence each"
        notes = [
            f"{len(self.probs):,} movies, {len(self.vocab)} genres; [95 % intervals], 1,000 resamples of the movies."
        ]
        if unlabelled := int((~self.targets.any(axis=1)).sum()):
            notes.append(f"{unlabelled:,} movies have no genre and do not count for top-n accuracy.")
        if self.absent:
            notes.append(f"No movie has {', '.join(self.absent)}: left out of macro AP, 0 in the other macro figures.")
        notes += _rare(self)
        known = "every movie gets the genres' training frequencies, at the model's thresholds"
        unknown = "no row, as the training movies are not known (train_freq=...)"
        notes.append(f"popularity: {unknown if self.train_freq is None else known}.")
        notes.append("random: what a random order gives on average; – where that is not defined.")
        for where, key in (("above the threshold", "threshold"), ("in the top n", "top_n")):
            if names := self.never_predicted[key]:
                notes.append(f"Never {where}: {'any genre' if len(names) == len(self.vocab) else ', '.join(names)}.")
        return notes

    def __repr__(self) -> str:
        return text_lines(self.table(), self.notes)

    def _repr_html_(self) -> str:
        return _html(self.table(), self.notes)


class Comparison:
    "Several models on the same movies, each with its difference to the first; made by `compare`"

    def __init__(
        self,
        metrics: pd.DataFrame,  # Rows: models; columns: (metric or "metric difference", value or low or high)
        notes: Sequence[str],  # What must be known to read it
    ):
        self.metrics, self.notes = metrics, list(notes)

    def table(self) -> pd.DataFrame:  # Texts such as "59.4 % [57.9, 60.8]" and "+1.2 pp [+0.3, +2.1]"
        "One row a model"
        return text_table(self.metrics, [c for c in self.metrics.columns.unique(0) if c.endswith(" difference")])

    def __repr__(self) -> str:
        return text_lines(self.table(), self.notes)

    def _repr_html_(self) -> str:
        return _html(self.table(), self.notes)


def compare(
    results: Sequence[Evaluation],  # The first is the one the others are compared with; their names must differ
    metrics: Sequence[str] = ("top_n_accuracy", "macro_ap"),  # Names from METRICS
    resamples: int = 1000,  # Number of resamples of the movies
    seed: int = 42,  # Seed of the resamples
    level: float = 0.95,  # Share of the resamples inside the intervals
) -> Comparison:  # A `ValueError` says what differs between the results: movies, genres or true genres
    """Models side by side, with the paired interval of each difference to the first

    Paired: every resample draws the same movies for all models, so that what makes a movie hard for all cancels.
    """
    results = list(results)
    names = [r.name for r in results]
    if unknown := [k for k in metrics if k not in METRICS]:
        raise ValueError(f"unknown metric {unknown[0]!r}; known are {', '.join(METRICS)}")
    if not results or len(set(names)) < len(names):
        raise ValueError(
            f"give one or more results with different names, but they are {names}; set result.name = '...'"
        )
    first = results[0]
    results = [first, *(r.aligned(first.ids) for r in results[1:])]
    for r in results[1:]:
        if r.vocab != first.vocab:
            raise ValueError(
                f"{r.name!r} knows other genres than {first.name!r}, or in another order; use one vocabulary"
            )
        if n := int((r.targets != first.targets).any(axis=1).sum()):
            raise ValueError(f"{r.name!r} and {first.name!r} disagree on the true genres of {n} movies")
    if first.popularity is not None and "popularity" not in names:
        results.append(first.popularity)
    values = [all_metrics(r.probs, r.targets, r.thresh) for r in results]
    drawn = [r.resampled(resamples, seed) for r in results]
    rows = []
    for r, value, sample in zip(results, values, drawn, strict=True):
        row = {}
        for k in metrics:
            row[k] = (value[k], *interval(sample[k], value[k], level))
            if r is first:
                row[f"{k} difference"] = (np.nan, np.nan, np.nan)
                continue
            change = value[k] - values[0][k]
            row[f"{k} difference"] = (change, *interval(sample[k] - drawn[0][k], change, level, (-1, 1)))
        rows.append(row)
    notes = [
        f"{len(first.probs):,} movies, the same for all; [{level * 100:g} % intervals], {resamples:,} resamples.",
        *_rare(first),
        f"difference: to {first.name}, movie by movie; an interval without 0 is more than the choice of movies.",
    ]
    return Comparison(_wide([r.name for r in results], rows), notes)


def evaluate(
    learn,  # A fastai learner for posters or a PosterEnsemble; its `dls.vocab` and `loss_func.thresh` are used
    movies: pd.DataFrame,  # Movies to judge on: columns id, poster (path), genres (list of names); title is kept
    train: pd.DataFrame | None = None,  # The training movies, for the popularity row; None: `learn.genre_freq`
    name: str = "model",  # The model's name in tables
    thresh=None,  # One number, or one a genre; None: `learn.loss_func.thresh`, else 0.5
    views: str = "auto",  # views of each poster to average, e.g. "grid+mirror", as in `movie_probs`
    bs: int = 64,  # Batch size
    progress: bool | None = None,  # Whether to show a progress bar; None: in a terminal or notebook
    probs=None,  # Ready probabilities (movies, genres), e.g. from cached features; None: the posters are looked at
) -> Evaluation:
    "Runs the model over the movies' posters and judges its probabilities, popularity beside them"
    vocab = tuple(learn.dls.vocab)
    if missing := [c for c in ("id", "poster", "genres") if c not in movies]:
        raise ValueError(f"movies has no column {', '.join(missing)}; read_movies gives them all")
    if "split" in movies and 0 < (n := int((movies["split"] == "train").sum())) < len(movies):
        raise ValueError(
            f"{n} of the {len(movies)} movies are from the training side, which would flatter the model; "
            """pass one side, for example movies.query("split == 'test'")"""
        )
    if train is not None:
        check_apart(train, movies)
        train_freq = genre_frequencies(train, vocab)
    elif (train_freq := getattr(learn, "genre_freq", None)) is None:
        raise ValueError("popularity needs the training movies: pass evaluate(learn, movies, train=...)")
    if thresh is None:
        thresh = getattr(learn.loss_func, "thresh", 0.5)
    targets = multi_hot(movies["genres"], vocab)
    if probs is None:
        probs = movie_probs(learn, movies, bs=bs, views=views, progress=progress)
    elif len(probs) != len(movies):
        raise ValueError(f"probs has {len(probs)} rows for {len(movies)} movies; pass one row a movie, in their order")
    return Evaluation(probs, targets, vocab, thresh, movies["id"], name, train_freq, movies.get("title"))


def _rare(result: Evaluation) -> list[str]:
    support = result.targets.sum(axis=0)
    rare = [g for g, n in zip(result.vocab, support, strict=True) if 0 < n < 10]
    return [f"Fewer than 10 movies have {', '.join(rare)}: chance lifts their AP, and so macro AP."] if rare else []


def _wide(names: list[str], rows: list[dict[str, tuple]]) -> pd.DataFrame:
    columns = pd.MultiIndex.from_product([rows[0], ["value", "low", "high"]], names=["metric", None])
    cells = [[float(x) for cell in row.values() for x in cell] for row in rows]
    return pd.DataFrame(cells, index=names, columns=columns)


def _html(table: pd.DataFrame, notes: Sequence[str]) -> str:
    return f"{table.to_html()}<p>{'<br>'.join(html.escape(note) for note in notes)}</p>"
