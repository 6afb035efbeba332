"""Motifs that one could visit or drive. Each fills the pen's unit square."""

from postergenre.data.demo.pen import Pen, mix


def window(p: Pen) -> None:
    "A lit window with four panes."
    p.box(-0.75, -0.98, 0.75, 0.98, p.dark)
    for x in (-0.34, 0.34):
        for y in (-0.46, 0.46):
            p.box(x - 0.28, y - 0.4, x + 0.28, y + 0.4, p.main)
            p.poly([(x - 0.28, y + 0.4), (x + 0.28, y + 0.4), (x + 0.28, y - 0.3)], p.second)


def stairs(p: Pen) -> None:
    "A flight of stairs up to a door."
    for i in range(7):
        y = 0.98 - 0.2 * i
        half = 0.98 - 0.11 * i
        shade = (*mix(p.dark, p.second, i / 8), p.main[3])
        p.poly([(-half, y), (half, y), (half - 0.03, y - 0.1), (0.03 - half, y - 0.1)], shade)
        p.box(0.05 - half, y - 0.2, half - 0.05, y - 0.1, p.dark)
    p.box(-0.2, -0.98, 0.2, -0.4, p.main)


def mountain(p: Pen) -> None:
    "Three peaks with snow."
    p.poly([(-1, 0.9), (-0.45, -0.3), (0.1, 0.9)], p.second)
    p.poly([(0.1, 0.9), (0.62, -0.15), (1, 0.9)], p.second)
    p.poly([(-0.65, 0.9), (0.08, -0.9), (0.75, 0.9)], p.main)
    p.poly([(0.08, -0.9), (0.26, -0.42), (0.12, -0.54), (0.02, -0.36), (-0.1, -0.46)], (250, 250, 245, p.main[3]))


def ship(p: Pen) -> None:
    "A sailing ship."
    p.poly([(-0.9, 0.35), (0.95, 0.25), (0.6, 0.85), (-0.6, 0.85)], p.main)
    p.line([(-0.25, 0.4), (-0.25, -0.95)], 0.06, p.main)
    p.line([(0.4, 0.35), (0.4, -0.7)], 0.06, p.main)
    p.poly([(-0.75, 0.15), (-0.55, -0.75), (-0.1, -0.75), (0.05, 0.15)], p.second)
    p.poly([(0.1, 0.12), (0.25, -0.55), (0.6, -0.55), (0.8, 0.12)], p.second)


def city(p: Pen) -> None:
    "A night skyline with lit windows."
    x = -1.0
    while x < 0.95:
        width = p.rng.uniform(0.2, 0.36)
        top = p.rng.uniform(-0.9, 0.25)
        p.box(x, top, min(1, x + width), 1, p.dark)
        y = top + 0.1
        while y < 0.9:
            for k in (0.25, 0.62):
                if p.rng.random() < 0.6:
                    p.box(x + k * width - 0.03, y, x + k * width + 0.03, y + 0.07, p.main)
            y += 0.17
        x += width + 0.02


def castle(p: Pen) -> None:
    "A castle with pointed towers."
    for x, top, half in (
        (-0.68, -0.2, 0.18),
        (0.68, -0.3, 0.18),
        (-0.3, -0.35, 0.16),
        (0.06, -0.5, 0.2),
        (0.4, -0.15, 0.14),
    ):
        p.box(x - half, top, x + half, 0.98, p.main)
        p.poly([(x - half * 1.3, top), (x, top - 0.46), (x + half * 1.3, top)], p.second)
        p.box(x - 0.04, top + 0.18, x + 0.04, top + 0.36, p.dark)
    p.box(-0.85, 0.4, 0.85, 0.98, p.main)
    p.box(-0.14, 0.62, 0.14, 0.98, p.dark)
    p.disc(0, 0.62, 0.14, p.dark)


def house(p: Pen) -> None:
    "A house with a chimney and a heart-warming door."
    p.box(0.4, -0.75, 0.62, -0.2, p.dark)
    p.box(-0.75, -0.15, 0.75, 0.95, p.second)
    p.poly([(-0.98, -0.1), (0, -0.92), (0.98, -0.1)], p.main)
    p.box(-0.16, 0.4, 0.16, 0.95, p.main)
    for x in (-0.48, 0.48):
        p.box(x - 0.16, 0.1, x + 0.16, 0.42, (255, 255, 255, p.main[3]))
        p.line([(x, 0.1), (x, 0.42)], 0.04, p.dark)
        p.line([(x - 0.16, 0.26), (x + 0.16, 0.26)], 0.04, p.dark)


