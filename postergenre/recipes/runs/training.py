"""How a run trains a network or fits a head on a frozen one, and the sentences in which its report says so."""

import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass

import pandas as pd
from fastai.learner import Callback
from torch import nn

from postergenre.data.loaders import validation_movies
from postergenre.data.progress import show_progress
from postergenre.inference.calibrate import calibrate
from postergenre.inference.thresholds import tune_thresholds
from postergenre.recipes.runs.folder import BEST, CHECKPOINT, HISTORY
from postergenre.recipes.runs.run import Data, Run, device_name, section
from postergenre.training.callback import StopOnInterrupt
from postergenre.training.epochs import CheckLoss, History, KeepBest, StopEarly, start_figures
from postergenre.training.fusion import ProbeLearner
from postergenre.training.heads import score
from postergenre.training.learner import PosterLearner
from postergenre.training.precision import TrainingPrecision, resolve_precision
from postergenre.training.probe import fit_probe
from postergenre.training.processes import first_says, leave_to_first
from postergenre.training.resume import Checkpoint

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
    best: int | None = None  # epoch that is kept, by the passes over the training data before it; None: no epochs
    images_per_second: float | None = None
    stopped: bool = False  # by the user


def train(
    run: Run,
    learn: PosterLearner,
    stop: Callback | None = None,  # what ends training early; None: Ctrl-C does, and the best epoch is kept
    cbs: Sequence[Callback] = (),  # for this fit only
    lr: float | slice | None = None,  # None: as configured, a tenth of it for a body with weights
    speed: float | None = 0,  # posters a second, where they were looked at before (None: not known); 0: measured here
    fitted: bool = False,  # its head was fitted before, so the start counts as epoch 0 and is kept if none beats it
) -> Training:
    "Train, or go on after the last whole epoch; the learner then is that of the epoch with the best top-n accuracy."
    config, stop = run.config, stop or StopOnInterrupt()
    section("Training")
    parameters, rows = count_parameters(learn.model), len(learn.dls.train.dataset)
    precision = first_says(resolve_precision(config["precision"], learn.dls.device))
    where = device_name() + ", in bf16" * (precision == "bf16")
    print(f"{learn.arch}, {parameters:,} parameters, on {where}; {rows:,} rows an epoch", flush=True)
    if lr is None:
        has_weights = config.get("pretrained") or config.get("weights")
        lr = slice(config["lr"] / 10, config["lr"]) if has_weights else config["lr"]
    smaller = min(config["lr"] / 10, 2e-3)
    check = CheckLoss(f"pass a smaller --lr than {config['lr']:g}, for example --lr {smaller:g}")
    run.open()
    checkpoint = Checkpoint(run.folder / CHECKPOINT, last=run.scored)
    if before := checkpoint.before:
        run.started -= checkpoint.seconds
        how = "" if checkpoint.ended else ", and cut short" if run.scored else ", going on"
        of = f" of {config['epochs']}" if config["epochs"] else ""
        print(f"Trained before{how}: {before}{of} epochs.", flush=True)
    with nullcontext() if show_progress() else learn.no_bar(), learn.distrib_ctx():
        start = start_figures(learn) if fitted and not before else None
        reached = start and dict(zip(["valid_loss", *learn.metrics.attrgot("name")], start, strict=True))[MONITOR]
        keep = [History(run.folder / HISTORY, start), KeepBest(run.folder / BEST, MONITOR, reached)]
        if config.get("patience"):
            keep.append(StopEarly(MONITOR, patience=config["patience"]))
        try:
            epochs = NO_END if config["epochs"] is None else config["epochs"]
            own = [check, *keep, stop, TrainingPrecision(precision), checkpoint]
            fit = learn.fit if config.get("schedule") == "flat" else learn.fit_one_cycle
            fit(epochs, lr, cbs=[*cbs, *own])
        except BaseException:
            stop("after_fit")  # else Ctrl-C would go on meaning what it means in training
            raise
    if stop.stopped:
        print("\nStopped. Going on with the best epoch so far (Ctrl-C again to stop at once).", flush=True)
    minutes = checkpoint.seconds / 60
    history = pd.read_csv(run.folder / HISTORY)
    speed = len(learn.recorder.losses) * learn.dls.bs / (minutes * 60) if speed == 0 else speed
    stopped = stop.stopped or (run.scored and not checkpoint.ended)
    return told(Training(learn.arch, parameters, "", "Training", minutes, history, None, speed, stopped), fitted)


