"""What was found on a poster, drawn on it: objects with their labels, faces with their expressions."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib import patheffects
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from PIL import Image

from postergenre.data.augment import PosterImage
from postergenre.data.axes import panels
from postergenre.interpret.examples import show_poster
from postergenre.vision.expressions import EXPRESSIONS
from postergenre.vision.objects import Objects
from postergenre.vision.people import People
from postergenre.vision.things import Box

HIGH = 5.0  # inches of a poster
MOST = 10  # colours that are told apart


def plot_objects(
    poster: str | Path | bytes | Image.Image,  # as open_poster
    objects: Objects | None = None,  # None: Objects()
    least: float = 0.25,  # score that is shown
    axes: Sequence[Axes] | None = None,  # two, to draw on; None: on a new figure
) -> np.ndarray:  # the two axes
    "A poster with a box around what its objects' detector is surest of, one a label; beside it labels and scores."
    poster = PosterImage.create(poster)
    found = sorted((objects or Objects()).find(poster), key=lambda thing: -thing.score)
    best = {}
    for thing in found:
        if thing.score >= least:
            best.setdefault(thing.label, thing)
    shown = list(best.values())[:MOST]
    texts = [f"{thing.label} {thing.score:.0%}" for thing in shown]
    return _drawn(poster, [thing.box for thing in shown], texts, f"no object of {least:.0%} or more", axes)


def plot_people(
    poster: str | Path | bytes | Image.Image,  # as open_poster
    people: People | None = None,  # None: People()
    axes: Sequence[Axes] | None = None,  # two, to draw on; None: on a new figure
) -> np.ndarray:  # the two axes
    "A poster with its faces, their eyes, nose and mouth; beside it the two likeliest expressions of each."
    poster, people = PosterImage.create(poster), people or People()
    faces = people.find(poster)
    texts = [_moods(face.expressions) if face.expressions else f"face {face.score:.0%}" for face in faces[:MOST]]
    if more := faces[MOST:]:
        texts[-1] += f"\nand {len(more)} smaller ones"
    axes = _drawn(poster, [face.box for face in faces], texts, people.nothing, axes)
    for face in faces:
        axes[0].plot(
            *np.transpose(face.points) * [[poster.width], [poster.height]],
            "o",
            color="white",
            ms=3,
            mec="black",
            mew=0.5,
        )
    return axes


def _moods(expressions: Sequence[float]) -> str:
    two = np.argsort(expressions)[:-3:-1]
    return "\n".join(f"{EXPRESSIONS[i]} {expressions[i]:.0%}" for i in two if expressions[i] >= 0.1)


def _drawn(poster: Image.Image, boxes: Sequence[Box], texts: Sequence[str], nothing: str, axes) -> np.ndarray:
    "The poster and its boxes; texts stand beside it, in the colours of the first boxes."
    wide = HIGH * float(np.clip(poster.width / poster.height, 0.4, 2))
    axes = ax, beside = panels(axes, 1, 2, figsize=(wide + 2.2, HIGH), width_ratios=[wide, 2])
    show_poster(ax, poster)
    beside.axis("off")
    colors = plt.get_cmap("tab10").colors
    outline = [patheffects.withStroke(linewidth=4, foreground="white")]
    for i, (left, top, right, bottom) in enumerate(boxes):
        corner, size = (left * poster.width, top * poster.height), (right - left, bottom - top)
        style = {"fill": False, "linewidth": 2, "edgecolor": colors[i % MOST], "path_effects": outline}
        ax.add_patch(Rectangle(corner, size[0] * poster.width, size[1] * poster.height, **style))
    y = 1.0
    for i, text in enumerate(texts or [nothing]):
        color = colors[i] if texts else "#555555"
        if texts:
            beside.plot(0.02, y - 0.025, "s", color=color, ms=9, transform=beside.transAxes, clip_on=False)
        beside.text(0.1, y, text, va="top", fontsize=11, parse_math=False, transform=beside.transAxes)
        y -= 0.045 * (text.count("\n") + 1) + 0.025
    return axes