def planet(p: Pen) -> None:
    "A planet with a ring."
    p.disc(0, 0, 0.62, p.main)
    p.oval(-0.12, -0.2, 0.34, 0.1, p.second)
    p.oval(0.1, 0.16, 0.4, 0.08, p.second)
    p.oval(0.3, 0.05, 0.3, 0.5, (*p.dark[:3], p.dark[3] // 3))
    tilted = [(-0.98, 0.3), (-0.6, 0.34), (0, 0.16), (0.6, -0.12), (0.98, -0.34)]
    p.line(tilted, 0.1, p.second)


def column(p: Pen) -> None:
    "A fluted column."
    p.box(-0.6, -0.98, 0.6, -0.82)
    p.poly([(-0.55, -0.8), (0.55, -0.8), (0.36, -0.62), (-0.36, -0.62)])
    p.box(-0.36, -0.62, 0.36, 0.74)
    for x in (-0.24, -0.08, 0.08, 0.24):
        p.line([(x, -0.58), (x, 0.7)], 0.05, p.second)
    p.box(-0.48, 0.74, 0.48, 0.86)
    p.box(-0.62, 0.86, 0.62, 0.99)


def temple(p: Pen) -> None:
    "A temple front."
    p.poly([(-0.98, -0.35), (0, -0.9), (0.98, -0.35)])
    p.box(-0.9, -0.3, 0.9, -0.16)
    for x in (-0.72, -0.24, 0.24, 0.72):
        p.box(x - 0.12, -0.12, x + 0.12, 0.68)
        p.line([(x, -0.1), (x, 0.66)], 0.05, p.second)
    p.box(-0.9, 0.7, 0.9, 0.82)
    p.box(-0.98, 0.84, 0.98, 0.97)


def goal(p: Pen) -> None:
    "A goal with its net."
    for i in range(1, 8):
        p.line([(-0.9 + 0.225 * i, -0.5), (-0.9 + 0.225 * i, 0.7)], 0.02, p.second)
        p.line([(-0.9, -0.5 + 0.15 * i), (0.9, -0.5 + 0.15 * i)], 0.02, p.second)
    p.line([(-0.9, 0.75), (-0.9, -0.55), (0.9, -0.55), (0.9, 0.75)], 0.1, p.main)


def tank(p: Pen) -> None:
    "A tank."
    p.poly([(-0.95, 0.1), (-0.7, -0.12), (0.7, -0.12), (0.95, 0.1), (0.75, 0.5), (-0.75, 0.5)])
    p.poly([(-0.42, -0.12), (-0.32, -0.5), (0.3, -0.5), (0.42, -0.12)])
    p.line([(0.3, -0.34), (1, -0.5)], 0.12)
    p.oval(0, 0.4, 0.85, 0.24, p.dark)
    for x in (-0.6, -0.3, 0, 0.3, 0.6):
        p.disc(x, 0.4, 0.13, p.second)


def bomber(p: Pen) -> None:
    "A bomber from above."
    p.poly([(0, -0.98), (0.12, -0.7), (0.1, 0.9), (-0.1, 0.9), (-0.12, -0.7)])
    p.poly([(-0.1, -0.3), (-1, 0.05), (-1, 0.2), (-0.1, 0.12)])
    p.poly([(0.1, -0.3), (1, 0.05), (1, 0.2), (0.1, 0.12)])
    p.poly([(0, 0.55), (0.42, 0.82), (0.42, 0.94), (-0.42, 0.94), (-0.42, 0.82)])
    for x in (-0.6, -0.32, 0.32, 0.6):
        p.line([(x, -0.28 + 0.25 * abs(x)), (x, 0.1)], 0.09)


def cactus(p: Pen) -> None:
    "A tall cactus."
    p.line([(0, 1), (0, -0.75)], 0.36)
    p.disc(0, -0.78, 0.18)
    for side, low, high in ((-1, 0.3, -0.3), (1, 0.05, -0.55)):
        p.line([(0, low), (side * 0.6, low), (side * 0.6, high)], 0.25)
        p.disc(side * 0.6, high, 0.125)
        p.disc(side * 0.6, low, 0.125)
    for x in (-0.08, 0.08):
        p.line([(x, -0.7), (x, 0.95)], 0.03, p.second)


def lamp(p: Pen) -> None:
    "A street lamp and the light below it."
    p.poly([(0.42, -0.6), (0.62, -0.6), (0.98, 0.92), (0.06, 0.92)], (*p.second[:3], p.second[3] // 3))
    p.line([(-0.3, 0.95), (-0.3, -0.75), (-0.1, -0.9), (0.5, -0.9)], 0.1, p.dark)
    p.box(-0.5, 0.86, -0.1, 0.98, p.dark)
    p.poly([(0.4, -0.9), (0.64, -0.9), (0.78, -0.6), (0.26, -0.6)], p.dark)
    p.oval(0.52, -0.58, 0.2, 0.1, p.main)
