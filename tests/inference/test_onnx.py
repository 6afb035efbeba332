"""Learners as one graph."""

import numpy as np
import pytest
import torch

pytest.importorskip("onnxruntime", reason="pip install 'postergenre[onnx]'")
pytest.importorskip("onnx", reason="pip install 'postergenre[onnx]'")

from onnxruntime import InferenceSession

from postergenre.inference.calibrate import calibrate, uncalibrate
from postergenre.inference.ensemble import PosterEnsemble
from postergenre.inference.onnx import export_onnx
from postergenre.portable.light import LightModel


def test_pixels_in_calibrated_probabilities_out(cnn, movies, tmp_path, capsys):
    calibrate(cnn, movies[movies["split"] == "valid"], verbose=False)
    try:
        assert export_onnx(cnn, tmp_path / "cnn.onnx") < 1e-5
        assert "differ from the learner's by at most" in capsys.readouterr().out
        pixels = np.random.default_rng(1).integers(0, 256, (5, 3, 64, 64), dtype=np.uint8)
        [probs] = InferenceSession(tmp_path / "cnn.onnx").run(["probs"], {"pixels": pixels})
        with torch.no_grad():
            own = cnn.activation(cnn.view_outputs(torch.from_numpy(pixels)))
        np.testing.assert_allclose(probs, own, atol=1e-5)
    finally:
        uncalibrate(cnn)


def test_what_has_no_one_graph_is_said(cnn):
    with pytest.raises(ValueError, match=r"ensemble\.save_pretrained\(folder\) writes them"):
        export_onnx(PosterEnsemble([cnn]))


def test_an_ensemble_of_graphs_pools_as_the_learners_do(cnn, movies, tmp_path):
    ensemble = PosterEnsemble([cnn, cnn], [0.25, 0.75], views=["center", "grid+mirror"])
    light = LightModel(ensemble.save_pretrained(tmp_path / "model"))
    test = movies[movies["split"] == "test"]
    np.testing.assert_allclose(light.probs(test)[0], ensemble.probs(test, progress=False)[0], atol=1e-5)