def told(training: Training, fitted: bool) -> Training:
    "With its best epoch and the words for the report; fitted: as in train."
    history = training.history
    best = history.loc[history[MONITOR].idxmax()]
    training.best, trained = int(best["epoch"]), int(history["epoch"].max())
    start_too = " and, as epoch 0, of the fitted start" if fitted else ""
    kept = f"epoch {training.best}" if training.best else "the fitted start, which none of them beats"
    training.words = (
        f"Loss and validation figures of {trained} epoch{'s' * (trained != 1)}{start_too}. What has the best "
        f"validation top-n accuracy, {kept}, is kept. {training.arch}, {training.parameters:,} parameters; "
        f"{_took(training.minutes, device_name(), training.images_per_second)}."
    )
    which = f"{training.best}{'' if training.best else ' (the start)'}"
    print(f"Best epoch: {which}, validation top-n accuracy {best[MONITOR]:.1%}")
    return training


def look(
    run: Run, learn: ProbeLearner, movies: pd.DataFrame, views: str = "whole", train_views: str = "whole"
) -> float | None:  # posters a second; None: all was kept from before
    "Compute the features of movies in their views, those of training in train_views too, or find them in --cache."
    section("Features of the movies")
    learn.use_cache(run.config["cache"])
    begun, looked, train = time.monotonic(), 0, movies["split"] == "train"
    for modality in learn.modalities:
        for wanted, of in ((movies, f"whole+{views}"), (movies[train], train_views)):
            modality.features(wanted, of, run.config["bs"], run.config["workers"])
        for file, kept in modality.kept.items():
            done = f"{kept.computed:,} movies computed" if kept.computed else "all in the cache"
            print(f"  {file}: {done}", flush=True)
            looked += kept.computed * file.endswith(".features")
    return looked / (time.monotonic() - begun) if looked else None


def fit_head(run: Run, data: Data, learn: ProbeLearner, views: str = "whole", speed: float | None = None) -> Training:
    "Fit the head to views of training posters, its strength chosen on validation; speed: from look."
    section("Fitting the head")
    begun, device = time.monotonic(), device_name()
    run.open()
    table = fit_probe(learn, data.movies, views, kernel=run.config.get("kernel", 0), seed=run.config["seed"])
    minutes, parameters = (time.monotonic() - begun) / 60, count_parameters(learn.model)
    network, fitted = f"{learn.arch}, {parameters:,} parameters", count_parameters(learn.model.head)
    print(f"{network}, {fitted:,} of them fitted, on {device}")
    print(table.to_string(index=False, float_format="{:.4g}".format))
    best = max(table.index, key=lambda i: score(table.loc[i]))
    strength, top_n = table.loc[best, ["strength", MONITOR]]
    print(f"Chosen: strength {strength:g}, validation top-n accuracy {top_n:.1%}")
    words = (
        f"The network is frozen and its features are kept in files; its head was fitted with {len(table)} strengths of "
        f"the penalty. The one with the best mean of validation top-n accuracy and macro AP, {strength:g}, is kept. "
        f"{network}; the fit took {_took(minutes, device, speed)}."
    )
    return Training(learn.arch, parameters, words, minutes=minutes, history=table, images_per_second=speed)


def fit_probabilities(run: Run, learn: PosterLearner, movies: pd.DataFrame | None = None) -> None:
    "Tune thresholds on validation movies (None: the learner's), with --calibrate probabilities first; show both."
    leave_to_first()
    movies = validation_movies(learn) if movies is None else movies
    if run.config.get("protocol") == "study":
        movies = movies[~movies["poster"].map(str).duplicated()]  # a row a crop
    too = run.config["calibrate"]
    section(f"{'Probabilities and thresholds' if too else 'Thresholds'}, fitted to the validation movies")
    fitted = [calibrate(learn, movies)[["scale", "bias"]]] if too else []
    fitted.append(tune_thresholds(learn, movies)[["positives", "thresh"]])
    print(pd.concat(fitted[::-1], axis=1).round(3).to_string())


def export(run: Run, learn: PosterLearner) -> None:
    "Write learner.pkl."
    learn.export((run.folder / "learner.pkl").resolve())  # not below the learner's own path


def count_parameters(*networks: nn.Module) -> int:
    "The parameters of all of them."
    return sum(p.numel() for network in networks for p in network.parameters())


def _took(minutes: float, device: str, speed: float | None) -> str:
    return f"{minutes:.1f} minutes on {device}" + (f", {speed:,.0f} posters a second" if speed else "")
