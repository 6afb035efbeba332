"""What is written on a poster besides its title: where the title goes, names, tagline, billing block."""

from random import Random

from PIL import Image

from postergenre.data.demo import words
from postergenre.data.demo.layout import Anchor, spread
from postergenre.data.demo.lettering import Lettering, set_title
from postergenre.data.demo.pen import Colour, luminance
from postergenre.data.demo.text import average, set_line

TITLE_TOPS = (0.05, 0.08, 0.4, 0.6, 0.64, 0.68)  # as a share of the height
BLACK, WHITE = (15, 15, 18), (250, 248, 240)


def letter(
    image: Image.Image,  # drawn on
    title: str,  # the title
    names: list[str],  # cast and director
    style: Lettering,  # how the title is set
    colours: tuple[Colour, Colour],  # of the title, best first
    anchors: list[Anchor],  # large motifs that it should not hide
    rng: Random,  # source of every choice
    u: int,  # pixels of the drawing for one pixel of the finished poster
) -> None:
    "Names, tagline, title and the billing block."
    width, height = image.size
    tall = rng.uniform(0.12, 0.21)
    top = min(rng.sample(TITLE_TOPS, len(TITLE_TOPS)), key=lambda t: _hidden(anchors, t * height, (t + tall) * height))
    box = (0.06 * width, top * height, 0.94 * width, (top + tall) * height)
    covered = set_title(image, title, style, box, colours, rng, u)
    face = rng.choice(("DejaVuSans", "DejaVuSerif", "STIXGeneral", "cmss10"))
    if rng.random() < 0.6:
        above, below = covered[1] - 9 * u, covered[3] + 10 * u
        y = above if above > 0.03 * height and (rng.random() < 0.5 or below > 0.9 * height) else below
        _small_line(image, rng.choice(words.TAGLINES), face, y, 6.5 * u)
    if top > 0.2 and rng.random() < 0.75:
        _small_line(image, "   ".join(n.upper() for n in names[:3]), face, 0.035 * height, 6.5 * u)
    if rng.random() < 0.85:
        _billing(image, names, rng, u)


def _hidden(anchors: list[Anchor], top: float, bottom: float) -> float:
    "How much of the large motifs a band across the poster would hide."
    return sum(max(0.0, min(bottom, y + r) - max(top, y - r)) * r for _, y, r in anchors)


def _small_line(image: Image.Image, text: str, face: str, y: float, size: float) -> None:
    "A small centred line in black or white, whichever shows."
    width = image.width
    light = luminance(average(image, (0.15 * width, y - size, 0.85 * width, y + size))) > 125
    set_line(image, text, face, (width / 2, y), size, 0.9 * width, BLACK if light else WHITE, 0.9)


def _billing(image: Image.Image, names: list[str], rng: Random, u: int) -> None:
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
    studio = rng.choice(words.STUDIOS)
    lines = (
        f"{studio} presents a film by {names[-1]}  starring {names[0]}  {names[1 % len(names)]}",
        f"music by {words.person(rng)}  edited by {words.person(rng)}  produced by {words.person(rng)}",
    )
    for i, line in enumerate(lines):
        y = top + (0.02 + 0.024 * i) * height
        set_line(image, line.upper(), "DejaVuSans", (width / 2, y), 4.6 * u, 0.86 * width, ink, 0.55)
