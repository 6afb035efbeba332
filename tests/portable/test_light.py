"""Answers without torch: the same pixels, the same probabilities, and nothing heavy imported."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("onnxruntime", reason="pip install 'postergenre[onnx]'")

from postergenre.data.demo.make import draw_poster
from postergenre.data.loaders import PosterDataLoaders
from postergenre.portable.light import LightModel
from postergenre.portable.views import pictures_of
from postergenre.vision.views import for_validation, make_views

GOLDEN = Path(__file__).parents[1] / "inference" / "golden"
HEAVY = {"torch", "fastai", "pandas", "scipy", "sklearn", "timm", "torchvision", "matplotlib", "transformers"}


@pytest.mark.parametrize("crop", ["random", "whole"])
@pytest.mark.parametrize("views", ["auto", "center", "grid+mirror", "center+grid+scales+mirror"])
def test_it_sees_the_pixels_that_a_learner_sees(movies, crop, views):
    "Of small posters, which are enlarged, and large ones."
    dls = PosterDataLoaders.from_movies(movies, size=(96, 64), crop=crop, bs=8, num_workers=0)
    for size in ((60, 90), (200, 300), (333, 401)):
        poster = draw_poster(["Horror"], seed=1, size=(300, 440)).resize(size)
        theirs = make_views(poster, for_validation(dls.valid.after_item), views)
        ours = pictures_of(poster, (96, 64), crop == "random", views)
        assert len(ours) == len(theirs)
        assert all(np.array_equal(a, b.numpy()) for a, b in zip(ours, theirs, strict=True))


def test_golden_graphs_predict_what_they_always_did(tmp_path):
    (tmp_path / "text.jpg").write_text("no picture")
    posters = [GOLDEN / "poster.png", None, tmp_path / "text.jpg", np.asarray(Image.open(GOLDEN / "poster.png"))]
    probs, errors = LightModel(GOLDEN / "network").probs({"poster": posters})
    expected = json.loads((GOLDEN / "expected.json").read_text())["network"]
    np.testing.assert_allclose(probs[[0, 3]], [expected, expected], atol=1e-4)
    assert errors[0] is None and "nothing is there" in errors[1] and "UnidentifiedImageError" in errors[2]
    assert np.isnan(probs[1:3]).all()


def test_an_answer_imports_nothing_heavy():
    code = f"""
import sys
from postergenre.portable.light import LightModel
print(LightModel({str(GOLDEN / "network")!r}).probs({{"poster": [{str(GOLDEN / "poster.png")!r}]}})[0].shape)
print(*sorted({HEAVY} & set(sys.modules)))
print(len(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    shape, heavy, modules = done.stdout.splitlines()
    assert (shape, heavy, done.stderr) == ("(1, 3)", "", "")
    assert int(modules) < 500  # 390 when this was written; with torch 2,000


def test_predict_posters_asks_a_folder_without_torch():
    "Its first answer took ten seconds, for which 800 MB were loaded that nobody used."
    code = f"""
import sys
from postergenre import predict_posters
print(len(predict_posters({str(GOLDEN / "network")!r}, {str(GOLDEN / "poster.png")!r})))
print(*sorted({HEAVY - {"pandas"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert (done.stdout.splitlines(), done.stderr) == (["1", ""], "")


def test_onnx_runtime_reports_nothing_to_its_maker(tmp_path):
    "Since 1.32 it asks for mobile.events.data.microsoft.com and keeps what it could not send below ~/.cache."
    code = f"""
from postergenre.portable.light import LightModel
LightModel({str(GOLDEN / "network")!r}).probs({{"poster": [{str(GOLDEN / "poster.png")!r}]}})
"""
    kept = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    own = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / ".cache")}
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120, env=kept | own)
    assert list(tmp_path.iterdir()) == []


def test_graphs_are_checked_like_all_files(tmp_path):
    folder = Path(shutil.copytree(GOLDEN / "network", tmp_path / "model"))
    graph = folder / "model.onnx"
    whole = graph.read_bytes()
    graph.write_bytes(whole[:-1])
    with pytest.raises(ValueError, match=r"model\.onnx .* cut short"):
        LightModel(folder)
    with pytest.raises(ValueError, match=r"holds no model\.onnx"):
        LightModel(GOLDEN / "ensemble" / "member-1")
    with pytest.raises(ValueError, match="Unknown views 'left'"):
        LightModel(GOLDEN / "network").probs({"poster": []}, views="left")


def test_the_command_answers_without_torch(tmp_path):
    "It says which engine computes; a folder that is not there is a row, not the end."
    command = [sys.executable, "-X", "importtime", "-m", "postergenre.predict", GOLDEN / "network"]
    command += [GOLDEN / "poster.png", tmp_path / "none", "--csv", tmp_path / "genres.csv"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    said = [line for line in done.stderr.splitlines() if not line.startswith("import time:")]
    assert said == [f"{GOLDEN / 'network'} runs no code when it is loaded; computed by ONNX Runtime"]
    imported = {line.split("|")[-1].strip().split(".")[0] for line in done.stderr.splitlines()}
    assert not imported & HEAVY
    rows = (tmp_path / "genres.csv").read_text().splitlines()
    assert rows[0] == "poster,genres,error,Comedy,Drama,Horror" and len(rows) == 3
    expected = json.loads((GOLDEN / "expected.json").read_text())["network"]
    np.testing.assert_allclose([float(p) for p in rows[1].rsplit(",", 3)[1:]], expected, atol=1e-4)
    assert "There is no" in rows[2] and rows[2].endswith(",,,") and "1 of 2 could not be read" in done.stdout
