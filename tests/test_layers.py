"""RBF features against scikit-learn, and as the first layer of a head."""

import copy

import numpy as np
import pytest
import torch
from sklearn.kernel_approximation import Nystroem
from sklearn.metrics.pairwise import rbf_kernel

from postergenre.layers import RBFFeatures, Standardize
from postergenre.training.heads import KERNEL_STRENGTHS, WIDTH, fit_head, rbf_features


@pytest.fixture
def x():
    return torch.as_tensor(np.random.default_rng(0).normal(size=(60, 5)), dtype=torch.float32)


def test_dot_products_are_those_of_scikit_learns_nystroem(x):
    found = Nystroem(gamma=0.3, n_components=20, random_state=0).fit(x.numpy())
    ours = RBFFeatures(*map(torch.as_tensor, (found.components_, found.normalization_)), 0.3)(x).double()
    sk = found.transform(x.numpy())
    assert np.allclose(ours @ ours.T / 20, sk @ sk.T, atol=1e-4)


def test_with_all_rows_as_landmarks_they_are_the_kernel(x):
    features = rbf_features(x, 1000)
    apart = torch.cdist(x, x).square()
    gamma = WIDTH / (apart.sum() / (60 * 59)).item()
    assert features.gamma == pytest.approx(gamma, rel=1e-4) and features.landmarks.shape == (60, 5)
    ours = features(x).double()
    assert np.allclose(ours @ ours.T / 60, rbf_kernel(x.numpy(), gamma=gamma), atol=1e-3)


def test_the_same_seed_draws_the_same_landmarks(x):
    one, two, other = (rbf_features(x, 10, seed).landmarks for seed in (1, 1, 2))
    assert torch.equal(one, two) and not torch.equal(one, other)


def test_copies_of_a_row_as_landmarks_do_no_harm(x):
    assert rbf_features(x[:1].repeat(8, 1), 8)(x).isfinite().all()


def test_a_layer_gives_the_same_on_either_side_of_a_scale(x):
    x = x * 3 + 2
    norm, layer = Standardize.fit(x), torch.nn.Linear(5, 2)
    raw, scaled = layer(x), layer(norm(x))
    assert torch.allclose(norm(x).mean(0), torch.zeros(5), atol=1e-5) and torch.allclose(norm(x).std(0), torch.ones(5))
    assert torch.allclose(norm.within(copy.deepcopy(layer))(x), scaled, atol=1e-4)
    assert torch.allclose(norm.before(copy.deepcopy(layer))(norm(x)), raw, atol=1e-4)
    assert Standardize.fit(torch.ones(4, 1))(torch.ones(2, 1)).tolist() == [[0], [0]]  # one that never varies


def test_a_kernel_head_learns_what_a_line_cannot():
    rng = np.random.default_rng(1)
    x = rng.normal(5, 3, size=(1500, 2)).astype(np.float32)
    y = ((x[:, :1] - 5) * (x[:, 1:] - 5) > 0).astype(np.float32)
    parts = x[:1000], y[:1000], x[1000:], y[1000:]
    head, table = fit_head(*parts, kernel=100)
    with torch.no_grad():
        right = ((head(torch.as_tensor(parts[2])) > 0).numpy() == parts[3]).mean()
    assert right > 0.9 and table["strength"].tolist() == sorted(KERNEL_STRENGTHS, reverse=True)
