"""What an attention ablation says: a row a kind, mean and spread over the seeds, as a table and as bars."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from postergenre.evaluation.evaluate import Evaluation
from postergenre.evaluation.figures import METRICS
from postergenre.metrics import macro_average_precision, top_n_accuracy
from postergenre.recipes.runs.series_table import terminal_text

FIGURES = {"top_n_accuracy": top_n_accuracy, "macro_ap": macro_average_precision}
SIDES = {"valid": "predictions_valid.csv", "test": "predictions.csv"}
COLUMNS = [f"{side} {figure}" for side in SIDES for figure in FIGURES]
COSTS = ["parameters", "images_per_second"]
MARKERS = "oD^sPvX*"


class AttentionTable:
    "The finished runs of an ablation."

    def __init__(
        self,
        done: dict[str, Path],  # run, e.g. "none-42" -> its folder; others are compared with the first one's kind
        failed: dict[str, str],  # run -> its error in a line
        arch: str,
        budget: str,  # e.g. "4 epochs"
        split_seed: int,
    ):
        self.failed = failed
        metrics = [json.loads((folder / "metrics.json").read_text(encoding="utf-8")) for folder in done.values()]
        results = [{side: Evaluation.load(f / file) for side, file in SIDES.items()} for f in done.values()]
        kinds = [(m["config"]["attention"][0], m["config"]["seeds"][0]) for m in metrics]
        rows = [{cost: m[cost] for cost in COSTS} | _figures(r) for m, r in zip(metrics, results, strict=True)]
        self.runs = pd.DataFrame(rows, pd.MultiIndex.from_tuples(kinds, names=["attention", "seed"]))
        self.popularity = pd.Series(_figures({s: r.popularity for s, r in results[0].items()}), name="popularity")
        self.first, self.several = self.runs.index[0][0], self.runs.index.unique("attention").size > 1
        device = " and ".join(dict.fromkeys(m["device"] for m in metrics))
        seeds = ", ".join(map(str, sorted(self.runs.index.unique("seed"))))
        valid, test = (len(results[0][side].ids) for side in SIDES)
        self.notes = [
            f"{arch}, {budget} a run, on {device}. Mean ± standard deviation over the seeds {seeds} of the first "
            f"weights, the order and the crops; the split is that of seed {split_seed} in every run.",
            f"{valid:,} validation movies, which also chose each run's best epoch, and {test:,} test movies.",
        ]
        if self.several:
            self.notes.append(f"difference: to {self.first}, seed by seed; they start alike and see the same crops.")

    def summary(self) -> pd.DataFrame:  # index: popularity, then kinds; columns: costs, means, sd, differences
        "Everything as numbers."
        groups = self.runs.groupby(level="attention", sort=False)
        first = self.runs.xs(self.first)
        table = groups[COSTS].mean().assign(runs=groups.size())
        for column in COLUMNS:
            change = self.runs[column] - first[column].reindex(self.runs.index, level="seed")
            change = change.where(self.runs.index.get_level_values("attention") != self.first)
            for name, values in ((column, self.runs[column]), (f"{column} difference", change)):
                by_kind = values.groupby(level="attention", sort=False)
                table[name], table[f"{name} sd"] = by_kind.mean(), by_kind.std()
        return pd.concat([self.popularity.to_frame().T, table]).reindex(columns=table.columns).rename_axis("attention")

    def cells(self) -> pd.DataFrame:
        "Everything as texts: what the kinds cost, the figures, the differences."
        table = self.summary()
        texts = pd.DataFrame(index=table.index)
        for name, form in (("runs", "{:.0f}"), ("parameters", "{:,.0f}"), ("images_per_second", "{:,.1f}")):
            texts[name.replace("_per_second", "/s")] = ["–" if pd.isna(x) else form.format(x) for x in table[name]]
        changes = [f"{column} difference" for column in COLUMNS if column.startswith("test ")]
        for column in [*COLUMNS, *changes] if self.several else COLUMNS:
            side, figure, *signed = column.split()
            heading, percent = METRICS[figure][:2]
            cells = table[[column, f"{column} sd"]].to_numpy()
            texts[" ".join([side, heading, *signed])] = [_cell(*cell, percent, bool(signed)) for cell in cells]
        return texts

    def text(self) -> str:
        "For a terminal."
        return terminal_text(self.cells(), self.failed, self.notes, least=96)


def plot_attention(
    runs: pd.DataFrame,  # AttentionTable.runs: index attention and seed, columns "valid macro_ap" and so on
    popularity: pd.Series,  # the same columns
) -> Figure:
    "Bars of the means with a mark for every seed; a line where popularity stands."
    kinds, seeds = runs.index.unique("attention"), sorted(runs.index.unique("seed"))
    height = 1.4 + 2 * (0.8 + 0.4 * len(kinds))
    fig, axes = plt.subplots(2, 2, figsize=(10, height), sharex="col", sharey=True, layout="constrained")
    most = pd.concat([runs[COLUMNS].max(), popularity[COLUMNS]], axis=1).max(axis=1)
    for ax, column in zip(axes.flat, COLUMNS, strict=True):
        _bars(ax, runs[column] * _scale(column), kinds, seeds, ".1f" if _scale(column) > 1 else ".3f")
        side, _, figure = column.partition(" ")
        ax.axvline(popularity[column] * _scale(column), ls="--", color="#b3261e", label="popularity", zorder=2)
        ax.set_xlabel(f"{METRICS[figure].heading}, {'%' if METRICS[figure].percent else '0 to 1'}")
        ax.set_title({"valid": "validation", "test": "test"}[side], fontsize=10, loc="left")
        ax.spines[["top", "right"]].set_visible(False)
        ax.set_xlim(0, 1.35 * _scale(column) * max(most[f"{s} {figure}"] for s in SIDES))  # room for the figures
    axes[0, 0].invert_yaxis()
    handles, labels = axes[0, 0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside upper right", ncols=len(handles), frameon=False)
    plt.close(fig)
    return fig


def _bars(ax: Axes, values: pd.Series, kinds: pd.Index, seeds: list[int], form: str) -> None:
    means, spreads = (getattr(values.groupby(level="attention"), f)().reindex(kinds) for f in ("mean", "std"))
    ax.barh(kinds, means, color="#a9bcd9", height=0.62)
    for i, seed in enumerate(seeds):
        of_seed = values.xs(seed, level="seed")
        # Each seed at a height of its own, so that equal figures do not hide each other.
        places = [kinds.get_loc(kind) + 0.4 * ((i + 0.5) / len(seeds) - 0.5) for kind in of_seed.index]
        marks = {"marker": MARKERS[i % len(MARKERS)], "color": "#1f3b63", "s": 22, "zorder": 3}
        ax.scatter(of_seed, places, label=f"seed {seed}", **marks)
    most = values.groupby(level="attention").max().reindex(kinds)
    for kind, mean, spread, end in zip(kinds, means, spreads, most, strict=True):
        text = f"{mean:{form}}" if np.isnan(spread) else f"{mean:{form}} ± {spread:{form}}"
        ax.annotate(text, (end, kind), (8, 0), textcoords="offset points", va="center", fontsize=9)


def _figures(results: dict[str, Evaluation]) -> dict[str, float]:
    return {f"{s} {name}": figure(r.probs, r.targets) for s, r in results.items() for name, figure in FIGURES.items()}


def _scale(column: str) -> int:
    return 100 if METRICS[column.partition(" ")[2]].percent else 1


def _cell(value: float, spread: float, percent: bool, signed: bool) -> str:
    if np.isnan(value):
        return "–"
    form, unit = (".1f", " pp" if signed else " %") if percent else (".3f", "")
    scale, sign = 100 if percent else 1, "+" if signed else ""
    around = "" if np.isnan(spread) else f" ± {spread * scale:{form}}"
    return f"{value * scale:{sign}{form}}{around}{unit}"
