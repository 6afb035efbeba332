"""What the report says of how a model came about: trained, fitted on a frozen network, or put together from others."""

import pandas as pd

from postergenre.interpret.charts import plot_curves
from postergenre.report.pictures import chart

FIGURES = (
    ("train_loss", "training loss"),
    ("valid_loss", "validation loss"),
    ("top_n_accuracy", "validation top-n accuracy"),
    ("macro_ap", "validation macro AP"),
)

POOLED = {"mean": "averaged", "odds": "put together by adding their log-odds relative to the genres' frequencies"}


def training(
    run: dict,  # metrics.json
    history: pd.DataFrame | None,  # a row an epoch or a strength of the penalty; None: nothing was trained
) -> dict:  # heading, words; curves and members where there are any
    "The section on training."
    size = f"{run['arch']}, {run['parameters']:,} parameters"
    if history is None:
        words = (
            f"Nothing was trained: the probabilities of {len(run['members'])} learners are "
            f"{POOLED[run['config'].get('pool', 'mean')]}, with weights chosen on the validation movies ({size}). "
            "How each was trained stands in its own report."
        )
        return {"heading": "Members", "words": words, "curves": None, "members": member_rows(run)}
    speed = run["images_per_second"]
    took = f"{run['train_minutes']:.1f} minutes on {run['device']}"
    took += f", {speed:,.0f} posters a second" if speed else ""
    best = run["best_epoch"]
    if "strength" in history:
        words = (
            f"The network is frozen and its features are kept in files; its head was fitted with {len(history)} "
            "strengths of the penalty. The one with the best mean of validation top-n accuracy and macro AP, "
            f"{history.loc[best, 'strength']:g}, is kept. {size}; the fit took {took}."
        )
    else:
        words = (
            f"Loss and validation figures of {len(history)} epochs. The epoch with the best validation top-n "
            f"accuracy, number {best} (the first is 0), is the one kept. {size}; {took}."
        )
    curves = chart(plot_curves(history), curves_alt(history), stack=True)
    return {"heading": "Training", "words": words, "curves": curves, "members": None}


def member_rows(
    run: dict,  # metrics.json of an ensemble
) -> list[tuple[str, ...]]:  # name, file, views, weight, then top-n accuracy and macro AP on validation and test
    "The members of an ensemble, then the ensemble itself."

    def figures(of: dict) -> tuple[str, ...]:
        return tuple(
            text
            for side in ("valid", "test")
            for text in (f"{of[side]['top_n_accuracy']['value']:.1%}", f"{of[side]['macro_ap']['value']:.3f}")
        )

    rows = [(m["name"], m["file"], m["views"], f"{m['weight']:.3f}", *figures(m)) for m in run["members"]]
    own = {"valid": next(iter(run["valid"].values())), "test": next(iter(run["test"].values()))}
    return [*rows, ("together", "", "", "", *figures(own))]


def curves_alt(
    history: pd.DataFrame,  # as in training
) -> str:
    "The curves in words."
    first, last = history.iloc[0], history.iloc[-1]
    said = [f"{label} from {first[name]:.3f} to {last[name]:.3f}" for name, label in FIGURES if name in history]
    if "strength" in history:
        return (
            f"Lines over the strength of the penalty, {first['strength']:g} to {last['strength']:g}: {', '.join(said)}."
        )
    return f"Lines over {len(history)} epochs: {', '.join(said)}."
