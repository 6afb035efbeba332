"""Files of some formats written field by field, so that each may say what is not so."""

import struct
import zlib


def png_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int, height: int, bits: int, colour: int, rows: int | None = None, extra: bytes = b"") -> bytes:
    "A PNG of zeros, of which only some rows may be there."
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    packer, left = zlib.compressobj(1), (1 + (width * bits * channels + 7) // 8) * (height if rows is None else rows)
    data = b"".join(packer.compress(bytes(min(2**20, left - at))) for at in range(0, left, 2**20)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    palette = png_chunk(b"PLTE", bytes(range(256)) * 3) if colour == 3 else b""
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        [png_chunk(b"IHDR", head), palette, extra, png_chunk(b"IDAT", data), png_chunk(b"IEND", b"")]
    )


def tiff(fields: dict[int, tuple[int, int, int]], data: bytes = b"", at: int | None = None) -> bytes:
    "A TIFF of fields: tag -> (type, count, value or offset); data lies behind the header."
    start = 8 + len(data)
    ifd = b"".join(struct.pack("<HHII", tag, *fields[tag]) for tag in sorted(fields))
    following = 0 if at is None else at
    return (
        b"II*\0" + struct.pack("<I", start) + data + struct.pack("<H", len(fields)) + ifd + struct.pack("<I", following)
    )


def grey_tiff(width: int, height: int, data: bytes = b"", at: int | None = None, **more) -> bytes:
    fields = {256: (4, 1, width), 257: (4, 1, height), 258: (3, 1, 8), 259: (3, 1, 1), 262: (3, 1, 1), 277: (3, 1, 1)}
    fields |= {273: (4, 1, 8), 278: (4, 1, height), 279: (4, 1, len(data))}
    return tiff(fields | {int(tag[1:]): value for tag, value in more.items()}, data, at)


def resized_jpeg(raw: bytes, width: int, height: int) -> bytes:
    at = max(raw.find(b"\xff\xc0"), raw.find(b"\xff\xc2"))
    return raw[: at + 5] + struct.pack(">HH", height, width) + raw[at + 9 :]


def u24(n: int) -> bytes:
    return struct.pack("<I", n)[:3]


def riff(name: bytes, data: bytes, more: bytes = b"") -> bytes:
    body = b"WEBP" + name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2) + more
    return b"RIFF" + struct.pack("<I", len(body)) + body
