"""A learner and a table of movies in, a table of figures out: the model, popularity and a random order side by side."""

import numpy as np
import pandas as pd

from postergenre import metrics as m
from postergenre.data.genres import multi_hot
from postergenre.evaluation.baselines import check_apart, genre_frequencies, random_expectation
from postergenre.evaluation.bootstrap import bootstrap_weights, interval, resampled_metrics
from postergenre.evaluation.figures import METRICS, all_metrics
from postergenre.evaluation.predictions import Predictions, judged_on, rare_genres, seen_in_training
from postergenre.evaluation.tables import Printed, text_table, wide_table
from postergenre.inference.ensemble import PosterEnsemble
from postergenre.inference.probs import movie_probs
from postergenre.training.learner import PosterLearner


class Evaluation(Printed, Predictions):
    "Saved predictions with every figure that follows from them; the arguments are those of `Predictions`."

    def resampled(self, resamples: int = 1000, seed: int = 42) -> dict[str, np.ndarray]:  # as from `resampled_metrics`
        "Every figure in every resample of the movies (the same seed draws the same movies); the last ones are kept."
        key = resamples, seed, np.asarray(self.thresh).tobytes()
        if getattr(self, "_resampled", (None,))[0] != key:
            weights = bootstrap_weights(len(self.probs), resamples, seed)
            self._resampled = key, resampled_metrics(self.probs, self.targets, weights, self.thresh)
        return self._resampled[1]

    @property
    def popularity(self) -> "Evaluation | None":  # None without training frequencies
        "The same movies, judged with each genre's training frequency as its probability."
        if self.train_freq is None:
            return None
        kept = getattr(self, "_popularity", None)  # so that its resamples are drawn once
        if kept is None or not np.array_equal(kept.thresh, self.thresh):
            probs = np.tile(self.train_freq, (len(self.probs), 1))
            self._popularity = Evaluation(probs, self.targets, self.vocab, self.thresh, self.ids, "popularity")
        return self._popularity

    def figures(
        self,
        resamples: int = 1000,  # number of resamples of the movies
        seed: int = 42,  # seed of the resamples
        level: float = 0.95,  # share of the resamples inside the intervals
    ) -> pd.DataFrame:  # rows: model, popularity, random; columns: (metric, value or low or high); NaN: not defined
        "The figures as numbers, with intervals over the movies."
        names, rows = [], []
        for result in filter(None, (self, self.popularity)):
            values, drawn = all_metrics(result.probs, result.targets, result.thresh), result.resampled(resamples, seed)
            names.append(result.name)
            rows.append({k: (values[k], *interval(drawn[k], values[k], level)) for k in METRICS})
        expected = random_expectation(self.targets)
        rows.append({k: (expected.get(k, np.nan), np.nan, np.nan) for k in METRICS})
        return wide_table([*names, "random"], rows)

    @property
    def metrics(self) -> pd.DataFrame:
        "`figures()` with 1,000 resamples and 95 % intervals."
        return self.figures()

    def table(self, resamples: int = 1000, seed: int = 42, level: float = 0.95) -> pd.DataFrame:
        "The `figures` as texts such as '59.4 % [57.9, 60.8]': a row each for the model, popularity and a random order."
        return text_table(self.figures(resamples, seed, level))

    def per_genre(self, resamples: int = 1000, seed: int = 42, level: float = 0.95) -> pd.DataFrame:  # a row a genre
        """How well each genre is found, and how many movies stand behind it, with intervals as `figures` makes them.

        `lift` is AP / frequency; AP and lift are NaN for an absent genre.
        """
        drawn, support = self.resampled(resamples, seed), self.targets.sum(axis=0)
        frequency = support / len(self.probs)
        ap = m.average_precision_per_genre(self.probs, self.targets)
        f1 = m.f1_per_genre(self.probs, self.targets, self.thresh)
        (ap_low, ap_high), (f1_low, f1_high) = interval(drawn["ap"], ap, level), interval(drawn["f1"], f1, level)
        precision, recall = m.precision_recall_at_n_per_genre(self.probs, self.targets)
        lift = np.divide(ap, frequency, out=np.full(len(ap), np.nan), where=support > 0)
        columns = {"support": support, "frequency": frequency}
        columns |= {"ap": ap, "ap_low": ap_low, "ap_high": ap_high, "lift": lift}
        columns |= {"f1": f1, "f1_low": f1_low, "f1_high": f1_high, "precision_at_n": precision, "recall_at_n": recall}
        columns |= {"thresh": self.thresh, "predicted": self.predicted.sum(axis=0), "in_top_n": self.top_n.sum(axis=0)}
        table = pd.DataFrame(columns, index=pd.Index(self.vocab, name="genre"))
        return table.rename_axis(columns=self.mark or None)

    @property
    def never_predicted(self) -> dict[str, list[str]]:  # "threshold" and "top_n", each with names of genres
        "Genres that no movie gets above the threshold, and genres that stand in no movie's top n."
        said = {"threshold": self.predicted, "top_n": self.top_n}
        return {where: m.absent_genres(genres, self.vocab) for where, genres in said.items()}

    @property
    def absent(self) -> list[str]:
        "Genres that none of the movies has."
        return m.absent_genres(self.targets, self.vocab)

    @property
    def notes(self) -> list[str]:
        "What must be known to read the printed table, a sentence each."
        size = f"{judged_on(self)}, {len(self.vocab)} genres"
        notes = [*seen_in_training(self), f"{size}; [95 % intervals], 1,000 resamples of the movies."]
        if unlabelled := int((~self.targets.any(axis=1)).sum()):
            notes.append(f"{unlabelled:,} movies have no genre and do not count for top-n accuracy.")
        if below := int((~self.predicted.any(axis=1)).sum()):
            many = f"{below:,} of the movies {'is' if below == 1 else 'are'} below all thresholds"
            notes.append(f"{many}: F1 counts them as named nothing; a prediction names the most probable genre.")
        if self.absent:
            notes.append(f"No movie has {', '.join(self.absent)}: left out of the macro figures.")
        notes += rare_genres(self)
        known = "every movie gets the genres' training frequencies, at the model's thresholds"
        unknown = "no row, as the training movies are not known (train_freq=...)"
        notes.append(f"popularity: {unknown if self.train_freq is None else known}.")
        notes.append("random: what a random order gives on average; – where that is not defined.")
        for where, key in (("above the threshold", "threshold"), ("in the top n", "top_n")):
            if names := self.never_predicted[key]:
                notes.append(f"Never {where}: {'any genre' if len(names) == len(self.vocab) else ', '.join(names)}.")
        return notes


