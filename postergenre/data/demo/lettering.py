"""Titles, each set in the manner of its genre, readable whatever lies below."""

from dataclasses import dataclass
from random import Random

from PIL import Image, ImageDraw, ImageFilter

from postergenre.data.demo.pen import Colour, luminance, mix
from postergenre.data.demo.text import Box, average, break_lines, text_mask


@dataclass(frozen=True)
class Lettering:
    "How a title is set."

    font: str  # a file of matplotlib's fonts, without .ttf
    squeeze: float  # width of the letters, 1 as drawn
    tracking: float  # space between letters, in ems
    upper: bool = True  # capitals only
    effect: str = "plain"  # plain, plate, glow, shadow, gold, bounce, bubble, stencil or drips


LETTERING = {
    "book": Lettering("STIXGeneral", 0.95, 0.02, upper=False),
    "bloody": Lettering("DejaVuSerif-Bold", 0.62, 0.0, effect="drips"),
    "bubble": Lettering("DejaVuSans-Bold", 0.85, -0.04, effect="bubble"),
    "caption": Lettering("DejaVuSans", 0.72, 0.06, upper=False, effect="plate"),
    "gilded": Lettering("STIXGeneralBol", 1.0, 0.04, effect="gold"),
    "glow": Lettering("DejaVuSerif", 0.8, 0.08, effect="glow"),
    "heavy": Lettering("DejaVuSans-Bold", 0.55, -0.02),
    "italic": Lettering("STIXGeneralBolIta", 1.0, 0.0, upper=False, effect="shadow"),
    "jolly": Lettering("DejaVuSans-Bold", 0.8, 0.0, effect="bounce"),
    "neon": Lettering("DejaVuSans", 0.8, 0.06, effect="glow"),
    "poster": Lettering("DejaVuSans-Bold", 0.7, 0.0, effect="shadow"),
    "roman": Lettering("DejaVuSerif", 0.78, 0.12, effect="shadow"),
    "rounded": Lettering("cmss10", 1.0, 0.0, upper=False, effect="bounce"),
    "saloon": Lettering("DejaVuSerif-Bold", 0.42, 0.04, effect="shadow"),
    "signature": Lettering("STIXGeneralItalic", 1.05, 0.0, upper=False),
    "slanted": Lettering("DejaVuSans-BoldOblique", 0.68, -0.02, effect="shadow"),
    "sober": Lettering("STIXGeneral", 0.85, 0.3),
    "stencil": Lettering("DejaVuSans-Bold", 0.6, 0.06, effect="stencil"),
    "thin": Lettering("cmss10", 0.7, 0.42),
    "typed": Lettering("DejaVuSansMono-Bold", 0.8, 0.0, effect="plate"),
    "wide": Lettering("DejaVuSans", 1.15, 0.35, effect="glow"),
}


