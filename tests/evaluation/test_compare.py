"""Several results side by side, movie by movie."""

import numpy as np
import pandas as pd
import pytest
from evaluation.results import FREQ, VOCAB, make

from postergenre.evaluation.compare import compare
from postergenre.evaluation.evaluate import Evaluation


@pytest.fixture(scope="module")
def result():
    return make()


def test_compare_pairs_the_models(result):
    better = make(seed=1, skill=3, name="better")
    numbers = compare([result, better], resamples=300).metrics
    assert list(numbers.index) == ["model", "better", "popularity"]
    for k in ("top_n_accuracy", "macro_ap"):
        ours, theirs = numbers.loc["better"], numbers.loc["model"]
        change = ours[f"{k} difference"]
        assert change["value"] == pytest.approx(ours[k]["value"] - theirs[k]["value"])
        assert 0 < change["low"] < change["value"] < change["high"]
        assert theirs[f"{k} difference"].isna().all()


def test_the_paired_interval_is_narrower_than_that_of_either_model(result):
    noise = np.random.default_rng(3).normal(0, 0.01, result.probs.shape)
    twin = Evaluation(
        np.clip(result.probs + noise, 0, 1), result.targets, VOCAB, ids=result.ids, name="twin", train_freq=FREQ
    )
    row = compare([result, twin]).metrics.loc["twin"]
    width = row.xs("high", level=1) - row.xs("low", level=1)
    assert width["top_n_accuracy difference"] < width["top_n_accuracy"] / 2
    assert row["macro_ap difference"]["low"] < 0 < row["macro_ap difference"]["high"]


def test_the_order_of_the_movies_does_not_matter(result):
    other = make(seed=1, skill=2, name="other", titles=[f"film {i}" for i in range(200)])
    shuffled = other.aligned(np.random.default_rng(0).permutation(other.ids))
    assert list(shuffled.ids) != list(other.ids) and shuffled.titles[0] == f"film {int(shuffled.ids[0][2:])}"
    pd.testing.assert_frame_equal(
        compare([result, other], resamples=50).metrics, compare([result, shuffled], resamples=50).metrics
    )


def test_compare_prints(result):
    comparison = compare([result, make(seed=1, skill=3, name="better")], ["top_n_accuracy"], resamples=100)
    assert pd.Series(comparison.table()["top-n accuracy difference"]).loc["better"].startswith("+")
    assert comparison.table().loc["model", "top-n accuracy difference"] == "–"
    assert "200 movies, the same for all" in repr(comparison) and "<table" in comparison._repr_html_()
    assert all(len(line) <= 80 for line in repr(comparison).splitlines())


def test_compare_refuses_what_cannot_be_compared(result):
    with pytest.raises(ValueError, match=r"'b' .*: 0 of its 150 .* 50 of those are missing"):
        compare([result, make(150, name="b")])
    with pytest.raises(ValueError, match="different names"):
        compare([result, make(seed=1)])
    with pytest.raises(ValueError, match=r"'acc'.*top_n_accuracy"):
        compare([result], metrics=["acc"])
    with pytest.raises(ValueError, match="other genres"):
        compare([result, Evaluation(result.probs, result.targets, VOCAB[::-1], ids=result.ids, name="b")])
    with pytest.raises(ValueError, match="true genres of 200 movies"):
        compare([result, Evaluation(result.probs, ~result.targets, VOCAB, ids=result.ids, name="b")])
