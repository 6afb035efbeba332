"""One poster: grounds, motifs, people, lettering, grain."""

from functools import lru_cache
from random import Random

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from postergenre._demo import beings, words
from postergenre._demo.layout import Zone, share, spread
from postergenre._demo.lettering import LETTERING, set_title
from postergenre._demo.pen import Pen, luminance, mix
from postergenre._demo.sheet import Sheet
from postergenre._demo.styles import STYLES, Palette, palette_of

WEAK = 0.3  # how often a genre lacks a cue
TITLE_TOPS = (0.05, 0.08, 0.4, 0.6, 0.64, 0.68)  # as a share of the height
SCALE = 2  # drawn so many times larger, then reduced: smooth edges


@lru_cache
def _grain(
    strength: int,  # standard deviation
) -> Image.Image:
    "Film grain around middle grey, larger than any poster; each poster shows another part of it."
    noise = np.random.default_rng(0).normal(128, strength, (800, 800)).round().clip(0, 255).astype(np.uint8)
    return Image.fromarray(noise).convert("RGB")


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
    width, height = size[0] * SCALE, size[1] * SCALE
    palettes = [palette_of(g, rng) for g in genres]
    zones = share(len(genres), width, height, rng)
    image = Image.new("RGB", (width, height))
    # a genre lacks at most one of its cues, so that a network must learn them all and no poster hides a genre
    missing = [rng.choice(("texture", "scatter", "focus")) if rng.random() < WEAK else None for _ in genres]
    parts = list(zip(genres, palettes, zones, missing, strict=True))
    for genre, palette, zone, lacks in parts:
        ground = _ground(genre, palette, lacks != "texture", width, height, rng)
        image.paste(ground, (0, 0), zone.mask)
    draw = ImageDraw.Draw(image, "RGBA")
    _distract(draw, width, height, rng)
    for genre, palette, _, lacks in parts:
        if lacks != "scatter":
            _scatter(draw, genre, palette, width, height, rng)
    for genre, palette, zone, lacks in reversed(parts):
        if lacks != "focus":
            _focus(draw, genre, palette, zone, rng)
    if rng.random() < 0.35:
        _people(draw, palettes, width, height, rng)
    _letter(image, title, names, genres, palettes, zones, rng)
    if rng.random() < 0.2:
        edge = round(rng.uniform(4, 9) * SCALE)
        ImageDraw.Draw(image).rectangle((0, 0, width - 1, height - 1), None, rng.choice(palettes).dark, edge)
    return _finish(image, size, rng)


def _ground(genre: str, palette: Palette, textured: bool, width: int, height: int, rng: Random) -> Image.Image:
    "A genre's ground: a gradient, and its texture over it."
    a, b = (palette.top, palette.bottom) if rng.random() < 0.8 else (palette.bottom, palette.top)
    ramp = Image.new("RGB", (1, 4))
    for i in range(4):
        ramp.putpixel((0, i), mix(a, b, i / 3))
    image = spread(ramp, (width, height))
    if textured:
        sheet = Sheet(
            ImageDraw.Draw(image, "RGBA"), width, height, SCALE, rng, palette.main, palette.second, palette.dark
        )
        STYLES[genre].texture(sheet)
    return image


def _distract(draw: ImageDraw.ImageDraw, width: int, height: int, rng: Random) -> None:
    "Shapes that mean nothing."
    for _ in range(rng.randint(0, 4)):
        colour = (*(rng.randrange(256) for _ in range(3)), rng.randint(40, 150))
        x, y, r = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(0.04, 0.2) * width
        pen = Pen(draw, x, y, r, colour, colour, colour, rng.uniform(0, 6), colour[3])
        rng.choice((lambda p: p.box(-1, -0.4, 1, 0.4), lambda p: p.disc(0, 0, 1), lambda p: p.star(0, 0, 1, 0.6, 3)))(
            pen
        )


def _scatter(draw: ImageDraw.ImageDraw, genre: str, palette: Palette, width: int, height: int, rng: Random) -> None:
    "A genre's small motifs, all over."
    for _ in range(rng.randint(4, 9)):
        r = rng.uniform(0.035, 0.075) * width
        pen = _pen(draw, rng.uniform(0, width), rng.uniform(0, height), r, palette, rng, 0.5, rng.randint(150, 255))
        rng.choice(STYLES[genre].motifs)(pen)


def _focus(draw: ImageDraw.ImageDraw, genre: str, palette: Palette, zone: Zone, rng: Random) -> None:
    "A genre's large motifs."
    motif = rng.choice(STYLES[genre].motifs)
    for x, y, r in zone.anchors:
        if len(zone.anchors) > 2 and rng.random() < 0.3:
            continue
        motif(_pen(draw, x, y, r * rng.uniform(0.8, 1.05), palette, rng, 0.12))
        if rng.random() < 0.3:
            motif = rng.choice(STYLES[genre].motifs)


