"""A table of one's own in a recipe: other columns and genres, files that are no posters, few of many movies."""

import importlib
import inspect
import json
import pkgutil
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from postergenre import recipes
from postergenre.data.balance import balance_table, balance_words
from postergenre.inference.export import load_learner
from postergenre.recipes import compare, custom_cnn, lite, probe, words
from postergenre.recipes.runs import results
from postergenre.recipes.runs.cli import build_parser, command, read_config
from postergenre.recipes.runs.movies import read_mapping
from postergenre.recipes.runs.options import shared
from postergenre.recipes.runs.run import Data, Run
from postergenre.report.page import movies_of, read_record

OTHERS = ("demo", "recorded", "score")  # commands that train nothing of their own
BAD = {"m03": b"", "m11": b"<html>not found</html>"}  # beside the last, which is cut off
OPTIONS = ["--poster_col", "file", "--genre_col", "tags", "--delim", "|", "--sep", ";", "--mapping", "merge.toml",
           "--genres", "noir", "comedy"]  # fmt: skip


@pytest.fixture(scope="module")
def own(demo_folder, tmp_path_factory) -> list[str]:
    "The options that tell a recipe how to read a table."
    folder = tmp_path_factory.mktemp("own")
    rows = ["file;tags"]
    for i, poster in enumerate(sorted(demo_folder.rglob("*.jpg"))[:40]):
        whole = poster.read_bytes()
        (folder / f"m{i:02}.jpg").write_bytes(BAD.get(f"m{i:02}", whole if i < 39 else whole[:3000]))
        rows.append(f"m{i:02}.jpg;{('noir', 'neo-noir | comedy', 'comedy', 'noir | news')[i % 4]}")
    (folder / "m.csv").write_text("\n".join(rows))
    (folder / "merge.toml").write_text('"neo-noir" = "noir"\nnews = ""\n')
    options = [str(folder / "merge.toml") if o == "merge.toml" else o for o in OPTIONS]
    return ["--data", str(folder / "m.csv"), *options]


@pytest.fixture(scope="module")
def done(own, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "cnn"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["custom_cnn", *own])
        command(custom_cnn.main, [*own, "--epochs", "1", "--bs", "8", "--size", "64", "--out", str(out)])
    return out


def test_every_recipe_takes_the_options_of_all(capsys):
    names = {m.name for m in pkgutil.iter_modules(recipes.__path__) if not m.ispkg} - set(OTHERS)
    assert len(names) >= 11
    for name in names:
        main = importlib.import_module(f"postergenre.recipes.{name}").main
        assert set(inspect.signature(shared).parameters) <= set(inspect.signature(main).parameters), name
        text = " ".join(build_parser(main).format_help().split())
        assert "genres to learn, if not the study's 20" in text and "--poster_col" in text, name


def test_own_genres_train_report_and_predict(done):
    metrics = json.loads((done / "metrics.json").read_text())
    assert metrics["data"]["read"] == 40 and metrics["data"]["kept"] == 37
    assert metrics["data"]["left_out"] == {"unreadable poster": 3}
    assert "unreadable poster" in (done / "report.html").read_text(encoding="utf-8")
    learn = load_learner(done / "learner.pkl")
    assert list(learn.dls.vocab) == ["noir", "comedy"]
    assert learn.predict(np.zeros((48, 32, 3), dtype=np.uint8))[2].shape == (2,)


def test_the_report_is_made_again_from_the_same_table(done):
    movies = movies_of(read_record(done))
    assert len(movies) == 37 and set(movies["genres"].map(tuple)) == {("noir",), ("comedy",), ("noir", "comedy")}
    assert movies.attrs["left_out"]["unreadable poster"] == ["m03", "m11", "m39"]


def test_its_config_is_one_of_the_recipe_and_of_others(done):
    config = read_config(done / "config.toml", custom_cnn.main)
    assert config["genres"] == ["noir", "comedy"] and config["delim"] == "|" and config["strict"] is False


def test_strict_refuses_and_names_the_first(own, tmp_path):
    with pytest.raises(SystemExit, match=r"3 posters cannot be read, first .*m03\.jpg \(Unid.*m11\.jpg .*m39\.jpg"):
        command(custom_cnn.main, [*own, "--strict", "--out", str(tmp_path / "x")])


