"""Pictures that somebody made to do harm: bombs, frames without end, headers that promise what is not there."""

import random
import struct
import zlib
from functools import lru_cache

from hostile.drawn import exif, pattern, saved
from hostile.formats import grey_tiff, png, png_chunk, resized_jpeg, riff, u24
from PIL import Image

FULL = (3999, 6000)  # just below the cap of open_poster


def header_bomb(rng):
    "Says that it is huge, with little or nothing in it."
    w, h = rng.choice(((20_000, 20_000), (65_535, 65_535), (2**31 - 1, 2**31 - 1), (100_000, 1), (25_000, 1_000)))
    short = min(w, 65_535), min(h, 65_535)
    box = struct.pack("<HHHHB", 0, 0, *short, 0)
    tiles = {"_322": (4, 1, 2**30), "_323": (4, 1, 2**30), "_324": (4, 1, 8), "_325": (4, 1, 100)}

    def bmp():
        sides = w, rng.choice((h, -h)), 1, rng.choice((1, 8, 24, 32)), rng.choice((0, 1))
        return b"BM" + struct.pack("<IIIIiiHHIIIIII", 54, 0, 54, 40, *sides, 0, 0, 0, 0, 0)

    def webp():
        if rng.random() < 0.5:
            return riff(b"VP8X", bytes(4) + u24(short[0] - 1) + u24(short[1] - 1))
        return riff(b"VP8L", b"\x2f" + b"\xff" * 40)

    def jpeg():
        return resized_jpeg(saved(pattern(rng, "RGB", (33, 65)), "jpeg", progressive=rng.random() < 0.5), *short)

    return rng.choice((
        lambda: ("png", png(w, h, rng.choice((1, 8)), rng.choice((0, 2)) if w < 2**20 else 0, rows=0)),
        lambda: ("gif", b"GIF89a" + struct.pack("<HHBBB", *short, 128, 0, 0) + bytes(6) + b"," + box + b"\2\2L\1\0;"),
        lambda: ("bmp", bmp()),
        lambda: ("tiff", grey_tiff(w, h, bytes(100))),
        lambda: ("tiff", grey_tiff(w, h, bytes(100), **tiles, _259=(3, 1, rng.choice((1, 5, 8))))),
        lambda: ("jpeg", jpeg()),
        lambda: ("webp", webp()),
    ))()  # fmt: skip


def full_size(rng):
    "Valid, and as large as may be."
    return _full(rng.randrange(16))


@lru_cache(maxsize=2)
def _full(which: int) -> tuple[str, bytes]:
    made = (
        ("png", 1, 0), ("png", 8, 0), ("png", 8, 2), ("png", 8, 6), ("png", 8, 3), ("png", 16, 0),
        ("png", 16, 4), ("png", 16, 6),
        ("jpeg", "L", False), ("jpeg", "CMYK", True), ("jpeg", "RGB", True),
        ("tiff", "F", None), ("tiff", "I", None), ("tiff", "LAB", None), ("webp", "RGBA", None), ("gif", "P", None),
    )  # fmt: skip
    kind, mode, more = made[which]
    if kind == "png":
        return kind, png(*FULL, mode, more)
    image = Image.new(mode, FULL, 1)
    if kind == "jpeg":
        return kind, saved(image, kind, progressive=more, quality=20)
    options = {"tiff": {"compression": "tiff_adobe_deflate"}, "webp": {"lossless": True, "method": 0, "quality": 0}}
    return kind, saved(image, kind, **options.get(kind, {}))


def thin(rng):
    "A strip of one pixel's width."
    n = rng.choice((3_000, 60_000, 20_000_000))
    return "png", png(*rng.choice(((1, n), (n, 1))), 8, rng.choice((0, 2)) if n < 10**6 else 0)


