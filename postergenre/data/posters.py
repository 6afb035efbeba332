"""One poster file as the picture a viewer shows: orientation, alpha, palettes, 16 bits, a cap on its size."""

import os
import re
import warnings
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

MAX_PIXELS = 50_000_000  # about 150 MB once decoded
POSTER_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif")
_URL = re.compile(r"\w+://")


def open_poster(
    source: str | Path | bytes | BytesIO | Image.Image,  # a file, its bytes, or any PIL image, loaded or not
    max_pixels: int = MAX_PIXELS,  # more than this is refused before it is decoded
) -> Image.Image:  # RGB, upright; an image that was passed stays as it was. ValueError: too large; OSError: unreadable
    "A poster as the colours a viewer shows: EXIF orientation, CMYK, palette, 16 bits, alpha on white."
    if isinstance(source, bytes | bytearray):
        source = BytesIO(source)
    if isinstance(source, Image.Image):
        return to_rgb(source, _name(source), max_pixels)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own cap is lower and names the file
        try:
            image = Image.open(source)
        except Image.DecompressionBombError as e:
            raise ValueError(f"{_name(source)} is too large to decode safely ({e}); make it smaller first") from e
    with image:
        return to_rgb(image, _name(source), max_pixels)


def to_rgb(image: Image.Image, name: str = "image", max_pixels: int = MAX_PIXELS) -> Image.Image:
    "A PIL image of any mode as a new upright RGB image. ValueError: too large."
    width, height = image.size
    if width * height > max_pixels:
        raise ValueError(
            f"{name} has {width} x {height} = {width * height / 1e6:.0f} million pixels, over the cap of "
            f"{max_pixels / 1e6:.0f} million; make it smaller first (a poster needs no more than 2000 x 3000)"
        )
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith(("I", "F")):  # Pillow cuts these off at 255 instead of scaling them
        values = np.asarray(image, dtype=np.float64)
        if image.mode != "F" or values.max(initial=0) > 1:
            values = values / 65535 if values.max(initial=0) > 255 else values / 255
        image = Image.fromarray((values.clip(0, 1) * 255).round().astype(np.uint8))
    if image.has_transparency_data:
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
    return image.convert("RGB")


def is_url(poster: object) -> bool:
    "Whether a poster is an address and no file."
    return isinstance(poster, str) and _URL.match(poster) is not None


def find_poster(
    folder: Path,  # where a relative path starts
    poster: object,  # a path with or without its suffix; ~ is your home
) -> str | None:  # the absolute path, there or not; None: the cell is blank
    "The file that a cell of a table means."
    if not isinstance(poster, str | Path) or not str(poster).strip():
        return None
    if is_url(poster):
        return poster
    path = folder / Path(str(poster).strip()).expanduser()
    if path.suffix.lower() not in POSTER_SUFFIXES and not path.is_file():
        tries = (f"{path}{s}" for suffix in POSTER_SUFFIXES for s in (suffix, suffix.upper()))
        path = Path(next(filter(os.path.isfile, tries), path))
    return str(path.absolute())


def poster_files(folder: Path) -> list[Path]:
    "The posters in a folder and its folders, in order; hidden ones and those in hidden folders are left alone."
    found = (p for p in folder.rglob("*") if p.suffix.lower() in POSTER_SUFFIXES and p.is_file())
    return sorted(p for p in found if not any(part.startswith(".") for part in p.relative_to(folder).parts))


def _name(source: object) -> str:
    return str(source if isinstance(source, str | Path) else getattr(source, "filename", "") or "The image")
