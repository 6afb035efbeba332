"""Rare genres: does balancing help, do losses that weigh positives, and what does calibration mend afterwards?

python -m postergenre.recipes.imbalance --data posters
python -m postergenre.recipes.imbalance --data posters --balance none even:1000 --loss bce focal

A frozen network looks at the random crops of one epoch, balanced in each way; a linear head is fitted to them with each
loss; both as fitted and calibrated on the validation movies they are judged on the test movies, whose genres are as
frequent as they really are. Minutes, as nothing but the heads is trained; with --resume, what is done is kept.
"""

import json
from dataclasses import replace
from itertools import cycle
from pathlib import Path

import postergenre._fastai  # noqa: F401

import numpy as np
import pandas as pd
import torch
from fastai.torch_core import set_seed
from fastcore.meta import delegates
from matplotlib.axes import Axes

from postergenre.data.axes import figure_of, no_frame, panels
from postergenre.data.genres import multi_hot
from postergenre.data.progress import progress as progress_bar
from postergenre.data.reading import refuse_unreadable
from postergenre.evaluation.compare import compare
from postergenre.evaluation.evaluate import Evaluation, evaluate
from postergenre.evaluation.figures import METRICS
from postergenre.evaluation.tables import markdown_table
from postergenre.inference.calibrate import fit_calibration, mean_probs
from postergenre.losses import poster_loss
from postergenre.recipes.runs.cli import command
from postergenre.recipes.runs.options import all_options, shared
from postergenre.recipes.runs.run import Data, Run, about, begin, load_movies, make_loaders, section, show_genres
from postergenre.training.fusion import ProbeLearner
from postergenre.training.heads import fit_head, score
from postergenre.training.probe import probe_learner

PLOTTED = ("top_n_accuracy", "recall_at_n")
SHOWN = ("top_n_accuracy", "macro_ap", "recall_at_n", "ece")
STRENGTHS = (2.0, 1.0, 0.5, 0.25, 0.12, 0.06, 0.03)  # down to where focal loss, a twentieth of the others, is at home
MARKERS = "os^Dv<>P"
ENDINGS = ("", " calibrated")


@delegates(shared)
def main(
    balance: list[str] = ("none", "study:700", "even:1500"),  # none, study, even; with the crops wanted of each genre
    loss: list[str] = ("bce", "bce_pos_weight", "asymmetric", "focal"),  # the first of the first is compared with
    arch: str = "tf_efficientnet_lite0",  # torchvision or timm name
    size: str = "150",  # pixels of a crop: one number, or HEIGHTxWIDTH
    stages: bool = True,  # statistics of all stages of the body; no: its last features alone
    bs: int = 32,  # batch size of the forward pass
    pretrained: bool = False,  # ImageNet weights from the hub
    weights: str | None = "lite",  # lite: from the registry's packages; or a local file
    **kwargs,
):
    "Compare kinds of balancing and losses, each with and without calibration, on movies never seen."
    options = all_options(locals()) | {"crop": "random"}
    options |= {"balance": list(dict.fromkeys(balance)), "loss": list(dict.fromkeys(loss))}
    run = begin("imbalance", options)
    data = load_movies(run, genres=False)

    run.open()
    results, judged = [], {}
    for kind in run.config["balance"]:
        if all(file.is_file() for file in files_of(run, kind)):
            section(f"Balancing: {kind}: done before, kept")
            results += map(Evaluation.load, files_of(run, kind))
            continue
        one = replace(run, config=run.config | {"balance": kind})
        show_genres(one, data)
        learn = probe_learner(make_loaders(one, data), arch, pretrained, run.config["weights"], stages)
        if not judged:
            section("Features of the validation and test movies")
            learn.use_cache(run.config["cache"])
            judged = {side: view_features(learn, data.side(side)) for side in ("valid", "test")}
        section(f"Balancing: {kind}")
        results += fit_losses(run, data, learn, kind, judged)
    show_imbalance(run, data, results)


def files_of(run: Run, balance: str) -> list[Path]:  # two a loss: as fitted, calibrated
    "The predictions of the heads that one kind of balancing gives."
    names = [f"{balance} {loss}{ending}" for loss in run.config["loss"] for ending in ENDINGS]
    return [run.folder / f"{name.replace(' ', '-').replace(':', '_')}.csv" for name in names]


def crop_features(learn: ProbeLearner) -> tuple[np.ndarray, np.ndarray]:  # (crops, features), (crops, genres)
    "What the frozen network sees in one epoch of training crops."
    features, targets, loader = [], [], learn.dls.train
    learn.model.to(learn.dls.device)
    with torch.inference_mode():
        for x, y in progress_bar(loader, len(loader)):
            features.append(learn.model.features(x).cpu().numpy())
            targets.append(y.as_subclass(torch.Tensor).float().cpu().numpy())
    return np.concatenate(features), np.concatenate(targets)


