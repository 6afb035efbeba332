"""What an attention ablation says: a row a kind, mean and spread over the seeds, as a table and as bars."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from postergenre.data.axes import figure_of, no_frame, panels
from postergenre.evaluation.evaluate import Evaluation
from postergenre.evaluation.figures import METRICS
from postergenre.recipes.runs.series_table import SHOWN, axis_label, scale_of, write_beside, written

SIDES = {"valid": "predictions_valid.csv", "test": "predictions.csv"}
COLUMNS = [f"{side} {figure}" for side in SIDES for figure in SHOWN]
COSTS = ["parameters", "images_per_second"]
MARKERS = "oD^sPvX*"


def read_runs(done: dict[str, Path], budget: str) -> tuple[pd.DataFrame, pd.Series, list[str]]:
    """The finished runs: costs and COLUMNS by attention and seed; popularity's COLUMNS; notes.

    Others are compared with the kind of the first run; budget: e.g. "4 epochs".
    """
    metrics = [json.loads((folder / "metrics.json").read_text(encoding="utf-8")) for folder in done.values()]
    results = [{side: Evaluation.load(f / file) for side, file in SIDES.items()} for f in done.values()]
    kinds = [(m["config"]["attention"][0], m["config"]["seeds"][0]) for m in metrics]
    rows = [{cost: m[cost] for cost in COSTS} | _figures(r) for m, r in zip(metrics, results, strict=True)]
    runs = pd.DataFrame(rows, pd.MultiIndex.from_tuples(kinds, names=["attention", "seed"]))
    popularity = pd.Series(_figures({side: r.popularity for side, r in results[0].items()}), name="popularity")
    device = " and ".join(dict.fromkeys(m["device"] for m in metrics))
    seeds = ", ".join(map(str, sorted(runs.index.unique("seed"))))
    valid, test = (len(results[0][side].ids) for side in SIDES)
    arch, split = (metrics[0]["config"][option] for option in ("arch", "seed"))
    notes = [
        f"{arch}, {budget} a run, on {device}. Mean ± standard deviation over the seeds {seeds} of the first weights, "
        f"the order and the crops; the split is that of seed {split} in every run.",
        f"{valid:,} validation movies, which also chose each run's best epoch, and {test:,} test movies.",
    ]
    if runs.index.unique("attention").size > 1:
        notes.append(f"difference: to {kinds[0][0]}, seed by seed; they start alike and see the same crops.")
    return runs, popularity, notes


def summarize(runs: pd.DataFrame, popularity: pd.Series) -> pd.DataFrame:  # both from read_runs
    "A row for popularity and each kind: costs, runs, means, their deviations (sd), differences to the first kind."
    kinds = runs.index.get_level_values("attention")
    first = runs.xs(kinds[0])[COLUMNS].reindex(runs.index, level="seed")
    changes = (runs[COLUMNS] - first)[kinds != kinds[0]].add_suffix(" difference")
    groups = runs.join(changes).groupby(level="attention", sort=False)
    table = groups.mean().join(groups.std().add_suffix(" sd")).assign(runs=groups.size())
    ends = ("", " sd", " difference", " difference sd")
    order = [*COSTS, "runs", *(column + end for column in COLUMNS for end in ends)]
    return pd.concat([popularity.to_frame().T, table])[order].rename_axis("attention")


def as_cells(table: pd.DataFrame) -> pd.DataFrame:  # table: from summarize
    "Everything as texts: what the kinds cost, the figures, the differences if there is anything to compare."
    texts = written(table, {"runs": "{:.0f}", "parameters": "{:,.0f}", "images_per_second": "{:,.1f}"})
    changes = [f"{column} difference" for column in COLUMNS if column.startswith("test ")]
    for column in [*COLUMNS, *changes] if len(table) > 2 else COLUMNS:
        side, figure, *signed = column.split()
        cells = table[[column, f"{column} sd"]].to_numpy()
        texts[" ".join([side, METRICS[figure].heading, *signed])] = [
            _cell(*cell, figure, bool(signed)) for cell in cells
        ]
    return texts


def plot_attention(
    runs: pd.DataFrame,  # this and popularity from read_runs
    popularity: pd.Series,
    axes: Sequence[Axes] | None = None,  # four, to draw on; None: on a new figure
) -> np.ndarray:  # the four axes
    "Bars of the means with a mark for every seed; a line where popularity stands."
    kinds, seeds = runs.index.unique("attention"), sorted(runs.index.unique("seed"))
    height = 1.4 + 2 * (0.8 + 0.4 * len(kinds))
    axes = panels(axes, 2, 2, figsize=(10, height), sharex="col", sharey=True)
    most = pd.concat([runs[COLUMNS].max(), popularity[COLUMNS]], axis=1).max(axis=1)
    for ax, column in zip(axes, COLUMNS, strict=True):
        side, figure = column.split()
        scale, form = scale_of(figure)
        _bars(ax, runs[column] * scale, kinds, seeds, form)
        ax.axvline(popularity[column] * scale, ls="--", color="#b3261e", label="popularity", zorder=2)
        ax.set_xlabel(axis_label(figure))
        ax.set_title({"valid": "validation", "test": "test"}[side], fontsize=10, loc="left")
        no_frame(ax)
        ax.set_xlim(0, 1.35 * scale * max(most[f"{s} {figure}"] for s in SIDES))  # room for the figures
    axes[0].invert_yaxis()
    handles, labels = axes[0].get_legend_handles_labels()
    figure_of(axes).legend(handles, labels, loc="outside upper right", ncols=len(handles), frameon=False)
    return axes


def _bars(ax: Axes, values: pd.Series, kinds: pd.Index, seeds: list[int], form: str) -> None:
    table = values.groupby(level="attention").agg(["mean", "std", "max"]).reindex(kinds)
    ax.barh(kinds, table["mean"], color="#a9bcd9", height=0.62)
    for i, seed in enumerate(seeds):
        of_seed = values.xs(seed, level="seed")
        # Each seed at a height of its own, so that equal figures do not hide each other.
        places = [kinds.get_loc(kind) + 0.4 * ((i + 0.5) / len(seeds) - 0.5) for kind in of_seed.index]
        marks = {"marker": MARKERS[i % len(MARKERS)], "color": "#1f3b63", "s": 22, "zorder": 3}
        ax.scatter(of_seed, places, label=f"seed {seed}", **marks)
    texts = [_around(*pair, form) for pair in table[["mean", "std"]].to_numpy()]
    write_beside(ax, table["max"], texts, 8)


def _figures(results: dict[str, Evaluation]) -> dict[str, float]:
    return {f"{s} {name}": METRICS[name].function(r.probs, r.targets) for s, r in results.items() for name in SHOWN}


def _around(value: float, spread: float, form: str, sign: str = "") -> str:
    return f"{value:{sign}{form}}" + ("" if np.isnan(spread) else f" ± {spread:{form}}")


def _cell(value: float, spread: float, figure: str, signed: bool) -> str:
    scale, form = scale_of(figure)
    unit = (" pp" if signed else " %") if scale > 1 else ""
    return "–" if np.isnan(value) else _around(value * scale, spread * scale, form, "+" if signed else "") + unit
