"""Posters with their true and predicted genres."""

import textwrap
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from PIL import Image

from postergenre.data.axes import passed
from postergenre.data.posters import open_poster

RIGHT, WRONG = "#00695c", "#b3361e"  # told apart by colour-blind readers; the marks ✓ and ✗ say it too
LINE = 0.165  # inches from one line of text to the next
PICTURE = (2.0, 3.0)  # inches that a poster may take: width, height
Top = list[tuple[str, float, bool]]  # genres of a movie, the most probable first: name, probability, whether right
GAP = 0.2  # inches between two posters


def plot_examples(
    movies: pd.DataFrame,  # columns poster, genres, title
    probs: np.ndarray,  # (movies, genres)
    vocab: Sequence[str],  # names of the columns of probs
    n: int = 12,  # posters shown at random
    seed: int = 42,  # which ones
    rows: Sequence[int] | None = None,  # these rows of movies, in this order, instead of n at random
    notes: Sequence[str] | None = None,  # a short line below the predictions of each of `rows`
    axes: Sequence[Axes] | None = None,  # one a poster, to draw on; None: on a new figure
) -> np.ndarray:  # title and true genres above each poster, below it the top n (n = number of true genres)
    "Posters with the truth and the predictions with their probabilities."
    chosen = np.random.default_rng(seed).permutation(len(movies))[:n] if rows is None else np.asarray(rows, dtype=int)
    if not len(chosen):
        raise ValueError("There are no posters to show; pass movies, and n from 1")
    notes = [""] * len(chosen) if notes is None else notes
    shown = list(movies[["poster", "title", "genres"]].iloc[chosen].itertuples(index=False))
    heads = [
        (textwrap.wrap(str(m.title), 24, max_lines=2, placeholder=" …"), textwrap.wrap(", ".join(m.genres), 27))
        for m in shown
    ]
    below = max(len(movie.genres) for movie in shown) + any(notes)
    above = max(sum(map(len, head)) for head in heads)
    axes = _poster_axes(len(chosen), above, below) if axes is None else passed(axes, len(chosen))
    for ax, movie, (title, truth), i, note in zip(axes, shown, heads, chosen, notes, strict=True):
        show_poster(ax, open_poster(movie.poster))
        write_beside(ax, truth, above=True)
        write_beside(ax, title, above=True, skip=len(truth), weight="bold")
        for line, (genre, prob, right) in enumerate(top_genres(probs[i], movie.genres, vocab)):
            write_mark(ax, f"{genre} {prob:.0%}", right, line)
        write_beside(ax, [note] if note else [], skip=len(movie.genres), color="#555555")
    return axes


def top_genres(probs: np.ndarray, truth: Sequence[str], vocab: Sequence[str]) -> Top:
    "As many of the most probable genres of a movie (probs: (genres,), named by vocab) as it has true ones."
    top = np.argsort(-probs, kind="stable")[: len(truth)]
    return [(vocab[i], float(probs[i]), vocab[i] in truth) for i in top]


def write_mark(ax: Axes, text: str, right: bool, skip: int = 0) -> None:
    "A prediction below axes, marked as right or wrong."
    write_beside(ax, [f"{'✓' if right else '✗'} {text}"], skip=skip, color=RIGHT if right else WRONG)


def show_poster(ax: Axes, image: Image.Image) -> None:
    "A poster in a thin frame, which white posters need."
    ax.imshow(image)
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set(color="#bbbbbb", linewidth=0.5)


def write_beside(ax: Axes, lines: Sequence[str], above: bool = False, skip: int = 0, **style) -> None:
    "Centred text above or below axes after `skip` lines already there; a dollar sign stays one and starts no formula."
    for i, text in enumerate(reversed(lines) if above else lines):
        offset = (3 + (skip + i) * LINE * 72) * (1 if above else -1)
        style |= {"ha": "center", "va": "bottom" if above else "top", "fontsize": 8.5, "parse_math": False}
        ax.annotate(text, (0.5, above), (0, offset), "axes fraction", "offset points", **style)


def _poster_axes(n: int, above: int, below: int) -> np.ndarray:
    "Axes for n posters in rows of six, with room for so many lines of text above and below each."
    columns = min(n, 6)
    cell = (PICTURE[0] + GAP, (above + below) * LINE + PICTURE[1] + GAP)
    size = (columns * cell[0], -(-n // columns) * cell[1])
    fig = plt.figure(figsize=size)
    axes = []
    for i in range(n):
        row, column = divmod(i, columns)
        left, top = column * cell[0] + GAP / 2, row * cell[1] + GAP / 2 + above * LINE
        box = (left / size[0], 1 - (top + PICTURE[1]) / size[1], PICTURE[0] / size[0], PICTURE[1] / size[1])
        axes.append(fig.add_axes(box, anchor="S"))
    return np.array(axes, dtype=object)
