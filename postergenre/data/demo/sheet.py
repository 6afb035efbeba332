"""The sheet that a texture is drawn on."""

from dataclasses import dataclass
from random import Random

from PIL import ImageDraw

from postergenre.data.demo.pen import Colour


@dataclass(frozen=True)
class Sheet:
    "What a texture is drawn on, and with."

    draw: ImageDraw.ImageDraw  # in mode "RGBA", so that alpha blends
    width: int  # pixels
    height: int  # pixels
    u: float  # pixels of the drawing for one pixel of the finished poster
    rng: Random  # source of every random choice
    main: Colour
    second: Colour
    dark: Colour

    def spot(self) -> tuple[float, float]:
        "A random point."
        return self.rng.uniform(0, self.width), self.rng.uniform(0, self.height)

    def ink(self, colour: Colour, alpha: int) -> Colour:
        "A colour with an alpha."
        return (*colour[:3], alpha)

    def disc(self, x: float, y: float, r: float, fill: Colour) -> None:
        "A filled circle, in pixels."
        self.draw.ellipse((x - r, y - r, x + r, y + r), fill=fill)
