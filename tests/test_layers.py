"""RBF features against scikit-learn, and as the first layer of a head."""

import numpy as np
import pytest
import torch
from sklearn.kernel_approximation import Nystroem
from sklearn.metrics.pairwise import rbf_kernel

from postergenre.layers import WIDTH, RBFFeatures
from postergenre.training.heads import KERNEL_STRENGTHS, fit_head


@pytest.fixture
def x():
    return torch.as_tensor(np.random.default_rng(0).normal(size=(60, 5)), dtype=torch.float32)


def test_dot_products_are_those_of_scikit_learns_nystroem(x):
    features = RBFFeatures(x[:20], gamma=0.3)
    ours = features(x).double()
    sk = Nystroem(gamma=0.3, n_components=20).fit(x[:20].numpy()).transform(x.numpy())
    assert np.allclose(ours @ ours.T / 20, sk @ sk.T, atol=1e-3)


def test_with_all_rows_as_landmarks_they_are_the_kernel(x):
    features = RBFFeatures.choose(x, 1000)
    apart = torch.cdist(x, x).square()
    gamma = WIDTH / (apart.sum() / (60 * 59)).item()
    assert features.gamma == pytest.approx(gamma, rel=1e-4) and features.landmarks.shape == (60, 5)
    ours = features(x).double()
    assert np.allclose(ours @ ours.T / 60, rbf_kernel(x.numpy(), gamma=gamma), atol=1e-3)


def test_the_same_seed_draws_the_same_landmarks(x):
    one, two, other = (RBFFeatures.choose(x, 10, seed).landmarks for seed in (1, 1, 2))
    assert torch.equal(one, two) and not torch.equal(one, other)


def test_features_that_are_not_standardised_are_taken_after_the_fit(x):
    mean, std = torch.full((5,), 3.0), torch.full((5,), 2.0)
    plain, shifted = (RBFFeatures(x[:20], 0.3) for _ in range(2))
    assert torch.allclose(shifted.after(mean, std)(x * 2 + 3), plain(x), atol=1e-4)


def test_copies_of_a_row_as_landmarks_do_no_harm(x):
    assert RBFFeatures.choose(x[:1].repeat(8, 1), 8)(x).isfinite().all()


def test_a_kernel_head_learns_what_a_line_cannot():
    rng = np.random.default_rng(1)
    x = rng.normal(5, 3, size=(1500, 2)).astype(np.float32)
    y = ((x[:, :1] - 5) * (x[:, 1:] - 5) > 0).astype(np.float32)
    parts = x[:1000], y[:1000], x[1000:], y[1000:]
    head, table = fit_head(*parts, kernel=100)
    with torch.no_grad():
        right = ((head(torch.as_tensor(parts[2])) > 0).numpy() == parts[3]).mean()
    assert right > 0.9 and table["strength"].tolist() == sorted(KERNEL_STRENGTHS, reverse=True)
    with pytest.raises(ValueError, match=r"hidden=\.\.\. or kernel=\.\.\., not both"):
        fit_head(*parts, kernel=100, hidden=8)
