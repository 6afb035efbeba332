"""What the report says of how a model came about: what its run tells, the curves, the members of an ensemble."""

import pandas as pd

from postergenre.evaluation.figures import METRICS
from postergenre.interpret.charts import plot_curves, rows_go_by
from postergenre.report.pictures import chart

SHOWN = ("top_n_accuracy", "macro_ap")
LINES = {"train_loss": "training loss", "valid_loss": "validation loss"}
LINES |= {figure: f"validation {METRICS[figure].heading}" for figure in SHOWN}


def training(
    run: dict,  # metrics.json
    history: pd.DataFrame | None,  # as in plot_curves; None: nothing was trained
) -> dict:  # heading, words; curves and members, None where there are none
    "The section on training."
    curves = None if history is None else chart(plot_curves(history), curves_alt(history), stack=True)
    members = member_rows(run) if run.get("members") else None
    return run["training"] | {"curves": curves, "members": members}


def member_rows(
    run: dict,  # metrics.json of an ensemble
) -> list[tuple[str, ...]]:  # name, file, views, weight, then top-n accuracy and macro AP on validation and test
    "The members of an ensemble, then the ensemble itself."

    def figures(*sides: dict) -> list[str]:
        return [f"{side[k]['value']:{'.1%' if METRICS[k].percent else '.3f'}}" for side in sides for k in SHOWN]

    rows = [
        (m["name"], m["file"], m["views"], f"{m['weight']:.3f}", *figures(m["valid"], m["test"]))
        for m in run["members"]
    ]
    own = (next(iter(run[side].values())) for side in ("valid", "test"))
    return [*rows, ("together", "", "", "", *figures(*own))]


def curves_alt(
    history: pd.DataFrame,  # as in plot_curves
) -> str:
    "The curves in words."
    first, last = history.iloc[0], history.iloc[-1]
    said = [f"{label} from {first[name]:.3f} to {last[name]:.3f}" for name, label in LINES.items() if name in history]
    return f"Lines by {rows_go_by(history)[0]}, {first.iloc[0]:g} to {last.iloc[0]:g}: {', '.join(said)}."
