"""Attention by style: a weight for every channel of a feature map, and the place in a network where it is put."""

import math

import torch
from timm.layers import SEModule, make_divisible
from torch import nn
from torch.nn import functional as F

from postergenre.vision.maps import Event, module_named, stage_parts, target_layer, trace

REDUCTION = 16  # channels over the width of the bottleneck, as in Hu et al. 2018


class Gate(nn.Module):
    "Weights from 0 to 2: twice a sigmoid, so that zeros give 1, which leaves a channel as it is."

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        "Any shape, the same shape."
        return 2 * torch.sigmoid(x)


class GramLayer(nn.Module):
    """A weight for each channel, from how the channels go together: the Gram matrix of the map.

    The matrix G (C x C) is the mean over all positions of x_i * x_j: what things look like, not where they are. Each of
    its rows is read by weights of its own, sum_j w_ij G_ij (a convolution along the row, one filter a row). Layer norm
    over the channels, a bottleneck (linear, ReLU, linear) and `Gate` make weights of that, which multiply the map. The
    last linear layer starts at zero: a new layer changes nothing, and pretrained weights stay of use.

    G itself is never built: its row i, read by w_i, is the mean over positions of x_i * (W x)_i, the same number from a
    convolution of kernel 1. That saves the C x C numbers a picture; the C²HW multiply-adds stay.

    Source: Wi, Jang, Kim 2020, 'Poster-Based Multiple Movie Genre Classification Using Inter-Channel Features' (IEEE
    Access). Its abstract and the caption of its Figure 4 were at hand: a Gram matrix gives style weights, which
    multiply the map. How it gives them follows Gao et al. 2019 (GSoP-Net: a convolution along each row) and, for the
    bottleneck, Hu et al. 2018. Ours: layer norm, as it needs no batch and some networks have large maps; the gate; one
    layer after one stage, where the paper has one in each block.
    """

    def __init__(self, channels: int):
        super().__init__()
        self.read = nn.Conv2d(channels, channels, 1, bias=False)
        self.norm = nn.LayerNorm(channels)
        self.fc1 = nn.Linear(channels, _width(channels))
        self.fc2 = nn.Linear(_width(channels), channels)
        self.gate = Gate()
        _start_as_identity(self.fc2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        "(batch, C, height, width) -> the same, each channel times its weight."
        rows = (x.float() * self.read(x).float()).mean((2, 3))  # products may be too large for half precision
        weights = self.gate(self.fc2(F.relu(self.fc1(self.norm(rows.to(self.norm.weight.dtype))))))
        return x * weights.to(x.dtype)[..., None, None]


class SELayer(SEModule):
    "Squeeze-and-excitation (Hu et al. 2018) by timm: weights from the channels' means; starts as the identity."

    def __init__(self, channels: int):
        super().__init__(channels, rd_channels=_width(channels), gate_layer=Gate)
        _start_as_identity(self.fc2)


LAYERS = {"se": SELayer, "gram": GramLayer}
KINDS = ("none", *LAYERS)


def check_kind(kind: str | None) -> str | None:  # None for "none". ValueError: none of KINDS
    "The kind of attention asked for."
    if kind not in (None, *KINDS):
        raise ValueError(f"Unknown attention {kind!r}; choose one of: {', '.join(KINDS)}")
    return None if kind == "none" else kind


def add_attention(
    model: nn.Module,  # a network for pictures, changed; it has its weights already
    kind: str,  # "se" or "gram"
    head: str,  # name of its last layer, which attention must stand before
    size: tuple[int, int],  # (height, width) of its input in pixels
    after: str | None = None,  # name of the module whose map gets weights; None: as `default_stage`
) -> str:  # that name. ValueError: no such module, or none with a feature map
    """Put attention after a stage of a network, which becomes `nn.Sequential(stage, attention)` under the same name.

    The random numbers that follow are those that would have come without it: runs that differ in attention alone start
    from the same weights and see the same crops.
    """
    events = trace(model, size)
    stage = module_named(model, after) if after else default_stage(model, events, size)
    name = next(n for n, m in model.named_modules() if m is stage)
    shapes = dict(events)
    shape, done = shapes.get(stage, ()), list(shapes)
    if not _is_map(shape, size) or math.prod(shape[2:]) == 1:
        raise ValueError(
            f"Attention needs a feature map (channels, height, width), and {name} gives "
            f"{tuple(shape[1:]) if shape else 'no tensor'}; it is for networks of convolutions, for example "
            "arch='densenet121', and for stages within them"
        )
    if done.index(stage) > done.index(model.get_submodule(head)):
        raise ValueError(f"Attention must stand before {head}, the last layer, and {name} does not")
    with torch.random.fork_rng(devices=[]):
        layer = LAYERS[kind](shape[1])
    model.set_submodule(name, nn.Sequential(stage, layer))
    try:
        trace(model, size)
    except (AttributeError, TypeError, IndexError, RuntimeError) as e:
        model.set_submodule(name, stage)
        reason = str(e).splitlines()[0]
        raise ValueError(f"Attention cannot stand after {name}: the network needs it bare ({reason})") from e
    return name


def default_stage(model: nn.Module, events: list[Event], size: tuple[int, int]) -> nn.Module:
    """The last stage before the map is halved for the last time; without stages, what gives the last feature map.

    timm's networks say what their stages are (`feature_info`). Elsewhere a stage has modules within it and is a part of
    the network or of a sequence in it. Later maps have few positions to take a mean over, earlier ones simpler
    features. So it is features.denseblock3 of a DenseNet, layer3 of a ResNet, blocks.4 of timm's EfficientNets.
    """
    if len(info := getattr(model, "feature_info", None) or ()) > 1:
        return model.get_submodule(info[-2]["module"])
    last = target_layer(model, events)
    shape = dict(events)[last]
    if not _is_map(shape, size):
        return last  # which `add_attention` refuses
    _, within = stage_parts(model)
    positions = math.prod(shape[2:])
    stages = [m for m, shape in events if m in within and _is_map(shape, size) and math.prod(shape[2:]) > positions]
    return stages[-1] if stages else last


def attention_layers(model: nn.Module) -> list[nn.Module]:
    "The attention that `add_attention` put into a network; not the squeeze-and-excitation it was born with."
    return [module for module in model.modules() if isinstance(module, GramLayer | SELayer)]


def _width(channels: int) -> int:
    "Of the bottleneck, rounded to eights as in timm's SEModule."
    return make_divisible(channels / REDUCTION, 8, round_limit=0.0)


def _start_as_identity(last: nn.Module) -> None:
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)


def _is_map(shape: tuple[int, ...], size: tuple[int, int]) -> bool:
    "Whether it is (batch, channels, height, width), with channels not at the end: those sides are as high as wide."
    return len(shape) == 4 and abs(math.log(shape[2] / shape[3] * size[1] / size[0])) < math.log(2)
