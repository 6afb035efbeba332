"""One poster file as the picture a viewer shows: orientation, alpha, palettes, 16 bits, a cap on its size."""

import os
import re
import reprlib
import warnings
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

MAX_PIXELS = 50_000_000  # about 150 MB once decoded
POSTER_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif")
UNREADABLE = (OSError, ValueError, SyntaxError)  # Pillow's plugins raise all three on broken files
_URL = re.compile(r"\w+://")


def open_poster(
    source: str | Path | bytes | BytesIO | Image.Image | np.ndarray,  # file, its bytes, PIL image, or as `from_array`
    max_pixels: int = MAX_PIXELS,  # more than this is refused before it is decoded
) -> Image.Image:  # RGB, upright; an image that was passed stays as it was. OSError, ValueError: it cannot be read
    "A poster as the colours a viewer shows: EXIF orientation, CMYK, palette, 16 bits, alpha on white."
    if isinstance(source, bytes | bytearray):
        source = BytesIO(source)
    if isinstance(source, np.ndarray):
        source = from_array(source)
    if not isinstance(source, str | Path | Image.Image) and not hasattr(source, "read"):
        raise ValueError(f"{reprlib.repr(source)} is no poster; pass a file, its bytes, a PIL image or an array")
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


def posters_at(path: str | Path) -> list[Path]:  # FileNotFoundError: nothing is there
    "The posters of a folder and its folders, in order, or a file alone."
    path = Path(path).expanduser()
    if not path.exists():
        raise FileNotFoundError(f"There is no {path} (seen from {Path.cwd()}); pass a folder of posters or a poster")
    if path.is_file():
        return [path]
    if not (found := poster_files(path)):
        raise FileNotFoundError(f"{path} holds no pictures ({', '.join(POSTER_SUFFIXES)}), nor do its folders")
    return found


def poster_files(folder: Path) -> list[Path]:
    "The posters in a folder and its folders, in order; hidden ones and those in hidden folders are left alone."
    found = (p for p in folder.rglob("*") if p.suffix.lower() in POSTER_SUFFIXES and p.is_file())
    return sorted(p for p in found if not any(part.startswith(".") for part in p.relative_to(folder).parts))


def from_array(
    pixels: np.ndarray,  # (height, width), with 1, 3 or 4 channels behind or before these
) -> Image.Image:  # ValueError: another shape, or other values
    "An array as a picture: from 0 to 255, or of floats from 0 to 1."
    if pixels.ndim == 3 and pixels.shape[2] not in (1, 3, 4):
        pixels = pixels.transpose(1, 2, 0)
    if pixels.ndim not in (2, 3) or (pixels.ndim == 3 and pixels.shape[2] not in (1, 3, 4)) or not pixels.size:
        said = f"An array of the shape {pixels.shape} is no poster"
        raise ValueError(f"{said}; pass one of (3, height, width) or (height, width, 3), of a batch batch[0]")
    low, high = float(pixels.min()), float(pixels.max())
    if not (low >= 0 and high <= 255):
        said = f"The array's values go from {low:.3g} to {high:.3g}"
        raise ValueError(f"{said}; pass 0 to 255, or floats from 0 to 1, before they are normalised")
    if pixels.dtype != np.uint8:
        scale = 255 if high <= 1 and pixels.dtype.kind in "fb" else 1
        pixels = (pixels.astype(np.float64) * scale).round().astype(np.uint8)
    return Image.fromarray(pixels[..., 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels)


def _name(source: object) -> str:
    return str(source if isinstance(source, str | Path) else getattr(source, "filename", "") or "The image")
