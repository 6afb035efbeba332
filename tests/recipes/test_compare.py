"""Comparing architectures: same movies and budget, going on after failures, stopping and resuming, the tables."""

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from fastai.callback.progress import CSVLogger

from postergenre import custom_cnn_learner
from postergenre.evaluation.compare import compare
from postergenre.evaluation.evaluate import Evaluation
from postergenre.inference.export import load_learner
from postergenre.recipes import compare as recipe
from postergenre.recipes.recorded import record_run
from postergenre.recipes.runs import results
from postergenre.recipes.runs.cli import build_parser, command, read_config
from postergenre.recipes.runs.folder import write_config
from postergenre.recipes.runs.series import begin_series, one_line
from postergenre.recipes.runs.series_table import per_genre, plot_comparison, plot_genres, with_random
from postergenre.training import callback
from postergenre.training.callback import Budget


@pytest.fixture(scope="module")
def quick():
    "Runs without their reports, which have their own tests."
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(results, "write_report", lambda *_, **__: None)
        yield patch


@pytest.fixture(scope="module")
def options(demo_folder, tmp_path_factory) -> dict:
    out = tmp_path_factory.mktemp("compare") / "out"
    return {"data": str(demo_folder), "epochs": 1, "size": "64", "bs": 8, "seed": 3, "out": str(out)}


def no_memory_for_vgg(dls, arch, **_):
    if arch == "vgg11":
        raise RuntimeError("out of memory\nand more")
    return custom_cnn_learner(dls)


@pytest.fixture(scope="module")
def out(quick, options):
    "A comparison in which the first architecture fails."
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recipe, "poster_learner", no_memory_for_vgg)
        recipe.main(["vgg11", "custom_cnn"], **options)
    return Path(options["out"])


def test_it_goes_on_after_a_failure_and_its_row_names_the_error(out):
    table = pd.read_csv(out / "comparison.csv", index_col=0)
    assert list(table.index) == ["custom_cnn", "popularity", "random", "vgg11"]
    assert table.loc["vgg11", "error"] == "RuntimeError: out of memory" and table["error"].notna().sum() == 1
    assert "| vgg11 | failed: RuntimeError: out of memory |" in (out / "comparison.md").read_text()
    assert "Traceback" in (out / "vgg11" / "error.txt").read_text()


def test_a_second_call_goes_on_and_adds(out, options, capsys, monkeypatch):
    before = (out / "custom_cnn" / "metrics.json").stat().st_mtime_ns
    trained = []
    monkeypatch.setattr(
        recipe, "poster_learner", lambda dls, arch, **_: trained.append(arch) or custom_cnn_learner(dls)
    )
    recipe.main(["custom_cnn", "resnet18"], **options)
    assert trained == ["resnet18"] and (out / "custom_cnn" / "metrics.json").stat().st_mtime_ns == before
    said = capsys.readouterr().out
    assert "custom_cnn: done before, kept" in said and "resnet18 (2 of 2)" in said
    assert "Budget of each: 1 epoch of training" in said and "popularity" in said and "random" in said
    for file in ("comparison.csv", "comparison.md", "comparison.png", "per_genre.csv", "per_genre.png", "curves.png"):
        assert (out / file).is_file()


def test_thresholds_are_tuned_in_every_run(out):
    "At 0.5 a learner that was not calibrated named no genre of many movies."
    assert load_learner(out / "custom_cnn" / "learner.pkl").thresh.shape == (20,)


def test_the_table_holds_costs_figures_and_paired_differences(out):
    judged = [Evaluation.load(out / a / "predictions.csv") for a in ("custom_cnn", "resnet18")]
    expected = compare(judged).metrics
    table = pd.read_csv(out / "comparison.csv", index_col=0)
    for metric in ("top_n_accuracy", "macro_ap", "macro_ap difference"):
        for end, column in (("value", metric), ("low", f"{metric} low"), ("high", f"{metric} high")):
            assert table.loc["resnet18", column] == pytest.approx(expected.loc["resnet18", (metric, end)])
    metrics = json.loads((out / "custom_cnn" / "metrics.json").read_text())
    assert table.loc["custom_cnn", "parameters"] == metrics["parameters"] == 78_020
    assert table.loc["custom_cnn", "images_per_second"] > 0 and table.loc["custom_cnn", "epochs"] == 1
    splits = {(out / a / "split.csv").read_bytes() for a in ("", "custom_cnn", "resnet18")}
    assert len(splits) == 1


