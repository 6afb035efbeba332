"""Pictures of a run: curves, and posters with their true and predicted genres."""

import textwrap
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from postergenre.metrics import top_n_mask
from postergenre.posters import open_poster

RIGHT, WRONG = "#2a7f3f", "#b3261e"


def plot_curves(
    history: pd.DataFrame,  # fastai's CSVLogger file: epoch, train_loss, valid_loss, top_n_accuracy, macro_ap
) -> Figure:
    "Losses and validation figures by epoch."
    fig, axes = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    marker = "o" if len(history) < 30 else None
    for column, label in (("train_loss", "training"), ("valid_loss", "validation")):
        axes[0].plot(history["epoch"], history[column], marker=marker, label=label)
    for column, label in (("top_n_accuracy", "top-n accuracy"), ("macro_ap", "macro average precision")):
        if column in history:
            axes[1].plot(history["epoch"], history[column], marker=marker, label=label)
    for ax, title in zip(axes, ("Loss (binary cross-entropy)", "Validation figures"), strict=True):
        ax.set(title=title, xlabel="epoch")
        ax.xaxis.set_major_locator(plt.MaxNLocator(integer=True))
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(frameon=False)
    plt.close(fig)
    return fig


def plot_examples(
    movies: pd.DataFrame,  # columns poster, genres, title
    probs: np.ndarray,  # (movies, genres)
    vocab: Sequence[str],  # names of the columns of probs
    n: int = 12,  # posters shown
    seed: int = 42,  # which ones
    columns: int = 6,
) -> Figure:
    "Posters at random, with the truth and the top n predictions (n = number of true genres) with their probabilities."
    chosen = np.random.default_rng(seed).permutation(len(movies))[:n]
    rows = -(-len(chosen) // columns)
    fig, axes = plt.subplots(rows, columns, figsize=(2.3 * columns, 4.4 * rows), layout="constrained", squeeze=False)
    for ax in axes.flat:
        ax.axis("off")
    for ax, i in zip(axes.flat, chosen, strict=False):
        movie = movies.iloc[i]
        draw_prediction(ax, open_poster(movie["poster"]), movie["title"], movie["genres"], probs[i], vocab)
    plt.close(fig)
    return fig


def draw_prediction(ax, image, title: str, truth: Sequence[str], probs: np.ndarray, vocab: Sequence[str]) -> None:
    "One poster with its title and truth above, and the top n predictions below, right ones in green."
    ax.imshow(image)
    ax.axis("off")
    # A dollar sign would start a formula.
    head = [*textwrap.wrap(str(title).replace("$", r"\$"), 24)[:2], *textwrap.wrap(", ".join(truth), 28)]
    ax.set_title("\n".join(head), fontsize=8)
    top = np.flatnonzero(top_n_mask(probs[None], len(truth))[0])
    for line, genre in enumerate(top[np.argsort(-probs[top], kind="stable")]):
        right = vocab[genre] in truth
        mark = "✓" if right else "✗"
        ax.annotate(
            f"{mark} {vocab[genre]} {probs[genre]:.0%}",
            (0.5, -0.02),
            (0, -4 - 11 * line),
            xycoords="axes fraction",
            textcoords="offset points",
            ha="center",
            va="top",
            fontsize=8,
            color=RIGHT if right else WRONG,
        )
