"""Motifs that one could hold or find. Each fills the pen's unit square."""

from math import cos, pi, sin

from postergenre.data.demo.pen import Pen


def umbrella(p: Pen) -> None:
    "An open umbrella."
    dome = [(0.9 * cos(a * pi / 10), 0.1 - 0.9 * sin(a * pi / 10)) for a in range(11)]
    p.poly([*dome, (-0.6, -0.06), (-0.3, 0.1), (0, -0.06), (0.3, 0.1), (0.6, -0.06)])
    p.line([(0, -0.9), (0, 0.75)], 0.07)
    p.arc(-0.14, 0.75, 0.14, 0.18, 0, 0.5, 0.07)


def crosshair(p: Pen) -> None:
    "The crosshair of a rifle sight."
    p.arc(0, 0, 0.78, 0.78, 0, 1, 0.1)
    p.arc(0, 0, 0.42, 0.42, 0, 1, 0.06)
    for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        p.line([(x, y), (0.2 * x, 0.2 * y)], 0.08)
    p.disc(0, 0, 0.08, p.second)


def explosion(p: Pen) -> None:
    "A burst."
    p.star(0, 0, 1, 0.55, 11, p.main)
    p.star(0.04, 0.02, 0.72, 0.38, 9, p.pale(0.5))
    p.star(0, 0.04, 0.42, 0.2, 8, (255, 250, 220, p.main[3]))


def bullet(p: Pen) -> None:
    "A bullet in flight."
    p.poly([(0.95, 0), (0.7, -0.2), (0.3, -0.26), (0.3, 0.26), (0.7, 0.2)], p.second)
    p.box(-0.15, -0.26, 0.3, 0.26, p.main)
    for y in (-0.2, 0, 0.2):
        p.line([(-0.98, y), (-0.25, y)], 0.07, p.main)


def heart(p: Pen) -> None:
    "A heart."
    points = []
    for i in range(30):
        t = 2 * pi * i / 30
        y = 13 * cos(t) - 5 * cos(2 * t) - 2 * cos(3 * t) - cos(4 * t)
        points.append((16 * sin(t) ** 3 / 17, -y / 17))
    p.poly(points)
    p.arc(-0.35, -0.25, 0.3, 0.28, 0.5, 0.78, 0.08, p.second)


def rose(p: Pen) -> None:
    "A rose on its stem."
    p.line([(0.05, 0), (0, 1)], 0.08, p.dark)
    p.oval(0.28, 0.55, 0.28, 0.12, p.dark)
    p.disc(0, -0.4, 0.5, p.main)
    for r, start in ((0.4, 0.1), (0.28, 0.5), (0.16, 0.9)):
        p.arc(0, -0.4, r, r, start, start + 0.62, 0.07, p.second)


def fingerprint(p: Pen) -> None:
    "A fingerprint."
    for i in range(6):
        r = 0.1 + 0.15 * i
        start = 0.42 + 0.03 * (i % 2)
        p.arc(0, 0.05, r * 0.76, r * 1.05, start, 1.1 - 0.03 * (i % 3), 0.075)
        p.arc(0, 0.05, r * 0.76, r * 1.05, 0.14 + 0.02 * i, 0.36, 0.075)


def pistol(p: Pen) -> None:
    "A pistol."
    p.box(-0.7, -0.5, 0.95, -0.12)
    p.poly([(-0.7, -0.2), (-0.15, -0.2), (-0.35, 0.8), (-0.85, 0.8)])
    p.arc(0.0, -0.1, 0.25, 0.28, 0, 0.5, 0.08)
    p.box(0.8, -0.62, 0.9, -0.5)
    p.box(-0.5, -0.38, 0.5, -0.32, p.second)


def handcuffs(p: Pen) -> None:
    "Handcuffs."
    for x, y in ((-0.5, 0.25), (0.5, -0.1)):
        p.arc(x, y, 0.38, 0.38, 0, 1, 0.15)
    p.line([(-0.22, -0.05), (0, -0.2), (0.2, -0.2)], 0.1)


def knife(p: Pen) -> None:
    "A kitchen knife, point down."
    p.poly([(-0.16, -0.2), (0.2, -0.2), (0.2, 0.5), (-0.16, 0.98)], p.second)
    p.poly([(0.1, -0.2), (0.2, -0.2), (0.2, 0.5), (0.1, 0.62)], p.main)
    p.box(-0.2, -0.95, 0.2, -0.25, p.dark)
    p.box(-0.26, -0.28, 0.28, -0.18, p.main)


