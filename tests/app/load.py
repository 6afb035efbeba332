"""Many browsers at once at a page, with good, bad and huge uploads: a process of its own, which prints what it saw.

    python tests/app/load.py http://127.0.0.1:7860 POSTERS --clients 50 --seconds 300

POSTERS is a folder of posters with expected.json: {file name: {genre: probability}}. A browser speaks as Gradio's own
script does. What is refused is asked again a little later, as its user would. The counts are JSON on the last line.
"""

import argparse
import asyncio
import csv
import io
import json
import random
import re
import struct
import time
import zlib
from collections import Counter
from pathlib import Path

import httpx
from browser import EXPLAIN, LOOK, SENTENCE, SHOW, Browser, Refused, Wrong, file_data

PATIENCE = 900  # seconds until an answer counts as lost


def blank_png(side: int) -> bytes:
    "A picture of many pixels in few bytes."

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    packed = zlib.compressobj()
    rows = b"".join(packed.compress(bytes(side // 8 + 1)) for _ in range(side)) + packed.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


async def one_poster(browser: Browser, posters: dict, expected: dict) -> None:
    "Its genres, as bars, then where it sees the first."
    name = random.choice(list(posters))
    [file] = await browser.until(browser.upload, {name: posters[name]})
    first, *_, last = await browser.until(browser.ask, LOOK, [file])
    html, figures = first[5], last[7]
    shown = dict(re.findall(r'<th scope="row">([^<]+)</th>.*?--prob:([\d.]+);', html))
    wrong = {g: (shown.get(g), p) for g, p in expected[name].items() if abs(float(shown.get(g, -1)) - p) > 2e-4}
    if wrong or len(shown) != len(expected[name]):
        raise Wrong(f"other probabilities: {wrong}")
    if figures.count("<img") < 2 or name not in figures:
        raise Wrong(f"no evidence: {figures[:200]}")


async def several_posters(browser: Browser, posters: dict, expected: dict) -> None:
    "A table of all, one of which is no picture."
    names = random.sample(list(posters), 3)
    files = {"text.jpg": b"no picture"} | {name: posters[name] for name in names}
    (_, _, table, button, *_), *_ = await browser.until(browser.ask, LOOK, await browser.until(browser.upload, files))
    if [row[0] for row in table["data"] if "is no whole picture" in row[1]] != ["text.jpg"]:
        raise Wrong(f"the table says {table}")
    status, content = await browser.get(f"/gradio_api/file={button['path']}")
    rows = {row["poster"]: row for row in csv.DictReader(io.StringIO(content))}
    if status != 200 or list(rows) != list(files):
        raise Wrong(f"the CSV is {status} {content[:200]}")
    if wrong := [n for n in names for g, p in expected[n].items() if abs(float(rows[n][g]) - p) > 1e-4]:
        raise Wrong(f"other probabilities of {wrong}")


async def no_poster(browser: Browser, posters: dict, expected: dict) -> None:
    "Text, nothing, half a poster, a picture of too many pixels."
    half = next(iter(posters.values()))[:2000]
    name, content = random.choice([("a.jpg", b"text"), ("b.png", b""), ("c.jpg", half), ("d.png", blank_png(9000))])
    [file] = await browser.until(browser.upload, {name: content})
    html = (await browser.until(browser.ask, LOOK, [file]))[0][5]
    if f"{name} cannot be read" not in html:
        raise Wrong(f"{name} is {html[:200]}")


async def too_much(browser: Browser, posters: dict, expected: dict) -> None:
    "A file over the limit, more files than may be, more bytes than may be: each is refused for what it is."
    kind = random.randrange(3)
    try:
        if kind == 0:
            await refused(browser.upload, {"large.jpg": bytes(21_000_000)}, said="maximum allowed size")
        elif kind == 1:
            files = await browser.until(browser.upload, {f"{i}.jpg": b"x%d" % i for i in range(101)})
            await refused(browser.ask, LOOK, files, said="can be looked at at once")
        else:
            await refused(flood, browser, said="MB at once")
    except Refused as e:  # for now
        browser.seen[f"refused for now: {str(e)[:90]}"] += 1


async def refused(call, *args, said: str) -> None:
    try:
        await call(*args)
    except Refused as e:
        if said in str(e):
            return
        if SENTENCE.search(str(e)):
            raise
        raise Wrong(f"refused as {str(e)[:200]!r}") from e
    raise Wrong(f"not refused: {said}")


async def flood(browser: Browser) -> None:
    "It says that it sends more than may be, and sends on."
    url = browser.http.base_url
    reader, writer = await asyncio.open_connection(url.host, url.port)
    head = f"POST /gradio_api/upload HTTP/1.1\r\nHost: {url.host}\r\nContent-Length: 500000000\r\n"
    writer.write(f"{head}Content-Type: multipart/form-data; boundary=x\r\n\r\n".encode() + bytes(1_000_000))
    answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60) + await reader.read(1000)
    writer.close()
    raise Refused(browser.read(answer.decode()))


async def gone(browser: Browser, posters: dict, expected: dict) -> None:
    "Someone who leaves: in the middle of an upload, or before the answer."
    url = browser.http.base_url
    if random.random() < 0.5:
        _, writer = await asyncio.open_connection(url.host, url.port)
        head = f"POST /gradio_api/upload HTTP/1.1\r\nHost: {url.host}\r\nContent-Length: 300000000\r\n"
        part = '--x\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n\r\n'
        writer.write(f"{head}Content-Type: multipart/form-data; boundary=x\r\n\r\n{part}".encode() + bytes(3_000_000))
        await asyncio.sleep(0.5)
        writer.close()
        return
    name = random.choice(list(posters))
    [file] = await browser.until(browser.upload, {name: posters[name]})
    body = {"data": [[file]], "fn_index": LOOK, "session_hash": browser.session}
    await browser.http.post("/gradio_api/queue/join", json=body)
    async with browser.http.stream("GET", f"/gradio_api/queue/data?session_hash={browser.session}"):
        await asyncio.sleep(random.random())


async def thief(browser: Browser, posters: dict, expected: dict) -> None:
    "Someone who wants what is not theirs."
    up = "../" * 12
    for path in (
        "file=/etc/passwd",
        f"file=uploads/{up}etc/passwd",
        f"file=uploads/{up}etc/passwd".replace("../", "%2e%2e%2f"),
        f"file=uploads/{up}etc/passwd".replace("/", "%5c"),
        "file=uploads//etc/passwd",
        "file=uploads/",
        "file=uploads",
        "file=examples/horror.jpg",
        "file=uploads/./../examples/horror.jpg",
        "file=uploads/x%00.jpg",
        "file/etc/passwd",
        "stream/a/b/c/playlist.m3u8",
        "proxy=http://127.0.0.1:22",
    ):
        status, said = await browser.get(f"/gradio_api/{path}")
        if status == 200 or "root:" in said:
            raise Wrong(f"{path} is {status} {said[:200]}")
    [file] = await browser.until(browser.upload, {f"{up}tmp/evil.jpg": b"x"})
    if ".." in file["path"] or not file["path"].startswith("uploads/"):
        raise Wrong(f"an upload lies at {file['path']}")
    own = str(Path(__file__).parents[1] / "inference" / "golden" / "poster.png")  # a picture that was not uploaded
    wanted = [
        "/etc/passwd",
        f"uploads/{up}etc/passwd",
        own,
        f"uploads/{up}{own}",
        "examples/horror.jpg",
        "uploads",
        "http://127.0.0.1:22/a.jpg",
        "",
    ]
    asked = [(LOOK, [file_data(path, "a.jpg")]) for path in wanted]
    asked += [(LOOK, None, 1), (LOOK, "x"), (SHOW, None, -7), (EXPLAIN, None, 10**9, "Drama"), (EXPLAIN, [1], 0, [])]
    for fn, *data in asked:
        try:
            said = str(await browser.ask(fn, *data))
        except Refused:
            continue
        if "root:" in said or ("cannot be read" not in said and "<h2>" in said):
            raise Wrong(f"{data} is {said[:200]}")
    for body in ({"data": [None], "fn_index": 9999, "session_hash": "x"}, {"data": 1}, []):
        answer = await browser.http.post("/gradio_api/queue/join", json=body)
        if answer.status_code == 200:
            raise Wrong(f"{body} is {answer.text}")
        browser.read(answer.text)


ACTIONS = {one_poster: 8, several_posters: 3, no_poster: 4, too_much: 2, gone: 1, thief: 2}


async def client(url: str, ends: float, posters: dict, expected: dict, seen: Counter, took: list) -> None:
    limits = {"timeout": PATIENCE, "trust_env": False, "verify": False}
    async with httpx.AsyncClient(base_url=url, **limits) as http:
        while time.monotonic() < ends:
            [action] = random.choices(list(ACTIONS), ACTIONS.values())
            began = time.monotonic()
            try:
                await action(Browser(http, seen), posters, expected)
                seen[f"right: {action.__name__}"] += 1
            except (Wrong, httpx.HTTPError, OSError, ValueError, TypeError, KeyError, asyncio.IncompleteReadError) as e:
                seen[f"WRONG: {action.__name__}: {type(e).__name__} {str(e)[:300]}"] += 1
                await asyncio.sleep(1)
            if action in (one_poster, several_posters):
                took.append(time.monotonic() - began)


async def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python tests/app/load.py")
    parser.add_argument("url")
    parser.add_argument("posters", type=Path)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=300)
    args = parser.parse_args(argv)
    expected = json.loads((args.posters / "expected.json").read_text())
    posters = {name: (args.posters / name).read_bytes() for name in expected}
    seen, took, ends = Counter(), [], time.monotonic() + args.seconds
    await asyncio.gather(*(client(args.url, ends, posters, expected, seen, took) for _ in range(args.clients)))
    took.sort()
    seconds = {"median": took[len(took) // 2], "slowest": took[-1]} if took else {}
    print(json.dumps({"seen": dict(sorted(seen.items())), "seconds": seconds}))


if __name__ == "__main__":
    asyncio.run(main())
