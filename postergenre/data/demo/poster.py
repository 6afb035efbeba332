"""One poster: grounds, motifs, people, lettering, grain."""

from dataclasses import dataclass
from functools import lru_cache
from random import Random

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from postergenre.data.demo import beings, words
from postergenre.data.demo.credits import letter
from postergenre.data.demo.layout import Anchor, Zone, share, spread
from postergenre.data.demo.lettering import LETTERING
from postergenre.data.demo.pen import Pen, mix
from postergenre.data.demo.sheet import Sheet
from postergenre.data.demo.styles import STYLES, Palette, palette_of

WEAK = 0.25  # how often a genre lacks a cue
SCALE = 2  # drawn so many times larger, then reduced: smooth edges


@lru_cache
def _grain(
    strength: int,  # standard deviation
) -> Image.Image:
    "Film grain around middle grey, larger than any poster; each poster shows another part of it."
    noise = np.random.default_rng(0).normal(128, strength, (800, 800)).round().clip(0, 255).astype(np.uint8)
    return Image.fromarray(noise).convert("RGB")


@dataclass(frozen=True)
class Part:
    "One genre's share of a poster."

    genre: str
    palette: Palette
    zone: Zone
    lacks: str | None  # the cue that is missing


def paint(
    genres: list[str],  # known genres, each once, in a fixed order
    key: str,  # the same key, the same poster
    size: tuple[int, int],  # width and height in pixels
    title: str | None = None,  # None: an invented one
    names: list[str] | None = None,  # cast and director; None: invented ones
) -> Image.Image:
    "Draw one poster."
    rng = Random(f"{key} {' '.join(genres)}")
    genres = rng.sample(genres, len(genres))
    title = words.movie_title(rng, genres) if title is None else title
    names = names or [words.person(rng) for _ in range(4)]
    area = (size[0] * SCALE, size[1] * SCALE)
    parts = [
        Part(g, palette_of(g, rng), zone, _missing(rng))
        for g, zone in zip(genres, share(len(genres), *area, rng), strict=True)
    ]
    image = Image.new("RGB", area)
    for part in parts:
        image.paste(_ground(part, area, rng), (0, 0), part.zone.mask)
    draw = ImageDraw.Draw(image, "RGBA")
    _distract(draw, area, rng)
    for part in parts:
        if part.lacks != "scatter":
            _scatter(draw, part, area, rng)
    for part in reversed(parts):
        if part.lacks != "focus":
            _focus(draw, part, rng)
    if rng.random() < 0.35:
        _people(draw, parts, area, rng)
    lead = rng.choice(parts)
    style = LETTERING[rng.choice(STYLES[lead.genre].lettering)]
    anchors = [a for part in parts for a in part.zone.anchors]
    letter(image, title, names, style, (lead.palette.main, lead.palette.second), anchors, rng, SCALE)
    if rng.random() < 0.2:
        edge = round(rng.uniform(4, 9) * SCALE)
        draw.rectangle((0, 0, area[0] - 1, area[1] - 1), None, rng.choice(parts).palette.dark, edge)
    return _finish(image, size, rng)


def _missing(rng: Random) -> str | None:
    "The one cue that a genre may lack, so that a network must learn them all and no poster hides a genre."
    return rng.choice(("texture", "scatter", "focus")) if rng.random() < WEAK else None


def _ground(part: Part, area: tuple[int, int], rng: Random) -> Image.Image:
    "A genre's ground: a gradient, and its texture over it."
    p = part.palette
    a, b = (p.top, p.bottom) if rng.random() < 0.8 else (p.bottom, p.top)
    ramp = Image.new("RGB", (1, 4))
    for i in range(4):
        ramp.putpixel((0, i), mix(a, b, i / 3))
    image = spread(ramp, area)
    if part.lacks != "texture":
        STYLES[part.genre].texture(Sheet(ImageDraw.Draw(image, "RGBA"), *area, SCALE, rng, p.main, p.second, p.dark))
    return image


