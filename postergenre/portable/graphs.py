"""Networks of torch as ONNX graphs."""

import io
import warnings
from dataclasses import dataclass, field

import torch
from torch import nn

from postergenre.data.terminal import first_line

OPSET = 17
Mode = torch.onnx.TrainingMode  # EVAL: norms are computed into the layers before them


@dataclass
class Graph:
    "A network that can stand in a file, and how what it takes is read: `portable.looks` does that."

    network: nn.Module  # what it takes -> (rows, features)
    inputs: dict[str, torch.Tensor]  # an example of what it takes, two rows; rows may be more or fewer
    reads: dict  # what config.json says of the reading: {"reads": "pixels", ...}, see `portable.looks`
    longer: tuple[str, ...] = ()  # inputs whose second side varies too
    files: dict[str, bytes] = field(default_factory=dict)  # what reading needs beside the graph
    package: str | None = None  # that brings most of its weights, as `portable.bodies` has them


def onnx_bytes(
    graph: Graph,
    output: str,  # what it gives is called
    folded: bool = True,  # computed as far as it can be beforehand; False: its weights stay as the network has them
) -> bytes:  # ImportError, ValueError: it cannot be exported, and why
    "A network as an ONNX file."
    try:
        import onnx  # noqa: F401  # of an extra; torch's exporter needs it
    except ImportError as e:
        raise ImportError("Graphs need the package onnx: pip install 'postergenre[onnx]'") from e
    names, file = list(graph.inputs), io.BytesIO()
    free = {name: {0: "rows"} | ({1: "length"} if name in graph.longer else {}) for name in names}
    with warnings.catch_warnings():  # of the exporter's own age, and of shapes that it takes as constant, as they are
        warnings.simplefilter("ignore")
        try:
            # the newer exporter (dynamo=True) gives the same graphs, ten times slower, and needs onnxscript too
            torch.onnx.export(
                graph.network.eval(), tuple(graph.inputs.values()), file, dynamo=False, opset_version=OPSET,
                input_names=names, output_names=[output], dynamic_axes=free | {output: {0: "rows"}},
                do_constant_folding=folded, training=Mode.EVAL if folded else Mode.PRESERVE,
            )  # fmt: skip
        except (RuntimeError, TypeError, ValueError, AttributeError, torch.onnx.errors.OnnxExporterError) as e:
            raise ValueError(f"torch cannot export this network as an ONNX graph ({first_line(e)})") from e
    return file.getvalue()
