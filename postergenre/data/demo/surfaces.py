"""Textures that are printed, woven, mown or nailed. Each covers the whole sheet, so that any crop shows it."""

from math import cos, pi, sin

from postergenre.data.demo.sheet import Sheet


def tape(s: Sheet) -> None:
    "Shadows of blinds, and barrier tape across."
    step = s.rng.uniform(11, 16) * s.u
    for i in range(int(s.height / step) + 1):
        s.draw.rectangle((0, i * step, s.width, (i + 0.45) * step), s.ink((0, 0, 0), 90))
    gap = s.rng.uniform(95, 125) * s.u
    slope = s.rng.choice((-1, 1)) * s.rng.uniform(0.12, 0.5)
    wide, start = s.rng.uniform(8, 11) * s.u, s.rng.uniform(0, gap)
    for i in range(-3, int(s.height / gap) + 4):
        y = start + i * gap - slope * s.width / 2
        s.draw.polygon(
            [(0, y), (s.width, y + slope * s.width), (s.width, y + slope * s.width + wide), (0, y + wide)], s.main
        )
        for k in range(int(s.width / (2 * wide)) + 1):
            x = 2 * wide * k
            v = y + slope * x
            s.draw.polygon(
                [
                    (x, v),
                    (x + wide, v + slope * wide),
                    (x + wide / 2, v + slope * wide / 2 + wide),
                    (x - wide / 2, v + wide),
                ],
                s.dark,
            )


def contours(s: Sheet) -> None:
    "Contour lines of a map, with a dashed route."
    for _ in range(7):
        cx, cy = s.spot()
        phase, lobes = s.rng.uniform(0, 6), s.rng.randint(2, 4)
        for k in range(1, 6):
            r = 13 * k * s.u
            line = []
            for i in range(25):
                a = 2 * pi * i / 24
                q = r * (1 + 0.22 * sin(lobes * a + phase))
                line.append((cx + 1.3 * q * cos(a), cy + q * sin(a)))
            s.draw.line(line, s.ink(s.dark, 120), round(1.1 * s.u))
    for _ in range(3):
        x, y = s.spot()
        a = s.rng.uniform(0, 2 * pi)
        for _ in range(16):
            a += s.rng.uniform(-0.45, 0.45)
            dx, dy = 7 * s.u * cos(a), 7 * s.u * sin(a)
            s.draw.line((x, y, x + dx, y + dy), s.ink((190, 30, 20), 230), round(2.2 * s.u))
            x, y = x + 1.8 * dx, y + 1.8 * dy


def newsprint(s: Sheet) -> None:
    "Columns of small print and grey photographs."
    column = s.rng.uniform(44, 58) * s.u
    step = 5 * s.u
    x = -s.rng.uniform(0, column)
    while x < s.width:
        y = 0.0
        while y < s.height:
            if s.rng.random() < 0.05:
                h = s.rng.uniform(30, 46) * s.u
                grey = s.rng.randint(95, 190)
                s.draw.rectangle((x, y, x + column * 0.9, y + h), (grey, grey, grey))
                cx = x + column * s.rng.uniform(0.3, 0.6)
                s.draw.ellipse((cx - h * 0.16, y + h * 0.2, cx + h * 0.16, y + h * 0.6), (60, 60, 60))
                s.draw.rectangle((cx - h * 0.3, y + h * 0.65, cx + h * 0.3, y + h), (60, 60, 60))
                y += h + step
                continue
            length = column * (s.rng.uniform(0.35, 0.7) if s.rng.random() < 0.14 else 0.9)
            s.draw.rectangle((x, y, x + length, y + 1.6 * s.u), s.ink(s.dark, 125))
            y += step
        x += column


def guilloche(s: Sheet) -> None:
    "The fine waves of an old share certificate, and ovals."
    step = s.rng.uniform(7, 10) * s.u
    period = s.rng.uniform(26, 40) * s.u
    for i in range(int(s.height / step) + 3):
        for phase in (0, pi):
            line = [
                (x, i * step + 0.9 * step * sin(2 * pi * x / period + phase))
                for x in range(0, s.width + 8, round(4 * s.u))
            ]
            s.draw.line(line, s.ink(s.main, 80), max(1, round(0.8 * s.u)))
    for _ in range(6):
        x, y = s.spot()
        r = s.rng.uniform(16, 30) * s.u
        for k in (1, 0.84):
            s.draw.ellipse(
                (x - r * k * 0.8, y - r * k, x + r * k * 0.8, y + r * k), None, s.ink(s.dark, 200), round(2 * s.u)
            )