def _distract(draw: ImageDraw.ImageDraw, area: tuple[int, int], rng: Random) -> None:
    "Shapes that mean nothing."
    for _ in range(rng.randint(0, 4)):
        colour, alpha = tuple(rng.randrange(256) for _ in range(3)), rng.randint(40, 150)
        x, y, r = rng.uniform(0, area[0]), rng.uniform(0, area[1]), rng.uniform(0.04, 0.2) * area[0]
        pen = Pen(draw, x, y, r, colour, colour, colour, rng.uniform(0, 6), alpha)
        shape = rng.choice(("bar", "disc", "triangle"))
        if shape == "bar":
            pen.box(-1, -0.4, 1, 0.4)
        elif shape == "disc":
            pen.disc(0, 0, 1)
        else:
            pen.star(0, 0, 1, 0.6, 3)


def _scatter(draw: ImageDraw.ImageDraw, part: Part, area: tuple[int, int], rng: Random) -> None:
    "A genre's small motifs, all over."
    for _ in range(rng.randint(6, 11)):
        anchor = (rng.uniform(0, area[0]), rng.uniform(0, area[1]), rng.uniform(0.04, 0.09) * area[0])
        rng.choice(STYLES[part.genre].motifs)(_pen(draw, anchor, part.palette, rng, 0.5, rng.randint(150, 255)))


def _focus(draw: ImageDraw.ImageDraw, part: Part, rng: Random) -> None:
    "A genre's large motifs."
    motif = rng.choice(STYLES[part.genre].motifs)
    anchors = part.zone.anchors
    for x, y, r in anchors:
        if len(anchors) > 2 and rng.random() < 0.3:
            continue
        motif(_pen(draw, (x, y, r * rng.uniform(0.8, 1.05)), part.palette, rng, 0.12))
        if rng.random() < 0.3:
            motif = rng.choice(STYLES[part.genre].motifs)


def _pen(
    draw: ImageDraw.ImageDraw, anchor: Anchor, palette: Palette, rng: Random, turn: float, alpha: int = 255
) -> Pen:
    "A pen in a genre's colours, turned a little."
    return Pen(draw, *anchor, palette.main, palette.second, palette.dark, rng.gauss(0, turn), alpha, rng)


def _people(draw: ImageDraw.ImageDraw, parts: list[Part], area: tuple[int, int], rng: Random) -> None:
    "Heads and shoulders along the foot, as on most real posters."
    width, height = area
    number = rng.randint(1, 3)
    for i in range(number):
        dark = rng.choice(parts).palette.dark
        skin = rng.choice(((236, 188, 154), (198, 134, 96), (141, 85, 54), (255, 219, 186), (90, 56, 37)))
        x = width * (i + 0.5) / number + rng.uniform(-0.05, 0.05) * width
        y, r = height * rng.uniform(0.72, 0.82), width * rng.uniform(0.14, 0.24)
        beings.bust(Pen(draw, x, y, r, skin, mix(skin, dark, 0.45), dark, rng.gauss(0, 0.06), 255, rng))


def _finish(image: Image.Image, size: tuple[int, int], rng: Random) -> Image.Image:
    "Reduce, then age: grain, and colours that have faded."
    image = image.reduce(SCALE)
    if rng.random() < 0.15:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.4, 0.9)))
    x, y = rng.randrange(200), rng.randrange(200)
    grain = _grain(rng.randint(1, 5)).crop((x, y, x + size[0], y + size[1]))
    image = ImageChops.add(image, grain, 1, -128)
    contrast, light = rng.uniform(0.82, 1.08), rng.uniform(-14, 14)
    table: list[int] = []
    for gain in (rng.uniform(0.93, 1.07) for _ in range(3)):
        table += [round(min(255, max(0, gain * ((v - 128) * contrast + 128 + light)))) for v in range(256)]
    return image.point(table)
