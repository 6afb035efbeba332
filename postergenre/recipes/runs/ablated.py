"""What each kind of evidence is worth: all together, each left out, each alone, on the same movies."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from postergenre.evaluation.compare import Comparison, compare
from postergenre.evaluation.evaluate import Evaluation
from postergenre.evaluation.tables import markdown_table
from postergenre.inference.ensemble import PosterEnsemble
from postergenre.inference.pooling import FOLDS, ensemble_weights
from postergenre.portable.pool import pool_probs
from postergenre.recipes.runs.results import figures
from postergenre.recipes.runs.run import Run
from postergenre.recipes.runs.series_table import per_genre, plot_genres

WHOLE, POSTER = "all", "poster alone"


@dataclass
class Ablation:
    "Members of an ensemble together, without one, and one alone: a row each, in this order."

    valid: list[Evaluation]  # weights are chosen on these movies
    test: list[Evaluation]
    alone: list[Evaluation]  # on test, each member as it is

    def figures(self) -> dict:  # row -> side -> figure -> value, low, high
        "For metrics.json."
        pairs = zip(self.valid, self.test, strict=True)
        return {test.name: {"valid": figures(v)[v.name], "test": figures(test)[test.name]} for v, test in pairs}

    def comparison(self) -> Comparison:
        "On test, each with its difference to all together."
        return compare(self.test)

    def genres(self) -> pd.DataFrame:  # genres x (movies, each member, all)
        "Average precision on test of each member alone, and of all."
        return per_genre([*self.alone, self.test[0]])

    def write(self, run: Run) -> None:
        "ablation.md and .csv, per_genre.csv and .png."
        comparison, genres = self.comparison(), self.genres()
        run.write("ablation.csv", comparison.metrics.to_csv())
        run.write("ablation.md", markdown_table(comparison.table()) + "\n")
        run.write("per_genre.csv", genres.round(4).to_csv())
        run.save_figure(plot_genres(genres), "per_genre.png")


def ablate(
    ensemble: PosterEnsemble,
    valid: list[Evaluation],  # of its members
    test: list[Evaluation],  # the same
) -> Ablation:
    "Put the members together in every way, with weights chosen anew on validation each time."
    names, everyone = ensemble.names, list(range(len(ensemble.members)))
    rows = {WHOLE: everyone} | {f"without {name}": [i for i in everyone if i != n] for n, name in enumerate(names)}
    poster = [i for i, member in enumerate(ensemble.members) if set(member.columns) == {"poster"}]
    if 1 < len(poster) < len(everyone):
        rows = {name: members for name, members in rows.items() if members != poster} | {POSTER: poster}
    rows |= {name: [i] for i, name in enumerate(names)}
    done = {name: _together(ensemble, members, valid, test, name) for name, members in rows.items()}
    return Ablation([v for v, _ in done.values()], [t for _, t in done.values()], test)


def weights_held_out(
    ensemble: PosterEnsemble,
    valid: list[Evaluation],  # of its members
) -> Evaluation:
    "The ensemble on validation, a fifth at a time with weights chosen on the other fifths."
    probs, targets, freq = [r.probs for r in valid], valid[0].targets, ensemble.genre_freq
    pooled = np.empty_like(probs[0])
    for fold in range(FOLDS):
        out = np.arange(len(targets)) % FOLDS == fold
        weights = ensemble_weights([p[~out] for p in probs], targets[~out], ensemble.pool, freq)
        pooled[out] = pool_probs([p[out] for p in probs], weights, ensemble.pool, freq)
    return _like(valid[0], pooled, ensemble.pool)


def _together(ensemble, members: list[int], valid, test, name: str) -> tuple[Evaluation, Evaluation]:
    if len(members) == 1:
        return tuple(_like(side[members[0]], side[members[0]].probs, name) for side in (valid, test))
    of_valid, of_test = ([side[i].probs for i in members] for side in (valid, test))
    weights = ensemble_weights(of_valid, valid[0].targets, ensemble.pool, ensemble.genre_freq)
    return tuple(
        _like(side[0], pool_probs(probs, weights, ensemble.pool, ensemble.genre_freq), name)
        for side, probs in ((valid, of_valid), (test, of_test))
    )


def _like(one: Evaluation, probs: np.ndarray, name: str) -> Evaluation:
    return Evaluation(probs, one.targets, one.vocab, one.thresh, one.ids, name, one.train_freq, one.titles)