def test_the_figures(out):
    results = [Evaluation.load(out / a / "predictions.csv") for a in ("custom_cnn", "resnet18")]
    bars = plot_comparison(with_random(results).metrics)
    assert len(bars) == 2 and [t.get_text() for t in bars[0].get_yticklabels()] == ["resnet18", "custom_cnn"]
    assert [line.get_label() for line in bars[0].lines if line.get_label()[0] != "_"] == ["popularity", "random"]
    genres = per_genre(results)
    assert list(genres) == ["movies", "custom_cnn", "resnet18"] and len(genres) == 20
    heat = plot_genres(genres)
    assert heat.images[0].get_array().shape == (20, 2)


def test_other_options_or_movies_are_refused(out, options):
    with pytest.raises(ValueError, match="was begun with bs = 8, not 4; go on with the same options, or name another"):
        recipe.main(["custom_cnn"], **options | {"bs": 4})
    with pytest.raises(ValueError, match="two budgets; give one"):
        recipe.main(["custom_cnn"], **options | {"minutes": 1})
    with pytest.raises(ValueError, match="--epochs 0 should be 1 or more"):
        recipe.main(["custom_cnn"], **options | {"epochs": 0})
    split = (out / "split.csv").read_text()
    (out / "split.csv").write_text(split.replace("train", "test", 1))
    with pytest.raises(ValueError, match=r"The movies are others than .*: 1 are on another side of the split"):
        recipe.main(["custom_cnn"], **options)
    assert (out / "split.csv").read_text() == split.replace("train", "test", 1)
    (out / "split.csv").write_text(split)


def test_wrong_options_are_said_before_anything_is_trained(options, tmp_path):
    with pytest.raises(ValueError, match="Unknown balance 'evn'"):
        recipe.main(["custom_cnn"], **options | {"balance": "evn", "out": str(tmp_path / "x")})
    assert not (tmp_path / "x" / "custom_cnn").exists()


def test_ctrl_c_keeps_what_is_done(quick, out, options, monkeypatch, capsys):
    (out / "comparison.md").unlink()

    def interrupted(dls, arch, **_):
        raise KeyboardInterrupt

    monkeypatch.setattr(recipe, "poster_learner", interrupted)
    with pytest.raises(SystemExit) as stop:
        argv = [f"--{k}={v}" for k, v in options.items()]
        command(recipe.main, ["--arch", "custom_cnn", "vgg11", *argv])
    assert stop.value.code == 130
    assert f"Stopped in the middle of vgg11. Go on with --resume --out {out}" in capsys.readouterr().out
    assert "| custom_cnn | 78,020 |" in (out / "comparison.md").read_text()


def test_nothing_finished_is_an_error(quick, options, tmp_path, monkeypatch):
    monkeypatch.setattr(recipe, "poster_learner", no_memory_for_vgg)
    with pytest.raises(ValueError, match="no architecture came through; vgg11: RuntimeError: out of memory"):
        recipe.main(["vgg11"], **options | {"out": str(tmp_path / "x")})


def test_all_names_are_checked_before_the_first_is_trained(options, tmp_path):
    with pytest.raises(ValueError, match=r"Unknown architecture 'resnet81'. Close ones: .*resnet18"):
        recipe.main(["custom_cnn", "resnet81"], **options | {"out": str(tmp_path / "x")})
    assert not (tmp_path / "x").exists()


