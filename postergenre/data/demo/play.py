"""Motifs of stage, screen, sport and space. Each fills the pen's unit square."""

from math import cos, pi, sin

from postergenre.data.demo.pen import Pen


def camera(p: Pen) -> None:
    "A film camera with two reels, on a tripod."
    p.disc(-0.38, -0.58, 0.38)
    p.disc(0.34, -0.62, 0.3)
    p.disc(-0.38, -0.58, 0.12, p.second)
    p.disc(0.34, -0.62, 0.1, p.second)
    p.box(-0.75, -0.3, 0.5, 0.35)
    p.poly([(0.5, -0.1), (0.95, -0.32), (0.95, 0.36), (0.5, 0.14)])
    p.disc(-0.4, 0.02, 0.14, p.second)
    for x in (-0.6, -0.1, 0.4):
        p.line([(-0.1, 0.3), (x, 1)], 0.08)


def microphone(p: Pen) -> None:
    "A reporter's microphone."
    p.poly([(-0.14, -0.1), (0.14, -0.1), (0.09, 0.98), (-0.09, 0.98)])
    p.box(-0.36, -0.15, 0.36, 0.2, p.second)
    p.disc(0, -0.55, 0.4, p.main)
    for y in (-0.75, -0.55, -0.35):
        p.line([(-0.34, y), (0.34, y)], 0.04, p.second)


def filmstrip(p: Pen) -> None:
    "Three frames of film."
    p.box(-0.98, -0.48, 0.98, 0.48, p.main)
    for i in range(3):
        p.box(-0.88 + 0.62 * i, -0.26, -0.34 + 0.62 * i, 0.26, p.second)
    for i in range(8):
        for y in (-0.4, 0.32):
            p.box(-0.92 + 0.245 * i, y, -0.8 + 0.245 * i, y + 0.09, p.second)


def television(p: Pen) -> None:
    "A television with colour bars."
    p.line([(-0.5, -1), (0, -0.5), (0.5, -1)], 0.07, p.dark)
    p.box(-0.95, -0.55, 0.95, 0.75, p.dark)
    bars = (
        (240, 240, 240),
        (230, 220, 40),
        (40, 210, 220),
        (50, 190, 60),
        (210, 50, 190),
        (210, 50, 40),
        (40, 60, 190),
    )
    for i, colour in enumerate(bars):
        p.box(-0.8 + 0.18 * i, -0.42, -0.62 + 0.18 * i, 0.62, (*colour, p.main[3]))
    p.disc(0.7, -0.2, 0.1, p.main)
    p.disc(0.7, 0.15, 0.1, p.main)
    for x in (-0.6, 0.6):
        p.line([(x, 0.75), (x * 1.2, 1)], 0.1, p.dark)


def note(p: Pen) -> None:
    "Two quavers under one beam."
    p.oval(-0.55, 0.65, 0.32, 0.24)
    p.oval(0.5, 0.5, 0.32, 0.24)
    p.line([(-0.28, 0.65), (-0.28, -0.7)], 0.12)
    p.line([(0.77, 0.5), (0.77, -0.85)], 0.12)
    p.poly([(-0.34, -0.85), (0.83, -1), (0.83, -0.68), (-0.34, -0.52)])


def vinyl(p: Pen) -> None:
    "A vinyl record."
    p.disc(0, 0, 0.98, p.dark)
    for r in (0.88, 0.76, 0.64, 0.52):
        p.arc(0, 0, r, r, 0, 1, 0.025, p.second)
    p.disc(0, 0, 0.36, p.main)
    p.disc(0, 0, 0.07, p.dark)


def guitar(p: Pen) -> None:
    "A guitar."
    p.box(-0.07, -0.9, 0.07, 0.2, p.dark)
    p.box(-0.15, -1, 0.15, -0.78, p.dark)
    p.disc(0, 0.2, 0.34, p.main)
    p.disc(0, 0.6, 0.44, p.main)
    p.disc(0, 0.32, 0.14, p.dark)
    p.box(-0.2, 0.66, 0.2, 0.74, p.dark)
    p.line([(0, -0.9), (0, 0.7)], 0.03, p.second)


def ball(p: Pen) -> None:
    "A football."
    p.disc(0, 0, 0.98, p.dark)
    p.disc(0, 0, 0.92, (255, 255, 255, p.main[3]))
    p.star(0, 0, 0.36, 0.3, 5, p.dark)
    for i in range(5):
        a = 2 * pi * i / 5
        p.line([(0.34 * sin(a), -0.34 * cos(a)), (0.66 * sin(a), -0.66 * cos(a))], 0.06, p.dark)
        p.star(0.8 * sin(a), -0.8 * cos(a), 0.2, 0.17, 5, p.dark)


def trophy(p: Pen) -> None:
    "A trophy."
    for side in (-1, 1):
        p.arc(side * 0.5, -0.45, 0.32, 0.34, 0, 1, 0.1, p.second)
    p.poly([(-0.55, -0.95), (0.55, -0.95), (0.45, -0.2), (0.12, 0.15), (-0.12, 0.15), (-0.45, -0.2)], p.second)
    p.box(-0.09, 0.1, 0.09, 0.6, p.second)
    p.box(-0.4, 0.58, 0.4, 0.95, p.dark)
    p.star(0, -0.5, 0.24, 0.1, 5, p.main)


def balloons(p: Pen) -> None:
    "Three balloons on strings."
    for x, y, r, colour in (
        (-0.45, -0.35, 0.38, p.main),
        (0.42, -0.28, 0.36, p.second),
        (0, -0.55, 0.4, p.pale(0.45)),
    ):
        p.line([(x, y), (0.02, 1)], 0.03, p.dark)
        p.oval(x, y, r, r * 1.18, colour)
        p.oval(x - r * 0.35, y - r * 0.4, r * 0.14, r * 0.26, (255, 255, 255, p.main[3]))


def rocket(p: Pen) -> None:
    "A rocket with its flame."
    p.poly([(0.3, 0.45), (0.62, 0.85), (0.24, 0.7)], p.main)
    p.poly([(-0.3, 0.45), (-0.62, 0.85), (-0.24, 0.7)], p.main)
    p.poly([(0, -1), (0.26, -0.55), (0.32, 0.2), (0.22, 0.66), (-0.22, 0.66), (-0.32, 0.2), (-0.26, -0.55)], p.second)
    p.disc(0, -0.25, 0.15, p.dark)
    p.poly([(-0.18, 0.68), (0.18, 0.68), (0, 1)], (255, 170, 60, p.main[3]))


def ufo(p: Pen) -> None:
    "A flying saucer and its beam."
    p.poly([(-0.25, 0.05), (0.25, 0.05), (0.7, 1), (-0.7, 1)], (*p.main[:3], p.main[3] // 3))
    p.oval(0, -0.3, 0.38, 0.36, p.second)
    p.oval(0, -0.08, 0.98, 0.25, p.main)
    for x in (-0.6, -0.2, 0.2, 0.6):
        p.disc(x, -0.06, 0.08, p.dark)
