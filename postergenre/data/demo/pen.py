"""A pen that draws in its own unit square, wherever that lies, however large and turned it is."""

import colorsys
from math import cos, pi, sin
from random import Random

from PIL import ImageDraw

Colour = tuple[int, ...]
Point = tuple[float, float]


def rgb(
    text: str,  # "#rrggbb"
) -> Colour:
    "A hex colour as three numbers."
    return tuple(int(text[i : i + 2], 16) for i in (1, 3, 5))


def mix(
    a: Colour,  # the colour at t=0
    b: Colour,  # the colour at t=1
    t: float,  # how far from a to b
) -> Colour:
    "A colour between two."
    return tuple(round(x + (y - x) * t) for x, y in zip(a[:3], b[:3], strict=True))


def luminance(
    colour: Colour,  # red, green, blue
) -> float:
    "How bright a colour looks, 0 to 255."
    return 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]


def shift(
    colour: Colour,  # red, green, blue
    hue: float,  # added to the hue, in turns
    light: float,  # factor on the brightness
    depth: float,  # factor on the saturation
) -> Colour:
    "A colour with its hue, brightness and saturation moved."
    h, s, v = colorsys.rgb_to_hsv(*(c / 255 for c in colour[:3]))
    return tuple(round(255 * c) for c in colorsys.hsv_to_rgb((h + hue) % 1, min(1, s * depth), min(1, v * light)))


class Pen:
    "Draws shapes given in [-1, 1] x [-1, 1] around a centre."

    def __init__(
        self,
        draw: ImageDraw.ImageDraw,  # what to draw on; mode "RGBA" blends
        x: float,  # centre, in pixels
        y: float,  # centre, in pixels
        r: float,  # half the side of the square, in pixels
        main: Colour,  # the motif's own colour
        second: Colour,  # its other colour
        dark: Colour,  # holes and shadows
        turn: float = 0.0,  # rotation, in radians
        alpha: int = 255,  # how opaque the motif is
        rng: Random | None = None,  # for motifs that vary
    ):
        self.draw, self.x, self.y, self.r = draw, x, y, r
        self.main, self.second, self.dark = ((*c[:3], alpha) for c in (main, second, dark))
        self.cos, self.sin = cos(turn), sin(turn)
        self.rng = rng or Random(0)

    def at(self, x: float, y: float) -> Point:
        "The pixel of a point in the unit square."
        return self.x + self.r * (x * self.cos - y * self.sin), self.y + self.r * (x * self.sin + y * self.cos)

    def pale(self, t: float) -> Colour:
        "The main colour, so far on its way to white."
        return (*mix(self.main, (255, 255, 255), t), self.main[3])

    def poly(self, points: list[Point], fill: Colour | None = None) -> None:
        "A filled polygon."
        self.draw.polygon([self.at(*p) for p in points], fill=fill or self.main)

    def box(self, x0: float, y0: float, x1: float, y1: float, fill: Colour | None = None) -> None:
        "A filled rectangle."
        self.poly([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], fill)

    def disc(self, x: float, y: float, r: float, fill: Colour | None = None) -> None:
        "A filled circle."
        u, v = self.at(x, y)
        s = r * self.r
        self.draw.ellipse((u - s, v - s, u + s, v + s), fill=fill or self.main)

    def oval(self, x: float, y: float, rx: float, ry: float, fill: Colour | None = None) -> None:
        "A filled ellipse that turns with the pen."
        self.poly([(x + rx * cos(a * pi / 14), y + ry * sin(a * pi / 14)) for a in range(28)], fill)

    def line(self, points: list[Point], width: float, fill: Colour | None = None) -> None:
        "A line of the given width, in units of the square."
        pixels = max(1, round(width * self.r))
        self.draw.line([self.at(*p) for p in points], fill=fill or self.main, width=pixels, joint="curve")

    def arc(
        self,
        x: float,
        y: float,
        rx: float,
        ry: float,
        start: float,
        end: float,
        width: float,
        fill: Colour | None = None,
    ) -> None:
        "Part of an ellipse's outline, from start to end in turns, clockwise from the right."
        steps = max(6, round(28 * abs(end - start)))
        angles = (2 * pi * (start + (end - start) * i / steps) for i in range(steps + 1))
        self.line([(x + rx * cos(a), y + ry * sin(a)) for a in angles], width, fill)

    def star(self, x: float, y: float, outer: float, inner: float, tips: int, fill: Colour | None = None) -> None:
        "A star or burst."
        radii = (outer, inner)
        self.poly(
            [(x + radii[i % 2] * sin(i * pi / tips), y - radii[i % 2] * cos(i * pi / tips)) for i in range(2 * tips)],
            fill,
        )
