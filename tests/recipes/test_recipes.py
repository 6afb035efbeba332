import json
import re
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pandas as pd
import pytest
from fastai.optimizer import Optimizer

from postergenre.inference.thresholds import tune_thresholds
from postergenre.recipes import custom_cnn
from postergenre.recipes.runs.cli import command
from postergenre.recipes.runs.folder import free_folder
from postergenre.recipes.runs.run import Run
from postergenre.recipes.runs.training import fit_probabilities

FILES = ["learner.pkl", "model/config.json", "model/README.md", "config.toml", "history.csv", "metrics.json",
         "split.csv", "predictions.csv", "predictions.json", "report.html", "breakdown.png", "curves.png",
         "examples.png"]  # fmt: skip
TINY = ["--epochs", "2", "--bs", "8", "--size", "64", "--seed", "3"]


def recipe(name, args, **kwargs):
    return subprocess.run([sys.executable, "-m", f"postergenre.recipes.{name}", *args], capture_output=True, text=True,
                          timeout=400, **kwargs)  # fmt: skip


@pytest.mark.parametrize(("schedule", "first", "last"), [("flat", 0.01, 0.01), ("one_cycle", 0.0004, 0)])
def test_the_rate_stays_or_goes_up_and_down(schedule, first, last, demo_folder, tmp_path, monkeypatch):
    used = []
    monkeypatch.setattr(Optimizer, "step", lambda opt: used.append(opt.hypers[0]["lr"]))
    options = ["--schedule", schedule, "--lr", "0.01", *TINY, "--out", str(tmp_path / "run")]
    command(custom_cnn.main, ["--data", str(demo_folder), *options])
    assert used[0] == pytest.approx(first) and max(used) == pytest.approx(0.01, rel=0.05)
    assert used[-1] == pytest.approx(last, abs=1e-3)


