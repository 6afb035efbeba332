"""Any torchvision or timm network by name, with one linear layer to the genres as its end."""

import copy
import difflib
from collections.abc import Callable, Sequence
from contextlib import suppress
from fnmatch import fnmatch
from pathlib import Path

import timm
import torch
from timm.models import get_pretrained_cfg
from torch import nn
from torchvision import models

from postergenre.layers import Standardize
from postergenre.portable.folder import CONFIG, check_size
from postergenre.portable.tensors import check_fit, fill
from postergenre.vision.attention import add_attention, attention_layers, check_kind
from postergenre.vision.custom_cnn import CustomCNN
from postergenre.vision.maps import trace
from postergenre.vision.stages import StageModel
from postergenre.vision.weights import (
    LITE,
    LITE_ARCHS,
    check_reach,
    lite_weights,
    load_body,
    read_weights,
    unavailable,
    weights_file,
)

CUSTOM = "custom_cnn"
MOST = 10_000  # in an option from a file
LOADING = ("pretrained", "checkpoint", "features")  # options that a file may not set


def list_archs(
    filter: str | Sequence[str] = "*",  # one or several with wildcards, as of timm.list_models: "*resnet*"
) -> list[str]:
    "The names that `create_model` knows: custom_cnn, torchvision's classifiers, timm's models."
    names = dict.fromkeys([CUSTOM, *_torchvision_names(), *timm.list_models()])
    filters = [filter] if isinstance(filter, str) else filter
    return [n for n in names if any(fnmatch(n, f) for f in filters)]


def arch_name(arch: str | Callable) -> str:  # ValueError: a function that is neither torchvision's nor timm's
    "The name of a network that may be given as fastai takes it, by its function: resnet18."
    if isinstance(arch, str):
        return arch
    room, name = getattr(arch, "__module__", ""), getattr(arch, "__name__", str(arch))
    known = {"timm": timm.list_models, "torchvision": _torchvision_names}.get(room.partition(".")[0])
    if known is None or name not in known():
        said = f"arch={name} is no network of torchvision's or timm's"
        raise ValueError(f"{said}; pass one of their functions, a name from list_archs(), or PosterLearner(dls, model)")
    return f"timm/{name}" if room.startswith("timm") and name in _torchvision_names() else name


def create_model(
    arch: str,  # torchvision name, else timm name (with a tag or without); "timm/NAME" if both have it; "custom_cnn"
    n_out: int,  # genres
    size: tuple[int, int] = (150, 150),  # (height, width) of the input in pixels
    pretrained: bool = False,  # ImageNet weights, from the cache or the network
    weights: str | Path | None = None,  # a local file of weights instead, or "lite" (see models/lite.py)
    attention: str | None = None,  # "se" or "gram": channel weights for a feature map; None or "none": no attention
    attention_after: str | None = None,  # name of the module that gives this map; None: as attention.default_stage
    stages: bool = False,  # the last layer sees the statistics of all stages (StageModel), not the pooled features
    **kwargs,  # for timm.create_model, e.g. drop_rate=0.2, drop_path_rate=0.1; custom_cnn takes drop_rate
) -> tuple[nn.Module, tuple[list, list] | None]:  # the network; (mean, std) of its inputs if it has weights, else None
    """A network by name that ends in one layer to the genres.

    ValueError: unknown name (close ones are listed), a size it cannot take, weights that do not fit, no place for
    attention.
    WeightsUnavailableError (an OSError): pretrained weights that cannot be had, within 5 seconds.
    """
    check_arch(arch, pretrained, weights)
    attention = check_kind(attention)
    if attention_after and attention is None:
        raise ValueError(f"attention_after={attention_after!r} places attention; pass attention='gram' or 'se' with it")
    name = arch.removeprefix("timm/")
    takes = {"drop_rate"} if arch == CUSTOM else set() if arch == name and name in _torchvision_names() else set(kwargs)
    if taken := ", ".join(sorted(set(kwargs) - takes)):
        raise ValueError(f"{arch} is no timm model and takes no {taken}; leave that out, or try timm/{arch}")
    if arch == CUSTOM:
        model, stats = CustomCNN(n_out, size, **kwargs), None
        if weights is not None:
            load_body(model, read_weights(weights), "classifier", str(weights))
    elif arch == name and name in _torchvision_names():
        model, stats = _from_torchvision(name, n_out, pretrained, weights)
    else:
        model, stats = _from_timm(name, n_out, size, pretrained, weights, kwargs)
    _check_size(model, arch, size)
    if attention is not None:  # after the weights, which know nothing of it
        add_attention(model, attention, head_name(model), size, attention_after)
    if stages:
        model.set_submodule(head_name(model), nn.Identity())
        model = StageModel(model, n_out, size, kwargs.get("drop_rate", 0.0))
    made = {"arch": arch, "size": list(size), "attention": attention, "attention_after": attention_after}
    model.made = made | {"stages": stages, "options": kwargs}  # to make it again
    return model, stats


