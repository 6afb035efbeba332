"""Models on the hub, by huggingface_hub itself: a private repository, revisions, the cache without a network."""

import base64
import hashlib
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from postergenre.inference.pretrained import from_pretrained
from postergenre.portable.folder import read_config
from postergenre.portable.hub import model_folder
from postergenre.predict import main

GOLDEN = Path(__file__).parents[1] / "inference" / "golden" / "network"
TOKEN = "hf_test"


class Hub(ThreadingHTTPServer):
    "As far as huggingface_hub asks: commits, each {path: content}, and branches, user/name/branch -> commit."

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.commits, self.branches, self.asked = {}, {}, []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.asked.append(f"{self.command} {self.path}")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/api/validate-yaml":
            return self.answer(200, {"errors": [], "warnings": []})
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self.answer(404, {}, {"X-Error-Code": "RepoNotFound"})
        if self.path == "/api/repos/create":
            asked = json.loads(body)
            repo = f"{asked['organization']}/{asked['name']}" if asked.get("organization") else asked["name"]
            self.server.branches.setdefault(f"{repo}/main", self.commit({}))
            return self.answer(200, {"url": f"{self.server.address}/{repo}", "name": repo})
        if found := re.fullmatch(r"/api/models/([^/]+/[^/]+)/branch/([^/]+)", self.path):
            self.server.branches.setdefault("/".join(found.groups()), self.server.branches[f"{found[1]}/main"])
            return self.answer(200, {})
        found = re.fullmatch(r"/(?:api/models/)?([^/]+/[^/]+)/(\w+)/([^/?]+)/?([^?]*)(\?.*)?", self.path)
        repo, what, revision, file = found.groups()[:4]
        commit = self.server.branches.get(f"{repo}/{revision}", revision)
        if commit not in self.server.commits:
            return self.answer(404, {}, {"X-Error-Code": "RevisionNotFound"})
        files = self.server.commits[commit]
        if what == "revision":
            return self.answer(200, {"id": repo, "sha": commit, "siblings": [{"rfilename": name} for name in files]})
        if what == "tree":
            entries = [{"type": "file", "path": n, "size": len(c), "oid": _oid(c)} for n, c in files.items()]
            return self.answer(200, entries)
        if what == "preupload":
            asked = json.loads(body)["files"]
            return self.answer(
                200, {"files": [{"path": f["path"], "uploadMode": "regular", "shouldIgnore": False} for f in asked]}
            )
        if what == "commit":
            lines = [json.loads(line) for line in body.splitlines() if line.strip()]
            sent = {e["value"]["path"]: base64.b64decode(e["value"]["content"]) for e in lines if e["key"] == "file"}
            self.server.branches[f"{repo}/{revision}"] = commit = self.commit(files | sent)
            url = f"{self.server.address}/{repo}/commit/{commit}"
            return self.answer(200, {"success": True, "commitOid": commit, "commitUrl": url, "hookOutput": ""})
        return self.answer(200, files[file], {"X-Repo-Commit": commit, "ETag": f'"{_oid(files[file])}"'})

    do_HEAD = do_POST = do_GET

    def commit(self, files: dict) -> str:
        name = hashlib.sha1(repr(sorted(files.items())).encode()).hexdigest()
        self.server.commits[name] = files
        return name

    def answer(self, status: int, content, headers=None) -> None:
        content = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


def _oid(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    "A hub on which a model was shared twice: as it is, and on a branch with another threshold."
    from huggingface_hub import constants

    with Hub() as hub, pytest.MonkeyPatch.context() as patch:
        threading.Thread(target=hub.serve_forever, daemon=True).start()
        patch.setattr(constants, "ENDPOINT", hub.address)
        patch.setattr(
            constants, "HUGGINGFACE_CO_URL_TEMPLATE", hub.address + "/{repo_id}/resolve/{revision}/{filename}"
        )
        learn, more = from_pretrained(GOLDEN), {"private": True, "token": TOKEN, "onnx": False}
        learn.push_to_hub("me/posters", **more)
        learn.thresh = 0.9
        learn.push_to_hub("me/posters", branch="bold", commit_message="Bolder", **more)
        hub.cache = tmp_path_factory.mktemp("cache")
        yield hub
        hub.shutdown()


def test_what_is_shared_is_the_folder_with_a_card_that_names_it(hub):
    commit = hub.commits[hub.branches["me/posters/bold"]]
    assert {"README.md", "config.json", "model.safetensors"} == set(commit)
    card = commit["README.md"].decode()
    assert 'from_pretrained("me/posters")' in card and "python -m postergenre.predict me/posters posters/" in card


def test_a_private_model_of_any_revision_is_had_with_a_token_and_then_from_the_cache(hub):
    commit = hub.branches["me/posters/bold"]
    where = {"token": TOKEN, "cache_dir": hub.cache}
    thresholds = [from_pretrained("me/posters", of, **where).thresh for of in (None, "bold", commit)]
    assert thresholds[0].tolist() == read_config(GOLDEN)["thresholds"] and thresholds[1:] == [0.9, 0.9]
    asked = len(hub.asked)
    found = model_folder("me/posters", "bold", cache_dir=hub.cache, local_files_only=True)
    assert found.name == commit and read_config(found)["thresholds"] == 0.9 and len(hub.asked) == asked
    with pytest.raises(FileNotFoundError, match="There is no folder me/others"):
        model_folder("me/others", cache_dir=hub.cache, local_files_only=True)


@pytest.mark.parametrize(
    ("name", "more", "said"),
    [
        ("me/posters", {"token": False}, r"or it is private: then pass token=, or log in with: hf auth login$"),
        ("me/posters", {"token": TOKEN, "revision": "none"}, "on the hub has no revision 'none'; name another"),
        ("a b", {}, "There is no folder a b .* or user/name$"),
    ],
)
def test_what_cannot_be_had_is_one_sentence(hub, tmp_path, name, more, said):
    with pytest.raises(FileNotFoundError, match=said) as e:
        model_folder(name, cache_dir=tmp_path, **more)
    assert "\n" not in str(e.value)


def test_the_command_takes_a_name_of_the_hub(hub, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    main(["me/posters", str(GOLDEN.parent / "poster.png")])
    said = capsys.readouterr()
    assert "poster.png: " in said.out and "me/posters runs no code when it is loaded; computed by torch" in said.err
