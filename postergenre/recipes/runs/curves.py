"""How several runs learned: what validation said after each epoch, beside each other."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from postergenre.data.axes import figure_of, no_frame, panels
from postergenre.data.files import write_whole
from postergenre.evaluation.figures import METRICS
from postergenre.recipes.runs.series_table import BASELINES, SHOWN


def plot_histories(
    histories: Mapping[str, pd.DataFrame],  # a run's name: its history.csv, with epoch, top_n_accuracy, macro_ap
    popularity: Mapping[str, float],  # on the test movies, by figure
    axes: Sequence[Axes] | None = None,  # two, to draw on; None: on a new figure
) -> np.ndarray:  # the two axes
    "Top-n accuracy and macro AP on validation by epoch, a line a run, and where popularity stands."
    axes = panels(axes, 1, 2, figsize=(10, 3.8))
    epochs = pd.concat([history["epoch"] for history in histories.values()])
    ends, (style, color) = (epochs.min() - 0.4, epochs.max() + 0.4), BASELINES["popularity"]
    for ax, figure in zip(axes, SHOWN, strict=True):
        for name, history in histories.items():
            ax.plot(history["epoch"], history[figure], marker="o", ms=4, label=name)
        ax.axhline(popularity[figure], color=color, ls=style, lw=1, label="popularity (test)")
        ax.set(title=f"{METRICS[figure].heading}, validation", xlabel="epoch", xlim=ends)
        ax.xaxis.set_major_locator(plt.MaxNLocator(integer=True, min_n_ticks=1))
        ax.yaxis.set_major_formatter(lambda value, _, text=METRICS[figure].text: text(value))
        no_frame(ax)
    axes[0].legend(frameon=False, fontsize=8)
    return axes


def draw_curves(
    records: Mapping[str, Mapping],  # as read_records gives them
    names: Sequence[str],  # those to draw, of networks that were trained
    out: str | Path,  # picture to write
) -> Path:  # out. ValueError: there is no such record, or it holds no epochs
    "Write a picture of how recorded runs learned."
    epochs = {name: record["history"] for name, record in records.items() if "epoch" in record.get("history", {})}
    if unknown := [name for name in names if name not in epochs]:
        known = ", ".join(epochs) or "none here; pass their folder, --of recipes, or keep a run: add"
        raise ValueError(f"There is no record {unknown[0]} with figures by epoch; those that have them: {known}")
    popularity = {figure: records[names[0]]["result"][f"{figure}_popularity"] for figure in SHOWN}
    axes = plot_histories({name: pd.DataFrame(epochs[name]) for name in names}, popularity)
    with write_whole(out) as whole:
        figure_of(axes).savefig(whole, dpi=110)
    plt.close(figure_of(axes))
    return Path(out)
