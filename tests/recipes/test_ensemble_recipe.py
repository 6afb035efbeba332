"""The recipe that combines learners: what it writes, and that no member was trained on what it judges on."""

import io
import json
import sys
import tomllib
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from postergenre.data.loaders import PosterDataLoaders
from postergenre.data.movies import read_movies
from postergenre.data.split import load_split, save_split, split_movies
from postergenre.evaluation.evaluate import Evaluation
from postergenre.inference.ensemble import PosterEnsemble
from postergenre.inference.export import load_learner
from postergenre.inference.probs import movie_probs
from postergenre.recipes.ensemble import check_split, main, run_names
from postergenre.recipes.recorded import END, START
from postergenre.recipes.recorded import main as recorded
from postergenre.recipes.runs.cli import build_parser, command
from postergenre.training.networks import custom_cnn_learner, poster_learner
from postergenre.training.probe import probe_learner
from postergenre.vision.build import create_model

SEED = 5
KEYS = {"command", "config", "date", "data", "arch", "parameters", "stopped_early", "best_epoch", "train_minutes",
        "total_minutes", "images_per_second", "device", "threads", "precision", "versions", "training", "judged",
        "test_movies", "test"}  # fmt: skip


@pytest.fixture(scope="module")
def split(demo_folder) -> pd.DataFrame:
    "The movies as a member's run had them."
    return split_movies(read_movies(demo_folder, verbose=False), seed=SEED)


@pytest.fixture(scope="module")
def members(split, tmp_path_factory) -> list[str]:
    "Learners with random weights, in folders of runs."
    where = tmp_path_factory.mktemp("members")
    crops = custom_cnn_learner(PosterDataLoaders.from_movies(split, size=64, bs=8))
    whole = poster_learner(PosterDataLoaders.from_movies(split, size=48, crop="whole", bs=8), "test_resnet")
    for name, learn in (("cnn", crops), ("resnet", whole)):
        (where / name).mkdir()
        learn.export(where / name / "learner.pkl")
        save_split(split, where / name / "split.csv")
    return [str(where / name / "learner.pkl") for name in ("cnn", "resnet")]


@pytest.fixture(scope="module")
def done(members, demo_folder, tmp_path_factory):
    "What the recipe prints, and its folder."
    args = ["--members", *members, "--views", "auto", "mirror", "--data", str(demo_folder), "--seed", str(SEED)]
    said = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(said):
        patch.chdir(tmp_path_factory.mktemp("run"))
        patch.setattr(sys, "argv", ["ensemble", *args])
        command(main, args)
        return said.getvalue(), Path("runs/ensemble").resolve()


def test_help_explains_every_option():
    text = build_parser(main).format_help()
    for option in ("members", "views", "data", "bs", "cache", "seed", "limit", "out", "config"):
        assert f"--{option}" in text
    assert "default: ()" not in text and "(default: )" not in text


def test_it_writes_what_other_runs_write(done, split):
    _, out = done
    files = {
        ".lock",
        "learner.pkl",
        "model",
        "metrics.json",
        "predictions.csv",
        "predictions.json",
        "split.csv",
        "config.toml",
        "breakdown.csv",
        "breakdown.png",
        "examples.png",
        "report.html",
    }
    assert {p.name for p in out.iterdir()} == files
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "Each member alone, and together" in page and "test_resnet" in page
    config = tomllib.loads((out / "config.toml").read_text())
    assert config["views"] == ["auto", "mirror"] and config["seed"] == SEED and len(config["members"]) == 2
    metrics = json.loads((out / "metrics.json").read_text())
    said = metrics["training"]["words"]
    assert said.startswith("Nothing was trained: the probabilities of 2 learners are averaged, with weights chosen on ")
    assert "the validation movies (custom_cnn + test_resnet, " in said
    assert KEYS | {"valid", "members"} == set(metrics)
    assert list(metrics["test"]) == ["ensemble", "popularity", "random"] == list(metrics["valid"])
    assert metrics["arch"] == "custom_cnn + test_resnet" and metrics["test_movies"] == (split["split"] == "test").sum()
    assert [(m["name"], m["views"]) for m in metrics["members"]] == [("cnn", "auto"), ("resnet", "mirror")]
    assert sum(m["weight"] for m in metrics["members"]) == pytest.approx(1, abs=1e-5)
    assert 0 <= metrics["members"][1]["valid"]["macro_ap"]["value"] <= 1


def test_the_weights_are_those_chosen_on_validation(done, members, split):
    _, out = done
    ensemble = load_learner(out / "learner.pkl")
    expected = PosterEnsemble(list(map(load_learner, members)), views=["auto", "mirror"])
    expected.fit_weights(split[split["split"] == "valid"])
    np.testing.assert_allclose(ensemble.weights, expected.weights, atol=1e-4)


