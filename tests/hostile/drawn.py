"""Valid pictures of every kind that Pillow writes, drawn by a seed: what the hostile ones are made of."""

import random
import struct
from io import BytesIO

import numpy as np
from PIL import Image

MODES = {
    "jpeg": ("RGB", "L", "CMYK", "YCbCr"),
    "png": ("RGB", "RGBA", "L", "LA", "P", "1", "I;16"),
    "webp": ("RGB", "RGBA"),
    "gif": ("P", "L", "1"),
    "bmp": ("RGB", "L", "P", "1", "RGBA"),
    "tiff": ("RGB", "RGBA", "RGBX", "L", "LA", "P", "1", "I", "F", "I;16", "I;16B", "CMYK", "YCbCr", "LAB"),
    "avif": ("RGB", "RGBA", "L"),
}
SUFFIXES = {
    "jpeg": ".jpg",
    "png": ".png",
    "webp": ".webp",
    "gif": ".gif",
    "bmp": ".bmp",
    "tiff": ".tif",
    "avif": ".avif",
}
SIZES = ((1, 1), (1, 90), (90, 1), (7, 5), (33, 65), (60, 90), (120, 180), (200, 300))


def drawn(rng: random.Random) -> tuple[str, bytes]:  # its kind, a key of MODES; its bytes
    "A valid picture: some mode, size, compression, with or without EXIF, profile and frames."
    kind = rng.choices(list(MODES), (5, 5, 4, 3, 2, 5, 1))[0]
    image = pattern(rng, rng.choice(MODES[kind]), rng.choice(SIZES))
    return kind, saved(image, kind, **_options(rng, kind, image))


def pattern(rng: random.Random, mode: str, size: tuple[int, int]) -> Image.Image:
    "Bands and noise."
    width, height = size
    if mode in ("F", "I", "I;16", "I;16B"):
        high = (
            rng.choice((1, 255, 65535, 1e30))
            if mode == "F"
            else 65535
            if "16" in mode
            else rng.choice((255, 2**31 - 1))
        )
        values = np.linspace(0, high, width * height).reshape(height, width)
        if mode == "F" and rng.random() < 0.5:
            values.flat[0] = rng.choice((float("nan"), float("inf"), -1e30))
        return Image.fromarray(values.astype({"F": "<f4", "I": "<i4", "I;16": "<u2", "I;16B": ">u2"}[mode]))
    values = np.frombuffer(rng.randbytes(4 * width * height), np.uint8).reshape(height, width, 4) // 8
    values = values + np.linspace(0, 220, height).astype(np.uint8)[:, None, None]
    rgb = Image.fromarray(np.ascontiguousarray(values[..., :3]))
    if mode == "RGBA":
        return Image.fromarray(np.ascontiguousarray(values))
    if mode == "LAB":
        return Image.merge("LAB", rgb.split())
    return rgb.convert("L").convert("LA") if mode == "LA" else rgb.convert(mode)


def saved(image: Image.Image, kind: str, **options) -> bytes:
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def exif(rng: random.Random) -> bytes:
    "EXIF with an orientation that may be none, and with nonsense beside it."
    tags = [0x0112, *rng.sample((0x0100, 0x011A, 0x8769, 0x8825, 0x927C, 0xA005), rng.randrange(3))]
    entries = [(tag, rng.choice((3, 3, 3, 4, 5, 2, 7, 12, 99)), rng.choice((1, 1, 1, 0, 2, 2**32 - 1))) for tag in tags]
    values = [rng.choice((*range(1, 9), 1, 6, 6, 8, 0, 9, 26, 65535, 2**32 - 1)) for _ in tags]
    body = b"".join(struct.pack("<HHII", *entry, v) for entry, v in zip(entries, values, strict=True))
    return b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + body + rng.choice((bytes(4), b"\x08\0\0\0"))


def _options(rng: random.Random, kind: str, image: Image.Image) -> dict:
    options = {}
    if kind in ("jpeg", "png", "webp") and rng.random() < 0.3:
        options["exif"] = exif(rng)
    if kind in ("jpeg", "png", "webp", "tiff") and rng.random() < 0.15:
        options["icc_profile"] = rng.randbytes(rng.choice((1, 127, 3000)))
    if kind == "jpeg":
        options |= {"progressive": rng.random() < 0.4, "quality": rng.choice((5, 75, 100))}
    if kind == "webp":
        options |= {"lossless": rng.random() < 0.5, "method": 0}
    if kind == "avif":
        options |= {"speed": 10, "max_threads": 1}
    if kind == "tiff" and image.mode not in ("LAB", "I;16B"):
        choices = ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"]
        choices += ["jpeg"] * (image.mode in ("RGB", "L", "CMYK", "YCbCr")) + ["group4", "group3"] * (image.mode == "1")
        options["compression"] = rng.choice(choices)
    if kind in ("gif", "webp", "png", "tiff") and "exif" not in options and rng.random() < 0.2:
        options |= {"save_all": True, "append_images": [image.copy() for _ in range(rng.choice((1, 3)))]}
    if kind in ("gif", "png") and image.mode == "P" and rng.random() < 0.5:
        options["transparency"] = rng.choice((0, 255, bytes(range(256)) if kind == "png" else 3))
    return options
