"""What a comparison says: a row an architecture, the genres beside each other, both as figures."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from postergenre.data.axes import figure_of, no_frame, panels
from postergenre.data.terminal import beside, wrapped
from postergenre.evaluation.compare import Comparison, compare
from postergenre.evaluation.evaluate import Evaluation
from postergenre.evaluation.figures import METRICS
from postergenre.evaluation.tables import markdown_table, text_lines
from postergenre.interpret.charts import heat_map
from postergenre.recipes.runs.series import Series

SHOWN = ("top_n_accuracy", "macro_ap")
BASELINES = {"popularity": ("--", "#b3261e"), "random": (":", "#555555")}  # how their lines are drawn
LABEL = {"facecolor": "white", "edgecolor": "none", "pad": 1}  # behind a text that a line would cross
COSTS = {"parameters": "{:,.0f}", "images_per_second": "{:,.0f}", "minutes": "{:.1f}", "epochs": "{:.0f}"}


def show_table(series: Series, name: str, index: str = "architecture", *notes: str) -> list[Evaluation]:
    "Show the runs that are done side by side, write NAME.csv, .md and .png. ValueError: none is."
    run, failed, done = series.whole, series.failed, series.finished()
    results = [Evaluation.load(folder / "predictions.csv") for folder in done.values()]
    comparison, costs = with_random(results), read_costs(done)
    device = " and ".join(dict.fromkeys(costs.pop("device")))
    notes = [*notes, f"Budget of each: {series.budget} of training, on {device}.", *comparison.notes]

    costs = costs.reindex(comparison.metrics.index)
    flat = comparison.metrics.set_axis([m if end == "value" else f"{m} {end}" for m, end in comparison.metrics], axis=1)
    numbers = pd.concat([costs.join(flat), pd.DataFrame({"error": failed})])
    texts = comparison.table()
    cells = written(costs, COSTS).join(texts[sorted(texts, key=lambda c: c.endswith(" difference"))])  # these come last
    print(terminal_text(cells, failed, notes))
    for member, error in failed.items():
        cells.loc[member] = [f"failed: {error}", *[""] * (cells.shape[1] - 1)]
    run.write(f"{name}.csv", numbers.rename_axis(index).to_csv())
    run.write(f"{name}.md", "\n".join([markdown_table(cells), "", *(f"- {note}" for note in notes)]) + "\n")
    run.save_figure(plot_comparison(comparison.metrics), f"{name}.png")
    return results


def with_random(results: list[Evaluation]) -> Comparison:
    "Models, popularity and a random order; the others are compared with the first."
    comparison = compare(results, SHOWN)
    random = results[0].metrics.loc[["random"], list(SHOWN)]
    return Comparison(pd.concat([comparison.metrics, random])[comparison.metrics.columns], comparison.notes)


def read_costs(done: dict[str, Path]) -> pd.DataFrame:  # columns device and those of COSTS
    "What each run took, from its folder."
    rows = [json.loads((folder / "metrics.json").read_text(encoding="utf-8")) for folder in done.values()]
    epochs = [pd.read_csv(folder / "history.csv")["epoch"].max() for folder in done.values()]
    runs = pd.DataFrame(rows, list(done)).assign(epochs=epochs).rename(columns={"train_minutes": "minutes"})
    return runs[["device", *COSTS]]


def written(numbers: pd.DataFrame, forms: dict[str, str]) -> pd.DataFrame:
    "Some columns of a table as texts."
    texts = {name: numbers[name].map(form.format, na_action="ignore").fillna("–") for name, form in forms.items()}
    return pd.DataFrame(texts).rename(columns={"images_per_second": "images/s"})


def per_genre(results: list[Evaluation]) -> pd.DataFrame:  # genres x (movies, one column a model), most frequent first
    "Average precision of each genre by each model."
    tables = {r.name: r.per_genre() for r in results}
    movies = tables[results[0].name]["support"]
    table = pd.DataFrame({"movies": movies} | {name: table["ap"] for name, table in tables.items()})
    return table.sort_values("movies", ascending=False, kind="stable")


def terminal_text(cells: pd.DataFrame, failed: dict[str, str], notes: list[str]) -> str:
    "A table of texts, the runs that failed and notes, as wide as the terminal."
    lines, first = text_lines(cells).rstrip().splitlines(), max(map(len, map(str, cells.index)))
    lines += beside({run: f"failed – {error}" for run, error in failed.items()}, first)
    return "\n".join([*lines, "", *map(wrapped, notes)])


def plot_comparison(
    metrics: pd.DataFrame,  # rows: models, baselines; columns: (metric, value or low or high)
    axes: Sequence[Axes] | None = None,  # two, to draw on; None: on a new figure
) -> np.ndarray:  # the two axes
    "Bars with their 95 % intervals, and lines where popularity and a random order stand."
    bars = metrics.drop(list(BASELINES), errors="ignore")[::-1]
    axes = panels(axes, 1, 2, figsize=(10, 1.6 + 0.42 * len(bars)), sharey=True)
    for ax, metric in zip(axes, SHOWN, strict=True):
        scale, form = scale_of(metric)
        values, low, high = (bars[metric, end] * scale for end in ("value", "low", "high"))
        spread = [values - low, high - values]
        ax.barh(bars.index, values, xerr=spread, color="#4c72b0", height=0.6, ecolor="#222", capsize=3)
        write_beside(ax, high, [f"{value:{form}}" for value in values], 5)
        for name, (style, colour) in BASELINES.items():
            if name in metrics.index:
                ax.axvline(metrics.loc[name, (metric, "value")] * scale, ls=style, color=colour, label=name)
        ax.set_xlabel(f"{axis_label(metric)}, with 95 % interval")
        ax.margins(x=0.14)
        ax.set_xlim(left=0)
        no_frame(ax)
    figure_of(axes).legend(*axes[0].get_legend_handles_labels(), loc="outside upper right", ncols=2, frameon=False)
    return axes


def scale_of(metric: str) -> tuple[int, str]:
    "By what a figure is multiplied, and the form in which it is written."
    return (100, ".1f") if METRICS[metric].percent else (1, ".3f")


def axis_label(metric: str) -> str:
    "What stands at the axis of a figure."
    return f"{METRICS[metric].heading}, {'%' if METRICS[metric].percent else '0 to 1'}"


def write_beside(ax: Axes, ends: pd.Series, texts: list[str], gap: int) -> None:
    "A text beside each bar, by its end, so many points away."
    for y, (end, text) in enumerate(zip(ends, texts, strict=True)):
        ax.annotate(text, (end, y), (gap, 0), textcoords="offset points", va="center", fontsize=9, bbox=LABEL)


def plot_genres(
    table: pd.DataFrame,  # from per_genre; a row a genre, a column an architecture
    ax: Axes | None = None,  # to draw on; None: on a new figure
) -> Axes:
    "Heat map of average precision."
    ap = table.drop(columns="movies")
    [ax] = panels(ax, figsize=(2.4 + 0.95 * ap.shape[1], 1.6 + 0.3 * len(ap)))
    image = heat_map(ax, ap, max(0.01, np.nanmax(ap.to_numpy())), least=0, form=".2f", cmap="viridis")
    ax.set_xticks(range(ap.shape[1]), ap.columns, rotation=35, ha="right")
    ax.set_yticks(range(len(ap)), [f"{g} ({n:,})" for g, n in table["movies"].items()])
    ax.set_ylabel("genre (test movies)")
    figure_of(ax).colorbar(image, ax=ax, label="average precision", fraction=0.06)
    return ax