def test_a_probe_and_a_series_leave_them_out_too(own, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(results, "write_report", lambda *_, **__: None)  # has its own tests
    tiny = ["--size", "32", "--bs", "8", "--seed", "3"]
    arch = ["--arch", "test_resnet"]
    with pytest.raises(SystemExit), monkeypatch.context() as patch:  # it reads movies as the others do
        patch.setattr(probe, "make_loaders", lambda *_: sys.exit())
        command(probe.main, [*own, *tiny, "--arch", "objects", "--out", str(tmp_path / "p")])
    assert re.search(r"unreadable poster +3 +m03, m11, m39", capsys.readouterr().out)
    command(compare.main, [*own, *tiny, *arch, "--epochs", "1", "--out", str(tmp_path / "s")])
    assert json.loads((tmp_path / "s" / "test_resnet" / "metrics.json").read_text())["data"]["kept"] == 37
    command(compare.main, [*own, *tiny, *arch, "--epochs", "1", "--out", str(tmp_path / "s")])
    assert "done before, kept" in capsys.readouterr().out


def test_a_mistake_in_them_names_the_options(own, tmp_path):
    with pytest.raises(SystemExit, match=r"'comedy'.*--mapping FILE, --genres"):
        command(custom_cnn.main, [*own[:-1], "--out", str(tmp_path / "x")])
    with pytest.raises(SystemExit, match=r"no column 'poster'.*--poster_col"):
        command(custom_cnn.main, ["--data", own[1], "--out", str(tmp_path / "y")])


@pytest.mark.parametrize(
    ("text", "said"), [("a = ", "is not valid TOML"), ("a = 1", "maps 'a' to 1; write a line a genre")]
)
def test_a_mapping_is_a_table_of_texts(tmp_path, text, said):
    (tmp_path / "m.toml").write_text(text)
    with pytest.raises(ValueError, match=said):
        read_mapping(tmp_path / "m.toml")
    with pytest.raises(FileNotFoundError, match=r"There is no --mapping .*nope"):
        read_mapping(tmp_path / "nope.toml")


@pytest.mark.parametrize("limit", ["0", "-3"])
def test_a_limit_of_no_movies_is_no_limit_to_all(limit, tmp_path):
    "--limit 0 meant all movies."
    with pytest.raises(SystemExit, match=rf"--limit {limit} must be 1 or more; leave it out to use all movies"):
        command(custom_cnn.main, ["--limit", limit, "--out", str(tmp_path / "x")])
    assert not (tmp_path / "x").exists()


def test_few_movies_have_few_balanced_crops(movies, tmp_path):
    "--limit 100 left 41,290 rows an epoch."
    few = Data(movies, {"used": 60, "kept": 6000})
    run = Run("x", {"balance": "study:3000"}, tmp_path, "")
    assert few.balance(run) == "study:30" and Data(movies, {"used": 60, "kept": 60}).balance(run) == "study:3000"
    assert few.balance(Run("x", {"balance": "none"}, tmp_path, "")) is None
    assert Data(movies, {"used": 1, "kept": 9999}).balance(run) == "study:1"


def test_what_a_balancing_reaches_is_said(movies):
    "even:1500 gave 277 to 664 crops a genre without a word."
    table = balance_table(movies, 50)
    counts = table["even"].drop(["total rows", "most / least"])[table["posters"].gt(0)].astype(int)
    said = balance_words(table, "even", 50)
    assert f"{counts.min()} ({counts.idxmin()}) to {counts.max()} ({counts.idxmax()}) crops a genre" in said
    assert said.startswith("even:50 gives ") and "50 is a bound" in said
    assert "rarest genre" in balance_words(table, "study", 50)


def test_what_the_strong_recipes_train_with_is_public():
    "A user's own script had no way to what lite and words are made of."
    import postergenre

    used = {
        name
        for recipe in (lite, probe, words)
        for name, value in vars(recipe).items()
        if re.match(r"postergenre\.(training|data)\.(?!terminal)", getattr(value, "__module__", "") or "")
    }
    own = {"ProbeLearner", "first_then_others"}  # the second is of commands that several processes run
    assert used > {"start_from_probe", "freeze_stages"} and used - own <= set(postergenre.__all__)
