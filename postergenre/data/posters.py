"""One poster file as the picture a viewer shows: orientation, alpha, palettes, 16 bits, a cap on its size."""

import os
import re
import reprlib
import stat
import warnings
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError

from postergenre.data.bombs import refuse_bomb

MAX_PIXELS = 24_000_000  # 4000 x 6000: 96 MB once decoded, up to 380 MB while it is
MAX_ASPECT = 100  # a strip of one pixel's width would grow to gigabytes where it is enlarged to a window
STRIP = 2**20  # pixels that are converted at once, where that takes many times the memory of a picture
POSTER_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif")
# by their content, whatever the suffix; Pillow knows others, one of which starts another program
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
UNREADABLE = (OSError, ValueError, SyntaxError)  # Pillow's plugins raise all three on broken files
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
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
    name = _name(source)
    if isinstance(source, Image.Image):
        return to_rgb(source, name, max_pixels)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="PIL")  # what is wrong is said once, by the error
        try:
            _check(source, name)
            with Image.open(source, formats=FORMATS) as image:
                return to_rgb(image, name, max_pixels)
        except UnidentifiedImageError as e:
            raise UnidentifiedImageError(f"{name} is no whole picture, of {', '.join(FORMATS)}") from e
        except Image.DecompressionBombError as e:
            raise ValueError(f"{name} is too large to decode safely ({e}); make it smaller first") from e
        except UNREADABLE:
            raise
        except Exception as e:  # whatever Pillow's plugins come upon
            raise ValueError(f"{name} is broken ({type(e).__name__}: {e})") from e


def to_rgb(image: Image.Image, name: str = "image", max_pixels: int = MAX_PIXELS) -> Image.Image:
    "A PIL image of any mode as a new upright RGB image. ValueError: too large, or a thin strip."
    width, height = image.size
    if width * height > max_pixels:
        raise ValueError(
            f"{name} has {width} x {height} = {width * height / 1e6:.0f} million pixels, over the cap of "
            f"{max_pixels / 1e6:.0f} million; make it smaller first (a poster needs no more than 2000 x 3000)"
        )
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise ValueError(
            f"{name} has {width} x {height} pixels; a strip {MAX_ASPECT} times as long as wide is no poster"
        )
    image = _upright(image)
    if image.mode.startswith(("I", "F")):  # Pillow cuts these off at 255 instead of scaling them
        image = _eight_bits(image)
    if image.has_transparency_data:
        return _on_white(image)
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


def _check(source: str | Path | BytesIO, name: str) -> None:  # OSError, ValueError
    "Make sure that it is a file that ends, and no bomb."
    if not isinstance(source, str | Path):
        refuse_bomb(source, name)
        return
    if not stat.S_ISREG(os.stat(source).st_mode):
        raise OSError(f"{name} is a folder, a pipe or a device, and no file")
    with open(source, "rb") as file:
        refuse_bomb(file, name)


def _upright(image: Image.Image) -> Image.Image:
    "An image turned as its EXIF says, and as it lies where that is nonsense."
    image.load()
    try:
        turn = _TURNS.get(image.getexif().get(ExifTags.Base.Orientation)) if _small_exif(image) else None
    except Exception:  # whatever Pillow comes upon in there: the pixels are whole
        return image
    if turn is None:
        return image
    turned = image.transpose(turn)
    # ImageOps.exif_transpose writes the rest of EXIF anew, and stumbles where that is nonsense
    for said in ("exif", "Raw profile type exif", "xmp", "XML:com.adobe.xmp"):
        turned.info.pop(said, None)
    return turned


def _small_exif(image: Image.Image) -> bool:
    return len(image.info.get("exif") or b"") <= 2**20


def _eight_bits(image: Image.Image) -> Image.Image:
    "Values of 16 or 32 bits as grey from 0 to 255; of floats those that are no number are black."
    most = max(np.fmax.reduce(np.asarray(strip), axis=None, initial=0) for _, strip in _strips(image))
    scale = (65535 if most > 255 else 255) if image.mode != "F" or most > 1 else 1
    grey = Image.new("L", image.size)
    for top, strip in _strips(image):
        values = np.nan_to_num(np.asarray(strip, dtype=np.float64)) / scale
        grey.paste(Image.fromarray((values.clip(0, 1) * 255).round().astype(np.uint8)), (0, top))
    return grey


def _on_white(image: Image.Image) -> Image.Image:
    white = Image.new("RGB", image.size)
    for top, strip in _strips(image):
        under = Image.new("RGBA", strip.size, "white")
        white.paste(Image.alpha_composite(under, strip.convert("RGBA")).convert("RGB"), (0, top))
    return white


def _strips(image: Image.Image) -> Iterator[tuple[int, Image.Image]]:
    "An image in parts of about STRIP pixels: the row where each begins, and the part."
    rows = max(1, STRIP // image.width)
    for top in range(0, image.height, rows):
        yield top, image.crop((0, top, image.width, min(top + rows, image.height)))


def _name(source: object) -> str:
    return str(source if isinstance(source, str | Path) else getattr(source, "filename", "") or "The image")
