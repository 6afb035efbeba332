"""How each genre looks: its palettes, texture, motifs and lettering."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from postergenre.data.demo import beings, effects, places, play, surfaces, things
from postergenre.data.demo.pen import Colour, Pen, rgb, shift
from postergenre.data.demo.sheet import Sheet


@dataclass(frozen=True)
class Palette:
    "Five colours that go together."

    top: Colour  # upper end of the ground's gradient
    bottom: Colour  # its lower end
    main: Colour  # motifs
    second: Colour  # their details
    dark: Colour  # holes, shadows


@dataclass(frozen=True)
class Style:
    "The cues of one genre."

    palettes: tuple[str, ...]  # five hex colours each: top, bottom, main, second, dark
    texture: Callable[[Sheet], None]
    motifs: tuple[Callable[[Pen], None], ...]
    lettering: tuple[str, ...]  # names in lettering.LETTERING


STYLES = {
    "Action": Style(
        ("#ff8c1a #2a0f05 #ffd54a #e8e0d0 #0b0b0f", "#0e3a4b #e8590c #ffb347 #dfe8ea #071218"),
        effects.streaks,
        (things.explosion, things.crosshair, things.bullet),
        ("slanted", "heavy"),
    ),
    "Adventure": Style(
        ("#f5c26b #8d5a24 #4a3116 #2e7d32 #33200f", "#7ec4cf #3f6b3a #5d4037 #2f5d34 #1d2b1a"),
        surfaces.contours,
        (places.mountain, things.compass, places.ship),
        ("gilded", "heavy"),
    ),
    "Animation": Style(
        ("#6ee7ff #9be15d #ff4fa3 #ffd93d #23143c", "#b388ff #ff8ad4 #ffd93d #4dd0e1 #23143c"),
        effects.bubbles,
        (beings.blob, beings.cyclops),
        ("bubble",),
    ),
    "Biography": Style(
        ("#efe0c2 #c9a36a #8d6e63 #f7efdf #3e2723", "#e3d6c0 #a98a63 #6d4c41 #f3e6d0 #2f1f19"),
        surfaces.guilloche,
        (beings.portrait, things.quill),
        ("signature", "book"),
    ),
    "Comedy": Style(
        ("#ffe14d #ffb300 #e53935 #ffffff #33261a", "#fff3c4 #ffd84d #e53935 #1e88e5 #33261a"),
        effects.confetti,
        (beings.smile, beings.disguise),
        ("jolly", "jolly", "poster"),
    ),
    "Crime": Style(
        ("#0b1330 #1f2a4d #ffd400 #8fa3d9 #070b1c", "#20242e #3d424f #ffd400 #b8bcc8 #0c0d12"),
        surfaces.tape,
        (things.fingerprint, things.pistol, things.handcuffs, places.city),
        ("typed", "heavy"),
    ),
    "Documentary": Style(
        ("#f2f2ee #d3d3cc #2b2b2b #b9b9b2 #1c1c1c", "#e6ecef #c3ccd1 #37474f #eceff1 #1b2328"),
        surfaces.newsprint,
        (play.camera, play.microphone, play.filmstrip),
        ("typed", "caption"),
    ),
    "Drama": Style(
        ("#71828f #333f49 #e8e4da #a9b4bc #171d22", "#8595a0 #4a5660 #f0ead8 #b4bdc2 #1b2228"),
        effects.rain,
        (beings.figure, places.window, things.umbrella, places.lamp),
        ("sober", "sober", "book"),
    ),
    "Family": Style(
        ("#8fd3ff #d8f3ff #ff7043 #fff3b0 #4e6b8a", "#b3e5fc #c8e6c9 #ef5350 #ffe082 #37618a"),
        surfaces.gingham,
        (places.house, play.balloons, beings.dog),
        ("jolly", "rounded"),
    ),
    "Fantasy": Style(
        ("#2a1458 #7a3fb0 #f3d77a #d7b8ff #160a33", "#1d1a5e #8a3fa0 #ffe08a #c5a8ff #100a30"),
        effects.sparkles,
        (places.castle, things.crescent, beings.dragon, things.sword),
        ("gilded", "glow"),
    ),
    "History": Style(
        ("#d8c193 #8c6a3a #5a1f14 #c9ab74 #2b170d", "#cbb891 #7a6645 #6d2418 #d9c79c #2a1d10"),
        surfaces.meander,
        (places.column, things.crown, places.temple),
        ("roman",),
    ),
    "Horror": Style(
        ("#1a0000 #000000 #b00000 #d9d2c5 #050000", "#3d0505 #0a0000 #c01010 #e0d6c8 #080000"),
        effects.drips,
        (beings.skull, beings.bat, beings.hand),
        ("bloody",),
    ),
    "Music": Style(
        ("#4d0a5f #14031f #ff2fa0 #35e0ff #0c0214", "#7b0f5f #1a0533 #ff5ac0 #ffe14d #10021c"),
        effects.staves,
        (play.note, play.vinyl, play.guitar),
        ("neon", "slanted"),
    ),
    "Mystery": Style(
        ("#0d3b46 #06181f #4dd0c1 #b2dfdb #031014", "#1c4a48 #0a1d22 #80cbc4 #d0e8e2 #041113"),
        effects.spiral,
        (things.question, things.keyhole, things.magnifier),
        ("glow", "book"),
    ),
    "Other": Style(
        ("#e0904a #a3562a #7b3f1a #f6e3b4 #3a1b0a", "#d9a066 #8a4a24 #6b3416 #f3dfb8 #33180a"),
        surfaces.planks,
        (places.cactus, things.hat, play.television),
        ("saloon",),
    ),
    "Romance": Style(
        ("#ffd1dc #f06292 #c2185b #fff0f3 #5c1233", "#ffb48a #d6457a #a3164f #ffe9dc #4a0f2c"),
        effects.bokeh,
        (things.heart, beings.couple, things.rose),
        ("italic",),
    ),
    "Sci-Fi": Style(
        ("#020818 #06304f #3fe0ff #b0e8ff #01040c", "#000000 #12324a #5cf0e0 #d0f4ff #00060c"),
        effects.starfield,
        (places.planet, play.rocket, play.ufo),
        ("wide", "neon"),
    ),
    "Sport": Style(
        ("#3aae5a #126b33 #ffffff #ffb300 #0a3017", "#2e9e6f #0f5b43 #ffffff #ffca28 #082d21"),
        surfaces.pitch,
        (play.ball, play.trophy, places.goal),
        ("slanted", "stencil"),
    ),
    "Thriller": Style(
        ("#222a28 #070a09 #e00000 #8d9f98 #030505", "#2b3036 #0a0c0f #e01414 #9fb0b8 #040506"),
        effects.tension,
        (beings.eye, things.knife, places.stairs),
        ("thin", "thin", "heavy"),
    ),
    "War": Style(
        ("#7a7a44 #3c3e20 #171a0e #b8ae7c #0d0f08", "#8a8458 #4a4a2a #20220f #c2b98a #111208"),
        surfaces.camouflage,
        (places.tank, places.bomber, things.barbed),
        ("stencil",),
    ),
}


def palette_of(
    genre: str,  # one of STYLES
    rng: Random,  # picks the palette and moves its colours a little
) -> Palette:
    "One of a genre's palettes, never twice exactly the same."
    hue, light, depth = rng.gauss(0, 0.018), rng.uniform(0.82, 1.15), rng.uniform(0.7, 1.15)
    if rng.random() < 0.06:
        hue = rng.uniform(-0.25, 0.25)  # a designer who broke the rule: the texture and motifs must tell
    colours = rng.choice(STYLES[genre].palettes).split()
    return Palette(*(shift(rgb(c), hue, light if i < 2 else 1, depth) for i, c in enumerate(colours)))
