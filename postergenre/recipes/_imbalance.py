"""Balancing and losses against rare genres: heads on the same frozen network, with and without calibration."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from fastai.learner import Learner
from fastai.torch_core import set_seed
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from postergenre.data.files import write_whole
from postergenre.data.genres import multi_hot
from postergenre.data.loaders import parse_balance
from postergenre.data.progress import progress as progress_bar
from postergenre.evaluation.compare import Comparison, compare
from postergenre.evaluation.evaluate import Evaluation, evaluate
from postergenre.evaluation.figures import METRICS
from postergenre.evaluation.tables import markdown_table
from postergenre.inference.calibrate import fit_calibration, mean_probs
from postergenre.inference.predict import poster_outputs, refuse_unreadable
from postergenre.losses import poster_loss
from postergenre.recipes.runs.run import Run
from postergenre.recipes.runs.setup import section
from postergenre.training.heads import fit_head, score

SHOWN = ("top_n_accuracy", "macro_ap", "recall_at_n", "ece")
STRENGTHS = (2.0, 1.0, 0.5, 0.25, 0.12, 0.06, 0.03)  # down to where focal loss, a twentieth of the others, is at home
CALIBRATED = " calibrated"
MARKERS = "os^Dv<>P"


class ImbalanceRun(Run):
    "Kinds of balancing x losses, each judged as fitted and calibrated."

    def __init__(
        self,
        config: dict,  # the recipe's options. ValueError: an unknown kind of balancing or loss
    ):
        for option in ("balance", "loss"):
            config[option] = list(dict.fromkeys(config[option]))
        for balance in config["balance"]:
            parse_balance(balance)
        for loss in config["loss"]:
            poster_loss(loss, np.array([0.5]))
        super().__init__("imbalance", config)
        self.results: list[Evaluation] = []

    def add(
        self,
        learn: Learner,  # a probe of crops
        movies: pd.DataFrame,  # with the column split
        balance: str,  # what its training crops were balanced by
        judged: dict[str, list[np.ndarray]],  # valid, test: (views, features) of each movie
    ) -> None:
        "Fit a head with each loss, calibrate it on validation, judge both on test."
        set_seed(self.config["seed"], reproducible=True)
        x, y = crop_features(learn)
        sides = {side: movies[movies["split"] == side] for side in judged}
        truth = multi_hot(sides["valid"]["genres"], learn.dls.vocab)
        means = np.stack([rows.mean(0) for rows in judged["valid"]])  # of a linear head, what their mean gives
        for name in self.config["loss"]:
            loss = poster_loss(name, y.mean(0))
            head, table = fit_head(x, y, means, truth, STRENGTHS, loss_func=loss)
            valid, test = (logits_of(head, judged[side]) for side in ("valid", "test"))
            scale, bias = fit_calibration(valid, truth)
            label = f"{balance} {name}"
            for ending, probs in (("", mean_probs(test)), (CALIBRATED, mean_probs(test, scale, bias))):
                train = movies[movies["split"] == "train"]
                result = evaluate(learn, sides["test"], train=train, name=label + ending, probs=probs)
                result.save(self.out / f"{result.name.replace(' ', '-').replace(':', '_')}.csv")
                self.results.append(result)
            best = max((row for _, row in table.iterrows()), key=score)
            print(f"{label}: strength {best['strength']:g}, validation top-n accuracy {best['top_n_accuracy']:.1%}")

    def finish(self) -> Comparison:
        "All results beside each other: table, figure."
        section("Test movies, each with its difference to the first")
        comparison = compare(self.results, SHOWN)
        print(comparison)
        with write_whole(self.out / "imbalance.csv") as whole:
            comparison.metrics.to_csv(whole)
        table = comparison.table()
        plain = table[[c for c in table if not c.endswith(" difference")]]
        self.write("imbalance.md", markdown_table(plain) + "\n")
        self.write("run.json", json.dumps(self.about(), indent=2) + "\n")
        self.save_figure(plot_imbalance(comparison.metrics), "imbalance.png")
        print(f"\nEverything is in {self.out}: imbalance.md, .csv and .png, and the predictions of each row.")
        return comparison


def crop_features(
    learn: Learner,  # a probe
) -> tuple[np.ndarray, np.ndarray]:  # (crops, features), (crops, genres)
    "What the frozen network sees in one epoch of training crops."
    features, targets, loader = [], [], learn.dls.train
    learn.model.to(learn.dls.device)
    with torch.inference_mode():
        for x, y in progress_bar(loader, len(loader)):
            x = x.as_subclass(torch.Tensor).contiguous(memory_format=torch.channels_last)
            features.append(learn.model.features(x).float().cpu().numpy())
            targets.append(y.as_subclass(torch.Tensor).float().cpu().numpy())
    return np.concatenate(features), np.concatenate(targets)


def view_features(
    learn: Learner,  # a probe
    posters: Sequence[str | Path],  # files. ValueError: one cannot be read
) -> list[np.ndarray]:  # (views, features) of each
    "What the frozen network sees in the views with which the learner would predict."
    outputs, errors = poster_outputs(learn, posters, model=learn.model.features)
    refuse_unreadable(posters, errors)
    return outputs


def logits_of(head: torch.nn.Module, views: list[np.ndarray]) -> list[np.ndarray]:
    with torch.inference_mode():
        logits = head(torch.from_numpy(np.concatenate(views))).numpy()
    return np.split(logits, np.cumsum([len(rows) for rows in views])[:-1])


def plot_imbalance(
    metrics: pd.DataFrame,  # of a Comparison
) -> Figure:  # a colour a kind of balancing, a mark a loss, filled where calibrated
    "Top-n accuracy against macro recall at n: what balancing gives to rare genres, and what it takes."
    models = [name for name in metrics.index if name != "popularity"]
    balances, losses = (list(dict.fromkeys(name.split()[i] for name in models)) for i in (0, 1))
    fig, ax = plt.subplots(figsize=(8.5, 5.2), layout="constrained")
    x, y = (metrics[metric, "value"] * 100 for metric in ("top_n_accuracy", "recall_at_n"))
    for name in models:
        balance, loss, *calibrated = name.split()
        colour = f"C{balances.index(balance)}"
        style = {"marker": MARKERS[losses.index(loss) % len(MARKERS)], "color": colour, "ms": 9, "ls": ""}
        ax.plot(x[name], y[name], **style, mfc=colour if calibrated else "white", zorder=3)
        if calibrated:
            before = name.removesuffix(CALIBRATED)
            ax.plot([x[before], x[name]], [y[before], y[name]], color=colour, lw=0.8, alpha=0.6)
    handles = [ax.plot([], [], "o", color=f"C{i}", label=balance)[0] for i, balance in enumerate(balances)]
    handles += [
        ax.plot([], [], MARKERS[i % len(MARKERS)], color="#555", mfc="white", ls="", label=loss)[0]
        for i, loss in enumerate(losses)
    ]
    handles += [ax.plot([], [], "o", color="#555", label="calibrated (hollow: as fitted)")[0]]
    if "popularity" in metrics.index:
        ax.plot(x["popularity"], y["popularity"], "X", color="#b3261e", ms=11)
        handles += [ax.plot([], [], "X", color="#b3261e", label="popularity")[0]]
    ax.set_xlabel(f"{METRICS['top_n_accuracy'][0]}, %")
    ax.set_ylabel(f"macro {METRICS['recall_at_n'][0]}, %")
    ax.spines[["top", "right"]].set_visible(False)
    fig.legend(handles=handles, loc="outside right upper", frameon=False)
    plt.close(fig)
    return fig
