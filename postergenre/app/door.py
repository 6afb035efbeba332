"""Between the network and the page: only what the page needs comes in, and no path of the machine goes out."""

import logging
import re
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path

Scope = MutableMapping
Receive = Callable[[], Awaitable[MutableMapping]]
Send = Callable[[MutableMapping], Awaitable[None]]

UPLOAD = "/gradio_api/upload"
# What the page asks for. Gradio has more: fetching what stands elsewhere, recordings, a history of runs, ...
NEEDED = re.compile(
    r"/|/config/?|/theme\.css|/favicon\.ico|/manifest\.json|/(assets|static)/[^:]*|"
    r"/gradio_api/(info/?|upload|upload_progress|startup-events|heartbeat/\w+|queue/(join|data)|cancel|reset/?|"
    r"file=uploads/[^:]*)"
)
TEXT = ("application/json", "text/html", "text/event-stream", "text/plain")


class Door:
    "An ASGI application before another; a request that is too much gets one sentence."

    def __init__(
        self,
        app: Callable,
        folder: Path,  # whose path is left out of all answers: the process works there
        most_bytes: int,  # of one request
        most_uploads: int,  # at the same time
    ):
        self.app, self.folder = app, f"{folder}/".encode()
        self.most_bytes, self.most_uploads, self.uploads = most_bytes, most_uploads, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        "As ASGI has it."
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if refused := self._refused(scope):
            await _say(send, *refused)
            return
        # compressed answers could not be read
        headers = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
        uploads = scope["path"] == UPLOAD
        self.uploads += uploads
        began = False

        async def noted(message: MutableMapping) -> None:
            nonlocal began
            began = True
            await send(message)

        try:
            await self.app(scope | {"headers": headers}, receive, self._without_folder(noted))
        except Exception:  # of what no page asks; what was said of it already is said in full
            logging.getLogger(__name__).exception("%s cannot be answered", scope["path"])
            if not began:
                await _say(send, 500, "That cannot be answered; load the page again")
        finally:
            self.uploads -= uploads

    def _refused(self, scope: Scope) -> tuple[int, str] | None:
        if not NEEDED.fullmatch(scope["path"]) or ".." in scope["path"]:
            return 404, "There is nothing here"
        if scope["method"] != "POST":
            return None
        length = dict(scope["headers"]).get(b"content-length", b"")
        if not length.isdigit():
            return 411, "How long the request is should stand in Content-Length"
        if int(length) > self.most_bytes:
            return 413, f"That is more than {self.most_bytes / 1e6:.0f} MB at once; send fewer or smaller posters"
        if scope["path"] == UPLOAD and self.uploads >= self.most_uploads:
            return 503, "Too many posters are being sent at the moment; try again in a minute"
        return None

    def _without_folder(self, send: Send) -> Send:
        text = False

        async def sent(message: MutableMapping) -> None:
            nonlocal text
            if message["type"] == "http.response.start":
                kind = dict(message["headers"]).get(b"content-type", b"").decode("latin-1")
                text = kind.startswith(TEXT)
                if text:  # its length may change
                    kept = [pair for pair in message["headers"] if pair[0] != b"content-length"]
                    message = message | {"headers": kept}
            elif text and message["type"] == "http.response.body":
                message = message | {"body": message.get("body", b"").replace(self.folder, b"")}
            await send(message)

        return sent


async def _say(send: Send, status: int, sentence: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(sentence)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": sentence.encode()})
