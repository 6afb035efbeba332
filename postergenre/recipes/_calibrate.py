"""What --calibrate does after training: probabilities, then thresholds, fitted to the validation movies."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from fastai.learner import Learner

from postergenre.calibrate import calibrate, mean_probs
from postergenre.recipes._setup import section
from postergenre.thresholds import tune_thresholds


def fit_probabilities(
    learn: Learner,
    movies: pd.DataFrame | None = None,  # validation movies; None: the learner's
    logits: Sequence[np.ndarray] | None = None,  # ready (views, genres) of each movie; None: the posters are looked at
) -> None:
    "Calibrate, tune thresholds, show both."
    section("Probabilities and thresholds, fitted to the validation movies")
    scales = calibrate(learn, movies, logits=logits)
    probs = None if logits is None else mean_probs(logits, scales["scale"].to_numpy(), scales["bias"].to_numpy())
    thresholds = tune_thresholds(learn, movies, probs=probs)
    print(scales.join(thresholds["thresh"]).round(3).to_string())
