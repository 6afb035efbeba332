"""What may have happened to a picture's bytes: torn, flipped, its parts swapped, its header lying."""

import random
import struct
import zlib
from itertools import pairwise

NUMBERS = (0, 1, 2, 255, 256, 0x7FFF, 0x8000, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1)


def broken(rng: random.Random, kind: str, raw: bytes) -> bytes:
    "The bytes after one or a few of these."
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        raw = rng.choice((flipped, truncated, swapped, lying, lying, overwritten, inserted))(rng, kind, raw)
    return with_checksums(raw) if kind == "png" and rng.random() < 0.7 else raw


def flipped(rng: random.Random, kind: str, raw: bytes) -> bytes:
    "A few bits, in the header or anywhere."
    raw, end = bytearray(raw), rng.choice((64, 512, len(raw)))
    for _ in range(rng.choice((1, 3, 30))):
        if raw:
            raw[rng.randrange(min(end, len(raw)))] ^= 1 << rng.randrange(8)
    return bytes(raw)


def truncated(rng: random.Random, kind: str, raw: bytes) -> bytes:
    return raw[: rng.choice((rng.randrange(min(40, len(raw)) + 1), rng.randrange(len(raw) + 1), max(0, len(raw) - 1)))]


def overwritten(rng: random.Random, kind: str, raw: bytes) -> bytes:
    "A stretch of zeros, of ones, or of anything, of the same length."
    start, n = rng.randrange(len(raw) + 1), rng.choice((1, 4, 64, 1000))
    n = min(n, len(raw) - start)
    return raw[:start] + rng.choice((bytes(n), b"\xff" * n, rng.randbytes(n))) + raw[start + n :]


def inserted(rng: random.Random, kind: str, raw: bytes) -> bytes:
    at, n = rng.randrange(len(raw) + 1), rng.choice((1, 7, 300))
    return raw[:at] + rng.randbytes(n) + raw[at:]


def swapped(rng: random.Random, kind: str, raw: bytes) -> bytes:
    "Its chunks in another order, one twice, or one gone."
    head, *chunks = chunks_of(kind, raw)
    if not chunks:
        return raw
    a, b = (rng.randrange(len(chunks)) for _ in range(2))
    how = rng.randrange(3)
    if how == 0:
        chunks[a], chunks[b] = chunks[b], chunks[a]
    elif how == 1:
        chunks[a:a] = [chunks[b]] * rng.choice((1, 1, 50))
    else:
        del chunks[a]
    return head + b"".join(chunks)


def chunks_of(kind: str, raw: bytes) -> list[bytes]:  # the first is what comes before the chunks
    "A file cut at the beginnings of its chunks; of kinds without any, in eight pieces."
    cuts = []
    if kind in ("png", "webp"):
        at = 8 if kind == "png" else 12
        while at + 8 <= len(raw):
            cuts.append(at)
            (n,) = struct.unpack_from(">I" if kind == "png" else "<I", raw, at + 4 * (kind == "webp"))
            at += 12 + n if kind == "png" else 8 + n + n % 2
    elif kind == "jpeg":
        cuts = [i for i in range(2, len(raw) - 1) if raw[i] == 0xFF and raw[i + 1] >= 0xC0]
    else:
        cuts = [len(raw) * i // 8 for i in range(1, 8)]
    cuts = sorted({cut for cut in cuts if cut < len(raw)})
    return [raw[a:b] for a, b in pairwise([0, *cuts, len(raw)])]


def lying(rng: random.Random, kind: str, raw: bytes) -> bytes:
    "One field of the header says something else: a size, a depth, a count, an offset."
    fields = list(_fields(kind, raw))
    if not fields:
        return flipped(rng, kind, raw)
    at, code = rng.choice(fields)
    n = struct.calcsize(code)
    value = rng.choice((*NUMBERS, rng.randrange(2**32))) % 256**n
    return raw[:at] + value.to_bytes(n, "big" if code[0] == ">" else "little") + raw[at + n :]


def _fields(kind: str, raw: bytes):
    "Where the fields of a header lie, and how they are written."
    found = []
    if kind == "png":
        found = [(16, ">I"), (20, ">I"), (24, ">B"), (25, ">B"), (28, ">B")]
        at = 8
        for chunk in chunks_of(kind, raw)[1:]:
            found.append((at, ">I"))
            at += len(chunk)
    elif kind == "jpeg":
        for marker in range(0xC0, 0xE0):
            if (at := raw.find(bytes((0xFF, marker)))) > 0:
                found += [(at + 2, ">H")] + [(at + 5, ">H"), (at + 7, ">H"), (at + 9, ">B")] * (marker < 0xC3)
    elif kind == "gif":
        found = [(6, "<H"), (8, "<H"), (10, "<B")]
        if (at := raw.find(b",")) > 0:
            found += [(at + i, "<H") for i in (1, 3, 5, 7)] + [(at + 9, "<B"), (at + 10, "<B")]
    elif kind == "bmp":
        found = [(10, "<I"), (14, "<I"), (18, "<I"), (22, "<I"), (26, "<H"), (28, "<H"), (30, "<I"), (46, "<I")]
    elif kind == "webp":
        found = [(4, "<I"), (16, "<I"), (20, "<I"), (24, "<H"), (26, "<H"), (27, "<H"), (28, "<H")]
    elif kind == "avif":
        found = [(0, ">I")] + [(at + 8, ">I") for at in (raw.find(b"ispe"),) if at > 0]
        found += [(at - 4, ">I") for at in map(raw.find, (b"meta", b"iloc", b"ipco", b"mdat")) if at > 0]
    elif kind == "tiff" and len(raw) > 8:
        order = "<" if raw[:2] == b"II" else ">"
        (at,) = struct.unpack_from(order + "I", raw, 4)
        found = [(4, order + "I")]
        if at + 2 <= len(raw):
            (n,) = struct.unpack_from(order + "H", raw, at)
            found += [(at, order + "H")]
            found += [
                (at + 2 + 12 * i + j, order + code)
                for i in range(n)
                for j, code in ((2, "H"), (4, "I"), (8, "I"), (8, "H"))
            ]
    return [(at, code) for at, code in found if 0 <= at <= len(raw) - struct.calcsize(code)]


def with_checksums(raw: bytes) -> bytes:
    "A PNG whose chunks have the checksums of what is in them, so that more than the checksum is looked at."
    head, *chunks = chunks_of("png", raw)
    return head + b"".join(c[:-4] + struct.pack(">I", zlib.crc32(c[4:-4])) if len(c) >= 12 else c for c in chunks)
