"""Calibration against scikit-learn and brute force, on drawn data; in learners: test_calibrated.py."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from fastai.losses import BCEWithLogitsLossFlat
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from postergenre.inference.calibrate import calibrate, fit_calibration, mean_probs, uncalibrate
from postergenre.losses import as_genre_loss
from postergenre.metrics import expected_calibration_error


def drawn(n, freq=(0.4, 0.1, 0.02), scale=2.5, bias=1.0, noise=0.0, seed=0):
    "Logits (views, genres) of n posters with 1 to 6 views, too sure of themselves and shifted, and true genres."
    rng = np.random.default_rng(seed)
    true = logit(np.array(freq)) + rng.normal(0, 1.2, (n, len(freq)))
    targets = (rng.random(true.shape) < expit(true)).astype(np.float32)
    seen = [row + rng.normal(0, noise, (rng.integers(1, 7), len(freq))) for row in true]
    return [(scale * rows + bias).astype(np.float32) for rows in seen], targets


def nll(logits, targets, scale, bias):
    "Of each genre, written out."
    probs = np.stack([np.mean([1 / (1 + np.exp(-(scale * v + bias))) for v in rows], axis=0) for rows in logits])
    return -np.where(targets == 1, np.log(probs), np.log(1 - probs)).sum(0)


def test_with_one_view_and_no_pull_it_is_logistic_regression():
    logits, targets = drawn(600)
    logits = [rows[:1] for rows in logits]
    scale, bias = fit_calibration(logits, targets, strength=0)
    for g in range(3):
        theirs = LogisticRegression(C=np.inf, tol=1e-8).fit(np.stack(logits)[:, 0, [g]].astype(float), targets[:, g])
        np.testing.assert_allclose([scale[g], bias[g]], [theirs.coef_[0, 0], theirs.intercept_[0]], rtol=1e-3)
    np.testing.assert_allclose(mean_probs(logits, scale, bias).mean(0), targets.mean(0), rtol=1e-4)


def test_it_is_the_best_for_the_mean_over_views_by_brute_force():
    logits, targets = drawn(300, (0.4, 0.2, 0.1), noise=1.0)
    scale, bias = fit_calibration(logits, targets, strength=0)
    best = nll(logits, targets, scale, bias)
    for da in (0.9, 1, 1.1):
        for db in (-0.1, 0, 0.1):
            # about the mean logit, where scale and bias hardly depend on each other
            center = np.concatenate(logits).mean(0)
            other = nll(logits, targets, scale * da, bias + scale * (1 - da) * center + db)
            assert (other >= best - 1e-6).all(), (da, db)
    probs = mean_probs(logits, scale, bias)
    np.testing.assert_allclose(best, -np.where(targets == 1, np.log(probs), np.log(1 - probs)).sum(0))


@pytest.mark.parametrize(("scale", "bias"), [(2.5, 1.0), (0.4, 0.0), (1.3, 2.0)])
def test_the_error_falls_on_posters_it_was_not_fitted_on(scale, bias):
    # the last one is what weighted positives do; views that differ pull the mean towards the middle
    freq = np.geomspace(0.01, 0.4, 10)
    logits, targets = drawn(3000, freq, scale, bias, noise=1.0)
    fitted = fit_calibration(logits[:600], targets[:600])
    before, after = (
        expected_calibration_error(mean_probs(logits[600:], *ab), targets[600:]) for ab in ((1, 0), fitted)
    )
    assert before > 0.03 and after < 0.016
    # fitted on one view each, the mean over views would be off: too careful
    one_view = fit_calibration([rows[:1] for rows in logits[:600]], targets[:600])
    assert nll(logits[600:], targets[600:], *fitted).sum() < nll(logits[600:], targets[600:], *one_view).sum()


def test_a_genre_of_few_or_no_posters_follows_the_others():
    logits, targets = drawn(300, (0.4, 0.3, 0.2, 0.01, 0.01), bias=0.0)
    targets[:, 3:] = 0
    targets[np.argsort([-r[:, 3].mean() for r in logits])[:2], 3] = 1  # the two that are most probable: separable
    scale, bias = fit_calibration(logits, targets)
    assert (scale > 0.3).all() and (scale < 1.2).all() and (np.abs(bias) < 4).all()  # 1 / 2.5 is right
    far = fit_calibration(logits, targets, strength=0)
    assert far[0][3] > 5  # without the pull it believes in two posters
    assert np.ptp(fit_calibration(logits, targets, strength=1e6)[0]) < 1e-3  # and with all of it none differs


def test_scales_stay_positive_and_a_useless_network_becomes_popularity():
    rng = np.random.default_rng(0)
    logits = [rng.normal(0, 3, (4, 2)) for _ in range(400)]
    targets = (rng.random((400, 2)) < [0.3, 0.1]).astype(int)
    scale, bias = fit_calibration(logits, targets)
    assert (scale > 0).all() and (scale < 0.25).all()
    np.testing.assert_allclose(mean_probs(logits, scale, bias).mean(0), targets.mean(0), atol=0.01)


def test_the_pull_is_this_for_ever():
    "As it came out when this was written: what the scales and biases of few posters share."
    logits, targets = drawn(60, noise=0.5)
    for strength, scale, bias in (
        (1.0, [0.44965, 0.46346, 0.94442], [-0.30084, -1.47059, 0.70746]),
        (10.0, [0.55412, 0.56771, 0.61266], [-0.15974, -1.55837, -2.90003]),
    ):
        found = fit_calibration(logits, targets, strength)
        np.testing.assert_allclose(found, [scale, bias], atol=2e-3)
    np.testing.assert_array_equal(fit_calibration(logits, targets), fit_calibration(logits, targets, 1.0))
    with pytest.raises(ValueError, match="no posters to calibrate on"):
        fit_calibration([], targets[:0])


def test_probabilities_by_hand():
    logits = [np.array([[0.0, np.log(3)]]), np.array([[np.log(3), 0.0], [-np.log(3), 0.0]])]
    np.testing.assert_allclose(mean_probs(logits), [[0.5, 0.75], [0.5, 0.5]])
    np.testing.assert_allclose(mean_probs(logits, 2, np.array([0, np.log(3)])), [[0.5, 27 / 28], [0.5, 0.75]])


# ---- of a learner that knows its outputs


class Known:
    "Says what it is told to; the last movie has no evidence."

    def __init__(self, logits):
        self.logits, self.asked = logits, []
        self.dls, self.loss_func = SimpleNamespace(vocab=["Drama", "War", "Crime"]), BCEWithLogitsLossFlat()

    def outputs(self, movies, views=None, progress=None):
        self.asked.append((len(movies), views, progress))
        return [*self.logits, np.zeros((0, 3))], [None] * len(movies)


@pytest.fixture
def known():
    logits, targets = drawn(60, noise=0.5)
    genres = [[g for g, on in zip(("Drama", "War", "Crime"), row, strict=True) if on] for row in [*targets, [1, 1, 1]]]
    return Known(logits), pd.DataFrame({"poster": "x.jpg", "genres": genres}), logits, targets


def test_the_loss_gets_what_was_fitted_and_the_table_says_it(known, capsys):
    learn, movies, logits, targets = known
    table = calibrate(learn, movies, views="grid", strength=2.0, progress=False)
    scale, bias = fit_calibration(logits, targets, 2.0)
    assert learn.asked == [(61, "grid", False)]
    assert list(table.index) == ["Drama", "War", "Crime"] and table.index.name == "genre"
    assert table["positives"].tolist() == targets.sum(0).astype(int).tolist() and table["positives"].dtype == int
    np.testing.assert_array_equal(table[["scale", "bias"]].T, [scale, bias])
    for own, fitted in ((learn.loss_func.scale, scale), (learn.loss_func.bias, bias)):
        assert own.dtype == torch.float32
        np.testing.assert_allclose(own, fitted, rtol=1e-6)
    before, after = (expected_calibration_error(mean_probs(logits, *ab), targets) for ab in ((1, 0), (scale, bias)))
    assert table.attrs == {"posters": 61, "ece_before": before, "ece_after": after}
    said = " ".join(capsys.readouterr().out.split())
    assert said == f"Calibration error on the 61 posters it was fitted on: {before:.3f} before, {after:.3f} after."
    calibrate(learn, movies, verbose=False)
    assert learn.asked[1] == (61, None, None) and capsys.readouterr().out == ""
    np.testing.assert_allclose(learn.loss_func.scale, fit_calibration(logits, targets)[0], rtol=1e-6)


def test_thresholds_of_genres_are_forgotten_and_one_number_is_kept(known, capsys):
    learn, movies, *_ = known
    learn.loss_func = as_genre_loss(learn.loss_func)
    note = "The thresholds are 0.5 again: tune_thresholds(learn) fits them to these probabilities."
    for thresh, then in ((0.3, 0.3), (torch.tensor([0.1, 0.2, 0.3]), 0.5)):
        learn.loss_func.thresh = thresh
        calibrate(learn, movies)
        assert (note in " ".join(capsys.readouterr().out.split())) == (thresh is not then) == (then == 0.5)
        assert learn.loss_func.thresh == then
    learn.loss_func.thresh = torch.tensor([0.1, 0.2, 0.3])
    uncalibrate(learn)
    assert capsys.readouterr().out == f"{note}\n" and learn.loss_func.scale is learn.loss_func.bias is None
    learn.loss_func.thresh = torch.tensor([0.1, 0.2, 0.3])
    uncalibrate(learn)  # nothing is there to take away, so the thresholds are still right
    assert capsys.readouterr().out == "" and len(learn.loss_func.thresh) == 3
    uncalibrate(SimpleNamespace(loss_func=torch.nn.BCELoss()))


def test_an_unreadable_poster_is_said(known):
    learn, movies, *_ = known
    with pytest.raises(ValueError, match=r"There are no movies .* for example calibrate\(learn, movies"):
        calibrate(learn, movies.head(0))
    learn.outputs = lambda *_, **__: ([None], ["UnidentifiedImageError: no picture"])
    with pytest.raises(ValueError, match=r"x\.jpg"):
        calibrate(learn, movies.head(1))
