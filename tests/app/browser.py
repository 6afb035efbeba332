"""What a browser says to the page and is told, as Gradio's script does it; an answer that names a folder is wrong."""

import asyncio
import json
import random
import re
from collections import Counter
from uuid import uuid4

import httpx

# Functions of the page, by their places in its configuration: posters were dropped; another of them, another genre was
# chosen
LOOK, SHOW, EXPLAIN = 0, 3, 4

SENTENCE = re.compile("Queue is full|Too many|MB at once|maximum allowed size|can be looked at at once")
# Of a machine: folders, and how Python shows where an error is.
MACHINE = re.compile(r"(?<![\w.:/-])/(?:tmp|var|home|root|usr|work|opt|etc|proc|mnt)/\w|Traceback|site-packages")


class Refused(Exception):
    "With what was said."


class Wrong(Exception):
    "An answer that should not be."


class Browser:
    "One page, with what it may ask and a note of all that it is told."

    def __init__(self, http: httpx.AsyncClient, seen: Counter):
        self.http, self.seen, self.session = http, seen, uuid4().hex[:11]

    def read(self, text: str) -> str:
        if leak := MACHINE.search(text):
            raise Wrong(f"names a place of the machine: {text[max(0, leak.start() - 40) : leak.end() + 60]!r}")
        return text

    async def get(self, path: str) -> tuple[int, str]:
        answer = await self.http.get(path)
        return answer.status_code, self.read(answer.text)

    async def upload(self, files: dict[str, bytes]) -> list[dict]:
        parts = [("files", (name, content, "image/jpeg")) for name, content in files.items()]
        answer = await self.http.post("/gradio_api/upload", files=parts)
        if answer.status_code in (413, 503):
            raise Refused(self.read(answer.text))
        if answer.status_code != 200:
            raise Wrong(f"an upload got {answer.status_code} {answer.text[:200]}")
        paths = json.loads(self.read(answer.text))
        return [file_data(path, name) for path, name in zip(paths, files, strict=True)]

    async def ask(self, fn: int, *data) -> list[list]:  # of each step of the answer
        "What a function of the page says."
        body = {"data": data, "fn_index": fn, "session_hash": self.session, "event_data": None}
        answer = await self.http.post("/gradio_api/queue/join", json=body)
        if answer.status_code != 200:
            raise Refused(self.read(answer.text))
        event, steps = answer.json()["event_id"], []
        async with self.http.stream("GET", f"/gradio_api/queue/data?session_hash={self.session}") as stream:
            async for line in stream.aiter_lines():
                message = json.loads(line[5:]) if line.startswith("data:") else {}
                if message.get("event_id") == event and message["msg"] in ("process_generating", "process_completed"):
                    self.read(line)
                    if not message["success"]:
                        raise Refused(str(message["output"].get("error")))
                    steps.append(message["output"]["data"])
                    if message["msg"] == "process_completed":
                        return steps
                if message.get("msg") in ("unexpected_error", "close_stream"):
                    raise Wrong(f"lost: {line[:200]}")
        raise Wrong("lost: the stream ended")

    async def until(self, call, *args):
        "Ask again where that is refused for the moment."
        while True:
            try:
                return await call(*args)
            except Refused as e:
                if not SENTENCE.search(str(e)):
                    raise Wrong(f"refused without a reason: {e}") from e
                self.seen[f"refused for now: {str(e)[:90]}"] += 1
                await asyncio.sleep(random.uniform(1, 4))


def file_data(path: str, name: str) -> dict:
    return {"path": path, "orig_name": name, "mime_type": "image/jpeg", "meta": {"_type": "gradio.FileData"}}
