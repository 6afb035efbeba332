"""The vectorised bootstrap against resampling by hand, and whether its intervals keep what they promise."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from postergenre.evaluation.bootstrap import (
    bootstrap_weights,
    interval,
    resampled_average_precision,
    resampled_metrics,
)
from postergenre.evaluation.figures import METRICS, all_metrics
from postergenre.metrics import average_precision_per_genre, f1_per_genre


@pytest.fixture(scope="module")
def case():
    rng = np.random.default_rng(0)
    targets = rng.random((60, 6)) < [0.03, 0.1, 0.2, 0.5, 0.0, 0.3]
    probs = np.clip(np.round(0.3 * targets + 0.7 * rng.random((60, 6)), 1), 0, 1)  # one digit: full of ties
    probs[:, 5] = 0.3
    targets[:5] = False
    return probs, targets


def test_weights_are_draws_with_replacement():
    weights = bootstrap_weights(50, 2000, seed=1)
    assert weights.shape == (50, 2000)
    assert (weights.sum(axis=0) == 50).all()
    assert weights.mean() == 1 and weights.var() == pytest.approx(1 - 1 / 50, abs=0.03)
    assert (weights == bootstrap_weights(50, 2000, seed=1)).all()
    assert (weights != bootstrap_weights(50, 2000, seed=2)).any()
    with pytest.raises(ValueError, match="0 movies"):
        bootstrap_weights(0)


@pytest.mark.parametrize("thresh", [0.5, np.array([0.1, 0.3, 0.5, 0.5, 0.2, 0.3])])
def test_every_metric_equals_resampling_by_hand(case, thresh):
    probs, targets = case
    weights = bootstrap_weights(60, 40, seed=3)
    ours = resampled_metrics(probs, targets, weights, thresh)
    assert set(ours) == {*METRICS, "ap", "f1"}
    for b in range(40):
        drawn = np.repeat(np.arange(60), weights[:, b].astype(int))
        by_hand = all_metrics(probs[drawn], targets[drawn], thresh)
        for name, value in by_hand.items():
            assert ours[name][b] == pytest.approx(value), name
        ap, f1 = (
            average_precision_per_genre(probs[drawn], targets[drawn]),
            f1_per_genre(probs[drawn], targets[drawn], thresh),
        )
        assert ours["ap"][:, b] == pytest.approx(ap, nan_ok=True)
        assert ours["f1"][:, b] == pytest.approx(f1)


def test_the_movies_themselves_give_the_figures_themselves(case):
    ours = resampled_metrics(*case, np.ones((60, 1)))
    assert {k: ours[k][0] for k in METRICS} == pytest.approx(all_metrics(*case))


def test_nothing_to_count_gives_nan_and_no_warning():
    with np.errstate(all="raise"):
        ours = resampled_metrics(np.full((4, 2), 0.3), np.zeros((4, 2)), bootstrap_weights(4, 5))
    assert all(np.isnan(ours[k]).all() for k in ("top_n_accuracy", "macro_ap", "micro_ap", "ap", "macro_f1"))


def test_weighted_average_precision_is_scikit_learns_on_many_small_cases():
    rng = np.random.default_rng(4)
    for _ in range(300):
        n = rng.integers(1, 15)
        scores, targets = rng.integers(0, 5, n) / 4, rng.random(n) < rng.random()
        weights = rng.integers(0, 4, (n, 1)).astype(float)
        ours = resampled_average_precision(scores, targets, weights)[0]
        if (weights[targets] > 0).any():
            assert ours == pytest.approx(average_precision_score(targets, scores, sample_weight=weights[:, 0]))
        else:
            assert np.isnan(ours)


def test_interval_of_a_mean_holds_the_truth_about_95_times_in_100():
    rng = np.random.default_rng(5)
    covered = []
    for _ in range(300):
        x = rng.beta(2, 3, 80)
        low, high = interval(bootstrap_weights(80, 500, seed=int(rng.integers(1e9))).T @ x / 80, x.mean())
        covered.append(low <= 0.4 <= high)
    assert 0.90 <= np.mean(covered) <= 0.98


def test_interval_of_macro_average_precision_holds_the_truth():
    # plain percentiles lie too high for rare genres: of these they hold about one half
    freq = np.array([0.02, 0.03, 0.03, 0.05, 0.06, 0.15, 0.2, 0.4])
    rng = np.random.default_rng(6)

    def draw(n):
        targets = rng.random((n, 8)) < freq
        return 1 / (1 + np.exp(-rng.normal(size=(n, 8)) - targets - np.log(freq))), targets

    truth = np.mean(average_precision_per_genre(*draw(100_000)))
    moved, plain = [], []
    for _ in range(100):
        probs, targets = draw(700)
        drawn = resampled_metrics(probs, targets, bootstrap_weights(700, 200, seed=int(rng.integers(1e9))))["macro_ap"]
        low, high = interval(drawn, all_metrics(probs, targets)["macro_ap"])
        moved.append(low <= truth <= high)
        plain.append(np.quantile(drawn, 0.025) <= truth <= np.quantile(drawn, 0.975))
    assert np.mean(moved) >= 0.86
    assert np.mean(plain) <= np.mean(moved) - 0.1


def test_interval_holds_the_figure_stays_in_its_bounds_and_passes_nan_on():
    samples = np.array([[0.9, 1.0, 1.0, 0.98], [np.nan] * 4, [0.2, 0.3, np.nan, 0.4], [0.6, 0.7, 0.8, 0.9]])
    low, high = interval(samples, np.array([0.99, 0.5, np.nan, 0.2]))
    assert low[0] <= 0.99 <= high[0] <= 1
    assert np.isnan(low[1:3]).all() and np.isnan(high[1:3]).all()
    assert (low[3], high[3]) == (0, 0.2)  # far above the figure: bias is taken off, the figure stays inside
    assert interval(np.array([-0.2, 0.1, -0.1]), -0.05, bounds=(-1, 1))[0] < 0
    narrow, wide = interval(np.linspace(0.4, 0.6, 99), 0.5, 0.5), interval(np.linspace(0.4, 0.6, 99), 0.5, 0.95)
    assert wide[0] < narrow[0] < narrow[1] < wide[1]
