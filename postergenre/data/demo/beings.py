"""Motifs that are alive, or were: people, faces, animals. Each fills the pen's unit square."""

from postergenre.data.demo.pen import Pen


def figure(p: Pen) -> None:
    "A lone standing figure with a long coat and its shadow."
    p.poly([(-0.2, 0.95), (0.2, 0.95), (0.95, 1.0), (0.4, 1.0)], (*p.dark[:3], p.dark[3] // 2))
    p.disc(0, -0.72, 0.17)
    p.poly([(-0.12, -0.6), (0.12, -0.6), (0.3, -0.42), (0.34, 0.25), (0.2, 0.3), (0.26, 0.55), (-0.26, 0.55)])
    p.poly([(-0.12, -0.6), (-0.3, -0.42), (-0.34, 0.25), (-0.2, 0.3), (-0.26, 0.55), (0, 0.4)])
    p.box(-0.2, 0.5, -0.03, 0.97)
    p.box(0.03, 0.5, 0.2, 0.97)


def couple(p: Pen) -> None:
    "Two people leaning towards each other."
    for side, colour in ((-1, p.main), (1, p.dark)):
        p.oval(side * 0.2, -0.42, 0.19, 0.24, colour)
        p.poly([(side * 0.1, -0.25), (side * 0.34, -0.28), (side * 0.7, 0.1), (side * 0.8, 1), (0, 1), (0, 0)], colour)
    p.oval(-0.32, -0.36, 0.17, 0.34, p.main)
    p.line([(0.05, 0.3), (-0.45, 0.45)], 0.17, p.dark)


def bust(p: Pen) -> None:
    "Head and shoulders, half in shadow."
    hair = p.rng.choice(("short", "long", "bun", "hat", "none"))
    if hair == "long":
        p.poly([(-0.46, -0.5), (-0.3, -0.84), (0.3, -0.84), (0.46, -0.5), (0.6, 0.5), (0, 0.6), (-0.6, 0.5)], p.dark)
    p.poly(
        [(-0.95, 1), (-0.88, 0.66), (-0.66, 0.5), (-0.25, 0.38), (0.25, 0.38), (0.66, 0.5), (0.88, 0.66), (0.95, 1)],
        p.dark,
    )
    p.poly([(-0.2, 0.1), (0.2, 0.1), (0.3, 0.4), (0, 0.62), (-0.3, 0.4)], p.second)
    p.oval(0, -0.28, 0.38, 0.5, p.main)
    p.poly([(0.02, -0.77), (0.24, -0.67), (0.37, -0.4), (0.36, -0.1), (0.2, 0.14), (0.02, 0.22), (0.1, -0.1)], p.second)
    if hair == "hat":
        p.poly([(-0.36, -0.5), (-0.3, -0.95), (0, -0.88), (0.3, -0.95), (0.36, -0.5)], p.dark)
        p.oval(0, -0.52, 0.66, 0.1, p.dark)
    elif hair != "none":
        p.poly(
            [
                (-0.4, -0.25),
                (-0.42, -0.6),
                (-0.2, -0.86),
                (0.2, -0.86),
                (0.42, -0.6),
                (0.4, -0.25),
                (0.28, -0.5),
                (-0.16, -0.58),
            ],
            p.dark,
        )
    if hair == "bun":
        p.disc(0, -0.92, 0.18, p.dark)


def portrait(p: Pen) -> None:
    "A framed oval portrait."
    p.box(-0.78, -1, 0.78, 1, p.main)
    p.box(-0.68, -0.9, 0.68, 0.9, p.second)
    p.oval(0, 0, 0.6, 0.82, p.main)
    p.oval(0, 0, 0.54, 0.76, p.pale(0.8))
    p.oval(0, -0.2, 0.2, 0.27, p.dark)
    p.poly(
        [(-0.42, 0.5), (-0.34, 0.26), (-0.1, 0.14), (0.1, 0.14), (0.34, 0.26), (0.42, 0.5), (0.2, 0.7), (-0.2, 0.7)],
        p.dark,
    )


def smile(p: Pen) -> None:
    "A grinning face."
    p.disc(0, 0, 0.95, p.dark)
    p.disc(0, 0, 0.88, p.main)
    for x in (-0.32, 0.32):
        p.oval(x, -0.28, 0.13, 0.22, p.dark)
    half = [(-0.6, 0.1), (0.6, 0.1), (0.52, 0.4), (0.3, 0.64), (0, 0.72), (-0.3, 0.64), (-0.52, 0.4)]
    p.poly(half, p.dark)
    p.poly([(-0.52, 0.15), (0.52, 0.15), (0.48, 0.3), (-0.48, 0.3)], p.second)


def disguise(p: Pen) -> None:
    "Joke glasses with a nose and a moustache."
    for x in (-0.48, 0.48):
        p.disc(x, -0.3, 0.42, p.dark)
        p.disc(x, -0.3, 0.29, p.second)
        p.line([(x - 0.36, -0.85), (x, -0.95), (x + 0.36, -0.85)], 0.14, p.dark)
    p.oval(0, 0.12, 0.24, 0.42, p.main)
    p.poly([(0, 0.4), (0.5, 0.5), (0.95, 0.3), (0.7, 0.85), (0, 0.62), (-0.7, 0.85), (-0.95, 0.3), (-0.5, 0.5)], p.dark)


def eye(p: Pen) -> None:
    "A wide open eye."
    top = [(-1, 0), (-0.6, -0.36), (0, -0.54), (0.6, -0.36), (1, 0)]
    p.poly([*top, (0.6, 0.34), (0, 0.46), (-0.6, 0.34)], p.second)
    p.disc(0, -0.03, 0.44, p.main)
    p.disc(0, -0.03, 0.2, p.dark)
    p.disc(-0.14, -0.17, 0.09, p.second)
    p.line(top, 0.09, p.dark)
    p.line([(-0.8, -0.6), (-0.3, -0.84), (0.35, -0.84), (0.85, -0.58)], 0.12, p.dark)


def skull(p: Pen) -> None:
    "A skull."
    p.oval(0, -0.22, 0.76, 0.72, p.second)
    p.poly([(-0.5, 0.2), (0.5, 0.2), (0.4, 0.92), (-0.4, 0.92)], p.second)
    for x in (-0.33, 0.33):
        p.oval(x, -0.12, 0.22, 0.26, p.dark)
        p.disc(x, -0.08, 0.06, p.main)
    p.poly([(0, 0.16), (0.12, 0.42), (-0.12, 0.42)], p.dark)
    for i in range(5):
        p.line([(-0.28 + 0.14 * i, 0.58), (-0.28 + 0.14 * i, 0.92)], 0.035, p.dark)
    p.line([(-0.36, 0.74), (0.36, 0.74)], 0.03, p.dark)


def bat(p: Pen) -> None:
    "A bat."
    wing = [(0.08, -0.1), (0.35, -0.4), (1, -0.45), (0.85, 0.1), (0.62, -0.02), (0.45, 0.25), (0.25, 0.1), (0, 0.4)]
    p.poly(wing)
    p.poly([(-x, y) for x, y in wing])
    p.poly([(-0.14, -0.1), (-0.12, -0.42), (-0.03, -0.26), (0.03, -0.26), (0.12, -0.42), (0.14, -0.1), (0, 0.4)])


def hand(p: Pen) -> None:
    "A hand reaching up."
    p.poly([(-0.35, 1), (-0.4, 0.2), (0.4, 0.2), (0.3, 1)])
    for x0, x1, y in ((-0.32, -0.5, -0.6), (-0.1, -0.16, -0.92), (0.12, 0.18, -0.86), (0.32, 0.5, -0.55)):
        p.line([(x0, 0.3), (x1, y)], 0.17)
        p.disc(x1, y, 0.085)
    p.line([(0.3, 0.6), (0.72, 0.05)], 0.18)


def dog(p: Pen) -> None:
    "A sitting dog."
    p.oval(0.1, 0.5, 0.42, 0.5, p.main)
    p.line([(0.45, 0.75), (0.8, 0.5), (0.85, 0.25)], 0.12, p.main)
    p.oval(-0.1, -0.25, 0.4, 0.36, p.main)
    p.oval(-0.48, -0.2, 0.15, 0.36, p.dark)
    p.oval(0.28, -0.2, 0.15, 0.36, p.dark)
    p.oval(-0.12, -0.1, 0.2, 0.16, p.second)
    p.disc(-0.12, -0.17, 0.08, p.dark)
    for x in (-0.26, 0.04):
        p.disc(x, -0.36, 0.065, p.dark)
        p.box(x - 0.06, 0.55, x + 0.12, 1, p.main)


def blob(p: Pen) -> None:
    "A round cartoon character with big eyes."
    p.box(-0.42, 0.6, -0.16, 1, p.dark)
    p.box(0.16, 0.6, 0.42, 1, p.dark)
    p.line([(-0.6, 0.1), (-0.98, -0.25)], 0.14, p.dark)
    p.line([(0.6, 0.1), (0.98, -0.25)], 0.14, p.dark)
    p.oval(0, 0.05, 0.76, 0.84, p.dark)
    p.oval(0, 0.05, 0.68, 0.76, p.main)
    for x in (-0.25, 0.25):
        p.disc(x, -0.22, 0.29, p.dark)
        p.disc(x, -0.22, 0.24, (255, 255, 255, p.main[3]))
        p.disc(x + 0.05, -0.18, 0.11, p.dark)
    p.arc(0, 0.22, 0.34, 0.26, 0.02, 0.48, 0.08, p.dark)


def cyclops(p: Pen) -> None:
    "A one-eyed cartoon monster with horns."
    for side in (-1, 1):
        p.poly([(side * 0.3, -0.6), (side * 0.72, -1), (side * 0.62, -0.35)], p.dark)
    body = [(-0.7, 0.9), (-0.72, -0.2), (-0.4, -0.7), (0.4, -0.7), (0.72, -0.2), (0.7, 0.9)]
    p.poly([(x * 1.1, y * 1.06) for x, y in body], p.dark)
    p.poly([*body, (0.35, 0.7), (0, 0.92), (-0.35, 0.7)], p.second)
    p.disc(0, -0.15, 0.4, p.dark)
    p.disc(0, -0.15, 0.34, (255, 255, 255, p.main[3]))
    p.disc(0.06, -0.12, 0.16, p.dark)
    p.poly([(-0.4, 0.42), (0.4, 0.42), (0.2, 0.62), (-0.2, 0.62)], p.dark)


def dragon(p: Pen) -> None:
    "A dragon with one wing spread."
    p.line([(-0.95, 0.75), (-0.5, 0.85), (0, 0.6), (0.1, 0.1), (0.4, -0.25), (0.62, -0.45)], 0.2)
    p.oval(-0.1, 0.5, 0.36, 0.26)
    p.poly([(0.5, -0.55), (0.98, -0.36), (0.96, -0.22), (0.6, -0.22), (0.46, -0.36)])
    p.poly([(0.5, -0.5), (0.42, -0.82), (0.68, -0.52)])
    p.poly([(0.05, 0.3), (-0.2, -0.95), (-0.95, -0.6), (-0.7, -0.35), (-0.75, 0.0), (-0.4, 0.02), (-0.3, 0.4)])
    p.poly([(-0.95, 0.75), (-1, 0.5), (-0.8, 0.72)])
    p.disc(0.66, -0.4, 0.04, p.second)
    p.line([(0.05, 0.6), (0.12, 0.95)], 0.12)
    p.line([(-0.25, 0.65), (-0.2, 0.97)], 0.12)
