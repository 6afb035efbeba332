"""Pretrained weights: from the hub when asked and reachable, or from a local file; never a silent fallback."""

import re
import urllib.error
import urllib.request
from pathlib import Path

import torch
from torch import nn
from torchvision.models import get_model_weights

TIMEOUT = 4  # seconds until a host counts as out of reach

# torchvision's published DenseNets still carry the layer names of its first release.
_OLD_DENSENET = re.compile(r"(denselayer\d+\.(?:norm|conv))\.([12]\.)")


class WeightsUnavailableError(OSError):
    "ImageNet weights that cannot be had; the message says what to type instead."


def check_reachable(
    url: str,  # where the weights would be downloaded from
    arch: str,  # named in the error
) -> None:
    "Raise WeightsUnavailableError within about 4 seconds if a download cannot work."
    if why := unreachable(url):
        raise unavailable(arch, why)


def unreachable(
    url: str,
) -> str | None:  # None: it can be reached
    "Why a download cannot work, within about 4 seconds."
    try:
        # urllib honours proxies, as the download itself will.
        with urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=TIMEOUT):
            return None
    except urllib.error.HTTPError as e:
        return f"{url} answers {e.code}" if e.code in (404, 410, 401) else None
    except OSError as e:
        return f"{url.split('/')[2]} cannot be reached: {getattr(e, 'reason', e)}"


def unavailable(arch: str, why: str) -> WeightsUnavailableError:
    "The error for weights that cannot be had."
    return WeightsUnavailableError(
        f"ImageNet weights of {arch} cannot be had ({why}). Pass pretrained=False (in a recipe --no-pretrained) to "
        f"start from random weights, or weights='file.pth' (--weights file.pth) to load a local file."
    )


def torchvision_weights(
    arch: str,  # a torchvision architecture
) -> tuple[dict, tuple | None]:  # state dict, (mean, std) its inputs are normalised with
    "The default ImageNet weights of a torchvision architecture, from its cache or the network."
    weights = get_model_weights(arch).DEFAULT
    cached = Path(torch.hub.get_dir()) / "checkpoints" / weights.url.rsplit("/", 1)[-1]
    if not cached.is_file():
        check_reachable(weights.url, arch)
    preset = weights.transforms()
    return weights.get_state_dict(progress=True, check_hash=True), (list(preset.mean), list(preset.std))


def read_weights(
    file: str | Path,  # .pth, .pt, .bin (read with weights_only) or .safetensors
) -> dict[str, torch.Tensor]:  # a state dict. FileNotFoundError or ValueError: what is wrong with the file
    "The tensors of a local weights file."
    file = Path(file).expanduser()
    if not file.is_file():
        raise FileNotFoundError(f"There is no weights file {file} (seen from {Path.cwd()})")
    try:
        if file.suffix == ".safetensors":
            from safetensors.torch import load_file  # comes with timm; only needed here

            state = load_file(file)
        else:
            state = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as e:  # pickle, zip and safetensors each raise kinds of their own
        first_line = str(e).splitlines()[0] if str(e) else type(e).__name__
        raise ValueError(f"{file} is not a weights file that can be read safely: {first_line}") from e
    for key in ("state_dict", "model"):
        if isinstance(state, dict) and isinstance(state.get(key), dict):
            state = state[key]
    if not isinstance(state, dict) or not all(isinstance(v, torch.Tensor) for v in state.values()):
        raise ValueError(f"{file} holds no state dict; save one with torch.save(model.state_dict(), '{file}')")
    return state


def load_body(
    model: nn.Module,  # built for our genres
    state: dict[str, torch.Tensor],  # weights of the same architecture, with any number of classes
    head: str,  # name of the model's last layer, e.g. "classifier": left out if its shape differs
    source: str,  # named in the error
) -> None:  # ValueError: the weights do not belong to this architecture
    "Load weights into a model; a last layer for other classes is left as it is."
    state = {_OLD_DENSENET.sub(r"\1\2", k): v for k, v in state.items()}
    own = model.state_dict()
    for name in [k for k in state if k.startswith(f"{head}.") and (k not in own or own[k].shape != state[k].shape)]:
        del state[name]
    optional = {k for k in own if k.startswith(f"{head}.") or k.endswith("num_batches_tracked")}
    missing = sorted(set(own) - set(state) - optional)
    # Auxiliary classifiers are published with some networks and only serve ImageNet training.
    unknown = sorted(k for k in set(state) - set(own) if not k.lower().startswith("aux"))
    differ = sorted(k for k in set(own) & set(state) if own[k].shape != state[k].shape)
    if missing or unknown or differ:
        first = (missing + unknown + differ)[0]
        raise ValueError(
            f"{source} does not fit this network: {len(missing)} tensors are missing, {len(unknown)} unknown, "
            f"{len(differ)} of another shape (first: {first}); pass the weights of the same architecture"
        )
    model.load_state_dict({k: v for k, v in state.items() if k in own}, strict=False)