def test_its_figures_are_those_of_its_learner_on_the_test_movies(done, demo_folder):
    _, out = done
    ensemble, result = load_learner(out / "learner.pkl"), Evaluation.load(out / "predictions.csv")
    movies = load_split(read_movies(demo_folder, verbose=False), out / "split.csv")
    test = movies[movies["split"] == "test"]
    np.testing.assert_allclose(result.aligned(test["id"]).probs, movie_probs(ensemble, test), atol=1e-5)
    value = result.metrics.loc["ensemble", ("top_n_accuracy", "value")]
    said = json.loads((out / "metrics.json").read_text())["test"]["ensemble"]["top_n_accuracy"]["value"]
    assert said == pytest.approx(value, abs=1e-6)


def test_members_are_called_as_their_runs():
    "They were called after their architectures, so that several runs of one could not be told apart."
    assert run_names(["runs/lite/learner.pkl", "runs/lite-2/learner.pkl"]) == ["lite", "lite-2"]
    assert run_names(["a/lite/learner.pkl", "b/lite/learner.pkl", "b/x.pkl"]) == ["a/lite", "b/lite", "x"]
    assert run_names(["runs/lite/model", "runs/words/model", "other/v1.2"]) == ["lite", "words", "v1.2"]


def test_it_shows_each_member_beside_the_ensemble(done):
    said, _ = done
    valid, test = said.split("== Validation")[1].split("== Test")
    for part in (valid, test):
        for name in ("cnn", "resnet", "ensemble", "popularity", "difference"):
            assert name in part, name
    assert "PosterEnsemble of 2 learners" in valid and "random" in test and "postergenre.predict" in test


def test_it_can_be_recorded(done, tmp_path, capsys):
    _, out = done
    (tmp_path / "README.md").write_text(f"{START}\n{END}\n")
    recorded(["add", str(out), "--name", "both", "--to", str(tmp_path)])
    record = tomllib.loads((tmp_path / "both.toml").read_text())
    assert record["recipe"] == "ensemble" and "best_epoch" not in record["result"]
    row = next(line for line in (tmp_path / "README.md").read_text().splitlines() if line.startswith("| [both]"))
    assert "views auto mirror" in row and "bs" not in row and "| – |" in row


def test_members_that_were_trained_on_movies_to_judge_on_are_refused(members, demo_folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        SystemExit, match=r"\d+ of the 17 test movies, first tt\w+, served to train .*--seed"
    ) as stopped:
        command(main, ["--members", *members, "--data", str(demo_folder), "--seed", "6"])
    assert len(str(stopped.value).splitlines()) == 1


def test_which_splits_are_refused(split, tmp_path, capsys):
    file, member = tmp_path / "split.csv", tmp_path / "learner.pkl"
    check_split(member, split)
    assert f"There is no {file}: it is not known which movies" in capsys.readouterr().out
    save_split(split, file)
    check_split(member, split)
    check_split(member, split[split["split"] != "valid"])
    save_split(split[split["split"] == "train"].head(9), file)  # trained with --limit
    check_split(member, split)
    for side, wrong in (("test", "train"), ("test", "valid"), ("valid", "train")):
        moved = split.copy()
        first = moved.index[moved["split"] == side][0]
        moved.loc[first, "split"] = wrong
        for ids in (moved["id"], moved["id"] + "#3"):  # the latter are crops of the study's protocol
            save_split(moved.assign(id=ids), file)
            n, movie = (split["split"] == side).sum(), split.loc[first, "id"]
            with pytest.raises(ValueError, match=f"1 of the {n} {side} movies, first {movie}, served to train"):
                check_split(member, split)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--seed", "5"], "There are no members; name exported learners: --members runs/a/learner.pkl"),
        (["--members", "no.pkl"], r"There is no learner no\.pkl"),
        (["--members", "a.pkl", "b.pkl", "--views", "auto", "auto", "auto"], "one for all 2 members, or one a member"),
        (["--members", "a.pkl", "--views", "both"], "Unknown views 'both'"),
    ],
)
def test_what_is_wrong_with_the_options_is_said_before_a_folder_is_made(args, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match=said):
        command(main, args)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("views", ["auto", "mirror"])
def test_probes_are_judged_from_their_features_as_from_posters(split, tmp_path, views):
    dls = PosterDataLoaders.from_movies(split, size=(64, 48), crop="whole", bs=8)
    weights = tmp_path / "weights.pth"
    torch.save(create_model("test_resnet", 3, (64, 48))[0].state_dict(), weights)
    learn = probe_learner(dls, "test_resnet", weights=weights)
    torch.nn.init.normal_(learn.model.head.weight, std=0.1)
    learn.export(tmp_path / "probe.pkl")
    loaded, some = load_learner(tmp_path / "probe.pkl"), split.head(4)
    fresh = movie_probs(loaded, some, views=views, progress=False)
    loaded.use_cache(tmp_path / "features")
    for _ in range(2):
        assert np.allclose(movie_probs(loaded, some, views=views, progress=False), fresh, atol=1e-5)
    assert list((tmp_path / "features").glob("*.features"))
