"""How the genres of a poster share its area: stripes, a disc, tiles, a blend."""

from dataclasses import dataclass
from math import cos, hypot, pi, radians, sin
from random import Random

from PIL import Image, ImageDraw

Anchor = tuple[float, float, float]  # x, y and radius of the place for a large motif, in pixels
LAYOUTS = ("stripes", "stripes", "diagonal", "columns", "disc", "tiles", "blend", "blend")


@dataclass(frozen=True)
class Zone:
    "The part of a poster that belongs to one genre."

    mask: Image.Image | None  # mode "L"; None: everywhere
    anchors: tuple[Anchor, ...]


def spread(
    column: Image.Image,  # one pixel wide
    size: tuple[int, int],  # width and height in pixels
) -> Image.Image:
    "A column of a few colours as a smooth gradient over an area."
    return column.resize((1, size[1]), Image.BICUBIC).resize(size, Image.NEAREST)


def share(
    count: int,  # how many genres
    width: int,  # pixels
    height: int,  # pixels
    rng: Random,  # picks the layout
) -> list[Zone]:  # one for each genre, the first the most prominent
    "Split a poster between its genres."
    if count == 1:
        return [Zone(None, _alone(width, height, rng))]
    layout = rng.choice(LAYOUTS)
    if layout == "disc":
        return _disc(count, width, height, rng)
    if layout == "tiles":
        return _tiles(count, width, height, rng)
    if layout == "blend":
        return _blend(count, width, height, rng)
    angle = {"stripes": rng.uniform(-12, 12), "columns": 90 + rng.uniform(-10, 10)}.get(
        layout, rng.choice((-1, 1)) * rng.uniform(25, 60)
    )
    return _stripes(count, width, height, radians(angle), rng)


def _alone(width: int, height: int, rng: Random) -> tuple[Anchor, ...]:
    "Where a genre with no company puts its large motifs."
    y = height * rng.uniform(0.32, 0.55)
    arrangement = rng.choice(("one", "one", "one", "trio", "grid"))
    if arrangement == "one":
        return ((width * rng.uniform(0.4, 0.6), y, width * rng.uniform(0.27, 0.4)),)
    if arrangement == "trio":
        side = width * rng.uniform(0.12, 0.17)
        return (
            (width / 2, y, width * rng.uniform(0.2, 0.26)),
            (width * 0.17, y + side, side),
            (width * 0.83, y + side, side),
        )
    columns = rng.choice((2, 3))
    step = width / columns
    rows = round(0.62 * height / step)
    return tuple(((c + 0.5) * step, (r + 0.6) * step, step * 0.36) for r in range(rows) for c in range(columns))


def _stripes(count: int, width: int, height: int, angle: float, rng: Random) -> list[Zone]:
    "Parallel stripes; the genres take turns."
    across, along = (-sin(angle), cos(angle)), (cos(angle), sin(angle))
    reach = abs(width * across[0]) / 2 + abs(height * across[1]) / 2
    number = count + (rng.random() < 0.6) * rng.randint(1, count)
    weights = [rng.uniform(0.75, 1.25) for _ in range(number)]
    edges = [-reach]
    for w in weights:
        edges.append(edges[-1] + 2 * reach * w / sum(weights))
    edges[0], edges[-1] = -2 * reach, 2 * reach
    edge = rng.choice(("straight", "straight", "wave", "torn"))
    length = hypot(width, height)
    size = rng.uniform(0.012, 0.03) * length
    period = rng.uniform(0.15, 0.4) * length

    def border(t: float) -> list[tuple[float, float]]:
        points = []
        for i in range(41):
            a = (i / 20 - 1) * length
            wobble = {"straight": 0.0, "wave": size * sin(2 * pi * a / period), "torn": rng.uniform(-size, size) / 2}[
                edge
            ]
            q = t + wobble
            points.append((width / 2 + a * along[0] + q * across[0], height / 2 + a * along[1] + q * across[1]))
        return points

    borders = [border(t) for t in edges]
    masks = [Image.new("L", (width, height)) for _ in range(count)]
    anchors: list[list[Anchor]] = [[] for _ in range(count)]
    for i in range(number):
        ImageDraw.Draw(masks[i % count]).polygon(borders[i] + borders[i + 1][::-1], fill=255)
        low, high = max(edges[i], -reach), min(edges[i + 1], reach)
        middle, slide = (low + high) / 2, rng.uniform(-0.18, 0.18) * length
        x = min(max(width / 2 + slide * along[0] + middle * across[0], 0.16 * width), 0.84 * width)
        y = min(max(height / 2 + slide * along[1] + middle * across[1], 0.12 * height), 0.84 * height)
        anchors[i % count].append((x, y, min(max((high - low) * 0.46, 0.17 * width), 0.36 * width)))
    return [Zone(m, tuple(a)) for m, a in zip(masks, anchors, strict=True)]