def unpack_model(
    made: dict,  # the network's `made`, from a file: not to be trusted
    n_out: int,  # genres
    tensors: dict[str, torch.Tensor],  # its state
) -> nn.Module:  # ValueError: what does not fit
    "A network of create_model again, filled with tensors; nothing is downloaded, nothing built that they do not fit."
    options, plain = made.get("options"), ("attention", "attention_after")
    if not isinstance(made.get("arch"), str) or not all(isinstance(made.get(k), str | None) for k in plain):
        raise ValueError(f"{CONFIG} names no network (arch, attention, attention_after); save the model again")
    if not isinstance(options, dict) or any(
        type(value) not in (int, float, bool) or abs(value) > MOST or key.startswith(LOADING)
        for key, value in options.items()
    ):
        raise ValueError(f"{CONFIG} gives the network {made['arch']} options that are not numbers: {options}")

    def build() -> nn.Module:
        more = {key: made[key] for key in plain} | {"stages": bool(made.get("stages"))} | options
        return create_model(made["arch"], n_out, check_size(made.get("size")), **more)[0]

    with suppress(NotImplementedError, RuntimeError), torch.device("meta"):  # a few networks cannot be built there
        check_fit(build().state_dict(), tensors, made["arch"])
    return fill(build(), tensors, made["arch"])


def check_arch(arch: str, pretrained: bool = False, weights: str | Path | None = None) -> None:
    "Say what is wrong with a name and weights, as `create_model` would, before anything is built."
    name = arch.removeprefix("timm/")
    if not (arch == CUSTOM or (arch == name and name in _torchvision_names()) or timm.is_model(name.split(".")[0])):
        close = difflib.get_close_matches(name, list_archs(), n=5, cutoff=0.5)
        near = f"Close ones: {', '.join(close)}." if close else "list_archs() lists them all."
        raise ValueError(f"Unknown architecture {arch!r}. {near}")
    if pretrained and weights is not None:
        raise ValueError("Pass pretrained=True or weights=..., not both")
    if arch == CUSTOM and pretrained:
        raise unavailable(arch, "nobody has trained it on ImageNet")
    if weights == LITE and name not in LITE_ARCHS:
        raise ValueError(f"weights='lite' has no weights for {name!r}; choose one of: {', '.join(LITE_ARCHS)}")
    if weights not in (None, LITE):
        weights_file(weights)


def head_name(model: nn.Module) -> str:
    "Name of the last layer, the one to the genres, e.g. heads.head: timm's networks say so."
    if isinstance(name := (getattr(model, "pretrained_cfg", None) or {}).get("classifier"), str):
        return name
    added = {m for layer in attention_layers(model) for m in layer.modules()}
    layers = [n for n, m in model.named_modules() if isinstance(m, nn.Linear | nn.Conv2d) and m not in added]
    heads = [n for n in layers if n.split(".")[0] in ("classifier", "fc", "head", "heads", "last_linear")]
    return (heads or layers)[-1]


