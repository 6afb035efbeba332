"""--resume: the run that it goes on with, what it refuses, and that a stopped run ends as one that was not."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from postergenre.data.digests import movie_digests
from postergenre.data.split import save_split
from postergenre.recipes import compare, custom_cnn, densenet
from postergenre.recipes.runs import results
from postergenre.recipes.runs.cli import command
from postergenre.recipes.runs.folder import write_config
from postergenre.recipes.runs.resuming import Finished, check_movies, resumed_folder
from postergenre.training.resume import Checkpoint

SAME = ["best.pth", "config.toml", "split.csv", "predictions.csv", "predictions.json", "examples.png"]
RUN = Path("runs/custom_cnn")


class Killed(BaseException):
    "As SIGKILL: nobody hears of it."


def killed_if(now: bool):
    if now:
        raise Killed


def figures(folder: Path) -> dict:
    "What a run says, but for its time."
    metrics = json.loads((folder / "metrics.json").read_text())
    return {
        k: v for k, v in metrics.items() if k not in ("total_minutes", "train_minutes", "images_per_second", "training")
    }


def stop(argv, owner, name, n=1):
    "Run the recipe until the n-th call of a function."
    calls, of_owner = [], getattr(owner, name)

    def counted(*args, **kwargs):
        calls.append(name)
        if len(calls) == n:
            raise Killed
        return of_owner(*args, **kwargs)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        patch.setattr(owner, name, counted)
        command(custom_cnn.main, argv)


@pytest.fixture(scope="module")
def argv(demo_folder, tmp_path_factory):
    "Options of two runs: `whole` was never stopped, the other in its second epoch and while its figures were written."
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("resuming"))
        patch.setattr(results, "keep", lambda run, *_: run.folder)
        patch.setattr(results, "write_report", lambda *_, **__: None)
        argv = ["--data", str(demo_folder), "--epochs", "2", "--size", "64", "--bs", "8", "--balance", "study:20"]
        patch.setattr("sys.argv", ["custom_cnn", *argv])
        command(custom_cnn.main, argv)
        shutil.move(RUN, "whole")
        argv += ["--resume"]
        patch.setattr("sys.argv", ["custom_cnn", *argv])
        stop(argv, Checkpoint, "after_epoch", 2)
        stop(argv, results, "plot_curves")
        (RUN / f".{'0' * 32}").mkdir()
        (RUN / f".{'0' * 32}" / f".half-{'0' * 32}.png").touch()  # as of a model that was being written
        command(custom_cnn.main, argv)
        yield argv


def test_a_stopped_run_ends_as_one_that_was_not(argv):
    whole = Path("whole")
    assert {f.name for f in RUN.iterdir()} == {f.name for f in whole.iterdir()}
    assert [f for f in SAME if (RUN / f).read_bytes() != (whole / f).read_bytes()] == []
    assert figures(RUN) == figures(whole)
    one, other = (pd.read_csv(folder / "history.csv").drop(columns="time") for folder in (RUN, whole))
    pd.testing.assert_frame_equal(one, other, check_exact=True)


def test_a_finished_run_is_said_and_is_no_error(argv, capsys):
    before = (RUN / "metrics.json").stat().st_mtime_ns
    (RUN / "checkpoint.pth").touch()  # as of one that was killed after its last word
    command(custom_cnn.main, argv)
    assert (
        "runs/custom_cnn is finished, with these options. For another run leave --resume out."
        in capsys.readouterr().out
    )
    assert (RUN / "metrics.json").stat().st_mtime_ns == before and not (RUN / "checkpoint.pth").exists()
    assert not Path("runs/custom_cnn-2").exists()


def test_other_options_are_refused_and_named(argv):
    said = r"runs/custom_cnn was begun with epochs = 2, not 3; lr = 0.002, not 0.1; go on with the same options"
    with pytest.raises(SystemExit, match=said):
        command(custom_cnn.main, [*argv, "--lr", "0.1", "--epochs", "3"])
    with pytest.raises(SystemExit, match=r"runs/custom_cnn holds a run of recipes\.custom_cnn; name another folder"):
        command(densenet.main, [*argv, "--out", str(RUN)])


def test_other_movies_are_refused_and_named(argv, demo_folder, tmp_path):
    folder, other = tmp_path / "run", tmp_path / "demo"
    shutil.copytree("whole", folder)
    (folder / "metrics.json").unlink()
    shutil.copytree(demo_folder, other)
    poster = next(other.rglob("*.jpg"))
    poster.write_bytes(poster.read_bytes() + b"\0")
    argv = [*argv, "--out", str(folder), "--data", str(other)]
    with pytest.raises(SystemExit, match=rf"1 have another poster, genres or metadata \(first: {poster.stem}\)"):
        command(custom_cnn.main, argv)
    poster.unlink()
    with pytest.raises(SystemExit, match=rf"movies are others than .*: 1 are missing \(first: {poster.stem}\)"):
        command(custom_cnn.main, argv)
    assert folder.is_dir()


def test_what_changes_of_movies_is_told_apart(movies, tmp_path):
    save_split(movies, tmp_path / "split.csv", digests=True)
    check_movies(tmp_path, movies.sample(frac=1, random_state=0))
    with pytest.raises(ValueError, match=r"1 are new \(first: new\); 1 are missing"):
        check_movies(tmp_path, movies.assign(id=["new", *movies["id"][1:]]))
    with pytest.raises(ValueError, match=rf": 1 are on another side of the split \(first: {movies['id'][0]}\)"):
        side = "test" if movies["split"][0] == "train" else "train"
        check_movies(tmp_path, movies.assign(split=[side, *movies["split"][1:]]))
    save_split(movies, tmp_path / "split.csv")  # as runs before had it
    check_movies(tmp_path, movies)
    digests, changed = movie_digests(movies), movies.copy()
    changed.at[0, "genres"] = ["War"]
    differ = [a != b for a, b in zip(digests, movie_digests(changed), strict=True)]
    assert differ == [True] + [False] * (len(movies) - 1)


def test_the_newest_run_with_these_options_is_meant(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = {"lr": 0.1, "out": None}
    assert resumed_folder("net", config) is None
    for i, lr in enumerate((0.1, 0.1, 0.2), 1):
        folder = Path("runs") / ("net" if i == 1 else f"net-{i}")
        folder.mkdir(parents=True)
        write_config(folder, config | {"lr": lr}, "python -m postergenre.recipes.net")
    assert str(resumed_folder("net", config)) == "runs/net-2"
    Path("runs/net-2/metrics.json").touch()
    assert str(resumed_folder("net", config)) == "runs/net"
    Path("runs/net/metrics.json").touch()
    with pytest.raises(Finished, match="runs/net-2 is finished"):
        resumed_folder("net", config)
    with pytest.raises(ValueError, match=r"runs/net-3 was begun with lr = 0\.2, not 0\.3"):
        resumed_folder("net", config | {"lr": 0.3})
    Path("runs/net-4").mkdir()  # killed before anything was written
    assert str(resumed_folder("net", config | {"lr": 0.3})) == "runs/net-4"


def test_a_series_goes_on_in_the_middle_of_a_run(argv, demo_folder, tmp_path, capsys):
    options = {"data": str(demo_folder), "epochs": 2, "size": "64", "bs": 8, "out": str(tmp_path / "out")}
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Checkpoint, "before_validate", lambda self: killed_if(self.done == 1), raising=False)
        compare.main(["custom_cnn"], **options)
    for said in ("Trained before, going on: 1 of 2 epochs.", "custom_cnn: done before, kept"):
        compare.main(["custom_cnn"], **options, resume=True)
        assert said in capsys.readouterr().out
    assert pd.read_csv(tmp_path / "out" / "custom_cnn" / "history.csv")["epoch"].tolist() == [1, 2]


def test_nothing_to_go_on_with_is_said_and_the_run_begins(argv, tmp_path, capsys):
    out = tmp_path / "new"
    stop([*argv, "--out", str(out)], custom_cnn, "train")
    assert "There is no such run to go on with: this one begins." in capsys.readouterr().out and not out.exists()