def gingham(s: Sheet) -> None:
    "A tablecloth check, and clouds."
    step = s.rng.uniform(22, 30) * s.u
    for i in range(int(max(s.width, s.height) / step) + 1):
        s.draw.rectangle((i * step, 0, (i + 0.5) * step, s.height), s.ink((255, 255, 255), 85))
        s.draw.rectangle((0, i * step, s.width, (i + 0.5) * step), s.ink((255, 255, 255), 85))
    for _ in range(8):
        x, y = s.spot()
        r = s.rng.uniform(8, 15) * s.u
        for dx, dy, k in ((-1.3, 0.2, 0.8), (0, -0.3, 1.1), (1.3, 0.2, 0.8), (0, 0.35, 0.9)):
            s.disc(x + dx * r, y + dy * r, r * k, (255, 255, 255, 255))


def meander(s: Sheet) -> None:
    "Bands of Greek key, and stains on parchment."
    for _ in range(26):
        x, y = s.spot()
        s.disc(x, y, s.rng.uniform(5, 26) * s.u, s.ink(s.second, 22))
    cell = s.rng.uniform(15, 19) * s.u
    key = ((0, 1), (0, 0), (0.8, 0), (0.8, 0.7), (0.4, 0.7), (0.4, 0.4))
    gap = s.rng.uniform(74, 100) * s.u
    y = s.rng.uniform(0, gap) - gap / 2
    while y < s.height:
        s.draw.rectangle((0, y - 0.35 * cell, s.width, y + 1.35 * cell), s.ink(s.second, 60))
        for i in range(int(s.width / cell) + 1):
            s.draw.line([((i + a) * cell, y + b * cell) for a, b in key], s.ink(s.main, 230), round(2 * s.u))
        s.draw.line((0, y + cell, s.width, y + cell), s.ink(s.main, 230), round(2 * s.u))
        y += gap


def pitch(s: Sheet) -> None:
    "Mown stripes and white lines."
    step = s.rng.uniform(26, 38) * s.u
    lean = s.rng.uniform(-0.6, 0.6) * s.height
    for i in range(-14, int(s.width / step) + 15, 2):
        x = i * step
        points = [(x, 0), (x + step, 0), (x + step + lean, s.height), (x + lean, s.height)]
        s.draw.polygon(points, s.ink((255, 255, 255), 46))
    for _ in range(3):
        x, y = s.spot()
        r = s.rng.uniform(40, 75) * s.u
        s.draw.ellipse((x - r, y - r, x + r, y + r), None, (255, 255, 255, 225), round(3 * s.u))
    for _ in range(4):
        y, tilt = s.rng.uniform(0, s.height), s.rng.uniform(-40, 40) * s.u
        s.draw.line((0, y, s.width, y + tilt), (255, 255, 255, 225), round(3 * s.u))


def camouflage(s: Sheet) -> None:
    "Camouflage."
    for _ in range(44):
        x, y = s.spot()
        r, phase = s.rng.uniform(14, 32) * s.u, s.rng.uniform(0, 6)
        colour = s.rng.choice(((38, 42, 22), (104, 98, 58), (74, 84, 42), (140, 128, 86)))
        blob = []
        for i in range(12):
            a = 2 * pi * i / 12
            q = r * (1 + 0.4 * sin(2 * a + phase) + 0.15 * sin(5 * a))
            blob.append((x + 1.5 * q * cos(a), y + 0.75 * q * sin(a)))
        s.draw.polygon(blob, s.ink(colour, 235))


def planks(s: Sheet) -> None:
    "Weathered planks with nails, as of a saloon."
    step = s.rng.uniform(30, 42) * s.u
    for i in range(int(s.height / step) + 1):
        y = i * step
        s.draw.rectangle((0, y, s.width, y + step), s.ink(s.rng.choice((s.main, s.second, s.dark)), 50))
        s.draw.rectangle((0, y, s.width, y + 2.4 * s.u), s.ink(s.dark, 230))
        for _ in range(5):
            x, v = s.rng.uniform(0, s.width), y + s.rng.uniform(5 * s.u, step)
            length = s.rng.uniform(20, 80) * s.u
            s.draw.line((x, v, x + length, v + s.rng.uniform(-2, 2) * s.u), s.ink(s.dark, 130), round(1.2 * s.u))
        for x in (0.06, 0.5, 0.94):
            s.disc(x * s.width + i % 2 * 14 * s.u, y + step / 2, 2.4 * s.u, s.ink(s.dark, 235))
