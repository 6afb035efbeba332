"""What stands between the network and the page, without either."""

import asyncio
from pathlib import Path

import pytest

from postergenre.app.door import UPLOAD, Door

FOLDER = Path("/var/tmp/page")


def ask(path: str, method: str = "GET", length: bytes | None = b"5", door: Door | None = None) -> tuple[int, str]:
    sent = []

    async def send(message):
        sent.append(message)

    headers = [(b"accept-encoding", b"br")] + ([(b"content-length", length)] if length else [])
    scope = {"type": "http", "path": path, "method": method, "headers": headers}
    asyncio.run((door or Door(page, FOLDER, 100, 1))(scope, None, send))
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent).decode()


async def page(scope, receive, send):
    "It names its folder, and would compress its answer."
    assert not any(name == b"accept-encoding" for name, _ in scope["headers"])
    body = f'["{FOLDER}/uploads/a/b.jpg"]'.encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@pytest.mark.parametrize("path", ["/", "/config", "/assets/index.js", "/gradio_api/file=uploads/a/b.jpg", UPLOAD])
def test_what_the_page_needs_comes_in_and_no_folder_goes_out(path):
    assert ask(path) == (200, '["uploads/a/b.jpg"]')


@pytest.mark.parametrize(
    "path", ["/docs", "/gradio_api/file=/etc/passwd", "/gradio_api/proxy=http://a", "/assets/../a", "/monitoring"]
)
def test_nothing_else_comes_in(path):
    assert ask(path) == (404, "There is nothing here")


async def broken(scope, receive, send):
    if scope["path"] == "/config":
        await page(scope, receive, send)
    raise KeyError("/var/tmp/page/x")


def test_what_breaks_is_one_sentence_or_said_already(caplog):
    door = Door(broken, FOLDER, 100, 1)
    assert ask("/", door=door) == (500, "That cannot be answered; load the page again")
    assert ask("/config", door=door) == (200, '["uploads/a/b.jpg"]') and door.uploads == 0
    assert [record.getMessage() for record in caplog.records] == ["/ cannot be answered", "/config cannot be answered"]


def test_too_much_is_one_sentence():
    assert ask(UPLOAD, "POST") == (200, '["uploads/a/b.jpg"]')
    assert ask(UPLOAD, "POST", b"101")[0] == 413 and ask(UPLOAD, "POST", None)[0] == 411
    busy = Door(page, FOLDER, 100, 1)
    busy.uploads = 1
    status, said = ask(UPLOAD, "POST", door=busy)
    assert status == 503 and said.endswith("try again in a minute")
    assert ask("/", door=busy)[0] == 200 and busy.uploads == 1
