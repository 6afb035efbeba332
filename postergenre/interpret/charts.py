"""Charts of a run and its result: curves, genre by genre, confusions, genres that stand together, reliability."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from postergenre.data.axes import no_frame, panels

MODEL, OTHER = "#0072b2", "#d55e00"  # blue and vermilion of Okabe and Ito, told apart by colour-blind readers
CURVES = {  # columns of a history: left or right, name
    "train_loss": (0, "training"),
    "valid_loss": (0, "validation"),
    "top_n_accuracy": (1, "top-n accuracy"),
    "macro_ap": (1, "macro average precision"),
}
AXES = {"strength": ("strength of the penalty", "log")}  # what rows of a history go by: label and scale; else linear


def plot_per_genre(
    table: pd.DataFrame,  # of Evaluation.per_genre: support, frequency, ap, ap_low, ap_high
    ax: Axes | None = None,  # to draw on; None: on a new figure
) -> Axes:
    "Average precision of each genre with its interval, beside the genre's frequency; the best genre on top."
    table = table.sort_values("ap", na_position="first")
    known = table["ap"].notna()
    y = np.arange(len(table))
    [ax] = panels(ax, figsize=(7.5, 1.4 + 0.29 * len(table)))
    ax.hlines(y, table["frequency"], table["ap"].fillna(table["frequency"]), color="#cccccc", linewidth=1.5, zorder=1)
    ends = [table["ap"] - table["ap_low"], table["ap_high"] - table["ap"]]
    dots = {"fmt": "o", "color": MODEL, "capsize": 3, "markersize": 6}
    ax.errorbar(table["ap"], y, xerr=ends, label="average precision, 95 % interval", **dots)
    frequency = "frequency (what a random order reaches)"
    ax.scatter(table["frequency"], y, marker="D", facecolor="white", edgecolor=OTHER, label=frequency, zorder=3)
    absent = ["" if there else ", absent" for there in known]
    names = [f"{g} ({int(n):,}{note})" for g, n, note in zip(table.index, table["support"], absent, strict=True)]
    ax.set_yticks(y, names)
    most = np.nanmax(table[["ap_high", "ap", "frequency"]].to_numpy(), initial=0.1)
    ax.set(xlim=(0, min(1, 1.05 * most)), ylim=(-0.7, len(table) - 0.3), xlabel="average precision, frequency")
    no_frame(ax)
    ax.grid(axis="x", color="#eeeeee")
    ax.set_axisbelow(True)
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), frameon=False, fontsize=9)
    badge(ax, table.columns.name)
    return ax


def plot_confusions(
    shares: pd.DataFrame,  # from `confusions(normalize=True)`
    misses: pd.Series,  # movies that miss each genre
    support: pd.Series,  # movies that have it
    ax: Axes | None = None,  # to draw on; None: on a new figure
) -> Axes:
    "Heat map: which wrong genres stand in the top n of the movies in which the row's genre is missed."
    side = 2.4 + 0.36 * len(shares)
    [ax] = panels(ax, figsize=(side + 1.2, side))
    heat_map(ax, _percents(shares))
    ax.set_yticks(range(len(shares)), [f"{g} ({misses[g]:,} of {support[g]:,})" for g in shares.index])
    missed = "missed true genre (movies that miss it, of those that have it)"
    ax.set(ylabel=missed, xlabel="wrong genre in the top n instead")
    ax.set_title("Which genre stands in when one is missed, % of the movies that miss it", fontsize=11, loc="left")
    return ax


def plot_cooccurrence(
    truth: pd.DataFrame,  # these two from `cooccurrence(normalize=True)`
    predicted: pd.DataFrame,
    axes: Sequence[Axes] | None = None,  # two, to draw on; None: on a new figure
) -> np.ndarray:  # the two axes
    "Two heat maps: of the movies with the row's genre, the share that has the column's genre too; grey: no such movie."
    side = 1.9 + 0.36 * len(truth)
    axes = panels(axes, 2, 1, figsize=(side + 0.4, 2 * side))
    tables = _percents(truth), _percents(predicted)
    most = max(table.fillna(0).to_numpy().max() for table in tables)
    for ax, table, title in zip(axes, tables, ("true genres", "top n predictions"), strict=True):
        heat_map(ax, table, most)
        ax.set_title(f"Genres that stand together in the {title}", fontsize=11, loc="left")
        ax.set(xlabel="have this genre too", ylabel="of the movies with this genre, %")
    return axes


def plot_reliability(
    table: pd.DataFrame,  # of `reliability`
    ece: float,  # the calibration error
    axes: Sequence[Axes] | None = None,  # two, to draw on; None: on a new figure
) -> np.ndarray:  # the two axes
    "How often genres of a given probability are true, and how many there are of each probability."
    axes = ax, below = panels(axes, 2, 1, figsize=(5.5, 6.5), height_ratios=[3, 1], sharex=True)
    ax.plot([0, 1], [0, 1], color="#666666", linestyle="--", linewidth=1, label="perfect")
    ends = [table["share"] - table["low"], table["high"] - table["share"]]
    line = {"fmt": "o-", "color": MODEL, "capsize": 3, "label": "model, 95 % interval"}
    ax.errorbar(table["confidence"], table["share"], yerr=ends, **line)
    ax.set(xlim=(0, 1), ylim=(0, 1), ylabel="share that is true")
    ax.set_title(f"Reliability: expected calibration error {ece:.3f}", fontsize=11, loc="left")
    ax.legend(frameon=False, loc="upper left")
    below.bar(table["confidence"], table["pairs"], width=0.03, color=MODEL)
    below.set(xlim=(0, 1), yscale="log", ylabel="pairs", xlabel="probability of a genre for a movie")
    no_frame(ax)
    no_frame(below)
    return axes


def plot_curves(
    history: pd.DataFrame,  # what its first column says, as epoch or strength; then train_loss, valid_loss, ...
    axes: Sequence[Axes] | None = None,  # two, to draw on; None: on a new figure
) -> np.ndarray:  # the two axes
    "Losses and validation figures of a run, by epoch or strength."
    axes = panels(axes, 1, 2, figsize=(9, 3.4))
    by = history.iloc[:, 0]
    label, scale = rows_go_by(history)
    marker = "o" if len(history) < 30 else None
    for column, (i, name) in CURVES.items():
        if column in history:
            axes[i].plot(by, history[column], marker=marker, label=name)
    for ax, title in zip(axes, ("Loss (binary cross-entropy)", "Validation figures"), strict=True):
        ax.set(title=title, xlabel=label, xscale=scale)
        if scale == "log":  # from the most on, each value with its tick
            ax.invert_xaxis()
            ax.set_xticks(by, [f"{x:g}" for x in by])
            ax.minorticks_off()
        elif pd.api.types.is_integer_dtype(by):  # epochs: whole numbers, even if there is one only
            ax.set_xlim(by.min() - 0.4, by.max() + 0.4)
            ax.xaxis.set_major_locator(plt.MaxNLocator(integer=True, min_n_ticks=1))
        no_frame(ax)
        ax.legend(frameon=False)
    return axes


def badge(ax: Axes, text: str | None) -> None:
    "A word in the corner that a reader must not miss; no text: none."
    if text:
        box = {"facecolor": "#fff1d9", "edgecolor": "#7a3b00", "boxstyle": "round"}
        style = {"ha": "right", "va": "bottom", "fontsize": 8, "weight": "bold", "color": "#7a3b00", "zorder": 9}
        ax.annotate(text, (1, 0), (-3, 3), "axes fraction", "offset points", bbox=box, **style)


def rows_go_by(history: pd.DataFrame) -> tuple[str, str]:  # label of its axis, its scale
    "What the rows of a history go by, as an axis."
    return AXES.get(history.columns[0], (history.columns[0], "linear"))


def heat_map(ax: Axes, values: pd.DataFrame, most: float | None = None, least: float = 5, form=".0f", cmap="Blues"):
    "Values as colours, up to `most` (None: the greatest), written into cells from `least` on; grey: NaN."
    cells = values.to_numpy(dtype=float)
    most, cmap = (np.nan_to_num(cells).max() if most is None else most) or 1, plt.get_cmap(cmap)
    image = ax.imshow(cells, cmap=cmap.with_extremes(bad="#dddddd"), vmin=0, vmax=most, aspect="auto")
    for row, column in np.argwhere(cells >= least):
        value = cells[row, column]
        bright = np.dot(image.cmap(image.norm(value))[:3], (0.299, 0.587, 0.114))  # as the eye weighs red, green, blue
        colour = "black" if bright > 0.55 else "white"
        ax.text(column, row, f"{value:{form}}", ha="center", va="center", fontsize=8, color=colour)
    ax.set_xticks(range(cells.shape[1]), values.columns, rotation=90)
    ax.set_yticks(range(len(cells)), values.index)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return image


def _percents(shares: pd.DataFrame) -> pd.DataFrame:
    return 100 * shares.astype(float).mask(np.eye(len(shares), dtype=bool))  # the diagonal says nothing
