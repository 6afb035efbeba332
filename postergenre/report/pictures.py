"""Pictures as they stand in a self-contained page: figures and posters as data URIs, each with its alt text."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib
import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from PIL import Image

from postergenre.data.axes import figure_of
from postergenre.data.posters import open_poster
from postergenre.inference.ensemble import PosterEnsemble
from postergenre.interpret.examples import Top, top_genres
from postergenre.modality import WHOLE, Explanation
from postergenre.training.learner import PosterLearner


@dataclass
class Picture:
    "A picture inside the page."

    uri: str  # data URI
    alt: str  # what a reader who does not see it should know
    narrow: str | None = None  # data URI of a version for narrow screens, its panels below each other


@dataclass
class Card:
    "A poster with its title, its genres, what the model said and, if it was asked, where it saw that."

    picture: Picture
    title: str
    truth: list[str]
    top: Top  # the n most probable genres; with found: its genres
    heats: list[tuple[Picture, list[str]]] = ()  # of each of top: its heat over the poster, what speaks most for it
    found: Explanation | None = None


def chart(axes, alt: str, stack: bool = False) -> Picture:
    "A plot for the page, as SVG, sharp at any size, and closed; stack: narrow screens see its panels below each other."
    figure = figure_of(axes)
    picture = Picture(_svg(figure), alt)
    if stack:
        panels, (width, height) = figure.axes, figure.get_size_inches()
        for panel, place in zip(panels, figure.add_gridspec(len(panels), 1), strict=True):
            panel.set_subplotspec(place)
            panel.tick_params(labelleft=True)
        figure.set_size_inches(width / len(panels), height * len(panels))
        picture.narrow = _svg(figure)
    plt.close(figure)
    return picture


def cards(movies: pd.DataFrame, probs: np.ndarray, vocab: Sequence[str], chosen: Sequence[int]) -> list[Card]:
    "Posters of the chosen rows with their true genres and the n most probable ones, n being the number of true genres."
    out = []
    for i in chosen:
        movie = movies.iloc[i]
        title, truth = named(movie), movie["genres"]
        picture = _picture(open_poster(movie["poster"]), f"Poster of {title}")
        out.append(Card(picture, title, list(truth), top_genres(probs[i], truth, vocab)))
    return out


def heat_cards(learn: PosterLearner | PosterEnsemble, movies: pd.DataFrame) -> list[Card]:
    "What of movies, with all that the learner looks at, speaks for their most probable genres."
    out = []
    for _, movie in movies.iterrows():
        title, truth, image, found = named(movie), movie["genres"], open_poster(movie["poster"]), learn.explain(movie)
        top = [(genre, p, genre in truth) for genre, p in found.probs.items()]
        heats = [
            (_picture(warm(image, heat), f"Heat map of {genre} over {title}"), strongest(found.parts, genre))
            for heat, genre in zip(found.heat, found.probs, strict=True)
        ]
        out.append(Card(_picture(image, f"Poster of {title}"), title, list(truth), top, heats, found))
    return out


def strongest(parts: pd.DataFrame, genre: str) -> list[str]:  # e.g. "Night of Terror +1.2"
    "The three of Explanation.parts that add most to the log-odds of a genre."
    most = parts.assign(added=parts[genre].astype(float)).nlargest(3, "added").query("added > 0.05")
    return [f"{r.modality} {r.part} {r.added:+.1f}" if r.part == WHOLE else f"{r.part} {r.added:+.1f}"
            for r in most.itertuples()]  # fmt: skip


def warm(image: Image.Image, heat: np.ndarray) -> Image.Image:
    "A grey poster under its heat ((height, width), 0 to 1), clear where it is cold, as plot_gradcam draws it."
    grey = np.asarray(image.convert("L"), dtype=float)[..., None]
    share = np.clip(heat * 1.6, 0, 0.8)[..., None]
    colours = matplotlib.colormaps["inferno"](heat)[..., :3] * 255
    return Image.fromarray(((1 - share) * grey + share * colours).astype(np.uint8))


def named(movie: pd.Series) -> str:
    "A movie's title, with its year if known."
    year = movie.get("year")
    return str(movie["title"]) if year is None or pd.isna(year) else f"{movie['title']} ({year})"


def _picture(image: Image.Image, alt: str) -> Picture:
    out, small = io.BytesIO(), image.copy()
    small.thumbnail((240, 360))
    small.save(out, "JPEG", quality=80, optimize=True)
    return Picture(_uri("image/jpeg", out.getvalue()), alt)


def _svg(figure: Figure) -> str:
    out = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "postergenre"}):  # the same figure, the same bytes
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None})
    return _uri("image/svg+xml", out.getvalue())


def _uri(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"
