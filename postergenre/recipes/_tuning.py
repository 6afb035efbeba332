"""What keeps fine-tuning from overfitting, by number: augmentation and callbacks."""

from fastai.callback.core import Callback
from fastai.callback.mixup import CutMix, MixUp
from fastai.callback.tracker import EarlyStoppingCallback
from fastai.vision.augment import aug_transforms


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
