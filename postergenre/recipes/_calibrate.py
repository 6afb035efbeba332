"""What --calibrate does after training: probabilities, then thresholds, fitted to the validation movies."""

from fastai.learner import Learner

from postergenre.calibrate import calibrate
from postergenre.recipes._setup import section
from postergenre.thresholds import tune_thresholds


def fit_probabilities(learn: Learner) -> None:
    "Calibrate, tune thresholds, show both."
    section("Probabilities and thresholds, fitted to the validation movies")
    scales = calibrate(learn)
    thresholds = tune_thresholds(learn)
    print(scales.join(thresholds["thresh"]).round(3).to_string())
