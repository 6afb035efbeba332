"""Objects in a picture by detectors of a name: what an ImageNet network names in windows, or what COCO trained."""

from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlparse

import numpy as np
import torch
from PIL import Image
from torchvision import models
from torchvision.ops import batched_nms

from postergenre.layers import weights_digest
from postergenre.vision.build import create_model
from postergenre.vision.things import Box
from postergenre.vision.weights import LITE, WeightsUnavailableError, load_body, read_weights, unreachable

SIZE = (416, 288)  # (height, width) in pixels: a map of 13 x 9 places
WINDOWS = ((7, 3, 2), (4, 5, 3))  # places a side, rows, columns; beside the whole poster
APART = 0.3  # two boxes of one label that overlap more (intersection over union) are one object
LEAST = 0.01  # scores below say nothing


class Object(NamedTuple):
    "One object as it was found."

    label: str
    score: float  # how sure the detector is, from 0 to 1
    box: Box


class ImageNetWindows:
    """What a network of ImageNet's 1,000 classes names in windows of a picture: no object's outline, but its place.

    The network runs once, on the whole poster; a window is a part of its last feature map (as in OverFeat, Sermanet
    et al. 2014, https://arxiv.org/abs/1312.6229).
    """

    def __init__(
        self,
        arch: str = "tf_efficientnet_lite0",  # a timm network whose feature map has 32 pixels a place
        weights: str | Path = LITE,  # "lite", or a local file
    ):  # ValueError, WeightsUnavailableError: as in create_model
        self.name, self.labels = (
            f"{arch}-{SIZE[0]}x{SIZE[1]}",
            models.EfficientNet_B0_Weights.DEFAULT.meta["categories"],
        )
        self.net, (mean, std) = create_model(arch, len(self.labels), SIZE, weights=weights)
        self.net.requires_grad_(False).eval().to(memory_format=torch.channels_last)
        self.mean, self.std = (torch.tensor(s).view(3, 1, 1) for s in (mean, std))

    def __call__(self, picture: Image.Image) -> list[Object]:  # RGB
        "What the windows show, the surest first."
        small = np.array(picture.resize(SIZE[::-1], Image.Resampling.BILINEAR))
        x = (torch.from_numpy(small).permute(2, 0, 1).float() / 255 - self.mean) / self.std
        with torch.inference_mode():
            found = self.net.forward_features(x[None].contiguous(memory_format=torch.channels_last))
            windows, boxes = _windows(found)
            heads = [self.net.forward_head(torch.cat(w)) for w in windows]
            scores = torch.cat(heads).softmax(1)
        at, label = (scores >= LEAST).nonzero(as_tuple=True)
        boxes, scores = boxes[at], scores[at, label]
        kept = batched_nms(boxes, scores, label, APART)
        rows = zip(label[kept].tolist(), scores[kept].tolist(), boxes[kept].tolist(), strict=True)
        return [Object(self.labels[i], round(s, 3), tuple(round(x, 3) for x in box)) for i, s, box in rows]


class COCODetector:
    "Objects of COCO's 80 classes by one of torchvision's detectors."

    def __init__(
        self,
        arch: str = "fasterrcnn_mobilenet_v3_large_fpn",  # one of torchvision.models.detection
        weights: str | Path | None = None,  # a local file; None: torchvision's, from its cache or downloaded
    ):  # ValueError: no such detector, or the file does not fit; WeightsUnavailableError: no weights to be had
        known = [n for n in models.list_models(module=models.detection) if "keypoint" not in n]
        if arch not in known:
            raise ValueError(f"torchvision has no detector {arch!r}; choose one of: {', '.join(known)}")
        published = models.get_model_weights(arch).DEFAULT
        self.name, self.categories = arch, published.meta["categories"]
        self.labels = [c for c in self.categories if c not in ("__background__", "N/A")]
        state = _downloaded(arch, published) if weights is None else read_weights(weights)
        self.net = models.get_model(arch, weights=None, weights_backbone=None, num_classes=len(self.categories))
        load_body(self.net.eval().requires_grad_(False), state, "", str(weights or published))

    def __call__(self, picture: Image.Image) -> list[Object]:  # RGB
        "The objects, the surest first."
        x = torch.from_numpy(np.array(picture)).permute(2, 0, 1).float() / 255
        with torch.inference_mode():
            found = self.net([x])[0]
        boxes = (found["boxes"] / torch.tensor([picture.width, picture.height] * 2)).clamp(0, 1)
        rows = zip(found["labels"].tolist(), found["scores"].tolist(), boxes.tolist(), strict=True)
        named = [(self.categories[i], round(s, 3), tuple(round(x, 3) for x in box)) for i, s, box in rows]
        return [Object(*row) for row in named if row[0] in self.labels]


DETECTORS = {"imagenet": ImageNetWindows, "coco": COCODetector}


def detector_digest(detector: Callable) -> str:
    "A name for files of what a detector found: of this network and no other; of a function its own."
    if net := getattr(detector, "net", None):
        return f"{detector.name}-{weights_digest(net)}"
    return getattr(detector, "__qualname__", type(detector).__qualname__).replace("<", "").replace(">", "")


def _windows(found: torch.Tensor) -> tuple[list[list[torch.Tensor]], torch.Tensor]:
    "Windows of a feature map (1, channels, height, width), those of one size together, and their boxes (windows, 4)."
    height, width = found.shape[2:]
    windows, boxes = [[found]], [(0, 0, 1, 1)]
    for side, rows, columns in WINDOWS:
        tops, lefts = (np.linspace(0, n - side, k).round() for n, k in ((height, rows), (width, columns)))
        at = [(int(top), int(left)) for top, left in product(tops, lefts)]
        windows.append([found[:, :, top : top + side, left : left + side] for top, left in at])
        boxes += [(left / width, top / height, (left + side) / width, (top + side) / height) for top, left in at]
    return windows, torch.tensor(boxes)


def _downloaded(arch: str, published) -> dict[str, torch.Tensor]:
    file = Path(torch.hub.get_dir()) / "checkpoints" / Path(urlparse(published.url).path).name
    if not file.is_file() and (why := unreachable(published.url)):
        raise WeightsUnavailableError(
            f"COCO weights of {arch} cannot be had ({why}); download {published.url} elsewhere and pass "
            "Objects('coco', weights='file.pth'), or use Objects('imagenet')"
        )
    return published.get_state_dict(progress=True, check_hash=True)