def view_features(learn: ProbeLearner, movies: pd.DataFrame) -> list[np.ndarray]:  # (views, features) of each
    "What the frozen network sees in the views with which the learner would predict. ValueError: an unreadable poster."
    rows, errors = learn.features(movies)
    refuse_unreadable(movies["poster"], errors)
    return list(rows)


def logits_of(head: torch.nn.Module, views: list[np.ndarray]) -> list[np.ndarray]:
    with torch.inference_mode():
        logits = head(torch.from_numpy(np.concatenate(views))).numpy()
    return np.split(logits, np.cumsum([len(rows) for rows in views])[:-1])


def fit_losses(run: Run, data: Data, learn: ProbeLearner, balance: str, judged: dict) -> list[Evaluation]:  # two a loss
    """Fit a head with each loss, calibrate it on validation, judge both on test.

    Of a probe of crops that were so balanced; judged: valid and test, (views, features) of each movie.
    """
    set_seed(run.config["seed"], reproducible=True)
    x, y = crop_features(learn)
    truth = multi_hot(data.side("valid")["genres"], learn.dls.vocab)
    means = np.stack([rows.mean(0) for rows in judged["valid"]])  # of a linear head, what their mean gives
    results, files = [], iter(files_of(run, balance))
    for name in run.config["loss"]:
        head, table = fit_head(x, y, means, truth, STRENGTHS, loss_func=poster_loss(name, y.mean(0)))
        valid, test = (logits_of(head, judged[side]) for side in ("valid", "test"))
        scale, bias = fit_calibration(valid, truth)
        label = f"{balance} {name}"
        for ending, probs in zip(ENDINGS, (mean_probs(test), mean_probs(test, scale, bias)), strict=True):
            result = evaluate(learn, data.side("test"), data.side("train"), label + ending, probs=probs)
            result.save(next(files))
            results.append(result)
        best = max(table.to_dict("records"), key=score)
        print(f"{label}: strength {best['strength']:g}, validation top-n accuracy {best['top_n_accuracy']:.1%}")
    return results


def show_imbalance(run: Run, data: Data, results: list[Evaluation]) -> None:
    "All results beside each other: table, figure."
    section("Test movies, each with its difference to the first")
    comparison = compare(results, SHOWN)
    print(comparison)
    run.write("imbalance.csv", comparison.metrics.to_csv())
    run.write("imbalance.md", markdown_table(comparison.table().filter(regex="(?<! difference)$")) + "\n")
    run.save_figure(plot_imbalance(comparison.metrics), "imbalance.png")
    run.write("run.json", json.dumps(about(run, data), indent=2) + "\n")  # last: with it the run is finished
    print(f"\nEverything is in {run.folder}: imbalance.md, .csv and .png, and the predictions of each row.")


def plot_imbalance(
    metrics: pd.DataFrame,  # a row a kind of balancing and loss, as fitted and calibrated
    ax: Axes | None = None,  # to draw on; None: on a new figure
) -> Axes:  # a colour a kind of balancing, a mark a loss, filled: calibrated
    "Top-n accuracy against macro recall at n: what balancing gives to rare genres, and what it takes."
    models = [name.split() for name in metrics.index if name != "popularity"]
    colours = {balance: f"C{i}" for i, balance in enumerate(dict.fromkeys(balance for balance, *_ in models))}
    marks = dict(zip(dict.fromkeys(loss for _, loss, *_ in models), cycle(MARKERS), strict=False))
    points = {name: [row[m, "value"] * 100 for m in PLOTTED] for name, row in metrics.iterrows()}
    [ax] = panels(ax, figsize=(8.5, 5.2))
    for balance, loss, *calibrated in models:
        x, y = points[" ".join([balance, loss, *calibrated])]
        style = {"marker": marks[loss], "color": colours[balance], "ms": 9, "ls": ""}
        ax.plot(x, y, **style, mfc=colours[balance] if calibrated else "white", zorder=3)
        if calibrated:
            before = points[f"{balance} {loss}"]
            ax.plot([before[0], x], [before[1], y], color=colours[balance], lw=0.8, alpha=0.6)
    for balance, colour in colours.items():
        ax.plot([], [], "o", color=colour, label=balance)
    for loss, mark in marks.items():
        ax.plot([], [], mark, color="#555", mfc="white", ls="", label=loss)
    ax.plot([], [], "o", color="#555", label="calibrated (hollow: as fitted)")
    if "popularity" in points:
        ax.plot(*points["popularity"], "X", color="#b3261e", ms=11)
        ax.plot([], [], "X", color="#b3261e", label="popularity")
    x, y = (METRICS[metric].heading for metric in PLOTTED)
    ax.set(xlabel=f"{x}, %", ylabel=f"macro {y}, %")
    no_frame(ax)
    figure_of(ax).legend(loc="outside right upper", frameon=False)
    return ax


if __name__ == "__main__":
    command(main, epilog=__doc__)
