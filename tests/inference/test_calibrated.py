"""Calibration in learners, wherever their probabilities come out; what is fitted: test_calibrate.py."""

import copy
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from fastai.losses import BCEWithLogitsLossFlat
from fastai.torch_core import set_seed
from scipy.special import expit

from postergenre import (
    GenreInterpretation,
    calibrate,
    custom_cnn_learner,
    load_learner,
    movie_probs,
    predict_posters,
    tune_thresholds,
    uncalibrate,
)
from postergenre.inference.calibrate import mean_probs, view_logits
from postergenre.metrics import expected_calibration_error


def poster_probs(learn, posters, *args, **kwargs):
    "What a learner says of bare posters, and what is wrong with them."
    return learn.probs(pd.DataFrame({"poster": pd.Series(list(posters), dtype=object)}), *args, **kwargs)


@pytest.fixture(scope="module")
def learn(dls):
    set_seed(5)
    dls.valid.one_batch()  # fastai's loaders tell their transforms that they validate only once they run
    return custom_cnn_learner(dls)


@pytest.fixture(scope="module")
def held_out(movies):
    return movies[movies["split"] == "test"].head(6)


@pytest.fixture
def fresh(learn):
    "The learner, not calibrated, with its own loss."
    before = learn.loss_func
    learn.loss_func = copy.deepcopy(before)
    yield learn
    learn.loss_func = before


def test_view_logits_are_what_probabilities_are_made_of(fresh, held_out):
    logits = view_logits(fresh, held_out.head(4))
    np.testing.assert_allclose(mean_probs(logits), movie_probs(fresh, held_out.head(4)), atol=1e-5)
    assert max(map(len, logits)) > 1 and {len(r) for r in view_logits(fresh, held_out.head(2), "center")} == {1}


def test_calibrated_everywhere_alike(fresh, held_out, capsys):
    dl = fresh.dls.test_dl(held_out[["poster", "genres"]], with_labels=True)
    raw, targets = fresh.get_preds(dl=dl, act=torch.nn.Identity())
    loss_before = fresh.loss_func(raw, targets)
    before = movie_probs(fresh, held_out)
    table = calibrate(fresh, held_out)
    said = f"Calibration error on the {len(held_out)} posters it was fitted on: {table.attrs['ece_before']:.3f} before"
    assert said in capsys.readouterr().out and list(table.columns) == ["positives", "scale", "bias"]
    scale, bias = table["scale"].to_numpy(), table["bias"].to_numpy()
    probs = movie_probs(fresh, held_out)
    truth = targets.numpy()
    np.testing.assert_allclose(probs, mean_probs(view_logits(fresh, held_out), scale, bias), atol=1e-5)
    assert expected_calibration_error(probs, truth) == pytest.approx(table.attrs["ece_after"], abs=1e-5)
    assert expected_calibration_error(before, truth) == pytest.approx(table.attrs["ece_before"], abs=1e-5)
    assert table.attrs["ece_after"] < table.attrs["ece_before"] and np.abs(probs - before).max() > 0.02
    # fastai's ways: the centre view of each poster
    centre, _ = poster_probs(fresh, held_out["poster"].tolist(), views="center")
    one_by_one = expit(raw.numpy() * scale + bias)
    np.testing.assert_allclose(fresh.get_preds(dl=dl)[0], one_by_one, atol=1e-5)
    np.testing.assert_allclose(centre, one_by_one, atol=1e-5)
    # ours: the mean over views
    np.testing.assert_allclose(fresh.predict(held_out["poster"].iloc[0])[2], probs[0], atol=1e-5)
    shown = predict_posters(fresh, held_out["poster"])[list(fresh.dls.vocab)]
    np.testing.assert_allclose(shown, probs, atol=1e-5)
    interp = GenreInterpretation.from_learner(fresh, held_out)
    np.testing.assert_allclose(interp.evaluation.probs, probs, atol=1e-5)
    assert fresh.loss_func(raw, targets) == loss_before  # training is untouched


