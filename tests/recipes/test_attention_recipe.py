"""The attention ablation: the same movies and starts for all, resuming, the table and the figure."""

from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from postergenre import load_learner
from postergenre.data.axes import figure_of
from postergenre.evaluation.evaluate import Evaluation
from postergenre.metrics import macro_average_precision, top_n_accuracy
from postergenre.recipes import attention as recipe
from postergenre.recipes import densenet
from postergenre.recipes.recorded import record_run
from postergenre.recipes.runs import results
from postergenre.recipes.runs.attention_table import as_cells, plot_attention, read_runs, summarize
from postergenre.recipes.runs.cli import build_parser, command, read_config
from postergenre.recipes.runs.run import Run
from postergenre.recipes.runs.series_table import terminal_text
from postergenre.vision.attention import GramLayer

RUNS = ("none-42", "gram-42", "none-7", "gram-7")


@pytest.fixture(scope="module")
def options(demo_folder, tmp_path_factory) -> dict:
    out = tmp_path_factory.mktemp("attention") / "out"
    tiny = {"arch": "test_resnet", "epochs": 1, "size": "64", "bs": 8, "limit": 48, "lr": 0.01}
    return {"data": str(demo_folder), "out": str(out)} | tiny


def save_only_the_last(run, axes, file):
    if file == "attention.png":
        figure_of(axes).savefig(run.folder / file)
    plt.close(figure_of(axes))


@pytest.fixture(scope="module")
def out(options):
    "An ablation in two parts: one seed first, then another one is added."
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(results, "write_report", lambda *_, **__: None)  # has its own tests, as have the runs' figures
        patch.setattr(Run, "save_figure", save_only_the_last)
        recipe.main(["none", "gram"], [42], **options)
        before = (Path(options["out"]) / "gram-42" / "metrics.json").stat().st_mtime_ns
        recipe.main(["none", "gram"], [42, 7], **options)
    assert (Path(options["out"]) / "gram-42" / "metrics.json").stat().st_mtime_ns == before
    return Path(options["out"])


@pytest.fixture(scope="module")
def read(out):
    return read_runs({run: out / run for run in RUNS}, "1 epoch")


def test_every_run_has_the_split_of_one_seed_and_a_start_of_its_own(out):
    assert len({(out / run / "split.csv").read_bytes() for run in ("", *RUNS)}) == 1
    losses = {r: pd.read_csv(out / r / "history.csv")["train_loss"].item() for r in ("none-42", "gram-42", "none-7")}
    # The layer starts as the identity on the same weights, order and crops; another seed has others.
    assert abs(losses["gram-42"] - losses["none-42"]) < 0.2 * abs(losses["none-7"] - losses["none-42"])
    assert isinstance(load_learner(out / "gram-7" / "learner.pkl").model.layer3[1], GramLayer)


def test_the_table_is_the_mean_over_the_seeds_of_saved_predictions(out):
    table = pd.read_csv(out / "attention.csv", index_col=0)
    assert list(table.index) == ["popularity", "none", "gram"]
    for side, file in {"valid": "predictions_valid.csv", "test": "predictions.csv"}.items():
        judged = {run: Evaluation.load(out / run / file) for run in RUNS}
        for name, metric in {"top_n_accuracy": top_n_accuracy, "macro_ap": macro_average_precision}.items():
            values = {run: metric(r.probs, r.targets) for run, r in judged.items()}
            grams, nones = ([values[f"{kind}-{seed}"] for seed in (42, 7)] for kind in ("gram", "none"))
            row = table.loc["gram"]
            assert row[f"{side} {name}"] == pytest.approx(np.mean(grams))
            assert row[f"{side} {name} sd"] == pytest.approx(np.std(grams, ddof=1))
            assert row[f"{side} {name} difference"] == pytest.approx(np.mean(grams) - np.mean(nones))
            p = judged["none-7"].popularity
            assert table.loc["popularity", f"{side} {name}"] == pytest.approx(metric(p.probs, p.targets))
    assert (
        table.loc["gram", "parameters"] - table.loc["none", "parameters"] == 43_600 and table.loc["gram", "runs"] == 2
    )
    assert table.loc[["none", "gram"], "images_per_second"].min() > 0
    assert len(pd.read_csv(out / "attention_runs.csv")) == 4 and (out / "attention.png").stat().st_size > 10_000


def test_the_text_says_what_varied_and_what_failed(read):
    runs, popularity, notes = read
    said = terminal_text(as_cells(summarize(runs, popularity)), {"se-42": "RuntimeError: lost"}, notes)
    parts = ["popularity", "none", "gram", "parameters", "images/s", "±", "seeds 7, 42", "that of seed 42 in every run"]
    parts += ["chose each run's best epoch", "difference: to none, seed by seed", "se-42 failed – RuntimeError: lost"]
    for part in parts:
        assert part in " ".join(said.split()), part
    assert max(map(len, said.splitlines())) <= 80


