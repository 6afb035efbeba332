"""Textures that fall, fly or glow. Each covers the whole sheet, so that any crop shows it."""

from math import cos, hypot, pi, sin

from postergenre.data.demo.pen import mix
from postergenre.data.demo.sheet import Sheet


def rain(s: Sheet) -> None:
    "Long thin slanted drops."
    slant = s.rng.uniform(-0.25, -0.1)
    for _ in range(150):
        x, y = s.spot()
        length = s.rng.uniform(20, 60) * s.u
        s.draw.line((x, y, x + slant * length, y + length), s.ink(s.main, s.rng.randint(60, 150)), round(s.u * 0.9))


def confetti(s: Sheet) -> None:
    "Rays from one point and paper confetti."
    cx, cy = s.spot()
    far = hypot(s.width, s.height)
    rays = s.rng.randint(11, 16)
    for i in range(rays):
        a, b = 2 * pi * i / rays, 2 * pi * (i + 0.5) / rays
        points = [(cx, cy), (cx + far * cos(a), cy + far * sin(a)), (cx + far * cos(b), cy + far * sin(b))]
        s.draw.polygon(points, fill=s.ink((255, 255, 255), 70))
    for _ in range(70):
        x, y = s.spot()
        r, a = s.rng.uniform(3, 6) * s.u, s.rng.uniform(0, pi)
        dx, dy = r * cos(a), r * sin(a)
        colour = s.rng.choice((s.main, s.second, (30, 136, 229), (255, 255, 255), (67, 160, 71)))
        s.draw.polygon([(x - dx, y - dy), (x + dy / 2, y - dx / 2), (x + dx, y + dy), (x - dy / 2, y + dx / 2)], colour)


def streaks(s: Sheet) -> None:
    "Diagonal streaks of speed, with sparks."
    for _ in range(46):
        x, y = s.spot()
        length, w = s.rng.uniform(40, 150) * s.u, s.rng.uniform(1.5, 7) * s.u
        colour = s.ink(s.rng.choice((s.main, s.main, s.second, s.dark)), s.rng.randint(70, 170))
        s.draw.polygon([(x, y), (x + length, y - 0.55 * length), (x + length - w, y - 0.55 * length + 2 * w)], colour)
    for _ in range(60):
        x, y = s.spot()
        s.disc(x, y, s.rng.uniform(0.6, 2.2) * s.u, s.ink((255, 236, 170), 220))


