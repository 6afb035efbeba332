"""Several learners as one: the mean of what they say, its weights, its file, its place among learners."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from fastai.torch_core import set_seed

from postergenre.data.genres import multi_hot
from postergenre.data.loaders import PosterDataLoaders
from postergenre.evaluation.evaluate import evaluate
from postergenre.inference.ensemble import PosterEnsemble
from postergenre.inference.export import load_learner
from postergenre.inference.pooling import ensemble_weights
from postergenre.inference.predict import predict_posters
from postergenre.inference.probs import movie_probs
from postergenre.interpret.gradcam import gradcam
from postergenre.interpret.interpretation import GenreInterpretation
from postergenre.portable.pool import pool_probs
from postergenre.training.networks import poster_learner


def poster_probs(learn, posters, *args, **kwargs):
    "What a learner says of bare posters, and what is wrong with them."
    return learn.probs(pd.DataFrame({"poster": pd.Series(list(posters), dtype=object)}), *args, **kwargs)


@pytest.fixture(scope="module")
def resnet(movies):
    "Another size, network, kind of view and normalisation than `cnn`."
    set_seed(4)
    return poster_learner(PosterDataLoaders.from_movies(movies, size=48, crop="whole", bs=8), "test_resnet")


@pytest.fixture(scope="module")
def ensemble(cnn, resnet):
    return PosterEnsemble([cnn, resnet], weights=[3, 1], views=["auto", "mirror"])


@pytest.fixture(scope="module")
def files(movies) -> list:
    return movies["poster"].head(5).tolist()


@pytest.fixture(scope="module")
def both(cnn, resnet, files) -> list[np.ndarray]:
    "What each member of `ensemble` says alone."
    return [poster_probs(cnn, files)[0], poster_probs(resnet, files, views="mirror")[0]]


def test_get_preds_is_as_fastais(ensemble, movies, files):
    valid = movies[movies["split"] == "valid"]
    probs, targets = ensemble.get_preds()
    np.testing.assert_allclose(probs, movie_probs(ensemble, valid, progress=False))
    assert targets.numpy().tolist() == multi_hot(valid["genres"], ensemble.dls.vocab).tolist()
    few, none, over = ensemble.get_preds(dl=ensemble.dls.test_dl(files), with_decoded=True)
    assert none is None and few.shape == over.shape == (5, 20) and over.dtype == torch.bool


# ---- an ensemble


def test_it_is_the_weighted_mean_of_its_members_with_their_views(ensemble, both, files):
    probs, errors = poster_probs(ensemble, files, bs=4)
    np.testing.assert_allclose(probs, 0.75 * both[0] + 0.25 * both[1], atol=1e-6)
    assert errors == [None] * 5 and abs(both[0] - both[1]).max() > 0.05


def test_views_of_a_call_are_for_all_members(ensemble, cnn, resnet, files):
    probs, _ = poster_probs(ensemble, files, views="center+mirror")
    alone = [poster_probs(m, files, views="center+mirror")[0] for m in (cnn, resnet)]
    np.testing.assert_allclose(probs, pool_probs(alone, [0.75, 0.25]), atol=1e-6)


def test_views_that_a_member_cannot_take_are_refused(ensemble):
    ensemble.check_views("auto")
    with pytest.raises(ValueError, match="Unknown views 'mirrored'"):
        ensemble.check_views("mirrored")


def test_a_member_of_weight_0_is_not_asked(cnn, resnet, both, files, monkeypatch):
    ensemble = PosterEnsemble([cnn, resnet], weights=[0, 2], views=["auto", "mirror"])
    monkeypatch.setattr(cnn.model, "forward", lambda _: pytest.fail("it was asked"))
    np.testing.assert_allclose(poster_probs(ensemble, files)[0], both[1], atol=1e-6)


def test_it_takes_a_learners_place(ensemble, both, files, movies):
    vocab = list(ensemble.dls.vocab)
    table = predict_posters(ensemble, files)
    mean = 0.75 * both[0] + 0.25 * both[1]
    np.testing.assert_allclose(table[vocab], mean, atol=1e-6)
    assert table["genres"][0] == [g for g, p in zip(vocab, mean[0], strict=True) if p > 0.5]
    test = movies[movies["split"] == "test"]
    result = evaluate(ensemble, test, name="both")
    np.testing.assert_allclose(result.probs, movie_probs(ensemble, test), atol=1e-6)
    assert list(result.figures(20).index) == ["both", "popularity", "random"]
    assert "'model': 18 movies" in repr(GenreInterpretation.from_learner(ensemble, test))


def test_predict_gives_what_a_learners_predict_gives(ensemble, resnet, files):
    alone = PosterEnsemble([resnet])
    with resnet.no_bar():
        expected = resnet.predict(files[0])
    got = alone.predict(files[0])
    assert list(got[0]) == list(expected[0]) and got[1].tolist() == expected[1].tolist()
    assert [type(g).__name__ for g in got[:1]] == [type(e).__name__ for e in expected[:1]]
    assert got[1].dtype == torch.bool and got[2].dtype == torch.float32
    np.testing.assert_allclose(got[2], expected[2], atol=1e-6)
    np.testing.assert_allclose(ensemble.predict(files[0])[2], poster_probs(ensemble, files[:1])[0][0], atol=1e-6)
    with pytest.raises(ValueError, match="The movie cannot be read: UnidentifiedImageError"):
        ensemble.predict(b"no")


def test_an_unreadable_poster_is_a_row_with_its_error(ensemble, files):
    table = predict_posters(ensemble, [files[0], b"no"])
    assert table["error"].isna().tolist() == [True, False] and "UnidentifiedImageError" in table["error"][1]
    assert table["Drama"].isna().tolist() == [False, True] and table["genres"][1] == []


def test_thresholds_are_the_members_mean_until_they_are_set(cnn, resnet, files):
    old = cnn.loss_func.thresh
    try:
        assert PosterEnsemble([cnn, resnet]).loss_func.thresh == 0.5
        cnn.loss_func.thresh = torch.linspace(0.1, 0.9, 20)
        ensemble = PosterEnsemble([cnn, resnet], weights=[1, 3])
        np.testing.assert_allclose(ensemble.loss_func.thresh, np.linspace(0.1, 0.9, 20) / 4 + 0.5 * 0.75, atol=1e-6)
        ensemble.weights = [0, 1]
        np.testing.assert_allclose(ensemble.loss_func.thresh, [0.5] * 20)
        ensemble.loss_func.thresh = np.array([0.0] * 3 + [1.0] * 17)
        assert predict_posters(ensemble, files[0])["genres"][0] == list(ensemble.dls.vocab)[:3]
        assert list(ensemble.predict(files[0])[0]) == list(ensemble.dls.vocab)[:3]
    finally:
        cnn.loss_func.thresh = old


def test_fitted_weights_are_those_of_the_members_on_validation_movies(cnn, resnet, movies):
    ensemble = PosterEnsemble([cnn, resnet], views=["auto", "mirror"])
    valid = movies[movies["split"] == "valid"]
    probs = [movie_probs(cnn, valid), movie_probs(resnet, valid, views="mirror")]
    expected = ensemble_weights(probs, multi_hot(valid["genres"], cnn.dls.vocab))
    assert ensemble.fit_weights(valid) is ensemble
    np.testing.assert_allclose(ensemble.weights, expected, atol=1e-6)
    for side in ("train", "test"):
        n = int((movies["split"] == side).sum())
        with pytest.raises(ValueError, match=f"{n} of the {n} movies are not of the validation side"):
            ensemble.fit_weights(movies[movies["split"] == side])
    ensemble.fit_weights(valid.drop(columns="split"))


def test_repr_shows_members_weights_and_views(ensemble, cnn):
    assert repr(ensemble).splitlines() == [
        "PosterEnsemble of 2 learners, 20 genres",
        "  0.750  custom_cnn, views auto",
        "  0.250  test_resnet, views mirror",
    ]
    assert PosterEnsemble([cnn, cnn]).names == ["custom_cnn (1)", "custom_cnn (2)"]


def test_what_is_no_ensemble_is_refused(cnn, resnet, ensemble, files, monkeypatch):
    for members in ([], [cnn, ensemble], ["learner.pkl"]):
        with pytest.raises(ValueError, match="has one learner or more as its members"):
            PosterEnsemble(members)
    for weights in ([1], [1, -1], [0, 0], [1, np.nan], [[1, 1]]):
        with pytest.raises(ValueError, match="weights must be 2 numbers"):
            PosterEnsemble([cnn, resnet], weights=weights)
    with pytest.raises(ValueError, match="There are 3 views for 2 members; pass one text for all, or one each"):
        PosterEnsemble([cnn, resnet], views=["auto"] * 3)
    with pytest.raises(ValueError, match="Unknown views 'mirrored'"):
        PosterEnsemble([cnn, resnet], views=["auto", "mirrored"])
    with pytest.raises(AttributeError, match=r"no network of its own; pass one of its members: ensemble\.members\[0\]"):
        ensemble.model.eval()
    monkeypatch.setattr(resnet.dls, "vocab", list(resnet.dls.vocab)[::-1], raising=False)
    with pytest.raises(ValueError, match="test_resnet knows other genres than custom_cnn, or in another order"):
        PosterEnsemble([cnn, resnet])


def test_its_heat_is_that_of_its_heaviest_member(ensemble, cnn, files):
    np.testing.assert_array_equal(gradcam(ensemble, files[0], "Drama"), gradcam(cnn, files[0], "Drama"))
    assert ensemble.explain(files[0]).member == "custom_cnn"


# ---- its file

FRESH = """
import sys
from pathlib import Path
from postergenre.inference.export import load_learner
from postergenre.predict import main
main([sys.argv[1], *sys.argv[2:], "--csv", "there.csv"])
ensemble = load_learner(sys.argv[1])
Path("there.txt").write_text(f"{ensemble}\\n" + " ".join(map(str, ensemble.predict(sys.argv[2])[2].tolist())))
"""


def test_one_file_gives_the_same_probabilities_in_a_fresh_process_elsewhere(cnn, resnet, files, tmp_path):
    ensemble = PosterEnsemble([cnn, resnet], weights=[3, 1], views=["auto", "mirror"])
    ensemble.loss_func.thresh = 0.3
    ensemble.export(tmp_path / "new" / "ensemble.pkl")
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["ensemble.pkl"]
    assert len(ensemble.dls.train_ds) > 0  # the members keep their data
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "fresh.py").write_text(FRESH)
    args = [sys.executable, "-W", "ignore", tmp_path / "fresh.py", tmp_path / "new" / "ensemble.pkl", *files]
    done = subprocess.run(args, cwd=elsewhere, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    vocab, here = list(ensemble.dls.vocab), predict_posters(ensemble, files)
    there = pd.read_csv(elsewhere / "there.csv")
    np.testing.assert_allclose(there[vocab], here[vocab], atol=1e-6)
    assert there["genres"].fillna("").tolist() == here["genres"].map(", ".join).tolist()
    *shown, predicted = (elsewhere / "there.txt").read_text().splitlines()
    assert "\n".join(shown) == repr(ensemble)
    np.testing.assert_allclose([float(p) for p in predicted.split()], here.loc[0, vocab].astype(float), atol=1e-6)


def test_a_loaded_ensemble_can_be_exported_again(ensemble, files, tmp_path):
    ensemble.export(tmp_path / "a.pkl")
    first = load_learner(tmp_path / "a.pkl")
    assert isinstance(first, PosterEnsemble) and first.loss_func.thresh == ensemble.loss_func.thresh
    first.weights = [0.5, 0.5]
    first.export(tmp_path / "b.pkl")
    again = load_learner(tmp_path / "b.pkl")
    np.testing.assert_allclose(poster_probs(again, files)[0], poster_probs(first, files)[0], atol=1e-6)
    assert again.genre_freq.tolist() == ensemble.genre_freq.tolist()


def test_a_failed_export_leaves_the_old_file(ensemble, tmp_path, monkeypatch):
    (tmp_path / "a.pkl").write_text("old")
    monkeypatch.setattr(torch, "save", lambda *_, **__: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        ensemble.export(tmp_path / "a.pkl")
    assert [p.read_text() for p in tmp_path.iterdir()] == ["old"]
    assert all(len(member.dls.valid) for member in ensemble.members)  # fastai's own export would have left none


# ---- evidence that adds up


def test_odds_are_pooled_relative_to_the_frequencies(cnn, resnet, both, files):
    ensemble = PosterEnsemble([cnn, resnet], weights=[0.8, 0.7], views=["auto", "mirror"], pool="odds")
    assert ensemble.weights.tolist() == [0.8, 0.7]  # not divided by their sum
    expected = pool_probs(both, [0.8, 0.7], "odds", cnn.genre_freq)
    np.testing.assert_allclose(poster_probs(ensemble, files)[0], expected, atol=1e-6)
    assert repr(ensemble).startswith("PosterEnsemble of 2 learners, 20 genres, pooled by odds\n  0.800  custom_cnn")


def test_an_ensemble_by_odds_exports_with_its_pool(cnn, resnet, files, tmp_path):
    ensemble = PosterEnsemble([cnn, resnet], weights=[0.8, 0.7], pool="odds")
    ensemble.export(tmp_path / "both.pkl")
    loaded = load_learner(tmp_path / "both.pkl")
    np.testing.assert_allclose(poster_probs(loaded, files)[0], poster_probs(ensemble, files)[0], atol=1e-6)


def test_an_unknown_pool_is_refused(cnn):
    with pytest.raises(ValueError, match="Unknown pool 'sum'"):
        PosterEnsemble([cnn], pool="sum")
