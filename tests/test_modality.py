"""A kind of evidence of a few lines trains, predicts, evaluates, explains, exports and reports like all others."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch

from postergenre import (
    GenreInterpretation,
    PosterDataLoaders,
    PosterEnsemble,
    calibrate,
    evaluate,
    load_learner,
    movie_probs,
    poster_learner,
    predict_movies,
    predict_posters,
    tune_thresholds,
    uncalibrate,
)
from postergenre.modality import Modality
from postergenre.recipes.runs.options import shared
from postergenre.recipes.runs.results import finish, judge
from postergenre.recipes.runs.run import begin, load_movies, make_loaders
from postergenre.recipes.runs.training import export, fit_head, fit_probabilities, look
from postergenre.training.probe import fit_probe, probe_learner
from postergenre.vision.pictures import Pictures

TOY = """
import torch
from postergenre.modality import Modality

class Titles(Modality):
    "How often each vowel stands in a movie's title."
    name, columns = "titles", ("title",)

    def read(self, movie, train=False):
        return movie.get("title") or None

    def encode(self, readings):
        return torch.tensor([[title.lower().count(vowel) for vowel in "aeiou"] for title in readings]).float()
"""


@pytest.fixture(scope="module")
def titles(tmp_path_factory):
    "The toy, in a module of its own as a user's would be."
    folder = tmp_path_factory.mktemp("toy")
    (folder / "toy_titles.py").write_text(TOY)
    sys.path.insert(0, str(folder))
    import toy_titles

    yield toy_titles.Titles()
    sys.path.remove(str(folder))


@pytest.fixture(scope="module")
def told(movies):
    "Movies whose titles tell their genres."
    movies = movies.copy()
    movies["title"] = [
        "a" * ("Drama" in g) + "e" * ("Comedy" in g) + "i" * ("Action" in g) + "x" for g in movies["genres"]
    ]
    return movies


@pytest.fixture(scope="module")
def loaders(told):
    return PosterDataLoaders.from_movies(told, size=(72, 48), crop="whole", bs=8, num_workers=0)


@pytest.fixture(scope="module")
def pictures(loaders):
    model = poster_learner(loaders, "test_resnet").model
    model.fc = torch.nn.Identity()
    return Pictures("test_resnet", model, (72, 48), ([0.5] * 3, [0.25] * 3))


@pytest.fixture(scope="module")
def alone(titles, loaders, told):
    learn = probe_learner(loaders, titles)
    fit_probe(learn, told, strengths=[0.01])
    return learn


@pytest.fixture(scope="module")
def both(titles, pictures, loaders, told):
    learn = probe_learner(loaders, [pictures, titles])
    fit_probe(learn, told)
    return learn


@pytest.fixture(scope="module")
def test(told):
    return told[told["split"] == "test"]


def test_it_predicts_and_is_evaluated(alone, test):
    result = evaluate(alone, test, name="titles")
    figures = result.metrics["top_n_accuracy", "value"]
    assert figures["titles"] > figures["popularity"]
    per_genre = result.per_genre()["ap"]
    assert (per_genre[["Drama", "Comedy"]] > 0.95).all()
    table = predict_movies(alone, test)
    np.testing.assert_allclose(table[list(alone.dls.vocab)], result.probs, atol=1e-6)
    genres, mask, probs = alone.predict(test.iloc[0])
    np.testing.assert_allclose(probs, result.probs[0], atol=1e-6)
    assert len(genres) == mask.sum() and alone.predict({"title": "xaa"})[2].shape == (20,)


def test_a_learner_of_titles_does_not_look_at_posters(alone, test):
    table = predict_posters(alone, test["poster"].head(2))
    assert table["error"].str.contains("nothing is there that the learner looks at").all()
    without = test.assign(poster=None)
    np.testing.assert_array_equal(movie_probs(alone, test), movie_probs(alone, without))


def test_it_trains_calibrates_and_gets_thresholds(alone, told, test):
    with alone.no_bar():
        alone.get_preds()
        head = alone.model.head.weight.clone()
        alone.fit_one_cycle(1, 1e-3)
    assert not torch.equal(head, alone.model.head.weight)
    fit_probe(alone, told, strengths=[0.01])
    try:
        assert calibrate(alone, verbose=False).attrs["posters"] == (told["split"] == "valid").sum()
        assert tune_thresholds(alone, verbose=False)["thresh"].between(0, 1).all()
        assert predict_movies(alone, test)["genres"].map(len).sum() > 0
    finally:
        uncalibrate(alone)
        alone.thresh = 0.5


def test_it_is_explained_beside_the_picture(both, test):
    found = both.explain(test.iloc[0], ["Drama", "Comedy"])
    assert found.parts["modality"].tolist() == ["test_resnet", "titles"] and found.heat.shape[0] == 2
    row = test.iloc[0]
    whole, without = (both.outputs(pd.DataFrame([movie]))[0][0][0] for movie in (row, {"poster": row["poster"]}))
    column = list(both.dls.vocab).index("Drama")
    assert found.parts["Drama"][1] == pytest.approx(whole[column] - without[column], abs=1e-4)
    assert list(found.probs) == ["Drama", "Comedy"]


def test_what_a_movie_lacks_moves_nothing(both, alone, test):
    "In one head: the logits are those of the mean title, which adds 0. In an ensemble: what the other says."
    bare = test[["id", "poster", "genres"]]
    model, vocab = both.model, both.dls.vocab
    width = model.widths[0]
    seen = np.concatenate([rows for rows in both.modalities[0].features(bare)[0]])
    mean = (
        both.modalities[1].encode([both.modalities[1].read(m) for m in both.dls.train.items.to_dict("records")]).mean(0)
    )
    with torch.no_grad():
        bias = model.head.bias + model.head.weight[:, width:] @ mean
        expected = torch.sigmoid(torch.from_numpy(seen) @ model.head.weight[:, :width].T + bias)
    np.testing.assert_allclose(movie_probs(both, bare), expected, atol=1e-5)
    for pool, weights in (("odds", [0.7, 1.0]), ("mean", [0.5, 0.5])):
        ensemble = PosterEnsemble([both, alone], weights=weights, pool=pool)
        only = PosterEnsemble([both], weights=weights[:1], pool=pool)
        np.testing.assert_allclose(movie_probs(ensemble, bare), movie_probs(only, bare), atol=1e-6)
    assert len(vocab) == 20


def test_rows_that_lack_it_take_part_in_training(titles, pictures, loaders, told):
    some = told.copy()
    some.loc[some.index[::2], "title"] = None
    learn = probe_learner(PosterDataLoaders.from_movies(some, size=(72, 48), crop="whole", bs=8), [pictures, titles])
    fit_probe(learn, some)
    x, _ = learn.features(some[some["split"] == "train"])
    x = np.concatenate(x)
    assert np.isnan(x[:, -5:]).all(1).any() and not np.isnan(x[:, :-5]).any()
    np.testing.assert_allclose(learn.model.absent[-5:], np.nanmean(x[:, -5:], axis=0), atol=1e-5)
    assert np.isfinite(movie_probs(learn, some)).all()
    with pytest.raises(ValueError, match=r"None of the \d+ training movies has what titles looks at \(title\)"):
        probe_learner(PosterDataLoaders.from_movies(told.drop(columns="title"), size=64, bs=8), titles)


def test_it_is_kept_by_what_was_read(both, test, tmp_path):
    both.use_cache(tmp_path)
    try:
        first = movie_probs(both, test)
        np.testing.assert_array_equal(movie_probs(both, test), first)
        assert sorted(p.name.split("-")[0] for p in tmp_path.iterdir()) == ["test_resnet", "titles"]
        other = movie_probs(both, test.assign(title="aaa"))
        assert abs(other - first).max() > 1e-3
        counts = {name.split("-")[0]: c.computed for m in both.modalities for name, c in m.kept.items()}
        assert counts == {"test_resnet": len(test), "titles": len({*test["title"]}) + 1}
    finally:
        both.use_cache(None)


def test_it_is_exported_and_loaded_elsewhere(both, test, tmp_path, titles):
    both.export(tmp_path / "both.pkl")
    loaded = load_learner(tmp_path / "both.pkl")
    np.testing.assert_allclose(movie_probs(loaded, test), movie_probs(both, test), atol=1e-6)
    test[["id", "title", "poster"]].head(3).to_csv(tmp_path / "movies.csv", index=False)
    code = (
        "import sys; sys.path.insert(0, sys.argv[2])\nfrom postergenre import load_learner, predict_movies\n"
        "print(predict_movies(load_learner(sys.argv[1]), sys.argv[3], progress=False)['Drama'].tolist())"
    )
    toy = sys.modules["toy_titles"].__file__.rpartition("/")[0]
    args = [sys.executable, "-W", "ignore", "-c", code, tmp_path / "both.pkl", toy, tmp_path / "movies.csv"]
    done = subprocess.run(args, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    expected = predict_movies(both, test.head(3))["Drama"]
    np.testing.assert_allclose(json.loads(done.stdout.splitlines()[-1]), expected, atol=1e-5)


def test_its_mistakes_are_interpreted(both, test):
    interp = GenreInterpretation.from_learner(both, test)
    assert len(interp.top_losses(3)) == 3 and len(interp.plot_gradcam(test["id"].iloc[0]))


def test_a_modality_must_say_how_it_reads():
    with pytest.raises(NotImplementedError):
        Modality().read({})


def test_a_run_of_the_recipes_fits_judges_and_reports_with_it(titles, pictures, told, demo_folder, tmp_path, capsys):
    options = shared(data=str(demo_folder), cache=str(tmp_path / "features"))
    options |= {"size": "72x48", "bs": 8, "balance": "none", "kernel": 0, "calibrate": True}
    run = begin("probe", options | {"out": str(tmp_path / "run")})
    data = load_movies(run)
    data.movies["title"] = data.movies["id"].map(told.set_index("id")["title"])
    learn = probe_learner(make_loaders(run, data), [pictures, titles])
    training = fit_head(run, data, learn, speed=look(run, learn, data.movies))
    fit_probabilities(run, learn, data.side("valid"))
    export(run, learn)
    finish(run, data, learn, training, judge(run, data, learn))
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "Grad-CAM: where it looks · Evidence: what counts" in page and "titles all of it +" in page
    assert "test_resnet+titles" in page and json.loads((tmp_path / "run" / "metrics.json").read_text())["test"]["probe"]
    assert {p.name.split("-")[0] for p in (tmp_path / "features").glob("*.features")} == {"test_resnet", "titles"}
    np.testing.assert_allclose(
        movie_probs(load_learner(tmp_path / "run" / "learner.pkl"), data.movies.head(3)),
        movie_probs(learn, data.movies.head(3)),
        atol=1e-5,
    )