def text_bomb(rng):
    "Little that unpacks to a hundred million bytes of text, of a profile; or texts without end."
    packed = _packed_zeros(rng.choice((2**20 + 1, 10**8)))
    made = rng.choice((
        png_chunk(b"zTXt", b"a\0\0" + packed), png_chunk(b"iTXt", b"a\0\1\0\0\0" + packed),
        png_chunk(b"iCCP", b"a\0\0" + packed),
        png_chunk(b"tEXt", b"a\0" + bytes(2**20)) * 70, png_chunk(b"tEXt", b"a\0b") * 100_000,
        png_chunk(b"tEXt", b"Raw profile type exif\0\nexif\n99\nnot hexadecimal"),
        png_chunk(b"eXIf", b"MM\0*" + rng.randbytes(3_000_000)),
    ))  # fmt: skip
    return "png", png(60, 90, 8, 2, extra=made)


@lru_cache(maxsize=2)
def _packed_zeros(n: int) -> bytes:
    return zlib.compress(bytes(n), 9)


def odd_transparency(rng):
    "Transparency and palettes of wrong lengths and for the wrong modes."
    colour, n = rng.choice((0, 2, 3, 4, 6)), rng.choice((0, 1, 2, 5, 6, 255, 257, 1000))
    extra = png_chunk(b"tRNS", rng.randbytes(n)) + png_chunk(
        b"PLTE", rng.randbytes(rng.choice((0, 1, 3, 767, 768, 900)))
    )
    return "png", png(60, 90, 8, colour, extra=extra)


def frames(rng):
    "An animation of thousands of frames."
    n, size = rng.choice((500, 5_000)), rng.choice(((8, 8), (60, 90)))
    if rng.random() < 0.4:
        frame = saved(Image.new("RGB", size, "red"), "webp", lossless=True)[12:]
        one = bytes(6) + u24(size[0] - 1) + u24(size[1] - 1) + u24(40) + b"\0" + frame
        one = b"ANMF" + struct.pack("<I", len(one)) + one + b"\0" * (len(one) % 2)
        return "webp", riff(
            b"VP8X", b"\2\0\0\0" + u24(size[0] - 1) + u24(size[1] - 1), b"ANIM\6\0\0\0\xff\xff\xff\xff\0\0" + one * n
        )
    raw = saved(Image.new("P", size), "gif")
    at = raw.rfind(b",", 0, -20) if raw.rfind(b",", 0, -20) > 0 else raw.rfind(b",")
    return "gif", raw[:at] + raw[at:-1] * n + b";"


def gif_outside(rng):
    "A frame that is larger than its screen, or comments without end before it."
    raw = saved(Image.new("P", (8, 8)), "gif")
    at = raw.rfind(b",")
    if rng.random() < 0.5:
        return "gif", raw[:at] + b"!\xfe" + (b"\xff" + b"a" * 255) * rng.choice((10, 4_000)) + b"\0" + raw[at:]
    box = [rng.choice((0, 1, 8, 6_000, 65_535)) for _ in range(4)]
    return "gif", raw[: at + 1] + struct.pack("<HHHH", *box) + raw[at + 9 :]


def scans(rng):
    "A progressive JPEG with a scan again and again: each goes over the whole picture."
    size = rng.choice(((60, 90), (1_000, 1_500), (5_000, 7_000)))
    raw = _progressive(size)
    at = raw.rfind(b"\xff\xda")
    n = rng.choice((20, 300, 3_000))
    return "jpeg", raw[:at] + (raw[at : at + 2 + struct.unpack_from(">H", raw, at + 2)[0]] + b"\0") * n + raw[at:]


@lru_cache(maxsize=3)
def _progressive(size: tuple[int, int]) -> bytes:
    return saved(Image.new("L", size, 90), "jpeg", progressive=True)


def bmp_runs(rng):
    "A BMP of run lengths, of which many are of nothing."
    w, h = rng.choice(((60, 90), (2_000, 3_000)))
    body = (
        rng.choice((b"\0\2\0\0", b"\1\7", b"\0\2\xff\xff", b"\0\0", b"\0\3abc\0")) * rng.choice((10, 200_000)) + b"\0\1"
    )
    head = struct.pack("<IIIIiiHHIIIIII", 54, 0, 54 + 1024, 40, w, h, 1, 8, 1, len(body), 0, 0, 256, 0)
    return "bmp", b"BM" + head + bytes(1024) + body