def evaluate(
    learn: PosterLearner | PosterEnsemble,  # trained or loaded
    movies: pd.DataFrame,  # to judge on: columns id, poster (path), genres (list of names); title is kept
    train: pd.DataFrame | None = None,  # the training movies, for the popularity row; None: learn.genre_freq
    name: str = "model",  # the model's name in tables
    thresh=None,  # one number, or one a genre; None: learn.thresh
    views: str | None = None,  # views of each poster to average, as in movie_probs; None: learn.views
    bs: int = 64,  # pictures a batch
    progress: bool | None = None,  # a bar; None: in a terminal or notebook
    probs=None,  # ready probabilities (movies, genres), e.g. from cached features; None: the posters are looked at
) -> Evaluation:  # ValueError: movies of training, no training movies known, or a column is missing
    "Judge a model on movies, popularity beside it. A movie of several (leaky) rows is looked at once; each row counts."
    vocab = tuple(learn.dls.vocab)
    if missing := [c for c in ("id", "poster", "genres") if c not in movies]:
        raise ValueError(f"movies has no column {', '.join(missing)}; read_movies gives them all")
    if "split" in movies and 0 < (n := int((movies["split"] == "train").sum())) < len(movies):
        said = f"{n} of the {len(movies)} movies are from the training side, which would flatter the model"
        raise ValueError(f"""{said}; pass one side, for example movies.query("split == 'test'")""")
    if train is not None:
        check_apart(train, movies)
        train_freq = genre_frequencies(train, vocab)
    elif (train_freq := learn.genre_freq) is None:
        raise ValueError("popularity needs the training movies: pass evaluate(learn, movies, train=...)")
    thresh = learn.thresh if thresh is None else thresh
    targets = multi_hot(movies["genres"], vocab)
    if probs is None:
        of = movies.get("movie", movies["id"])  # leaky crops say which movie they are of
        rows, _ = pd.factorize(of)  # where each stands among the different ones
        probs = movie_probs(learn, movies[~of.duplicated()], bs=bs, views=views, progress=progress)[rows]
    elif len(probs) != len(movies):
        raise ValueError(f"probs has {len(probs)} rows for {len(movies)} movies; pass one row a movie, in their order")
    sides = movies["split"].value_counts(sort=False).to_dict() if "split" in movies else None
    return Evaluation(probs, targets, vocab, thresh, movies["id"], name, train_freq, movies.get("title"), sides)
