"""The last layer of a network in which things still lie where they lie in the picture, for any architecture."""

import difflib
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from fastai.callback.hook import Hooks
from torch import nn

POOLS = (nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)
TOKEN_NORMS = ("norm1", "ln_1")  # what timm and torchvision call the first norm of a transformer's block
MOST_PREFIXES = 8  # class and register tokens that may stand before those of the patches

Event = tuple[nn.Module, tuple[int, ...]]


def trace(model: nn.Module, size: tuple[int, int]) -> list[Event]:
    "The modules that give a tensor, with its shape, in the order in which a (height, width) picture passes them."
    events = []

    def note(module, _, output):
        if isinstance(output, torch.Tensor):
            events.append((module, tuple(output.shape)))

    weight = next(model.parameters())
    with evaluating(model), torch.no_grad(), Hooks(list(model.modules()), note):
        model(torch.zeros(1, 3, *size, device=weight.device, dtype=weight.dtype))
    return events


def target_layer(model: nn.Module, events: list[Event]) -> nn.Module:  # ValueError: there is no feature map
    """What gives the last feature map before the last pooling, on which Grad-CAM looks.

    In a transformer it is the first norm of the last block: after it only the class token would count.
    """
    found, last_conv, pooled = None, 0, False
    for i, (module, shape) in enumerate(events):
        if len(shape) != 4 or _places(shape, model) == (1, 1):
            continue
        if isinstance(module, nn.Conv2d):
            last_conv, pooled = i, False
        pooled = pooled or isinstance(module, POOLS)
        found = found if pooled else module
    names = {module: name for name, module in model.named_modules()}
    tokens = [module for module, shape in events[last_conv:] if len(shape) == 3]
    if norms := [module for module in tokens if names[module].endswith(TOKEN_NORMS)]:
        return norms[-1]
    if found is None:
        raise ValueError("The network has no feature map of more than one place; train it on larger pictures")
    return found


def stage_parts(model: nn.Module) -> tuple[list[nn.Module], set[nn.Module]]:
    "Where a network's stages are: its sequences, and what has modules within, of the network or of these."
    sequences = [part for part in model.children() if isinstance(part, nn.Sequential | nn.ModuleList)]
    return sequences, {child for part in (model, *sequences) for child in part.children() if any(child.children())}


def module_named(model: nn.Module, name: str) -> nn.Module:  # ValueError: no such layer
    "A layer by its name, e.g. layer3."
    names = dict(model.named_modules())
    if name not in names:
        near = difflib.get_close_matches(name, names, n=5, cutoff=0.3) or [n for n in names if n][:5]
        raise ValueError(f"The network has no layer {name!r}; close ones: {', '.join(near)}")
    return names[name]


def as_map(output: torch.Tensor, model: nn.Module, events: list[Event]) -> torch.Tensor:
    """A layer's output as a map (batch, channels, height, width). ValueError: it has no place in the picture.

    Channels may be last. Tokens (batch, tokens, channels) go back to the grid of the map they were made of; class and
    register tokens are dropped.
    """
    if output.ndim == 4:
        return output.permute(0, 3, 1, 2) if channels_at_end(model) else output
    if output.ndim == 3:
        for _, shape in reversed(events):
            height, width = _places(shape, model) if len(shape) == 4 else (0, 0)
            extra = output.shape[1] - height * width
            if height * width > 1 and 0 <= extra <= MOST_PREFIXES:
                return output[:, extra:].unflatten(1, (height, width)).permute(0, 3, 1, 2)
    raise ValueError(
        f"The layer gives {tuple(output.shape)}, which has no place in the picture; pass layer= with the name of a "
        "convolution or a block, or leave it out"
    )


@contextmanager
def evaluating(model: nn.Module) -> Iterator[nn.Module]:
    "The model in evaluation mode; afterwards each of its modules is in the mode it was in."
    modes = [(module, module.training) for module in model.modules()]
    try:
        yield model.eval()
    finally:
        for module, mode in modes:
            module.training = mode


def _places(shape: tuple[int, ...], model: nn.Module) -> tuple[int, int]:
    return shape[1:3] if channels_at_end(model) else shape[2:]


def channels_at_end(model: nn.Module) -> bool:
    "timm says so for networks such as Swin."
    return any(getattr(m, "output_fmt", None) == "NHWC" for m in (model, *model.children()))
