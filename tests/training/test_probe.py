import copy
import subprocess
import sys

import numpy as np
import pytest
import torch

from postergenre import PosterDataLoaders, evaluate, movie_probs, poster_learner
from postergenre.training.probe import fit_probe, probe_learner, start_from_probe
from postergenre.vision.pictures import Pictures

ARCH = "timm/test_efficientnet"


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    "A file of weights, so that no package and no network is needed."
    from fastai.torch_core import set_seed

    from postergenre.vision.build import create_model

    set_seed(5)
    file = tmp_path_factory.mktemp("weights") / "tiny.pth"
    torch.save(create_model(ARCH, 10, (64, 48))[0].state_dict(), file)
    return file


@pytest.fixture(scope="module")
def whole(movies):
    return PosterDataLoaders.from_movies(movies, size=(72, 48), crop="whole", bs=8, num_workers=0)


@pytest.fixture(scope="module")
def fitted(whole, movies, weights):
    learn = probe_learner(whole, ARCH, weights=weights)
    return learn, fit_probe(learn, movies, progress=False)


def test_pictures_give_what_kept_features_give(fitted, movies, tmp_path):
    learn, table = fitted
    test = movies[movies["split"] == "test"]
    fresh = {views: movie_probs(learn, test, views=views, progress=False) for views in ("auto", "mirror")}
    learn.use_cache(tmp_path)
    for _ in range(2):
        for views, probs in fresh.items():
            assert np.allclose(movie_probs(learn, test, views=views, progress=False), probs, atol=2e-5)
    assert {c.computed for c in learn.modalities[0].kept.values()} == {len(test)} and len(list(tmp_path.iterdir())) == 2
    learn.use_cache(None)
    assert fresh["auto"].std(0).max() > 1e-3  # it looks at the posters
    assert len(table) == 4 and table["strength"].is_monotonic_decreasing


def test_bodies_of_different_sizes_and_statistics_stand_side_by_side(whole, movies, weights, tmp_path):
    small = Pictures.by_name(ARCH, (48, 32), weights=weights, stages=False)
    small.norm.std *= 2
    large = Pictures.by_name(ARCH, (72, 48), weights=weights)
    learn = probe_learner(whole, [small, large])
    some = movies.iloc[:3]
    rows, _ = learn.features(some)
    apart = [np.concatenate(m.features(some)[0]) for m in (small, large)]
    assert np.allclose(np.concatenate(rows), np.concatenate(apart, axis=1), atol=1e-5)
    assert learn.arch == f"{ARCH}+{ARCH}" and not np.allclose(apart[0][:, :5], apart[1][:, :5], atol=1e-3)


def test_fastais_own_ways_work(fitted, movies):
    learn, _ = fitted
    valid = movies[movies["split"] == "valid"]
    with learn.no_bar():
        probs, _ = learn.get_preds()
        assert np.allclose(probs, movie_probs(learn, valid, progress=False), atol=2e-5)
        dl = learn.dls.test_dl(valid["poster"].head(2).map(str).tolist())  # bare posters
        assert np.allclose(learn.get_preds(dl=dl)[0], probs[:2], atol=2e-5)
        genres, mask, said = learn.predict(valid["poster"].iloc[0])
        assert np.allclose(said, probs[0], atol=2e-5) and len(genres) == mask.sum()
        again = copy.deepcopy(learn.model.head)
        learn.fit_one_cycle(1, 1e-3)
        assert not torch.equal(again.weight, learn.model.head.weight)
        learn.model.head = again
        learn.lr_find(num_it=20, show_plot=False)
    learn.show_results(max_n=3)
    learn.dls.show_batch(max_n=2)


def test_learner_exports_and_predicts_elsewhere(fitted, movies, tmp_path):
    learn = fitted[0]
    learn.export(tmp_path / "probe.pkl")
    poster = movies["poster"].iloc[0]
    file = str(tmp_path / "probe.pkl")
    code = f"from postergenre import *; print(load_learner({file!r}).predict({str(poster)!r})[2].tolist())"
    there = tmp_path / "there"
    there.mkdir()
    out = subprocess.run([sys.executable, "-c", code], cwd=there, capture_output=True, text=True, check=True).stdout
    with learn.no_bar():
        here = learn.predict(poster)[2].tolist()
    assert np.allclose(eval(out.splitlines()[-1]), here, atol=1e-6)


def test_evaluate_takes_ready_probabilities(fitted, movies):
    learn, test = fitted[0], movies[movies["split"] == "test"]
    probs = movie_probs(learn, test, progress=False)
    result = evaluate(learn, test, probs=probs)
    assert np.allclose(result.probs, probs) and list(result.ids) == list(test["id"])
    with pytest.raises(ValueError, match=f"probs has 3 rows for {len(test)} movies"):
        evaluate(learn, test, probs=probs[:3])


def test_fine_tuning_starts_from_the_fitted_head(whole, movies, weights, tmp_path, fitted):
    learn = poster_learner(whole, ARCH, weights=weights, stages=True)
    table = start_from_probe(learn, movies, tmp_path, progress=False)
    test = movies[movies["split"] == "test"]
    assert np.allclose(
        movie_probs(learn, test, progress=False), movie_probs(fitted[0], test, progress=False), atol=1e-4
    )
    assert table["strength"].tolist() == fitted[1]["strength"].tolist()


def test_what_cannot_be_probed_is_said(whole):
    with pytest.raises(ValueError, match="A frozen body needs weights"):
        probe_learner(whole, [ARCH], weights=None)
    with pytest.raises(ValueError, match="modalities is empty"):
        probe_learner(whole, [])
