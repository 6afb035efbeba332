"""Recipes train on posters that were decoded before."""

import json

import pytest

from postergenre.recipes import custom_cnn
from postergenre.recipes.runs.cli import command


@pytest.mark.slow
def test_a_recipe_decodes_posters_once_and_its_learner_opens_files(demo_folder, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    options = ["--data", str(demo_folder), "--size", "64", "--epochs", "1", "--bs", "8", "--shards", "pixels"]
    for out in ("first", "second"):
        command(custom_cnn.main, [*options, "--out", out])
    first, second = (json.loads((tmp_path / out / "metrics.json").read_text()) for out in ("first", "second"))
    assert first["test"] == second["test"] and first["test"]["custom_cnn"]["macro_ap"]["value"] > 0
    assert len(list((tmp_path / "pixels").rglob("*.npy"))) == 1 and "Done in" in capsys.readouterr().out
