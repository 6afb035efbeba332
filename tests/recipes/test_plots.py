"""Figures of comparisons are drawn as all others are."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from postergenre.evaluation.figures import METRICS
from postergenre.recipes.imbalance import plot_imbalance
from postergenre.recipes.runs.attention_table import COLUMNS, COSTS, plot_attention
from postergenre.recipes.runs.series_table import plot_comparison, plot_genres


def figures(*rows):
    columns = pd.MultiIndex.from_product([METRICS, ["value", "low", "high"]])
    return pd.DataFrame(0.4, rows, columns)


RUNS = pd.DataFrame(0.4, pd.MultiIndex.from_tuples(product(["none", "se"], [1, 2]), names=["attention", "seed"]),
                    [*COSTS, *COLUMNS])  # fmt: skip
GENRES = pd.DataFrame({"movies": [3, 2], "resnet18": [0.4, np.nan]}, ["Drama", "War"])
PLOTS = {
    "attention": (lambda axes: plot_attention(RUNS, pd.Series(0.2, COLUMNS), axes), 4),
    "comparison": (lambda axes: plot_comparison(figures("resnet18", "popularity"), axes), 2),
    "genres": (lambda axes: plot_genres(GENRES, axes), 1),
    "imbalance": (lambda axes: plot_imbalance(figures("none bce", "none bce calibrated", "popularity"), axes), 1),
}


@pytest.mark.parametrize("name", PLOTS)
def test_they_are_drawn_on_axes_that_are_passed(name):
    "They returned axes and took none."
    plot, n = PLOTS[name]
    _, mine = plt.subplots(1, n, squeeze=False, layout="constrained")
    drawn = np.ravel(plot(mine[0]))
    assert plt.get_fignums() == [1] and set(drawn) == set(mine[0]) and all(ax.has_data() for ax in drawn)
    with pytest.raises(ValueError, match=f"9 axes were passed, but {n} are needed"):
        plot(plt.subplots(3, 3)[1])
