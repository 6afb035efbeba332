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
from postergenre.recipes.runs.run import Run

SHOWN = ("top_n_accuracy", "macro_ap")
BASELINES = ("popularity", "random")
COSTS = {  # column -> its name in metrics.json, how it is written
    "parameters": ("parameters", "{:,.0f}"),
    "images_per_second": ("images_per_second", "{:,.0f}"),
    "minutes": ("train_minutes", "{:.1f}"),
}


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
        rows = {a: {name: run[key] for name, (key, _) in COSTS.items()} for a, run in self.runs.items()}
        return pd.DataFrame.from_dict(rows, orient="index").assign(epochs=pd.Series(self.epochs))

    def numbers(self) -> pd.DataFrame:
        "Everything as numbers, failed architectures with their error."
        flat = self.metrics.set_axis([m if end == "value" else f"{m} {end}" for m, end in self.metrics], axis=1)
        flat = self.costs().join(flat, how="right").reindex(flat.index)
        return pd.concat([flat, pd.DataFrame({"error": self.failed})])

    def cells(self) -> pd.DataFrame:
        "Everything as texts: the figures, then what they cost, then the differences to the first."
        signed = [c for c in self.metrics.columns.unique(0) if c.endswith(" difference")]
        texts, costs = text_table(self.metrics, signed), self.costs().reindex(self.metrics.index)
        for name, form in {**{name: form for name, (_, form) in COSTS.items()}, "epochs": "{:.0f}"}.items():
            costs[name] = ["–" if pd.isna(x) else form.format(x) for x in costs[name]]
        plain = [c for c in texts if not c.endswith(" difference")]
        costs = costs.rename(columns={"images_per_second": "images/s"})
        return pd.concat([costs, texts[plain], texts.drop(columns=plain)], axis=1)

    def text(self) -> str:
        "For a terminal."
        return terminal_text(self.cells(), self.failed, self.notes)

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


def terminal_text(
    cells: pd.DataFrame,  # of texts
    failed: dict[str, str],  # run -> its error in a line
    notes: list[str],  # each a paragraph
    least: int = 88,  # characters a line
) -> str:
    "A table, the runs that failed and notes, as wide as the terminal."
    width = min(max(least, shutil.get_terminal_size((least, 24)).columns), 180)
    first = max(map(len, [*failed, *map(str, cells.index)]))
    lines = text_lines(cells, width=width).rstrip().splitlines()
    lines += [f"{run:<{first}}  failed – {error}" for run, error in failed.items()]
    return "\n".join([*lines, "", *(line for note in notes for line in textwrap.wrap(note, width))])


def show_table(
    run: Run,  # of the whole series
    table: Table,
    name: str,  # of the files
    index: str = "architecture",  # what its rows are called in the CSV
) -> None:
    "Show a table; write it as .csv and .md, its figure as .png."
    print(table.text())
    run.write(f"{name}.csv", table.numbers().rename_axis(index).to_csv())
    run.write(f"{name}.md", table.markdown())
    run.save_figure(plot_comparison(table.metrics), f"{name}.png")


def plot_comparison(
    metrics: pd.DataFrame,  # rows: architectures, popularity, random; columns: (metric, value or low or high)
) -> Figure:
    "Bars with their 95 % intervals, and lines where popularity and a random order stand."
    bars = metrics[~metrics.index.isin(BASELINES)][::-1]
    fig, axes = plt.subplots(1, 2, figsize=(10, 1.6 + 0.42 * len(bars)), sharey=True, layout="constrained")
    for ax, metric in zip(axes, SHOWN, strict=True):
        heading, percent = METRICS[metric][:2]
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
        ax.spines[["top", "right"]].set_visible(False)
    handles, labels = axes[0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside upper right", ncols=2, frameon=False)
    plt.close(fig)
    return fig


def plot_genres(
    table: pd.DataFrame,  # from Table.per_genre
) -> Figure:  # a row a genre, a column an architecture
    "Heat map of average precision."
    ap = table.drop(columns="movies")
    fig, ax = plt.subplots(figsize=(2.4 + 0.95 * ap.shape[1], 1.6 + 0.3 * len(ap)), layout="constrained")
    image = ax.imshow(ap, cmap="viridis", vmin=0, vmax=max(0.01, np.nanmax(ap.to_numpy())), aspect="auto")
    for (y, x), value in np.ndenumerate(ap.to_numpy()):
        if not np.isnan(value):
            dark = value < 0.6 * image.norm.vmax
            ax.text(x, y, f"{value:.2f}", ha="center", va="center", fontsize=8, color="white" if dark else "black")
    ax.set_xticks(range(ap.shape[1]), ap.columns, rotation=35, ha="right")
    ax.set_yticks(range(len(ap)), [f"{g} ({n:,})" for g, n in table["movies"].items()])
    ax.set_ylabel("genre (test movies)")
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    fig.colorbar(image, ax=ax, label="average precision", fraction=0.06)
    plt.close(fig)
    return fig
