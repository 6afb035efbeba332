"""Runs that were stopped say how to go on, and what they say works."""

import json
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from postergenre.recipes import custom_cnn, score
from postergenre.recipes.runs import results
from postergenre.recipes.runs.cli import command
from postergenre.recipes.runs.folder import free_folder
from postergenre.recipes.runs.run import begin
from postergenre.training.resume import Checkpoint

HOW = "or score and export what it has: python -m postergenre.recipes.score runs/custom_cnn"


def interrupted(*_, **__):
    raise KeyboardInterrupt


@pytest.fixture(scope="module")
def stopped(demo_folder, tmp_path_factory):
    "Ctrl-C while testing; what was said; the options. Then as SIGKILL would leave it, after 1 of 3 epochs."
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("stopped"))
        patch.setattr(results, "write_report", lambda *_, **__: None)
        said = StringIO()
        with pytest.MonkeyPatch.context() as testing, redirect_stdout(said), pytest.raises(SystemExit) as stop:
            testing.setattr(custom_cnn, "judge", interrupted)
            testing.setattr(Checkpoint, "after_fit", Checkpoint._keep)  # as before the next of three epochs
            command(custom_cnn.main, ["--data", str(demo_folder), "--epochs", "1", "--size", "64", "--bs", "8"])
        folder = Path("runs/custom_cnn")
        had = {file.name for file in folder.iterdir()}
        config = folder / "config.toml"
        config.write_text(config.read_text().replace("epochs = 1", "epochs = 3"))
        yield stop.value.code, said.getvalue(), had


def test_ctrl_c_while_testing_says_how_to_score(stopped):
    code, said, had = stopped
    files = {".lock", "best.pth", "checkpoint.pth", "config.toml", "history.csv", "learner.pkl", "split.csv"}
    assert code == 130 and had == files
    assert "1 epoch of training, of which the best is 1. Go on with: python -m" in said
    assert "--out runs/custom_cnn --resume" in said and HOW in said


def test_the_same_command_tells_of_a_run_that_was_killed(stopped, capsys):
    with pytest.raises(ValueError, match=r"is not empty.* A run in runs/custom_cnn has not finished; it has 1 epoch"):
        free_folder("runs/custom_cnn", "custom_cnn")
    config = score.read_config("runs/custom_cnn/config.toml", custom_cnn.main)
    run = begin("custom_cnn", config | {"out": None})
    assert str(run.folder) == "runs/custom_cnn-2" and not run.folder.exists()
    said = capsys.readouterr().out
    assert "Unless it still runs, go on with: python -m" in said and HOW in said
    begin("custom_cnn", config | {"out": None, "lr": 0.1})
    assert "has not finished" not in capsys.readouterr().out  # another command


def test_what_was_trained_is_scored_and_exported(stopped, capsys):
    score.main(["runs/custom_cnn"])
    said, metrics = capsys.readouterr().out, json.loads(Path("runs/custom_cnn/metrics.json").read_text())
    assert "Trained before, and cut short: 1 of 3 epochs." in said and "Best epoch: 1," in said
    assert metrics["stopped_early"] and metrics["best_epoch"] == 1 and metrics["config"]["epochs"] == 3
    assert Path("runs/custom_cnn/learner.pkl").is_file() and not Path("runs/custom_cnn-2").exists()
    with pytest.raises(SystemExit, match="runs/custom_cnn is finished; for its report again: python -m postergenre"):
        score.main(["runs/custom_cnn"])


def test_what_cannot_be_scored_says_why(tmp_path):
    with pytest.raises(SystemExit, match=r"holds no config.toml; pass the folder of a recipe's run"):
        score.main([str(tmp_path)])
    (tmp_path / "config.toml").write_text("# python -m postergenre.recipes.densenet --lr 0.1\nlr = 0.1\n")
    with pytest.raises(
        SystemExit, match=r"no epochs in .* to score.* go on with: python -m .* --lr 0.1 --out .* --resume"
    ):
        score.main([str(tmp_path)])
    (tmp_path / "config.toml").write_text("# python -m postergenre.recipes.compare --lr 0.1\nlr = 0.1\n")
    with pytest.raises(SystemExit, match="of a series, which goes on by itself"):
        score.main([str(tmp_path)])