def test_twice_is_once_and_it_can_be_taken_away(fresh, held_out, capsys):
    before = movie_probs(fresh, held_out)
    first = calibrate(fresh, held_out, verbose=False)
    pd.testing.assert_frame_equal(first, calibrate(fresh, held_out, verbose=False))
    assert not capsys.readouterr().out and not np.allclose(movie_probs(fresh, held_out), before, atol=1e-3)
    uncalibrate(fresh)
    np.testing.assert_allclose(movie_probs(fresh, held_out), before, atol=1e-6)
    uncalibrate(fresh)  # nothing to take away


def test_validation_posters_are_the_default(fresh, movies):
    valid = movies[movies["split"] == "valid"]
    table = calibrate(fresh, verbose=False)
    assert table.attrs["posters"] == len(valid)
    pd.testing.assert_frame_equal(table, calibrate(fresh, valid, verbose=False))


def test_thresholds_of_other_probabilities_are_forgotten_aloud(fresh, held_out, capsys):
    tune_thresholds(fresh, held_out, verbose=False)
    calibrate(fresh, held_out)
    assert fresh.loss_func.thresh == 0.5 and "tune_thresholds(learn)" in capsys.readouterr().out
    fresh.loss_func.thresh = 0.3  # one number is yours, and stays
    uncalibrate(fresh)
    assert fresh.loss_func.thresh == 0.3


def test_errors_say_what_to_type(fresh, movies, held_out):
    with pytest.raises(ValueError, match=r"from the training side; pass others, for example calibrate\(learn, movies"):
        calibrate(fresh, movies)
    with pytest.raises(ValueError, match="no column genres; read_movies"):
        calibrate(fresh, held_out[["poster"]])
    with pytest.raises(ValueError, match="There are no movies to fit on"):
        calibrate(fresh, held_out.head(0))
    before = fresh.loss_func
    fresh.loss_func = torch.nn.BCEWithLogitsLoss()
    with pytest.raises(ValueError, match="cannot be calibrated"):
        calibrate(fresh, held_out)
    assert before.scale is None


FRESH = """
import sys, numpy as np
from postergenre import load_learner, movie_probs, predict_posters, read_movies
learn = load_learner(sys.argv[1])
table = predict_posters(learn, sys.argv[2:], progress=False)
_, mask, probs = learn.predict(sys.argv[2])
np.savez("there.npz", probs=table[list(learn.dls.vocab)].astype(float), genres=table["genres"].map(",".join).tolist(),
         thresh=np.asarray(learn.loss_func.thresh), predicted=probs.numpy(), mask=mask.numpy())
"""


def test_exported_with_its_calibration_and_thresholds(fresh, held_out, tmp_path):
    calibrate(fresh, held_out, verbose=False)
    tune_thresholds(fresh, held_out, min_positives=3, verbose=False)
    fresh.export(tmp_path / "learner.pkl")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    files = held_out["poster"].head(6).map(str).tolist()
    args = [sys.executable, "-W", "ignore", "-c", FRESH, str(tmp_path / "learner.pkl"), *files]
    done = subprocess.run(args, cwd=elsewhere, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    there, here = np.load(elsewhere / "there.npz"), predict_posters(fresh, files)
    np.testing.assert_array_equal(there["thresh"], fresh.loss_func.thresh)
    np.testing.assert_allclose(there["probs"], here[list(fresh.dls.vocab)], atol=1e-5)
    assert there["genres"].tolist() == here["genres"].map(",".join).tolist() and any(there["genres"])
    _, mask, probs = fresh.predict(files[0])
    np.testing.assert_allclose(there["predicted"], probs, atol=1e-5)
    np.testing.assert_array_equal(there["mask"], mask)


def test_a_loaded_learner_even_an_older_one_is_calibrated_on_movies(fresh, held_out, tmp_path):
    fresh.loss_func = BCEWithLogitsLossFlat()  # what poster_learner had before it knew losses by name
    fresh.export(tmp_path / "learner.pkl")
    loaded = load_learner(tmp_path / "learner.pkl")
    with pytest.raises(ValueError, match=r"holds no posters .* for example calibrate\(learn, movies.query"):
        calibrate(loaded)
    table = calibrate(loaded, held_out, verbose=False)
    pd.testing.assert_frame_equal(table, calibrate(fresh, held_out, verbose=False))
    np.testing.assert_allclose(movie_probs(loaded, held_out), movie_probs(fresh, held_out), atol=1e-5)
