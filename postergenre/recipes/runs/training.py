"""How a run trains a network: the best epoch is kept, probabilities are fitted afterwards."""

import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass

import pandas as pd
from fastai.callback.progress import CSVLogger
from fastai.callback.tracker import SaveModelCallback
from fastai.learner import Callback
from torch import nn

from postergenre.data.files import write_whole
from postergenre.data.progress import show_progress
from postergenre.inference.calibrate import calibrate
from postergenre.inference.thresholds import tune_thresholds
from postergenre.recipes.runs.run import Run
from postergenre.recipes.runs.setup import device_name, section
from postergenre.recipes.runs.story import trained_words
from postergenre.training.callback import StopOnInterrupt
from postergenre.training.learner import PosterLearner

MONITOR = "top_n_accuracy"
NO_END = 10_000  # epochs, where minutes end the training


@dataclass
class Training:
    "How a model came about."

    arch: str
    parameters: int
    words: str = ""  # for the report
    heading: str = "Training"  # of these words
    minutes: float = 0.0
    history: pd.DataFrame | None = None  # as in history.csv; None: nothing was trained
    best: int | None = None  # row of the history that is kept
    images_per_second: float | None = None
    stopped: bool = False  # by the user


def train(
    run: Run,
    learn: PosterLearner,
    stop: Callback | None = None,  # what ends training early; None: Ctrl-C does, and the best epoch is kept
    cbs: Sequence[Callback] = (),  # for this fit only
    lr: float | slice | None = None,  # None: as configured, a tenth of it for a body with weights
    speed: float | None = 0,  # posters a second, where they were looked at before (None: not known); 0: measured here
) -> Training:
    "Train; the learner then is that of the epoch with the best validation top-n accuracy."
    config, stop, device = run.config, stop or StopOnInterrupt(), device_name()
    section("Training")
    learn.path, learn.model_dir = run.folder, "."
    parameters, rows = count_parameters(learn.model), len(learn.dls.train.dataset)
    print(f"{learn.arch}, {parameters:,} parameters, on {device}; {rows:,} rows an epoch", flush=True)
    if lr is None:
        has_weights = config.get("pretrained") or config.get("weights")
        lr = slice(config["lr"] / 10, config["lr"]) if has_weights else config["lr"]
    cbs = [*cbs, SaveModelCallback(MONITOR, fname="best"), CSVLogger("history.csv"), stop]
    begun = time.time()
    with nullcontext() if show_progress() else learn.no_bar():
        learn.fit_one_cycle(NO_END if config["epochs"] is None else config["epochs"], lr, cbs=cbs)
    minutes = (time.time() - begun) / 60
    if stop.stopped:
        print("\nStopped. Going on with the best epoch so far (Ctrl-C again to stop at once).", flush=True)
    history = pd.read_csv(run.folder / "history.csv")
    best = int(history[MONITOR].idxmax())
    speed = len(learn.recorder.losses) * learn.dls.bs / (minutes * 60) if speed == 0 else speed
    epoch = int(history.loc[best, "epoch"])
    words = trained_words(learn.arch, parameters, len(history), epoch, minutes, device, speed)
    print(f"Best epoch: {best}, validation top-n accuracy {history.loc[best, MONITOR]:.1%}")
    return Training(learn.arch, parameters, words, "Training", minutes, history, best, speed, stop.stopped)


def fit_probabilities(
    run: Run,
    learn: PosterLearner,
    movies: pd.DataFrame | None = None,  # validation movies; None: the learner's
    views: str = "auto",  # those with which the learner will predict
) -> None:
    "With --calibrate: calibrate, tune thresholds, show both."
    if run.config["calibrate"]:
        section("Probabilities and thresholds, fitted to the validation movies")
        scales = calibrate(learn, movies, views)
        thresholds = tune_thresholds(learn, movies, views=views)
        print(scales.join(thresholds["thresh"]).round(3).to_string())


def export(run: Run, learn: PosterLearner) -> None:
    "Write learner.pkl, whole or not at all."
    with write_whole(run.folder / "learner.pkl") as whole:
        learn.export(whole.resolve())


def count_parameters(*networks: nn.Module) -> int:
    "The parameters of all of them."
    return sum(p.numel() for network in networks for p in network.parameters())
