"""Ink: fonts, lines of text, and where the light is."""

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from random import Random

from PIL import Image, ImageDraw, ImageFont

from postergenre.data.demo.pen import Colour, luminance

Box = tuple[float, float, float, float]  # left, top, right, bottom


def average(
    image: Image.Image,  # RGB
    box: Box,  # cut to the image
) -> Colour:
    "The mean colour of a part of an image."
    left, right = max(0, min(box[0], image.width - 1)), min(box[2], image.width)
    top, bottom = max(0, min(box[1], image.height - 1)), min(box[3], image.height)
    box = (left, top, max(right, left + 1), max(bottom, top + 1))
    return image.resize((1, 1), Image.BOX, box=box, reducing_gap=1.0).getpixel((0, 0))


@lru_cache
def _font_folder() -> Path | None:
    "Where matplotlib keeps its fonts."
    spec = find_spec("matplotlib")  # finds without importing, which would take longer than drawing ten posters
    return Path(spec.origin).parent / "mpl-data/fonts/ttf" if spec and spec.origin else None


@lru_cache(256)
def font(
    name: str,  # a file of matplotlib's fonts, without .ttf
    size: int,  # pixels
) -> ImageFont.FreeTypeFont:
    "A font, or Pillow's own where matplotlib has lost its files."
    folder = _font_folder()
    if folder is None or not (folder / f"{name}.ttf").is_file():
        return ImageFont.load_default(size)
    return ImageFont.truetype(folder / f"{name}.ttf", size, layout_engine=ImageFont.Layout.BASIC)


def text_mask(
    text: str,  # one line
    name: str,  # a font for font()
    size: int,  # pixels
    tracking: float = 0.0,  # extra space between letters, in ems
    jitter: Random | None = None,  # moves each letter up or down
    stroke: int = 0,  # thicker by so many pixels
) -> Image.Image:  # mode "L", cut to the ink
    "The ink of a line of text."
    face = font(name, size)
    if not tracking and not jitter:
        left, top, right, bottom = face.getbbox(text, stroke_width=stroke)
        mask = Image.new("L", (max(1, round(right - left)), max(1, round(bottom - top))))
        ImageDraw.Draw(mask).text((-left, -top), text, 255, face, stroke_width=stroke)
        return mask
    step = tracking * size
    width = sum(face.getlength(c) + step for c in text)
    mask = Image.new("L", (int(width + size), 2 * size))
    draw = ImageDraw.Draw(mask)
    x = size * 0.3
    for c in text:
        dy = jitter.uniform(-0.09, 0.09) * size if jitter else 0
        draw.text((x, 0.3 * size + dy), c, 255, face, stroke_width=stroke)
        x += face.getlength(c) + step
    return mask.crop(mask.getbbox() or (0, 0, 1, 1))


def break_lines(
    text: str,  # the title
    lines: int,  # at most so many
) -> list[str]:
    "Words spread over lines of similar length."
    words = text.split()
    lines = max(1, min(lines, len(words)))
    best: tuple[int, list[str]] = (10**6, [text])

    def search(start: int, left: int, done: list[str]) -> None:
        nonlocal best
        if left == 1:
            candidate = [*done, " ".join(words[start:])]
            best = min(best, (max(map(len, candidate)), candidate))
            return
        for end in range(start + 1, len(words) - left + 2):
            search(end, left - 1, [*done, " ".join(words[start:end])])

    if len(words) <= 12:
        search(0, lines, [])
    return best[1]


def set_line(
    image: Image.Image,  # drawn on
    text: str,  # one line
    name: str,  # font
    centre: tuple[float, float],  # where its middle goes
    height: float,  # of the ink, in pixels
    width: float,  # at most, in pixels
    colour: Colour,  # of the ink
    squeeze: float = 1.0,  # width of the letters, 1 as drawn
) -> None:
    "Set one small line, squeezed as far as it must be to fit."
    mask = text_mask(text, name, 24)
    scale = height / 20
    size = (max(1, min(round(mask.width * squeeze * scale), int(width))), max(1, round(mask.height * scale)))
    mask = mask.resize(size, Image.BOX)
    x, y = max(0, round(centre[0] - size[0] / 2)), max(0, round(centre[1] - size[1] / 2))
    # a shadow of the other brightness keeps it readable on a restless ground
    shadow = (245, 243, 235) if luminance(colour) < 128 else (10, 10, 12)
    image.paste(shadow, (x + 1, y + 1), mask.point(lambda v: v * 2 // 3))
    image.paste(colour, (x, y), mask)
