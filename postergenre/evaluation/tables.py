"""Figures as text: for the terminal, a notebook, a README."""

import html
import textwrap
from collections.abc import Sequence

import numpy as np
import pandas as pd

from postergenre.data.terminal import terminal_width
from postergenre.evaluation.figures import METRICS


def text_table(
    numbers: pd.DataFrame,  # columns (metric, "value" or "low" or "high"), the metrics named as in METRICS
    signed: Sequence[str] = (),  # metrics that are differences: with a sign, in percentage points (pp)
) -> pd.DataFrame:  # texts such as "59.4 % [57.9, 60.8]", without brackets where there is no interval, – for NaN
    "Figures with their intervals as they are read."
    columns = {}
    for metric in numbers.columns.unique(0):
        figure = METRICS[metric.removesuffix(" difference")]
        sign, more = ("+", " difference") if metric in signed else ("", "")
        rows = numbers[metric].itertuples(index=False)
        columns[figure.heading + more] = [_cell(*row, figure.percent, sign) for row in rows]
    return pd.DataFrame(columns, index=numbers.index)


def _cell(value: float, low: float, high: float, percent: bool, sign: str) -> str:
    if np.isnan(value):
        return "–"
    factor, form, unit = (100, f"{sign}.1f", " pp" if sign else " %") if percent else (1, f"{sign}.3f", "")
    text = f"{value * factor:{form}}{unit}"
    return text if np.isnan(low) else f"{text} [{low * factor:{form}}, {high * factor:{form}}]"


def markdown_table(table: pd.DataFrame) -> str:
    "A table of texts for a README or an issue."
    rows = [[table.index.name or "", *table.columns], ["---"] * (1 + table.shape[1]), *table.itertuples(name=None)]
    cells = [[str(cell).replace("|", r"\|").replace("\n", " ") for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)


def text_lines(table: pd.DataFrame, notes: Sequence[str] = ()) -> str:
    "A table of texts, notes below; columns for which the terminal is too narrow stand in a further block."
    width = terminal_width()
    names = [str(i) for i in table.index]
    first = max(map(len, names))
    blocks = [[]]
    for heading in table:
        column = [heading, *table[heading]]
        column = [cell.ljust(max(map(len, column))) for cell in column]
        if blocks[-1] and first + sum(2 + len(c[0]) for c in [*blocks[-1], column]) > width:
            blocks.append([])
        blocks[-1].append(column)
    lines = []
    for columns in blocks:
        rows = zip([name.ljust(first) for name in ("", *names)], *columns, strict=True)
        lines += ["  ".join(row).rstrip() for row in rows] + [""]
    return "\n".join([*lines, *(line for note in notes for line in textwrap.wrap(note, width))])


def wide_table(names: Sequence[str], rows: Sequence[dict[str, tuple]]) -> pd.DataFrame:  # as text_table takes it
    "Figures with their intervals as numbers; rows hold metric -> (value, low, high)."
    columns = pd.MultiIndex.from_product([rows[0], ["value", "low", "high"]], names=["metric", None])
    cells = [[float(x) for cell in row.values() for x in cell] for row in rows]
    return pd.DataFrame(cells, index=names, columns=columns)


class Printed:
    "Prints as its `table()` of texts with its sentences `notes` below, in a terminal or a notebook."

    def __repr__(self) -> str:
        return text_lines(self.table(), self.notes)

    def _repr_html_(self) -> str:
        return f"{self.table().to_html()}<p>{'<br>'.join(html.escape(note) for note in self.notes)}</p>"