def test_the_same_command_says_where_it_was_begun(options, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    config = options | {"arch": ["alexnet"], "minutes": None, "out": None}
    members = {"alexnet": {"arch": ["alexnet"]}}
    write_config(begin_series("compare", dict(config), members, ["arch"]).whole.folder, config, "typed")
    capsys.readouterr()
    assert begin_series("compare", dict(config), members, ["arch"]).whole.folder == Path("runs/compare-2")
    assert (
        "begun in runs/compare and is not done; to go on there, add --resume --out runs/compare"
        in capsys.readouterr().out
    )


def test_a_record_of_one_architecture_is_a_config(out, tmp_path):
    file = record_run(out / "custom_cnn", "cnn", tmp_path)
    assert read_config(file, recipe.main)["arch"] == ["custom_cnn"]


def test_arch_takes_several_names(tmp_path):
    parser = build_parser(recipe.main, recipe.__doc__)
    assert parser.parse_args(["--arch", "a", "b"]).arch == ["a", "b"]
    assert "custom_cnn; the others are compared" in " ".join(parser.format_help().split())
    (tmp_path / "c.toml").write_text('arch = "a"')
    assert read_config(tmp_path / "c.toml", recipe.main) == {"arch": ["a"]}
    (tmp_path / "c.toml").write_text("arch = [true]")
    with pytest.raises(ValueError, match="should be a str or a list of such"):
        read_config(tmp_path / "c.toml", recipe.main)


def test_folders_stay_inside(options, tmp_path):
    config = options | {"arch": ["vgg11"], "minutes": None, "out": str(tmp_path / "x")}
    series = begin_series("compare", config, {name: {"arch": ["vgg11"]} for name in ("timm/x", "../y")}, ["arch"])
    assert [series.folder(a).relative_to(tmp_path / "x").name for a in series.members] == ["timm_x", "__y"]


def test_minutes_end_training_with_a_whole_schedule_and_a_whole_log(dls, tmp_path, monkeypatch):
    "The log of an epoch that was cut short once lacked its training loss, so that all columns were shifted."
    # A second each time it is asked, so that a busy machine, on which a minute has few batches, can't fail this.
    seconds = itertools.count()
    monkeypatch.setattr(callback, "time", SimpleNamespace(monotonic=lambda: next(seconds)))
    learn = custom_cnn_learner(dls, path=tmp_path)
    budget = Budget(1)
    with learn.no_bar(), learn.no_logging():
        learn.fit_one_cycle(10_000, 1e-2, cbs=[budget, CSVLogger("log.csv")])
    assert next(seconds) == 61  # it ended as the minute was over
    lrs = learn.recorder.hps["lr"]
    assert max(lrs) > 5e-3 and lrs[-1] < 2e-3
    log = pd.read_csv(tmp_path / "log.csv")
    assert log.notna().all().all() and log["time"].str.contains(":").all()
    assert budget not in learn.cbs


def test_no_minutes_no_effect(dls):
    learn = custom_cnn_learner(dls)
    with learn.no_bar(), learn.no_logging():
        learn.fit(1, cbs=[Budget(None)])
    assert len(learn.recorder.values) == 1


def test_errors_in_one_line():
    assert one_line(ValueError("\n first\nsecond")) == "ValueError: first"
    assert one_line(MemoryError()) == "MemoryError"
    assert len(one_line(RuntimeError("x" * 500))) == 160


@pytest.mark.slow
def test_sigint_and_resume(options, tmp_path):
    args = [sys.executable, "-m", "postergenre.recipes.compare", "--arch", "custom_cnn", "resnet18"]
    args += [f"--{k}={v}" for k, v in (options | {"out": tmp_path / "out", "epochs": 40}).items()]
    env = os.environ | {"OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)
    while process.poll() is None and not (tmp_path / "out" / "resnet18" / "history.csv").is_file():
        time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    said, err = process.communicate(timeout=240)
    assert process.returncode == 130, err
    assert "Stopped in the middle of resnet18" in said and (tmp_path / "out" / "comparison.md").is_file()
    done = subprocess.run(args, capture_output=True, text=True, timeout=500, env=env)
    assert done.returncode == 0 and "custom_cnn: done before, kept" in done.stdout
    assert (tmp_path / "out" / "resnet18" / "report.html").is_file()
