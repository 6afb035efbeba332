"""What posters of a genre have in common: colours, brightness, saturation, and the most typical posters."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from PIL import Image, ImageCms
from sklearn.cluster import MiniBatchKMeans

from postergenre.data.axes import passed
from postergenre.data.genres import multi_hot, vocab_of
from postergenre.data.posters import open_poster
from postergenre.data.progress import progress as progress_bar
from postergenre.evaluation.predictions import Predictions, rows_of
from postergenre.interpret.examples import show_poster, write_mark

THUMB = 24  # pixels a side: enough for colours, and a thousand posters fit in 2 MB
PIXELS = 20_000  # of a genre, at random: its shares are then right to half a percent
TO_LAB = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")


def genre_palette(
    movies: pd.DataFrame,  # columns poster, genres
    n_colors: int = 5,  # of the palette
    most: int = 300,  # posters looked at of each genre, taken at random
    seed: int = 42,  # of the choice and of k-means
    progress: bool | None = None,  # a bar; None: in a terminal or notebook
    vocab: Sequence[str] | None = None,  # None: the movies' own
) -> pd.DataFrame:  # by genre: movies, posters (looked at), brightness, saturation (0 to 1), palette (hex), shares
    """The colours of each genre's posters, its brightness and saturation. Genres without movies are left out.

    The palette: k-means over the pixels of small thumbnails in CIE Lab, where distances are as the eye sees them; a
    colour is the mean of its pixels, the most frequent first, with its share. Brightness is Lab's lightness / 100,
    saturation that of HSV, each the mean over posters. Errors as in `open_poster`.
    """
    vocab = list(vocab_of(movies) if vocab is None else vocab)
    labels = multi_hot(movies["genres"], vocab).astype(bool)
    rng = np.random.default_rng(seed)
    having = {genre: np.flatnonzero(column) for genre, column in zip(vocab, labels.T, strict=True) if column.any()}
    chosen = {genre: rng.permutation(indices)[:most] for genre, indices in having.items()}
    used = np.unique(np.concatenate(list(chosen.values()))) if chosen else []
    posters = movies["poster"].tolist()
    small = (THUMB, THUMB), Image.Resampling.BOX
    thumbs = {i: np.asarray(open_poster(posters[i]).resize(*small)) for i in progress_bar(used, len(used), progress)}
    rows = {}
    for genre, indices in chosen.items():
        pictures = [thumbs[i] for i in indices]
        pixels = rng.permutation(np.concatenate(pictures).reshape(-1, 3))[:PIXELS]
        colors, shares = palette(pixels, n_colors, seed)
        rows[genre] = {
            "movies": len(having[genre]),
            "posters": len(indices),
            "brightness": float(np.mean([_lab(p)[..., 0].mean() / 100 for p in pictures])),
            "saturation": float(np.mean([Image.fromarray(p).convert("HSV").getchannel("S") for p in pictures]) / 255),
            "palette": [to_hex(c / 255) for c in colors],
            "shares": shares.round(4).tolist(),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("genre")


def palette(pixels: np.ndarray, n_colors: int = 5, seed: int = 42) -> tuple[np.ndarray, np.ndarray]:
    """The main colours of pixels ((n, 3) uint8 RGB), by k-means in CIE Lab, at most `n_colors`, and their shares.

    Both the most frequent first, (colours, 3) RGB from 0 to 255 and (colours,).
    """
    n = min(n_colors, len(np.unique(pixels, axis=0)))
    nearest = MiniBatchKMeans(n, random_state=seed, n_init=3, batch_size=4096).fit_predict(_lab(pixels[None])[0])
    counts = np.bincount(nearest, minlength=n)
    order = [i for i in np.argsort(-counts, kind="stable") if counts[i]]
    return np.array([pixels[nearest == i].mean(0) for i in order]), counts[order] / len(pixels)


def plot_genre_look(
    movies: pd.DataFrame,  # columns id, poster, genres
    evaluation: Predictions | np.ndarray,  # a result that holds these movies, or probabilities (movies, genres)
    genres: str | Sequence[str] | None = None,  # None: all that occur
    k: int = 6,  # posters a genre
    look: pd.DataFrame | None = None,  # from genre_palette; None: of these movies
    axes: Sequence[Axes] | None = None,  # k + 2 a genre, to draw on; None: on a new figure
) -> np.ndarray:  # (genres, k + 2) axes: the palette, brightness and saturation, then the posters
    "A row a genre: palette, brightness, saturation, and the posters with its highest probability (✓: true)."
    vocab = evaluation.vocab if isinstance(evaluation, Predictions) else vocab_of(movies)
    look = genre_palette(movies, vocab=vocab) if look is None else look
    genres = [genres] if isinstance(genres, str) else list(look.index if genres is None else genres)
    if not genres:
        raise ValueError("None of these movies has a genre; pass others, or genres=")
    if unknown := [g for g in genres if g not in look.index]:
        raise ValueError(f"No movie here has the genre {unknown[0]!r}; there are: {', '.join(look.index)}")
    if isinstance(evaluation, Predictions):
        probs = evaluation.probs[rows_of(evaluation.ids, movies["id"], "the result")]
    elif (probs := np.asarray(evaluation)).shape != (len(movies), len(vocab)):
        raise ValueError(f"The probabilities have the shape {probs.shape}, not {(len(movies), len(vocab))}")
    posters = movies["poster"].tolist()
    labels = multi_hot(movies["genres"], vocab).astype(bool)
    k = min(k, len(movies))
    axes = _look_axes(len(genres), k) if axes is None else passed(axes, len(genres) * (k + 2))
    axes = axes.reshape(len(genres), k + 2)
    for ax, text, rise in ((axes[0, 0], "palette", 26), (axes[0, 2], "most probable posters, ✓ if true", 8)):
        ax.annotate(text, (0, 1), (0, rise), "axes fraction", "offset points", fontsize=10, color="#555555")
    for (left, middle, *rest), genre in zip(axes, genres, strict=True):
        about, column = look.loc[genre], list(vocab).index(genre)
        beside = {"xycoords": "axes fraction", "textcoords": "offset points"}
        left.annotate(genre, (0, 0.5), (-90, 4), fontsize=11, weight="bold", **beside)
        left.annotate(f"{about['movies']:,} movies", (0, 0.5), (-90, -8), fontsize=9, **beside)
        _draw_palette(left, about["palette"], about["shares"])
        _draw_bars(middle, about[["brightness", "saturation"]])
        for ax, best in zip(rest, np.argsort(-probs[:, column], kind="stable"), strict=False):
            show_poster(ax, open_poster(posters[best]))
            ax.set_anchor("S")
            write_mark(ax, f"{probs[best, column]:.0%}", labels[best, column])
    return axes


def _look_axes(genres: int, k: int) -> np.ndarray:
    "Axes in rows: a palette, bars, k posters."
    top, row = 0.55, 1.6
    width, height = 5.5 + 1.0 * max(k, 3), top + row * genres
    fig = plt.figure(figsize=(width, height))
    boxes = [(1.35, 0.25, 2.1, 0.8), (3.75, 0.25, 1.3, 0.8), *((5.4 + j, 0, 0.9, 1.3) for j in range(k))]  # in inches
    axes = [
        fig.add_axes((left / width, 1 - (top + i * row + down + high) / height, wide / width, high / height))
        for i in range(genres)
        for left, down, wide, high in boxes
    ]
    return np.array(axes, dtype=object)


def _draw_palette(ax: Axes, colors: Sequence[str], shares: Sequence[float]) -> None:
    starts = np.cumsum([0, *shares[:-1]])
    ax.barh(0, shares, left=starts, color=colors, height=1)
    for start, share in zip(starts, shares, strict=True):
        if share >= 0.12:
            place = (start + share / 2, -0.62)
            ax.annotate(f"{share:.0%}", place, ha="center", va="top", fontsize=8, annotation_clip=False)
    ax.set(xlim=(0, sum(shares)), ylim=(-0.5, 0.5))
    ax.axis("off")


def _draw_bars(ax: Axes, values: pd.Series) -> None:
    ax.barh([1, 0], [1, 1], color="#eeeeee", height=0.4)
    ax.barh([1, 0], values, color=["#e69f00", "#0072b2"], height=0.4)
    for y, (name, value) in zip((1, 0), values.items(), strict=True):
        ax.text(0, y + 0.28, f"{name} {value:.2f}", va="bottom", fontsize=9)
    ax.set(xlim=(0, 1), ylim=(-0.3, 1.7))
    ax.axis("off")


def _lab(pixels: np.ndarray) -> np.ndarray:
    "(height, width, 3) uint8 RGB as CIE Lab: lightness from 0 to 100, a and b from -128 to 127."
    lab = np.asarray(ImageCms.applyTransform(Image.fromarray(pixels), TO_LAB))
    lightness = lab[..., :1].astype(np.float32) * (100 / 255)
    return np.concatenate([lightness, lab[..., 1:].view(np.int8).astype(np.float32)], axis=-1)