def compass(p: Pen) -> None:
    "A compass rose."
    p.arc(0, 0, 0.86, 0.86, 0, 1, 0.07)
    p.star(0, 0, 0.7, 0.16, 8, p.second)
    for side, colour in ((1, p.main), (-1, p.dark)):
        p.poly([(0, -0.98), (side * 0.17, -0.17), (0, 0)], colour)
        p.poly([(0, 0.98), (-side * 0.17, 0.17), (0, 0)], colour)
        p.poly([(0.98, 0), (0.17, side * 0.17), (0, 0)], colour)
        p.poly([(-0.98, 0), (-0.17, -side * 0.17), (0, 0)], colour)


def sword(p: Pen) -> None:
    "A sword, point up."
    p.poly([(0, -1), (0.12, -0.8), (0.12, 0.42), (-0.12, 0.42), (-0.12, -0.8)], p.second)
    p.poly([(0, -1), (0.12, -0.8), (0.12, 0.42), (0, 0.42)], p.main)
    p.box(-0.42, 0.4, 0.42, 0.54)
    p.box(-0.08, 0.5, 0.08, 0.86)
    p.disc(0, 0.9, 0.12)


def crescent(p: Pen) -> None:
    "A crescent moon with stars."
    outer = [(0.85 * cos(a), 0.85 * sin(a)) for a in (pi * (0.28 + 1.44 * i / 24) for i in range(25))]
    inner = [(0.22 + 0.66 * cos(a), 0.66 * sin(a)) for a in (pi * (1.68 - 1.36 * i / 24) for i in range(25))]
    p.poly([*outer, *inner])
    for x, y, r in ((0.42, -0.3, 0.26), (0.78, 0.12, 0.17), (0.34, 0.34, 0.15)):
        p.star(x, y, r, r * 0.3, 4, p.second)


def quill(p: Pen) -> None:
    "A quill and a signature."
    p.poly([(-0.35, 0.6), (0.1, -0.3), (0.9, -1), (0.75, -0.35), (0.25, 0.1)], p.second)
    p.line([(-0.45, 0.75), (0.2, -0.1), (0.85, -0.95)], 0.05, p.main)
    loop = [
        (0.045 * i - 0.9 + 0.07 * cos(0.9 * i), 0.85 + 0.09 * sin(0.9 * i) * (1 + 0.6 * sin(0.25 * i)))
        for i in range(36)
    ]
    p.line(loop, 0.06, p.dark)


def question(p: Pen) -> None:
    "A question mark."
    p.arc(0, -0.42, 0.42, 0.42, 0.5, 1.12, 0.24)
    p.line([(0.32, -0.16), (0.04, 0.12), (0.0, 0.45)], 0.24)
    p.disc(0, 0.8, 0.16)
    p.disc(-0.42, -0.42, 0.11)


def keyhole(p: Pen) -> None:
    "A keyhole in its plate, light behind it."
    p.oval(0, 0, 0.66, 0.98, p.main)
    p.oval(0, 0, 0.55, 0.86, p.dark)
    p.disc(0, -0.25, 0.3, p.second)
    p.poly([(-0.1, -0.1), (0.1, -0.1), (0.28, 0.6), (-0.28, 0.6)], p.second)


def magnifier(p: Pen) -> None:
    "A magnifying glass."
    p.line([(0.22, 0.22), (0.92, 0.92)], 0.22, p.main)
    p.disc(-0.22, -0.22, 0.68, p.main)
    p.disc(-0.22, -0.22, 0.52, p.second)
    p.arc(-0.22, -0.22, 0.36, 0.36, 0.5, 0.78, 0.09, (255, 255, 255, p.main[3]))


def crown(p: Pen) -> None:
    "A crown."
    p.poly([(-0.85, 0.6), (-0.95, -0.45), (-0.45, 0.05), (0, -0.75), (0.45, 0.05), (0.95, -0.45), (0.85, 0.6)])
    p.box(-0.85, 0.66, 0.85, 0.88)
    for x, y in ((-0.95, -0.5), (0, -0.82), (0.95, -0.5)):
        p.disc(x * 0.97, y, 0.12)
    for x in (-0.45, 0, 0.45):
        p.disc(x, 0.36, 0.11, p.second)


def barbed(p: Pen) -> None:
    "A length of barbed wire."
    p.line([(-1, 0.1), (-0.3, -0.05), (0.4, 0.1), (1, -0.05)], 0.07)
    for x in (-0.7, 0, 0.7):
        p.line([(x - 0.18, -0.35), (x + 0.18, 0.35)], 0.07)
        p.line([(x + 0.18, -0.3), (x - 0.18, 0.4)], 0.07)


def hat(p: Pen) -> None:
    "A cowboy hat."
    p.poly([(-1, 0.05), (-0.6, 0.42), (0.6, 0.42), (1, 0.05), (0.55, 0.22), (-0.55, 0.22)])
    p.poly([(-0.48, 0.26), (-0.4, -0.5), (-0.12, -0.4), (0, -0.3), (0.12, -0.4), (0.4, -0.5), (0.48, 0.26)])
    p.box(-0.46, 0.06, 0.46, 0.2, p.second)