def title_mask(
    title: str,  # the title
    style: Lettering,  # how it is set
    width: int,  # the box it must fit into
    height: int,  # the box it must fit into
    rng: Random,  # for letters that dance
) -> Image.Image:  # mode "L", at most width x height
    "A title as ink, broken into the lines that fill its box best."
    text = title.upper() if style.upper else title
    best = None
    for count in (1, 2, 3):
        lines = break_lines(text, count)
        if len(lines) < count:
            break
        jitter = rng if style.effect in ("bounce", "bubble") else None
        stroke = 3 if style.effect in ("bounce", "bubble") else 0
        masks = [text_mask(line, style.font, 64, style.tracking, jitter, stroke) for line in lines]
        gap = 14
        w = max(m.width for m in masks) * style.squeeze
        h = sum(m.height for m in masks) + gap * (len(masks) - 1)
        scale = min(width / w, height / h)
        if best is None or scale > best[0]:
            best = (scale, masks, gap)
    scale, masks, gap = best
    # letters may be set narrower than their style wants, never wider than the box
    sized = [
        m.resize(
            (min(width, max(1, round(m.width * style.squeeze * scale))), max(1, round(m.height * scale))),
            Image.BILINEAR,
        )
        for m in masks
    ]
    total = sum(m.height for m in sized) + round(gap * scale) * (len(sized) - 1)
    out = Image.new("L", (max(m.width for m in sized), total))
    y = 0
    for m in sized:
        out.paste(m, ((out.width - m.width) // 2, y))
        y += m.height + round(gap * scale)
    return out


def grown(mask: Image.Image, by: int) -> Image.Image:
    "The ink, thicker by some pixels and softly edged."
    wide = Image.new("L", (mask.width + 4 * by, mask.height + 4 * by))
    wide.paste(mask, (2 * by, 2 * by))
    return wide.filter(ImageFilter.GaussianBlur(by)).point(lambda v: min(255, v * 5))


def set_title(
    image: Image.Image,  # drawn on
    title: str,  # the title
    style: Lettering,  # how it is set
    box: Box,  # where, in pixels
    colours: tuple[Colour, Colour],  # what the title is drawn in, best first
    rng: Random,  # small variations
    u: float,  # pixels of the drawing for one pixel of the finished poster
) -> Box:  # what it covers
    "Set a title so that it can be read whatever lies below it."
    mask = title_mask(title, style, int(box[2] - box[0]), int(box[3] - box[1]), rng)
    x = int((box[0] + box[2] - mask.width) / 2)
    y = int((box[1] + box[3] - mask.height) / 2)
    below = average(image, (x, y, x + mask.width, y + mask.height))
    bright = luminance(below) > 118
    ink = colours[0]
    contrast = abs(luminance(ink) - luminance(below))
    if contrast < 90:
        ink = mix(ink, (12, 12, 16) if bright else (255, 252, 240), 0.85)
    edge = (255, 252, 244) if luminance(ink) < 128 and style.effect != "gold" else (10, 8, 14)
    if style.effect == "plate":
        ink, plate = ((20, 20, 20), (245, 243, 235)) if rng.random() < 0.6 else ((245, 243, 235), (20, 20, 24))
        pad = round(7 * u)
        ImageDraw.Draw(image).rectangle((x - pad, y - pad, x + mask.width + pad, y + mask.height + pad), plate)
    else:
        _surround(image, mask, x, y, style.effect, edge, max(2, round(2 * u)))
    image.paste(
        _fill(mask.size, style.effect, ink, colours[1], edge),
        (x, y),
        _cut(mask, u) if style.effect == "stencil" else mask,
    )
    if style.effect == "drips":
        _drip(image, mask, x, y, ink, rng, u)
    return (x, y, x + mask.width, y + mask.height)


def _surround(image: Image.Image, mask: Image.Image, x: int, y: int, effect: str, edge: Colour, by: int) -> None:
    "Set letters off from what lies below: a halo, an outline or a shadow."
    if effect in ("glow", "plain"):
        halo = grown(mask, by * (2 if effect == "glow" else 1)).point(lambda v: v * 2 // 3)
    else:
        halo = grown(mask, by)
    drop = by if effect in ("shadow", "gold") else 0
    off = (halo.width - mask.width) // 2 - drop
    image.paste(edge, (x - off, y - off), halo)


def _fill(size: tuple[int, int], effect: str, ink: Colour, second: Colour, edge: Colour) -> Image.Image:
    "What shines through the letters: one colour, gold or sweets."
    fill = Image.new("RGB", size, ink)
    draw = ImageDraw.Draw(fill)
    if effect == "gold":
        for row in range(size[1]):
            t = row / size[1]
            draw.line((0, row, size[0], row), mix((255, 244, 190), (196, 128, 30), t if t < 0.5 else 1.4 * (1 - t)))
    elif effect in ("bounce", "bubble"):
        sweets = [ink, second] if effect == "bounce" else [(255, 217, 61), (255, 79, 163), (77, 200, 255)]
        step = max(8, round(size[1] / 2.2))
        for i in range(size[0] // step + 1):
            colour = sweets[i % len(sweets)]
            readable = abs(luminance(colour) - luminance(edge)) >= 70
            draw.rectangle((i * step, 0, (i + 1) * step, size[1]), colour if readable else ink)
    return fill


def _cut(mask: Image.Image, u: float) -> Image.Image:
    "The bridges of a stencil."
    out = mask.copy()
    draw = ImageDraw.Draw(out)
    for row in (0.28, 0.52, 0.76):
        draw.line((0, row * mask.height, mask.width, row * mask.height), 0, max(1, round(0.9 * u)))
    return out


def _drip(image: Image.Image, mask: Image.Image, x: int, y: int, ink: Colour, rng: Random, u: float) -> None:
    "Let blood run from the lower edge of letters."
    draw = ImageDraw.Draw(image)
    row = mask.crop((0, mask.height - max(2, round(2 * u)), mask.width, mask.height))
    xs = [i for i in range(0, mask.width, max(1, round(2 * u))) if row.crop((i, 0, i + 1, row.height)).getbbox()]
    for i in rng.sample(xs, min(len(xs), 9)):
        w, length = rng.uniform(1.4, 2.6) * u, rng.uniform(5, 20) * u
        bottom = min(y + mask.height + length, image.height - 2 * u)
        draw.rectangle((x + i, y + mask.height - 3 * u, x + i + w, bottom), ink)
        draw.ellipse((x + i - w * 0.4, bottom - w, x + i + w * 1.4, bottom + w), ink)