def test_a_single_run_has_no_spread_and_no_difference(out):
    runs, popularity, notes = read_runs({"gram-7": out / "gram-7"}, "1 epoch")
    text = as_cells(summarize(runs, popularity)).to_string()
    assert "±" not in text and "difference" not in text and "difference" not in "".join(notes)
    assert len(plot_attention(runs, popularity)) == 4


def test_the_figure_marks_every_seed(read):
    runs, popularity, _ = read
    axes = plot_attention(runs, popularity)
    labels = [text.get_text() for text in figure_of(axes).legends[0].get_texts()]
    assert labels == ["seed 7", "seed 42", "popularity"]
    assert all(text.get_bbox_patch() for ax in axes for text in ax.texts), "popularity's line would cross a label"
    ax = axes[3]
    assert [bar.get_width() for bar in ax.patches] == pytest.approx(
        summarize(runs, popularity)["test macro_ap"][1:].tolist()
    )
    marks = sorted(x for dots in ax.collections for x in dots.get_offsets()[:, 0])
    assert marks == pytest.approx(sorted(runs["test macro_ap"]))
    assert ax.lines[0].get_xdata()[0] == pytest.approx(popularity["test macro_ap"])


def test_other_options_are_refused(out, options):
    with pytest.raises(ValueError, match="was begun with bs = 8, not 4; go on with the same options"):
        recipe.main(["none"], [42], **options | {"bs": 4})


@pytest.mark.parametrize(
    ("changed", "said"),
    [({"attention": ["none", "gramm"]}, "Unknown attention 'gramm'"), ({"after": "layer33"}, "close ones: layer3"),
     ({"epochs": 0}, "--epochs 0 should be 1 or more")],
)  # fmt: skip
def test_wrong_options_are_said_before_anything_is_trained(options, tmp_path, changed, said):
    given = {"attention": ["none", "gram"], "seeds": [42]} | options | {"out": str(tmp_path / "x")} | changed
    with pytest.raises(ValueError, match=said):
        recipe.main(**given)
    assert not (tmp_path / "x" / "none-42").exists()


def test_runs_of_a_seed_follow_each_other_so_that_few_are_a_comparison_too(options, tmp_path):
    config = {"attention": ["none", "se"], "seeds": [3, 4, 3], "out": str(tmp_path / "x"), "seed": 42}
    series = recipe.begin_attention(options | config)
    assert list(series.members) == ["none-3", "se-3", "none-4", "se-4"]
    assert series.members["se-4"] == {"attention": ["se"], "seeds": [4]}


def test_the_first_kind_stays_the_one_compared_with_if_its_first_run_failed(options, tmp_path):
    config = {"attention": ["none", "se"], "seeds": [3, 4], "out": str(tmp_path / "x"), "seed": 42}
    series = recipe.begin_attention(options | config)
    for run in ("se-3", "none-4", "se-4"):
        series.folder(run).mkdir(parents=True)
        (series.folder(run) / "metrics.json").touch()
    assert list(recipe.done_by_kind(series)) == ["none-4", "se-3", "se-4"]


def test_the_densenet_recipe_passes_attention_on(demo_folder, tmp_path, monkeypatch):
    given = {}

    def stop(_, **kwargs):
        given.update(kwargs)
        raise KeyboardInterrupt

    monkeypatch.setattr(densenet, "densenet_learner", stop)
    args = [
        "--data",
        str(demo_folder),
        "--size",
        "64",
        "--bs",
        "8",
        "--out",
        str(tmp_path / "x"),
        "--attention",
        "gram",
    ]
    with pytest.raises(SystemExit):
        command(densenet.main, args)
    assert given["attention"] == "gram"


def test_help_teaches_and_a_record_is_a_config(out, tmp_path):
    text = " ".join(build_parser(recipe.main, recipe.__doc__).format_help().split())
    for part in [
        "default: none se gram",
        "default: 42 43 44",
        "--after",
        "of the split and of --limit",
        "attention.csv",
    ]:
        assert part in text, part
    config = read_config(record_run(out / "gram-7", "gram", tmp_path), recipe.main)
    assert config["attention"] == ["gram"] and config["seeds"] == [7] and config["seed"] == 42


def test_batch_norms_can_be_kept(options, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(recipe, "train", lambda run, learn, stop, cbs: seen.append([type(cb).__name__ for cb in cbs]))
    monkeypatch.setattr(recipe, "evaluate", lambda *_, **__: Mock())
    monkeypatch.setattr(recipe, "finish_member", lambda *_: None)
    for keep in (True, False):
        with pytest.raises(ValueError, match="no run came through"):
            recipe.main(["none"], [42], freeze_norm=keep, **options | {"out": str(tmp_path / str(keep))})
    assert seen == [["BnFreeze"], []]