def _disc(count: int, width: int, height: int, rng: Random) -> list[Zone]:
    "A large disc for one genre, the outside for another, a foot for a third."
    masks = [Image.new("L", (width, height)) for _ in range(count)]
    r = width * rng.uniform(0.36, 0.46)
    x, y = width / 2, height * rng.uniform(0.38, 0.5)
    masks[1].paste(255, (0, 0, width, height))
    anchors = [((x, y, r * 0.72),), ((width * rng.choice((0.2, 0.8)), y + r * 1.15, width * 0.2),)]
    if count == 3:
        top = y + r * rng.uniform(0.55, 0.8)
        for i, value in ((1, 0), (2, 255)):
            ImageDraw.Draw(masks[i]).rectangle((0, top, width, height), fill=value)
        anchors[1] = ((width * rng.choice((0.18, 0.82)), y - r * 0.95, width * 0.18),)
        anchors.append(((width * rng.choice((0.22, 0.78)), (top + height) / 2, width * 0.2),))
    shape = rng.choice(("disc", "disc", "diamond", "arch"))
    for i in range(count):
        draw, value = ImageDraw.Draw(masks[i]), 255 if i == 0 else 0
        if shape == "diamond":
            draw.polygon([(x, y - 1.25 * r), (x + 1.1 * r, y), (x, y + 1.25 * r), (x - 1.1 * r, y)], fill=value)
        else:
            draw.ellipse((x - r, y - r, x + r, y + r), fill=value)
        if shape == "arch":
            draw.rectangle((x - r, y, x + r, y + r), fill=value)
    return [Zone(m, a) for m, a in zip(masks, anchors, strict=True)]


def _tiles(count: int, width: int, height: int, rng: Random) -> list[Zone]:
    "A grid of pictures, as of a festival."
    columns, rows = rng.choice(((2, 3), (2, 4), (3, 4), (3, 3)))
    masks = [Image.new("L", (width, height)) for _ in range(count)]
    anchors: list[list[Anchor]] = [[] for _ in range(count)]
    turn, w, h = rng.randrange(count), width / columns, height / rows
    for row in range(rows):
        for column in range(columns):
            # a whole number of turns in a row would give every column to one genre
            i = (row * (columns + (columns % count == 0)) + column + turn) % count
            ImageDraw.Draw(masks[i]).rectangle((column * w, row * h, (column + 1) * w, (row + 1) * h), fill=255)
            anchors[i].append(((column + 0.5) * w, (row + 0.5) * h, min(w, h) * 0.42))
    return [Zone(m, tuple(a)) for m, a in zip(masks, anchors, strict=True)]


def _blend(count: int, width: int, height: int, rng: Random) -> list[Zone]:
    "Grounds that melt into each other from top to bottom; the first is below all others."
    zones = [Zone(None, ())]
    turns = rng.choice((1, 1, 2))
    steps = 8 * count * turns
    for i in range(1, count):
        column = Image.new("L", (1, steps))
        for k in range(steps):
            where = (k / steps * count * turns) % count
            away = min(abs(where - i - 0.5), count - abs(where - i - 0.5))
            column.putpixel((0, k), round(255 * min(1, max(0, 1.15 - away))))
        zones.append(Zone(spread(column, (width, height)), ()))
    out = []
    for i, zone in enumerate(zones):
        y = height * (i + 0.5) / count if turns == 1 else height * (i + 0.5) / (2 * count)
        x = width * rng.uniform(0.3, 0.7)
        out.append(Zone(zone.mask, ((x, min(y, 0.82 * height), width * rng.uniform(0.22, 0.32)),)))
    return out