def tiff_counts(rng):
    "A TIFF whose fields have millions of values, whose directories go round in a circle, whose tiles are huge."
    many = rng.choice((10_000, 1_000_000))
    which = rng.randrange(6)
    if which == 0:  # as many strips, all in one place
        return "tiff", grey_tiff(60, 90, bytes(4 * many), _273=(4, many, 8), _278=(4, 1, 1))
    if which == 1:  # a resolution of as many fractions
        return "tiff", grey_tiff(60, 90, b"\1\0\0\0" * 2 * many, _282=(5, many, 8), _283=(5, many, 8))
    if which == 2:
        return "tiff", grey_tiff(60, 90, bytes(5400), at=8 + 5400)
    if which == 3:
        size = rng.choice((1, 7, 2**15, 2**20, 2**31))
        more = {"_322": (4, 1, size), "_323": (4, 1, size), "_324": (4, 1, 8), "_325": (4, 1, 5400)}
        return "tiff", grey_tiff(60, 90, bytes(5400), _259=(3, 1, rng.choice((1, 5, 7, 8, 32773))), **more)
    if which == 4:  # an orientation of as many values; one within one
        return "tiff", grey_tiff(
            60, 90, b"\1\0\0\0" * 2 * many, _274=(rng.choice((3, 4, 5, 12)), many, 8), _34665=(4, 1, 8)
        )
    return "tiff", grey_tiff(
        60,
        90,
        bytes(5400),
        _258=(3, rng.choice((0, 3, 100)), 8),
        _277=(3, 1, rng.choice((0, 4, 65_535))),
        _338=(3, 5, 8),
    )


def no_picture(rng):
    "Something else under a picture's name."
    gs = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9000 9000\n%%EndComments\n{} loop\n%%EOF\n"
    return rng.choice(list(("jpeg", "png", "webp", "gif", "bmp", "tiff"))), rng.choice((
        b"", b"\0", bytes(5_000), b"\xff" * 5_000, b"<html><body>404</body></html>", b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        gs, b"%PDF-1.7\n", b"PK\3\4" + bytes(50), b"P6 60000 60000 255\n", b"8BPS\0\1", rng.randbytes(3_000),
        "Плакат".encode("utf-16"),
        b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM", b"II*\0", b"MM\0*\0\0\0\x08",
        b"RIFF\xff\xff\xff\xffWEBP", b"\0\0\0\x1cftypavif",
    ))  # fmt: skip


def odd_exif(rng):
    "EXIF that is none, that goes round in a circle, or is larger than the picture."
    image, kind = pattern(rng, "RGB", (60, 90)), rng.choice(("jpeg", "png", "webp"))
    circle = (
        b"Exif\0\0II*\0\x08\0\0\0\2\0"
        + struct.pack("<HHII", 0x0112, 3, 1, 6)
        + struct.pack("<HHII", 0x8769, 4, 1, 8)
        + b"\x08\0\0\0"
    )
    many = b"Exif\0\0II*\0\x08\0\0\0\1\0" + struct.pack("<HHIII", 0x0112, 5, 4_000, 26, 0) + b"\6\0\0\0\1\0\0\0" * 4_000
    raw = rng.choice(
        (circle, many, b"Exif\0\0" + rng.randbytes(60), b"Exif\0\0", b"Exif\0\0MM\0*\xff\xff\xff\xff", exif(rng))
    )
    return kind, saved(image, kind, exif=raw)


KINDS = {
    header_bomb: 10, full_size: 3, thin: 4, text_bomb: 5, odd_transparency: 10, frames: 4, gif_outside: 6, scans: 4,
    bmp_runs: 4, tiff_counts: 8, no_picture: 15, odd_exif: 15,
}  # fmt: skip


def crafted(rng: random.Random) -> tuple[str, str, bytes]:  # how it was made, its kind, its bytes
    make = rng.choices(list(KINDS), list(KINDS.values()))[0]
    return make.__name__, *make(rng)