def pooled_body(model: nn.Module) -> nn.Module:  # (batch, 3, height, width) -> (batch, features)
    "A copy of a network up to its last layer."
    if isinstance(model, StageModel):
        return copy.deepcopy(model.features).eval()
    body = copy.deepcopy(model).eval()
    body.set_submodule(head_name(model), nn.Identity())
    return body


def set_head(model: nn.Module, head: nn.Linear, norm: Standardize) -> None:
    "Give a network a last layer that was fitted to what `pooled_body` gives, as it is; `norm` is the scale of that."
    if isinstance(model, StageModel):
        model.norm.load_state_dict(norm.state_dict())
        head = norm.before(head)
    model.get_submodule(head_name(model)).load_state_dict(head.state_dict())


def split_body_head(model: nn.Module) -> list[list[nn.Parameter]]:  # [body, head], for fastai's rates and freeze
    "fastai splitter: everything but the last layer, then the last layer and attention, if it was added."
    new = (model.get_submodule(head_name(model)), *attention_layers(model))
    head = [p for module in new for p in module.parameters()]
    return [[p for p in model.parameters() if all(p is not h for h in head)], head]


def _torchvision_names() -> list[str]:
    return models.list_models(module=models)


def _from_torchvision(name: str, n_out: int, pretrained: bool, weights) -> tuple[nn.Module, tuple | None]:
    plain = {"aux_logits": False, "init_weights": True} if name in ("googlenet", "inception_v3") else {}
    model = models.get_model(name, weights=None, num_classes=n_out, **plain)
    if not pretrained and weights is None:
        return model, None
    published = models.get_model_weights(name).DEFAULT
    if weights is not None:
        state = read_weights(weights)
    else:
        check_reach(name, published)
        state = published.get_state_dict(progress=True, check_hash=True)
    load_body(model, state, head_name(model), str(weights or f"{name}'s ImageNet weights"))
    preset = published.transforms()
    return model, (list(preset.mean), list(preset.std))


def _from_timm(name: str, n_out: int, size, pretrained: bool, weights, more) -> tuple[nn.Module, tuple | None]:
    kwargs = {"num_classes": n_out, **more}
    cfg = get_pretrained_cfg(name.split(".")[0])
    if cfg is not None and cfg.fixed_input_size:  # transformers: positions are laid out when the network is built
        kwargs["img_size"] = size
    if pretrained:
        check_reach(name, get_pretrained_cfg(name, allow_unregistered=False))
        model = timm.create_model(name, pretrained=True, **kwargs)
    elif weights == LITE:
        model = timm.create_model(name, **kwargs)
        load_body(model, lite_weights(name), head_name(model), "weights='lite'")
    elif weights is not None:
        state = read_weights(weights)  # says clearly what is wrong with the file; timm then resizes what it must
        overlay = {"file": str(Path(weights).expanduser())}
        try:
            model = timm.create_model(name, pretrained=True, pretrained_cfg_overlay=overlay, **kwargs)
        except RuntimeError:  # what does not fit is said as of other networks
            model = timm.create_model(name, **kwargs)
            load_body(model, state, head_name(model), str(weights))
    else:
        return timm.create_model(name, **kwargs), None
    return model, (list(model.pretrained_cfg["mean"]), list(model.pretrained_cfg["std"]))


def _check_size(model: nn.Module, arch: str, size: tuple[int, int]) -> None:
    try:
        trace(model, size)
    except (RuntimeError, AssertionError, ValueError) as e:
        reason = str(e).splitlines()[0] if str(e) else type(e).__name__
        said = f"{arch} cannot take pictures of {size[0]}x{size[1]} pixels ({reason}); pass another size"
        raise ValueError(said) from e
