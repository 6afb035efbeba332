"""Model folders that were damaged or forged: the same predictions, or one sentence; nothing run, fetched or left."""

import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("onnxruntime", reason="pip install 'postergenre[onnx]'")
pytest.importorskip("onnx", reason="pip install 'postergenre[onnx]'")

from postergenre.portable.folder import SEAL, read_config, sealed
from postergenre.portable.light import LightModel

TRIAL = Path(__file__).parent / "hostile" / "trial.py"
GOLDEN = Path(__file__).parents[1] / "inference" / "golden"


def spoil(engine: str, count: int, first: int = 0, before: tuple = ()) -> dict:
    "What a process said of so many spoilt folders."
    command = [*before, sys.executable, "-W", "ignore", TRIAL, engine, str(first), str(count)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=7200)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)  # nothing else is printed
    print(f"\n{engine}: {said['counts']}; at most {said['grown_mb']} MB more; slowest {said['slowest']}")
    assert sum(said["counts"].values()) == count
    assert said["wrong"] == []
    assert said["counts"]["damaged, refused"] > count / 10 < said["counts"]["damaged, the same"] * 4
    return said


@pytest.mark.parametrize(("engine", "count"), [("onnx", 120), ("torch", 30)])
def test_spoilt_folders_predict_the_same_or_are_refused(engine, count):
    assert spoil(engine, count)["grown_mb"] < 300


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["onnx", "torch"])
def test_five_thousand_spoilt_folders_predict_the_same_or_are_refused(engine):
    assert spoil(engine, 5000, first=1000)["grown_mb"] < 600


@pytest.mark.slow
def test_onnx_runtime_opens_nothing_out_of_the_folder(tmp_path):
    "Python's hooks do not see what a library in C++ opens; the system does."
    if shutil.which("strace") is None:
        pytest.skip("no strace here: apt-get install strace")
    traced = tmp_path / "traced"
    spoil("onnx", 400, 100_000, before=("strace", "-f", "-e", "trace=openat,open,connect,execve", "-o", str(traced)))
    lines = traced.read_text(errors="replace").splitlines()
    began = next(i for i, line in enumerate(lines) if "/spoilt/model/" in line)  # the first spoilt folder
    opened = {line.split('"')[1] for line in lines[began:] if "open" in line and '"' in line and "O_CREAT" not in line}
    outside = {p for p in opened if "/spoilt/" not in p and not p.startswith(("/proc/", "/sys/", "/dev/shm"))}
    assert any(p.endswith("model.onnx") for p in opened)
    assert not {p for p in outside if "secret" in p or "/dev/zero" in p or "/etc/passwd" in p}
    assert not [line for line in lines[began:] if "connect(" in line or "execve(" in line]


@pytest.fixture
def folder(tmp_path) -> Path:
    "A copy of the golden network, with the digest that folders of today have."
    folder = Path(shutil.copytree(GOLDEN / "network", tmp_path / "model"))
    config = sealed(read_config(folder))
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def test_what_config_says_has_a_digest_too(folder):
    "A threshold or a number of the calibration could be another one, and nobody would know."
    config = read_config(folder)
    assert config[SEAL] == sealed(config)[SEAL]
    (folder / "config.json").write_text(json.dumps(config, indent=3, sort_keys=True))
    LightModel(folder)  # the same in another layout
    config["calibration"]["scale"][0] += 0.01
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match=r"does not say what it said when it was saved .*copy or download") as e:
        LightModel(folder)
    assert "\n" not in str(e.value)


def test_a_member_is_the_one_that_was_saved(folder, tmp_path):
    "Two members could change places."
    both = tmp_path / "both"
    Path(shutil.copytree(folder, both / "member-0"))
    whole = json.loads((GOLDEN / "ensemble" / "config.json").read_text())
    member = {"folder": "member-0", "name": "a", "views": "auto", "weight": 1.0, SEAL: read_config(folder)[SEAL]}
    (both / "config.json").write_text(json.dumps(sealed(whole | {"members": [member]})))
    LightModel(both)
    own = read_config(folder) | {"thresholds": 0.5}
    (both / "member-0" / "config.json").write_text(json.dumps(sealed(own)))
    with pytest.raises(ValueError, match="member-0 is not the member that was saved"):
        LightModel(both)


def test_links_lead_out_of_no_folder_but_into_the_hubs_cache(folder, tmp_path):
    graph = folder / "model.onnx"
    graph.rename(tmp_path / "model.onnx")
    graph.symlink_to(tmp_path / "model.onnx")
    with pytest.raises(ValueError, match=r"model\.onnx is a link to .*, out of the model's folder; copy the file"):
        LightModel(folder)
    (tmp_path / "hub" / "blobs").mkdir(parents=True)
    graph.unlink()
    (tmp_path / "model.onnx").rename(tmp_path / "hub" / "blobs" / "1f")
    kept = tmp_path / "hub" / "snapshots" / "main"
    kept.parent.mkdir()
    folder.rename(kept)
    (kept / "model.onnx").symlink_to(Path("..", "..", "blobs", "1f"))
    LightModel(kept)
    (tmp_path / "mine").symlink_to(kept)
    LightModel(tmp_path / "mine")


@pytest.mark.parametrize("how", ["bomb", "tile"])
def test_a_graph_takes_no_more_memory_than_is_allowed(folder, monkeypatch, how):
    "340 kB asked for 16 GiB, and had them."
    monkeypatch.syspath_prepend(TRIAL.parent)
    from mutations import change_graph, forge

    change_graph(folder / "model.onnx", random.Random(1), folder, how)
    forge(folder)
    with pytest.raises(ValueError, match=r"needs more than 8 GiB of memory to answer; pass a smaller bs"):
        LightModel(folder).probs({"poster": [GOLDEN / "poster.png"]})


def test_what_a_graph_reads_may_be_anything(folder):
    "A list was a TypeError."
    config = read_config(folder)
    config["graphs"][0]["reads"] = ["pixels"]
    (folder / "config.json").write_text(json.dumps(sealed(config)))
    with pytest.raises(ValueError, match=r"reads \['pixels'\]; known are pixels, words"):
        LightModel(folder)