def test_a_run_overwrites_none(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder in ("runs/net", "runs/net-2"):
        assert str(free_folder(None, "net")) == folder and not Path(folder).exists()
        Path(folder).mkdir(parents=True)
    Path("full").mkdir()
    Path("full/x").touch()
    with pytest.raises(ValueError, match="--out full is not empty"):
        free_folder("full", "net")


@pytest.fixture(scope="module")
def done(demo_folder, tmp_path_factory):
    "A whole run of a recipe on demo posters in a fresh process."
    where = tmp_path_factory.mktemp("run")
    args = ["--data", str(demo_folder), "--balance", "study:20", "--calibrate", *TINY]
    result = recipe("custom_cnn", args, cwd=where)
    return result, where / "runs" / "custom_cnn"


def test_recipe_runs_end_to_end(done):
    result, out = done
    assert result.returncode == 0, result.stderr
    assert [f for f in FILES if not (out / f).is_file()] == []
    said = result.stdout
    parts = ["Configuration", "movies read", "no poster", "most / least", "top-n accuracy", "macro AP", "popularity"]
    for part in [*parts, "random", "from_pretrained("]:
        assert part in said, part
    assert "Calibration error on the" in said and "Macro F1 on the" in said
    assert "\r" not in said and "█" not in said  # plain lines, as this is no terminal
    header, *epochs = said[said.index("epoch  train_loss") :].splitlines()[:3]
    assert header.split() == ["epoch", "train_loss", "valid_loss", "top_n_accuracy", "macro_ap", "time"]
    assert [re.fullmatch(r"(\d) +(\d\.\d{3} +){4}\d\d:\d\d *", line)[1] for line in epochs] == ["1", "2"]
    assert re.search(r"\nBest epoch: [12], validation top-n accuracy", said)


def test_thresholds_are_tuned_without_calibrating_too(cnn, movies, tmp_path, capsys):
    "Only --calibrate tuned them; without it no genre was named of a third of real posters."
    fit_probabilities(Run("x", {"calibrate": False}, tmp_path, ""), cnn)
    thresh, cnn.thresh = cnn.thresh, 0.5
    assert thresh.shape == (20,) and "Thresholds, fitted to the validation movies" in capsys.readouterr().out
    tuned = tune_thresholds(cnn, movies[movies["split"] == "valid"], verbose=False)["thresh"]
    cnn.thresh = 0.5
    assert tuned.tolist() == pytest.approx(thresh.tolist())


def test_recipe_saves_what_is_needed_to_run_it_again(done, demo_folder):
    _, out = done
    config = tomllib.loads((out / "config.toml").read_text())
    assert config["seed"] == 3 and config["balance"] == "study:20" and config["data"] == str(demo_folder)
    metrics = json.loads((out / "metrics.json").read_text())
    assert (
        metrics["device"] and metrics["versions"]["fastai"] and metrics["command"].startswith("python -m postergenre")
    )
    assert {"custom_cnn", "popularity", "random"} <= set(metrics["test"])
    history, split = pd.read_csv(out / "history.csv"), pd.read_csv(out / "split.csv")
    assert len(history) == 2 and set(split["split"]) == {"train", "valid", "test"}
    assert metrics["test_movies"] == (split["split"] == "test").sum()


def test_exported_learner_of_a_recipe_loads(done, demo_folder, tmp_path, monkeypatch):
    from postergenre import evaluate, load_learner, load_split, read_movies
    from postergenre.evaluation.evaluate import Evaluation

    monkeypatch.chdir(tmp_path)
    _, out = done
    learn = load_learner(out / "learner.pkl")
    movies = load_split(read_movies(demo_folder, verbose=False), out / "split.csv")
    again = evaluate(learn, movies[movies["split"] == "test"], name="again")
    saved = Evaluation.load(out / "predictions.csv").aligned(again.ids)
    assert learn.loss_func.scale.shape == (20,) and (again.thresh == saved.thresh).all()
    assert (again.thresh != 0.5).any()
    assert abs(again.probs - saved.probs).max() < 1e-4


def test_same_seed_same_run(done, demo_folder, tmp_path):
    _, out = done
    args = ["--data", str(demo_folder), "--balance", "study:20", *TINY]
    assert recipe("custom_cnn", [*args, "--out", "again"], cwd=tmp_path).returncode == 0
    first, second = (pd.read_csv(d / "history.csv").drop(columns="time") for d in (out, tmp_path / "again"))
    pd.testing.assert_frame_equal(first, second)


def test_a_loss_that_explodes_says_where_and_what_to_type(tmp_path, demo_folder, monkeypatch):
    "It once said 'No such file ... best.pth'."
    monkeypatch.chdir(tmp_path)
    said = r"The loss became \w+ in batch \d of epoch 1; pass a smaller --lr than 1e\+09, for example --lr 0\.002"
    with pytest.raises(SystemExit, match=said):
        command(custom_cnn.main, ["--data", str(demo_folder), "--lr", "1e9", "--bs", "8", "--size", "64"])
    assert not Path("runs/custom_cnn").exists()  # nothing of it is worth a folder


def test_ctrl_c_keeps_the_best_so_far(demo_folder, tmp_path):
    args = [sys.executable, "-m", "postergenre.recipes.custom_cnn", "--data", str(demo_folder), "--out", "run",
            "--epochs", "500", *TINY[2:]]  # fmt: skip
    process = subprocess.Popen(args, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    history = tmp_path / "run" / "history.csv"
    begun = time.monotonic()
    while (
        process.poll() is None
        and time.monotonic() - begun < 240
        and (not history.is_file() or len(history.read_text().splitlines()) < 3)
    ):
        time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    assert "Stopped. Going on with the best epoch so far" in out
    assert (tmp_path / "run" / "learner.pkl").is_file()
    assert json.loads((tmp_path / "run" / "metrics.json").read_text())["stopped_early"] is True


def test_study_protocol_says_leaky_wherever_its_number_stands(demo_folder, tmp_path):
    args = ["--data", str(demo_folder), "--protocol", "study", "--balance", "study:20", "--epochs", "1", *TINY[2:]]
    result = recipe("custom_cnn", [*args, "--out", "run"], cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "*** LEAKY on purpose" in result.stdout and "custom_cnn (leaky)" in result.stdout
    assert "The leak: top-n accuracy" in result.stdout and "on movies never seen" in result.stdout
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert "custom_cnn (leaky)" in metrics["test"] and "custom_cnn (unseen movies)" in metrics["unseen_movies"]
    assert "leaky" in (tmp_path / "run" / "report.html").read_text()
    split = pd.read_csv(tmp_path / "run" / "split.csv")
    movies = split["id"].str.partition("#")[0]
    unseen = pd.read_csv(tmp_path / "run" / "predictions_unseen.csv", comment="#", usecols=[0]).iloc[:, 0]
    assert not set(movies) & {str(i).partition("#")[0] for i in unseen}