def bokeh(s: Sheet) -> None:
    "Soft discs of light."
    for _ in range(46):
        x, y = s.spot()
        r = s.rng.uniform(5, 24) * s.u
        alpha = s.rng.randint(30, 75)
        s.disc(x, y, r, s.ink(s.rng.choice(((255, 255, 255), s.second, s.main)), alpha))
        s.disc(x, y, r * 0.8, s.ink((255, 255, 255), alpha // 2))


def tension(s: Sheet) -> None:
    "Thin lines that close in on one point, a few of them red."
    cx, cy = s.spot()
    for i in range(90):
        a = 2 * pi * i / 90 + s.rng.uniform(-0.02, 0.02)
        near, far = s.rng.uniform(20, 90) * s.u, hypot(s.width, s.height)
        red = i % 5 == 0
        colour = s.ink(s.main if red else s.second, 220 if red else 60)
        s.draw.line((cx + near * cos(a), cy + near * sin(a), cx + far * cos(a), cy + far * sin(a)), colour, round(s.u))


def drips(s: Sheet) -> None:
    "Blood running down, and scratches."
    for top in (0.0, s.height * s.rng.uniform(0.3, 0.45), s.height * s.rng.uniform(0.62, 0.8)):
        x = -5 * s.u
        while x < s.width:
            w = s.rng.uniform(5, 12) * s.u
            length = s.rng.uniform(8, 75) * s.u
            s.draw.rectangle((x, top, x + w, top + length), s.ink(s.main, 225))
            s.disc(x + w / 2, top + length, w * 0.56, s.ink(s.main, 225))
            x += w * s.rng.uniform(1.0, 1.9)
        s.draw.rectangle((0, top - 5 * s.u, s.width, top + 5 * s.u), s.ink(s.main, 225))
    for _ in range(14):
        x, y = s.spot()
        dx, dy = s.rng.uniform(-60, 60) * s.u, s.rng.uniform(20, 60) * s.u
        s.draw.line((x, y, x + dx, y + dy), s.ink(s.second, 70), round(s.u))


def sparkles(s: Sheet) -> None:
    "Four-pointed sparkles and swirls of magic dust."
    for _ in range(5):
        cx, cy = s.spot()
        r0, a0 = s.rng.uniform(25, 60) * s.u, s.rng.uniform(0, 2 * pi)
        for i in range(38):
            a = a0 + i * 0.26
            r = r0 * (1 - i / 40)
            s.disc(cx + r * cos(a), cy + r * sin(a), (0.8 + 1.6 * i / 38) * s.u, s.ink(s.second, 190))
    for _ in range(40):
        x, y = s.spot()
        r = s.rng.uniform(3, 9) * s.u
        q = 0.16 * r
        points = [
            (x, y - r),
            (x + q, y - q),
            (x + r, y),
            (x + q, y + q),
            (x, y + r),
            (x - q, y + q),
            (x - r, y),
            (x - q, y - q),
        ]
        s.draw.polygon(points, s.ink(s.main, 235))


def spiral(s: Sheet) -> None:
    "A spiral from one point, in fog."
    cx, cy = s.spot()
    step = s.rng.uniform(13, 18) * s.u
    turns = int(hypot(s.width, s.height) / step)
    phase = s.rng.uniform(0, 2 * pi)
    line = []
    for i in range(turns * 20):
        a, r = 2 * pi * i / 20 + phase, step * i / 20
        line.append((cx + r * cos(a), cy + r * sin(a)))
    s.draw.line(line, s.ink(s.main, 105), round(4 * s.u))
    for _ in range(12):
        x, y = s.spot()
        w, h = s.rng.uniform(50, 110) * s.u, s.rng.uniform(5, 12) * s.u
        s.draw.ellipse((x - w, y - h, x + w, y + h), s.ink(s.second, 32))


def staves(s: Sheet) -> None:
    "Staves that wave, and the bars of an equaliser."
    for _ in range(4):
        y0, period = s.rng.uniform(0, s.height), s.rng.uniform(130, 220) * s.u
        height, phase = s.rng.uniform(10, 30) * s.u, s.rng.uniform(0, 6)
        for k in range(5):
            line = [
                (x, y0 + k * 7 * s.u + height * sin(2 * pi * x / period + phase))
                for x in range(0, s.width + 16, round(7 * s.u))
            ]
            s.draw.line(line, s.ink(s.second, 190), round(1.3 * s.u))
    bar = 9 * s.u
    for base in (s.height * s.rng.uniform(0.25, 0.4), s.height * s.rng.uniform(0.55, 0.75), s.height * 1.0):
        for i in range(int(s.width / bar) + 1):
            top = s.rng.uniform(8, 52) * s.u
            s.draw.rectangle(
                (i * bar, base - top, (i + 0.62) * bar, base), s.ink(mix(s.main, s.second, top / (52 * s.u)), 150)
            )


def starfield(s: Sheet) -> None:
    "Stars, and a grid that glows."
    for _ in range(130):
        x, y = s.spot()
        s.disc(x, y, s.rng.uniform(0.5, 1.7) * s.u, s.ink((255, 255, 255), s.rng.randint(120, 255)))
    gap = s.rng.uniform(24, 34) * s.u
    lean = s.rng.uniform(-0.5, 0.5)
    for i in range(-12, int(s.width / gap) + 13):
        s.draw.line((i * gap, 0, i * gap + lean * s.height, s.height), s.ink(s.main, 95), round(s.u))
    for i in range(int(s.height / gap) + 1):
        s.draw.line((0, i * gap, s.width, i * gap), s.ink(s.main, 95), round(s.u))


def bubbles(s: Sheet) -> None:
    "Fat outlined bubbles in sweets' colours."
    for _ in range(34):
        x, y = s.spot()
        r = s.rng.uniform(6, 17) * s.u
        colour = s.rng.choice(((255, 89, 148), (255, 217, 61), (107, 203, 119), (77, 150, 255), (186, 104, 255)))
        s.disc(x, y, r + 2.2 * s.u, s.ink((35, 20, 60), 255))
        s.disc(x, y, r, colour)
        s.disc(x - r * 0.35, y - r * 0.35, r * 0.22, (255, 255, 255))
