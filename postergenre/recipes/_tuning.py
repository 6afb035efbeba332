"""Fine-tuning by options: augmentation, callbacks and loss that keep it from overfitting, the head first."""

from pathlib import Path

import pandas as pd
from fastai.callback.core import Callback
from fastai.callback.mixup import CutMix, MixUp
from fastai.callback.tracker import EarlyStoppingCallback
from fastai.learner import Learner

from postergenre.data.augment import gentle_tfms
from postergenre.losses import poster_loss
from postergenre.recipes.runs.run import Run
from postergenre.recipes.runs.setup import section
from postergenre.training.callback import WeightEMA
from postergenre.training.networks import freeze_norms, freeze_stages, poster_learner
from postergenre.training.probe import start_from_probe


def fine_tune(
    run: Run,  # its config holds the options of recipes/lite.py
    movies: pd.DataFrame,  # with the column split
) -> Learner:
    "A network with pretrained weights, its head fitted first, then all of it trained."
    o = run.config
    dls = run.loaders(movies, batch_tfms=gentle_tfms(o["zoom"], o["flip"]))
    learn = poster_learner(
        dls,
        o["arch"],
        pretrained=o["pretrained"],
        weights=o["weights"],
        stages=o["stages"],
        arch_kwargs={"drop_rate": o["dropout"], "drop_path_rate": o["drop_path"]},
        loss_func=poster_loss(o["loss"], dls.row_freq, o["smoothing"]),
        wd=o["wd"],
    )
    if o["probe"]:
        head_first(learn, movies, o["crop"], run.out.parent / "features", o["bs"])
    freeze_stages(learn, o["frozen"])
    cbs = regularisers(o["mixup"], o["cutmix"], o["patience"])
    if o["freeze_norm"]:
        cbs.append(freeze_norms(learn))
    cbs = [*cbs, WeightEMA(o["ema"])] if o["ema"] else cbs
    run.fit(learn, cbs=cbs, lr=slice(o["lr"], o["head_lr"]))
    return learn


def regularisers(
    mixup: float = 0.0,  # alpha of mixup's Beta; 0: none
    cutmix: float = 0.0,  # alpha of cutmix's; 0: none
    patience: int = 3,  # epochs without a better validation top-n accuracy
) -> list[Callback]:
    "Callbacks for one fit. ValueError: mixup and cutmix together"
    if mixup and cutmix:
        raise ValueError("--mixup and --cutmix both blend pictures; set one of them to 0")
    blend = [MixUp(mixup)] if mixup else [CutMix(cutmix)] if cutmix else []
    return [*blend, EarlyStoppingCallback("top_n_accuracy", patience=patience)]


def head_first(
    learn: Learner,  # with pretrained weights
    movies: pd.DataFrame,  # with the column split
    crop: str,  # how the learner sees posters
    folder: Path,  # of the feature cache
    bs: int,  # pictures a batch
) -> None:
    "Fit the last layer on the network's features before all of it is trained. ValueError: not on whole posters"
    if crop != "whole":
        raise ValueError("--probe fits the head on whole posters; add --no-probe, or --crop whole")
    section("Head first")
    table = start_from_probe(learn, movies, folder, bs=bs)
    print(table.to_string(index=False, float_format=lambda x: f"{x:.4g}"))
