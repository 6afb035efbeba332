"""Files that cost far more time or memory than their length says, told before a picture is made of them."""

import re
import struct
from collections.abc import Iterator
from typing import BinaryIO

MAX_BYTES = 150_000_000  # the largest poster that open_poster opens has 108 MB without any compression
MAX_SCANS = 200  # of a JPEG, each of which goes over all of its pixels; progressive ones have about ten
MAX_VALUES = 500_000  # of a TIFF's field: objects of Python, some 300 bytes each
MAX_TILE = 2**24  # pixels of a TIFF's tile, for which memory is taken whatever there is in it
MAX_COMMENT = 1_000_000  # bytes before a GIF's first frame, which Pillow joins anew with every 255 of them

_SCAN = re.compile(rb"\xff\xda\0[\x08\x0a\x0c\x0e]")
# the offset of the first directory, how many fields a directory has, one of its fields: tag, type, count, value
_TIFF = {b"*\0": ("4xI", "H", "HHI4s"), b"+\0": ("8xQ", "Q", "HHQ8s")}
_NUMBERS = {3: "H", 4: "I", 13: "I"}  # types of one number
_BYTES = (1, 2, 6, 7)  # types of a TIFF's fields that stay bytes or become one text
_TILE = (322, 323)  # its sides
_DIRECTORIES = (0x8769, 0x8825, 0xA005)  # fields that say where another directory lies


def refuse_bomb(
    file: BinaryIO,  # a picture; it is left where it was
    name: str,  # what to call it
) -> None:  # ValueError: what it is
    "Make sure that a file is none of those that take a minute, or all memory."
    begin = file.tell()
    size = file.seek(0, 2) - begin
    file.seek(begin)
    if size > MAX_BYTES:
        raise ValueError(f"{name} has {size / 1e6:,.0f} MB, over the cap of {MAX_BYTES / 1e6:.0f} MB; make it smaller")
    head = file.read(4)
    file.seek(begin)
    try:
        if head[:2] == b"\xff\xd8":
            _refuse(name, "scans", len(_SCAN.findall(file.read())), MAX_SCANS)
        elif head[:3] == b"GIF":
            _refuse(name, "bytes of comment", _comment(file), MAX_COMMENT)
        elif head[:2] in (b"II", b"MM"):
            _refuse_tiff(name, file.read())
    except (struct.error, IndexError):  # torn: Pillow says so
        pass
    finally:
        file.seek(begin)


def _refuse(name: str, of: str, n: int, most: int) -> None:
    if n > most:
        raise ValueError(f"{name} has {n:,} {of}, over the cap of {most:,}; save it anew")


def _refuse_tiff(name: str, raw: bytes) -> None:
    tile = [0, 0]
    for tag, kind, count, value in _fields(raw):
        if kind not in _BYTES:
            _refuse(name, "values in a field", min(count, len(raw)), MAX_VALUES)  # Pillow reads no more than there are
        if tag in _TILE:
            tile[_TILE.index(tag)] = value
    _refuse(name, "pixels in a tile", tile[0] * tile[1], MAX_TILE)


def _comment(file: BinaryIO) -> int:
    "How much stands before a GIF's first frame."
    flags = file.read(13)[10]
    begin = file.seek(3 * 2 ** (flags % 8 + 1), 1) if flags & 128 else file.tell()
    while file.read(1) == b"!":
        file.seek(1, 1)
        while n := file.read(1)[0]:
            file.seek(n, 1)
    return file.tell() - begin


def _fields(raw: bytes) -> Iterator[tuple[int, int, int, int]]:  # tag, type, count, and value if it is one number
    "Of a TIFF, in all directories that Pillow reads."
    order = "<" if raw[:2] == b"II" else ">"
    kind = raw[2:4] if order == "<" else raw[3:1:-1]
    if kind not in _TIFF:
        return
    first, number, field = (order + code for code in _TIFF[kind])
    places, seen = [struct.unpack_from(first, raw)[0]], set()
    while places:
        at = places.pop()
        if at in seen or at > len(raw):
            continue
        seen.add(at)
        (n,) = struct.unpack_from(number, raw, at)
        at += struct.calcsize(number)
        for place in range(at, min(at + n * struct.calcsize(field), len(raw)), struct.calcsize(field)):
            tag, kind, count, value = struct.unpack_from(field, raw, place)
            value = struct.unpack_from(order + _NUMBERS[kind], value)[0] if kind in _NUMBERS else 0
            if tag in _DIRECTORIES:
                places.append(value)
            yield tag, kind, count, value
