import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from postergenre.losses import poster_loss
from postergenre.training.heads import fit_head, score


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    w = rng.normal(size=(12, 4))
    x = rng.normal(2, 3, size=(400, 12)).astype(np.float32)
    y = ((x - 2) @ w / 6 + rng.normal(size=(400, 4)) > 0.8).astype(np.float32)
    return x[:300], y[:300], x[300:], y[300:]


def logits(head, x):
    with torch.no_grad():
        return head.eval()(torch.as_tensor(x)).numpy()


def test_linear_head_is_scikit_learns_logistic_regression(data):
    x, y, x_valid, _ = data
    head, table = fit_head(*data, strengths=[0.05])
    mean, std = x.mean(0), x.std(0, ddof=1)
    for genre in range(4):
        sk = LogisticRegression(C=1 / (0.05 * len(x)), tol=1e-8, max_iter=1000).fit((x - mean) / std, y[:, genre])
        assert np.allclose(logits(head, x_valid)[:, genre], sk.decision_function((x_valid - mean) / std), atol=0.01)
    assert table["strength"].tolist() == [0.05] and table["macro_ap"][0] > 0.6


def test_strength_with_the_best_validation_score_is_kept(data):
    head, table = fit_head(*data, strengths=[0.01, 100.0, 1.0])
    assert table["strength"].tolist() == [100.0, 1.0, 0.01]
    assert table["train_loss"].is_monotonic_decreasing
    best = max(range(3), key=lambda i: score(table.iloc[i]))
    alone, _ = fit_head(*data, strengths=[table["strength"][best]])
    assert np.allclose(logits(head, data[2]), logits(alone, data[2]), atol=0.02)


def test_a_very_strong_penalty_leaves_the_frequencies(data):
    head, _ = fit_head(*data, strengths=[1e6])
    probs = 1 / (1 + np.exp(-logits(head, data[2])))
    assert np.allclose(probs, data[1].mean(0), atol=0.01)


def test_no_strength_is_refused(data):
    with pytest.raises(ValueError, match="strengths is empty"):
        fit_head(*data, strengths=[])


@pytest.mark.parametrize("name", ["bce_pos_weight", "asymmetric", "focal"])
def test_a_head_is_fitted_with_any_loss(data, name):
    freq = data[1].mean(0)
    head, table = fit_head(*data, strengths=[0.01], loss_func=poster_loss(name, freq))
    bce, _ = fit_head(*data, strengths=[0.01])
    x, y = (torch.as_tensor(a) for a in data[:2])
    with torch.no_grad():
        own, other = (poster_loss(name, freq)(h(x), y).item() for h in (head, bce))
    assert own < other and np.isclose(own, table["train_loss"][0], rtol=0.01)
    assert table["macro_ap"][0] > 0.6
