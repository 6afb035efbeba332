"""Where on a poster a genre is seen: by Grad-CAM, or the lines of text that count, as the learner looks at it."""

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from PIL import Image

from postergenre.data.augment import PosterImage
from postergenre.data.axes import figure_of, panels
from postergenre.data.reading import as_movie
from postergenre.interpret.examples import show_poster


def gradcam(
    learn,  # a PosterLearner or PosterEnsemble, trained or loaded; left as it was
    image,  # a poster: file, bytes or PIL image; or a row of a table of movies
    genre: str,  # one of learn.dls.vocab
    layer: str | None = None,  # name in learn.model.named_modules(); None: as `vision.maps.target_layer`
) -> np.ndarray:  # (height, width) of the poster, float32 from 0 to 1. ValueError: unknown genre or layer
    """Where on the poster the learner finds evidence for a genre; 1 is the strongest place of this poster.

    All zero when nothing speaks for the genre. A learner of crops looks at those that `predict_posters` looks at and at
    those half-way between; their heat is blended. Posters over three crops high or wide stay zero where none looks.
    A learner of words: the boxes of lines, as warm as the log-odds that they add. An ensemble: its heaviest member.
    """
    return learn.explain(image, genre, layer).heat[0]


def plot_gradcam(
    learn,  # a PosterLearner or PosterEnsemble, trained or loaded; left as it was
    image,  # a poster: file, bytes or PIL image; or a row of a table of movies
    genres: str | Sequence[str] | None = None,  # one or several; None: the three most probable
    layer: str | None = None,  # as in `gradcam`
    title: str = "",  # above the poster
    truth: Sequence[str] = (),  # the poster's true genres, below the title
    axes: Sequence[Axes] | None = None,  # one, and one more a genre, to draw on; None: on a new figure
) -> np.ndarray:  # the axes of the poster and of each genre; the colour bar has its own
    "A poster, and beside it the heat of each genre over it, with the genre's probability."
    movie = as_movie(image)
    poster = movie["poster"] = PosterImage.create(movie.get("poster"))
    found = learn.explain(movie, genres, layer)
    n = len(found.heat) + 1
    ratio = np.clip(poster.height / poster.width, 0.4, 3)
    wide = 2.6 * min(1, 1.8 / ratio)
    axes = panels(axes, 1, n, figsize=(wide * n + 0.8, wide * ratio + 0.8))
    head = [*textwrap.wrap(title, 26, max_lines=2, placeholder=" …"), *textwrap.wrap(", ".join(truth), 26)]
    show_poster(axes[0], poster)
    axes[0].set_title("\n".join(head) or "Poster", fontsize=10, parse_math=False)
    for ax, heat, (genre, prob) in zip(axes[1:], found.heat, found.probs.items(), strict=True):
        show_poster(ax, heated(poster, heat))
        ax.set_title(f"{genre} {prob:.0%}" + ("" if heat.any() else "\nno evidence for it"), fontsize=10)
    place = {"fraction": 0.02, "shrink": 0.6, "aspect": 25, "pad": 0.01}
    bar = figure_of(axes).colorbar(plt.cm.ScalarMappable(cmap="inferno"), ax=axes, ticks=[0, 1], **place)
    bar.ax.set_yticklabels(["no\nevidence", "most"], fontsize=8)
    return axes


def heated(
    poster: Image.Image,
    heat: np.ndarray,  # (height, width) of the poster, 0 to 1
) -> Image.Image:  # RGB, of the same size
    "A poster, grey and dark or heat would fade on white, under its heat: where it is cold, it stays readable."
    dark = np.asarray(poster.convert("L"), dtype=np.float32)[..., None] * 0.75
    colors, alpha = plt.get_cmap("inferno")(heat, bytes=True)[..., :3], 0.75 * heat[..., None]
    return Image.fromarray((alpha * colors + (1 - alpha) * dark).round().astype(np.uint8))
