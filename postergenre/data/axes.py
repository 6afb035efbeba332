"""Where plots draw: on a new figure, then pyplot's current one, or on the axes passed, as fastai's and pandas' do.

Axes are returned, not figures: a notebook would show a figure that is returned and open twice.
"""

import textwrap
from collections.abc import Iterable, Sequence

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure


def panels(
    axes: Axes | Sequence[Axes] | None,  # that were passed; None: a new figure
    rows: int = 1,
    columns: int = 1,
    **kwargs,  # of plt.subplots, for a new figure
) -> np.ndarray:  # (rows x columns,) axes. ValueError: others are passed than so many
    "Axes to draw on, row by row."
    if axes is None:
        return plt.subplots(rows, columns, squeeze=False, **{"layout": "constrained"} | kwargs)[1].ravel()
    return passed(axes, rows * columns)


def passed(axes: Axes | Sequence[Axes], n: int) -> np.ndarray:  # (n,). ValueError: they are others than n
    "Axes that were passed, in a row."
    axes = np.ravel(np.asarray(axes, dtype=object))
    if len(axes) != n or not all(isinstance(ax, Axes) for ax in axes):
        said = f"{len(axes)} axes were passed, but {n} are needed"
        raise ValueError(f"{said}, for example fig, axes = plt.subplots(1, {n})")
    return axes


def show_posters(
    images: Iterable,  # as fastai decodes them
    texts: Iterable[Sequence[str]],  # lines of each; long ones are wrapped
    axes: Sequence[Axes] | None = None,  # to draw on, as many as there are; None: on a new figure
    nrows: int | None = None,
    ncols: int | None = None,
    figsize: tuple[float, float] | None = None,  # inches
) -> np.ndarray:  # axes, one a poster
    "Posters beside each other with their lines."
    shown = list(zip(images, texts, strict=True))[: nrows * ncols if nrows and ncols else None]
    if axes is None:
        ncols = ncols or (-(-len(shown) // nrows) if nrows else min(len(shown), 5))
        nrows = nrows or -(-len(shown) // ncols)
        axes = panels(None, nrows, ncols, figsize=figsize or (2.6 * ncols, 3.1 * nrows))
        for ax in axes[len(shown) :]:
            ax.axis("off")
    axes = np.ravel(axes)[: len(shown)]
    for (image, lines), ax in zip(shown, axes, strict=False):
        image.show(ctx=ax)
        ax.set_title("\n".join(part for line in lines for part in textwrap.wrap(line, 22)), fontsize=9)
        ax.axis("off")
    return axes


def figure_of(axes: Axes | Sequence[Axes]) -> Figure:
    "The figure on which a plot was drawn."
    return np.ravel(np.asarray(axes, dtype=object))[0].get_figure(root=True)


def no_frame(ax: Axes) -> None:
    "Axes without the lines above and on the right."
    ax.spines[["top", "right"]].set_visible(False)
