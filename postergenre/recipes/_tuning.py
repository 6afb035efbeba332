"""Fine-tuning by options: augmentation, callbacks and loss that keep it from overfitting, the head first."""

from pathlib import Path

import pandas as pd
from fastai.callback.core import Callback
from fastai.callback.mixup import CutMix, MixUp
from fastai.callback.tracker import EarlyStoppingCallback
from fastai.callback.training import BnFreeze
from fastai.learner import Learner
from fastai.vision.augment import aug_transforms
from torch import nn

from postergenre.data import size_of
from postergenre.ema import WeightEMA
from postergenre.learner import poster_learner
from postergenre.losses import poster_loss
from postergenre.models.stages import StageModel, stage_names
from postergenre.probe import start_from_probe
from postergenre.recipes._run import Run
from postergenre.recipes._setup import section


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


def freeze_stages(
    learn: Learner,
    n: int,  # stages of the network, from the first; 0: none
) -> None:  # ValueError: there are fewer
    "The first stages stay as pretraining left them: most of the time goes there, and least of what is learned."
    model = learn.model
    body = model.features.body if isinstance(model, StageModel) else model
    names = stage_names(body, size_of(learn.dls)) if n else []
    if not 0 <= n <= len(names):
        raise ValueError(f"--frozen {n} should be from 0 (none) to {len(names)}, the stages of {learn.arch}")
    if n:
        last = list(body.get_submodule(names[n - 1]).parameters())[-1]
        for p in body.parameters():
            p.requires_grad_(False)
            if p is last:
                break


def freeze_norms(
    learn: Learner,  # its batch norms are left out of training
) -> Callback:  # for the fit
    """Batch norms keep the statistics and weights of pretraining.

    Else those of augmented, mixed pictures take their place within an epoch, and the fitted head no longer fits.
    """
    for module in learn.model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.requires_grad_(False)
    return BnFreeze()


def gentle_tfms(
    zoom: float = 1.2,  # at most this much larger, around a random place; 1: none
    flip: bool = True,  # mirror half of the posters
) -> list:
    "Batch transforms that leave colour and lettering as they are: no lighting, warp or rotation."
    if zoom < 1:
        raise ValueError(f"--zoom {zoom} should be 1 (none) or more, for example 1.2")
    if zoom == 1 and not flip:
        return []
    return aug_transforms(
        do_flip=flip, max_rotate=0, max_zoom=zoom, max_lighting=0, max_warp=0, p_affine=1.0 if zoom > 1 else 0
    )


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
