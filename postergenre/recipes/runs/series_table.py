"""What a comparison says: a row an architecture, the genres beside each other, both as figures."""

import json
import shutil
import textwrap
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from postergenre.evaluation.compare import compare
from postergenre.evaluation.evaluate import Evaluation
from postergenre.evaluation.figures import METRICS
from postergenre.evaluation.tables import markdown_table, text_lines, text_table
from postergenre.interpret.charts import closed, heat_map, no_frame

SHOWN = ("top_n_accuracy", "macro_ap")
BASELINES = ("popularity", "random")


class Table:
    "The finished runs of a comparison side by side."

    def __init__(
        self,
        done: dict[str, Path],  # architecture -> folder of its finished run; the first is what others are compared with
        failed: dict[str, str],  # architecture -> its error in a line
        budget: str,  # e.g. "5 epochs"
    ):
        self.failed = failed
        self.runs = {a: json.loads((f / "metrics.json").read_text(encoding="utf-8")) for a, f in done.items()}
        self.epochs = {a: len(pd.read_csv(f / "history.csv")) for a, f in done.items()}
        self.results = [Evaluation.load(f / "predictions.csv") for f in done.values()]
        comparison = compare(self.results, SHOWN)
        random = self.results[0].metrics.loc[["random"], list(SHOWN)]
        self.metrics = pd.concat([comparison.metrics, random]).reindex(columns=comparison.metrics.columns)
        device = " and ".join(dict.fromkeys(run["device"] for run in self.runs.values()))
        self.notes = [f"Budget of each: {budget} of training, on {device}.", *comparison.notes]

    def costs(self) -> pd.DataFrame:  # index: architectures
        "What each architecture took."
        keys = {"parameters": "parameters", "images_per_second": "images_per_second", "minutes": "train_minutes"}
        rows = {a: {name: run[key] for name, key in keys.items()} for a, run in self.runs.items()}
        return pd.DataFrame.from_dict(rows, orient="index").assign(epochs=pd.Series(self.epochs))

    def numbers(self) -> pd.DataFrame:
        "Everything as numbers, failed architectures with their error."
        flat = self.metrics.copy()
        flat.columns = [m if end == "value" else f"{m} {end}" for m, end in flat.columns]
        flat = self.costs().join(flat, how="right").reindex(flat.index)
        errors = pd.DataFrame({"error": self.failed})
        return pd.concat([flat, errors]).rename_axis("architecture")

    def cells(self) -> pd.DataFrame:
        "Everything as texts: the figures, then what they cost, then the differences to the first."
        signed = [c for c in self.metrics.columns.unique(0) if c.endswith(" difference")]
        texts = text_table(self.metrics, signed)
        costs = self.costs().reindex(self.metrics.index)
        forms = {"parameters": "{:,.0f}", "images_per_second": "{:,.0f}", "minutes": "{:.1f}", "epochs": "{:.0f}"}
        for name, form in forms.items():
            costs[name] = ["–" if pd.isna(x) else form.format(x) for x in costs[name]]
        costs = costs.rename(columns={"images_per_second": "images/s"})
        plain = [c for c in texts if not c.endswith(" difference")]
        return pd.concat([costs, texts[plain], texts.drop(columns=plain)], axis=1)

    def text(self) -> str:
        "For a terminal."
        width = min(max(88, shutil.get_terminal_size((88, 24)).columns), 180)
        lines = text_lines(self.cells(), width=width).rstrip().splitlines()
        first = max(map(len, [*self.failed, *map(str, self.metrics.index)]))
        lines += [f"{arch:<{first}}  failed – {error}" for arch, error in self.failed.items()]
        return "\n".join([*lines, "", *(line for note in self.notes for line in textwrap.wrap(note, width))])

    def markdown(self) -> str:
        "For a README or an issue."
        cells = self.cells()
        for arch, error in self.failed.items():
            cells.loc[arch] = [f"failed: {error}", *[""] * (cells.shape[1] - 1)]
        return "\n".join([markdown_table(cells), "", *(f"- {note}" for note in self.notes)]) + "\n"

    def per_genre(self) -> pd.DataFrame:  # genres x (movies, one column an architecture), most frequent genre first
        "Average precision of each genre by each architecture."
        first = self.results[0].per_genre()
        table = pd.DataFrame({"movies": first["support"]} | {r.name: r.per_genre()["ap"] for r in self.results})
        return table.sort_values("movies", ascending=False, kind="stable")


def plot_comparison(
    metrics: pd.DataFrame,  # rows: architectures, popularity, random; columns: (metric, value or low or high)
) -> Figure:
    "Bars with their 95 % intervals, and lines where popularity and a random order stand."
    bars = metrics[~metrics.index.isin(BASELINES)][::-1]
    fig, axes = plt.subplots(1, 2, figsize=(10, 1.6 + 0.42 * len(bars)), sharey=True, layout="constrained")
    for ax, metric in zip(axes, SHOWN, strict=True):
        heading, percent, *_ = METRICS[metric]
        scale = 100 if percent else 1
        values = bars[metric] * scale
        spread = np.stack([values["value"] - values["low"], values["high"] - values["value"]])
        ax.barh(bars.index, values["value"], xerr=spread, color="#4c72b0", height=0.6, ecolor="#222", capsize=3)
        for y, (value, end) in enumerate(zip(values["value"], values["high"], strict=True)):
            ax.annotate(f"{value:.1f}" if percent else f"{value:.3f}", (end, y), (5, 0), textcoords="offset points",
                        va="center", fontsize=9)  # fmt: skip
        for name, style, colour in (("popularity", "--", "#b3261e"), ("random", ":", "#555555")):
            if name in metrics.index:
                ax.axvline(metrics.loc[name, (metric, "value")] * scale, ls=style, color=colour, label=name)
        ax.set_xlabel(f"{heading}, {'%' if percent else '0 to 1'}, with 95 % interval")
        ax.margins(x=0.14)
        ax.set_xlim(left=0)
        no_frame(ax)
    handles, labels = axes[0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside upper right", ncols=2, frameon=False)
    return closed(fig)


def plot_genres(
    table: pd.DataFrame,  # from Table.per_genre
) -> Figure:  # a row a genre, a column an architecture
    "Heat map of average precision."
    ap = table.drop(columns="movies")
    fig, ax = plt.subplots(figsize=(2.4 + 0.95 * ap.shape[1], 1.6 + 0.3 * len(ap)), layout="constrained")
    image = heat_map(ax, ap, cmap="viridis")
    ax.set_xticks(range(ap.shape[1]), ap.columns, rotation=35, ha="right")
    ax.set_yticks(range(len(ap)), [f"{g} ({n:,})" for g, n in table["movies"].items()])
    ax.set_ylabel("genre (test movies)")
    fig.colorbar(image, ax=ax, label="average precision", fraction=0.06)
    return closed(fig)
