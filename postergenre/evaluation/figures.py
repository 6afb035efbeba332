"""The one table of all figures by which a result is judged: their names, how they are computed, what they mean."""

from collections.abc import Callable
from typing import NamedTuple

from postergenre import metrics as m


class Measure(NamedTuple):
    "A figure by which a result is judged."

    heading: str  # in tables and below charts
    function: Callable[..., float]  # of probs and targets (movies, genres), and of thresh if it is an F1
    meaning: str  # a phrase for readers who do not know it
    percent: bool = False  # shown in percent; else as a number from 0 to 1

    def text(self, value: float) -> str:
        "A value as it is read: 59.4% or 0.594."
        return f"{value:.1%}" if self.percent else f"{value:.3f}"


METRICS = {  # by name, in the order of the tables
    "top_n_accuracy": Measure(
        "top-n accuracy", m.top_n_accuracy, "share of a movie's genres among its n most probable ones", True
    ),
    "macro_ap": Measure(
        "macro AP", m.macro_average_precision, "how far up the movies of a genre are ranked, mean over the genres"
    ),
    "micro_ap": Measure("micro AP", m.micro_average_precision, "the same over all pairs of movie and genre at once"),
    "macro_f1": Measure("macro F1", m.macro_f1, "precision and recall at the thresholds, mean over the genres"),
    "micro_f1": Measure("micro F1", m.micro_f1, "precision and recall at the thresholds, over all pairs at once"),
    "precision_at_n": Measure(
        "precision at n", m.precision_at_n, "share of the genres named that are true, mean over the genres", True
    ),
    "recall_at_n": Measure(
        "recall at n", m.recall_at_n, "share of the true genres that are named, mean over the genres", True
    ),
    "ece": Measure(
        "calibration error", m.expected_calibration_error, "how far probabilities are from what came true; 0 is best"
    ),
    "brier": Measure("Brier score", m.brier_score, "mean squared error of the probabilities; 0 is best"),
}


def all_metrics(probs, targets, thresh=0.5) -> dict[str, float]:  # by the names of METRICS
    "Every figure of a result, as `postergenre.metrics` computes them; the arguments are those of its functions."
    # the F1s judge what is above the thresholds, the others the probabilities themselves
    at = {name: [thresh] if name.endswith("_f1") else [] for name in METRICS}
    return {name: figure.function(probs, targets, *at[name]) for name, figure in METRICS.items()}
