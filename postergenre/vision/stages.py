"""The style of a picture at every stage of a network: how strong each channel is, and how much it varies."""

import torch
from fastai.callback.hook import Hooks
from torch import nn

from postergenre.layers import Standardize
from postergenre.vision.maps import channels_at_end, stage_parts, target_layer, trace


class StagePooling(nn.Module):
    """Mean and standard deviation over the places of each stage's feature map, with the root of their sizes.

    The last map alone says what is in a picture; earlier ones say how it is drawn, as these statistics do in style
    transfer (Huang & Belongie 2017, https://arxiv.org/abs/1703.06868). The root (keeping the sign) tames large values
    (Perronnin et al. 2010). A network without feature maps of stages gives its pooled features alone.
    """

    def __init__(self, body: nn.Module, size: tuple[int, int]):
        "The body has no last layer: (batch, 3, height, width) -> (batch, features)."
        super().__init__()
        self.body, self.names = body, stage_names(body, size)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        "(batch, 3, height, width) -> (batch, 2 x channels of all stages), or (batch, features) without stages."
        stages = [self.body.get_submodule(name) for name in self.names]
        with Hooks(stages, lambda module, _, output: output, detach=False, cpu=False) as hooks:
            features = self.body(x).flatten(1)
        if not self.names:
            return features
        maps = list(hooks.stored)
        statistics = [s for m in maps for s in (m.mean((2, 3)), m.var((2, 3), correction=0).add(1e-5).sqrt())]
        values = torch.cat(statistics, dim=1)
        return values.sign() * values.abs().add(1e-3).sqrt()  # added: a root is steep at 0


class StageModel(nn.Module):
    "A network whose last layer sees the statistics of all its stages instead of its pooled features."

    def __init__(self, body: nn.Module, n_out: int, size: tuple[int, int], drop_rate: float = 0.0):
        "As StagePooling; n_out genres; dropout before the last layer."
        super().__init__()
        self.features = StagePooling(body, size)
        width = dict(trace(self.features, size))[self.features][1]
        self.norm = Standardize(torch.zeros(width), torch.ones(width))
        self.drop, self.head = nn.Dropout(drop_rate), nn.Linear(width, n_out)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        "(batch, 3, height, width) -> (batch, genres) logits."
        return self.head(self.drop(self.norm(self.features(x))))


def last_frozen(model: nn.Module, size: tuple[int, int], n: int) -> nn.Parameter:  # ValueError: there are fewer
    "The last parameter of a network's first n stages, 1 or more."
    body = model.features.body if isinstance(model, StageModel) else model
    names = stage_names(body, size)
    if not 0 < n <= len(names):
        raise ValueError(f"--frozen {n} should be from 0 (none) to {len(names)}, the stages of this network")
    return list(body.get_submodule(names[n - 1]).parameters())[-1]


def stage_names(body: nn.Module, size: tuple[int, int]) -> list[str]:  # e.g. blocks.0, ..., bn2; empty: none found
    "The stages of a network of convolutions, in order, and what gives its last feature map."
    events = trace(body, size)
    try:
        last = target_layer(body, events)
    except ValueError:
        return []
    if channels_at_end(body) or any(len(shape) != 4 for module, shape in events if module is last):
        return []
    sequences, within = stage_parts(body)
    names = {module: name for name, module in body.named_modules()}
    stages = []
    for module, shape in events:
        is_map = len(shape) == 4 and min(shape[2:]) > 1
        if module is last:
            if stages and stages[-1] is next(reversed(list(last.children())), None):
                stages.pop()  # the same map
            stages.append(module)
            break
        # a sequence ends where its last stage does, which is there already
        if is_map and module in within and module not in sequences and not isinstance(module, nn.BatchNorm2d):
            stages.append(module)
    return [names[module] for module in dict.fromkeys(stages)]