def _pen(
    draw: ImageDraw.ImageDraw,
    x: float,
    y: float,
    r: float,
    palette: Palette,
    rng: Random,
    turn: float,
    alpha: int = 255,
) -> Pen:
    "A pen in a genre's colours, turned a little."
    return Pen(draw, x, y, r, palette.main, palette.second, palette.dark, rng.gauss(0, turn), alpha, rng)


def _people(draw: ImageDraw.ImageDraw, palettes: list[Palette], width: int, height: int, rng: Random) -> None:
    "Heads and shoulders along the foot, as on most real posters."
    number = rng.randint(1, 3)
    for i in range(number):
        palette = rng.choice(palettes)
        r = width * rng.uniform(0.14, 0.24)
        x = width * (i + 0.5) / number + rng.uniform(-0.05, 0.05) * width
        skin = rng.choice(((236, 188, 154), (198, 134, 96), (141, 85, 54), (255, 219, 186), (90, 56, 37)))
        shade = mix(skin, palette.dark, 0.45)
        beings.bust(
            Pen(draw, x, height * rng.uniform(0.72, 0.82), r, skin, shade, palette.dark, rng.gauss(0, 0.06), 255, rng)
        )


def _letter(
    image: Image.Image,
    title: str,
    names: list[str],
    genres: list[str],
    palettes: list[Palette],
    zones: list[Zone],
    rng: Random,
) -> None:
    "Names, tagline, title and the billing block."
    width, height = image.size
    k = rng.randrange(len(genres))
    palette, style = palettes[k], LETTERING[rng.choice(STYLES[genres[k]].lettering)]
    tall = rng.uniform(0.12, 0.21)
    anchors = [a for z in zones for a in z.anchors]
    top = min(rng.sample(TITLE_TOPS, len(TITLE_TOPS)), key=lambda t: _hidden(anchors, t * height, (t + tall) * height))
    box = (0.06 * width, top * height, 0.94 * width, (top + tall) * height)
    covered = set_title(image, title, style, box, (palette.main, palette.second), rng, SCALE)
    small = rng.choice(("DejaVuSans", "DejaVuSerif", "STIXGeneral", "cmss10"))
    if rng.random() < 0.6:
        tagline = rng.choice(words.TAGLINES)
        above = covered[1] - 9 * SCALE
        y = above if above > 0.03 * height and rng.random() < 0.5 else covered[3] + 10 * SCALE
        _small_line(image, tagline, small, y, 6.5 * SCALE, 0.85)
    if top > 0.2 and rng.random() < 0.75:
        _small_line(image, "   ".join(n.upper() for n in names[:3]), small, 0.035 * height, 6.5 * SCALE, 0.9)
    if rng.random() < 0.85:
        _billing(image, names, rng)


def _hidden(anchors: list[tuple[float, float, float]], top: float, bottom: float) -> float:
    "How much of the large motifs a band across the poster would hide."
    return sum(max(0.0, min(bottom, y + r) - max(top, y - r)) * r for _, y, r in anchors)


def _small_line(image: Image.Image, text: str, name: str, y: float, size: float, squeeze: float) -> None:
    "A small centred line in black or white, whichever shows."
    width = image.width
    light = luminance(average(image, (0.15 * width, y - size, 0.85 * width, y + size))) > 125
    set_line(image, text, name, (width / 2, y), size, 0.9 * width, (15, 15, 18) if light else (250, 248, 240), squeeze)


def _billing(image: Image.Image, names: list[str], rng: Random) -> None:
    "The block of credits at the foot, in narrow letters."
    width, height = image.size
    top = round(0.915 * height)
    light = luminance(average(image, (0, top, width, height))) > 125
    if rng.random() < 0.6:
        shade = Image.new("L", (1, 4))
        for i, v in enumerate((0, 120, 170, 190)):
            shade.putpixel((0, i), v)
        shade = spread(shade, (width, height - top + round(0.03 * height)))
        image.paste((244, 240, 230) if light else (8, 8, 10), (0, height - shade.height), shade)
    ink = (40, 38, 36) if light else (205, 200, 190)
    studio = rng.choice(words.STUDIOS).replace("_", " ")
    lines = (
        f"{studio} presents a film by {names[-1]}  starring {names[0]}  {names[1 % len(names)]}",
        f"music by {words.person(rng)}  edited by {words.person(rng)}  produced by {words.person(rng)}",
    )
    for i, line in enumerate(lines):
        y = top + (0.02 + 0.024 * i) * height
        set_line(image, line.upper(), "DejaVuSans", (width / 2, y), 4.6 * SCALE, 0.86 * width, ink, 0.55)


def _finish(image: Image.Image, size: tuple[int, int], rng: Random) -> Image.Image:
    "Reduce, then age: grain, fading, a dark or light rim."
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
