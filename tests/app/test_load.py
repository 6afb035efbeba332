"""Many browsers at once: no wrong answer, none lost, memory bounded, refusals in a sentence, nothing read outside.

Five minutes of fifty browsers with the model that comes with postergenre:
python -m pytest -n 0 -s -m slow tests/app/test_load.py
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from postergenre.data.demo.make import draw_poster

pytest.importorskip("gradio", reason="pip install 'postergenre[app]'")

GOLDEN = Path(__file__).parents[1] / "inference" / "golden"


def loaded(tmp_path: Path, posters: Path, model: Path | None, clients: int, seconds: float) -> dict:
    "What browsers saw that sent these posters, and what of the machine the server took."
    (scratch := tmp_path / "server").mkdir()
    env = os.environ | {"TMPDIR": str(scratch), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "postergenre.app", *([str(model)] if model else []), "--port", "0"]
    with (tmp_path / "said").open("w") as out:
        server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=out, text=True, env=env, cwd=scratch)
    try:
        url = re.search(r"http://127\.0\.0\.1:\d+", server.stdout.readline())[0]
        took = Took(server.pid, scratch)
        load = [sys.executable, str(Path(__file__).with_name("load.py")), url, str(posters), "--clients", str(clients)]
        done = subprocess.run([*load, "--seconds", str(seconds)], capture_output=True, text=True, timeout=3600)
        assert done.returncode == 0, done.stderr
        report = json.loads(done.stdout.splitlines()[-1]) | took.end()
    finally:
        server.send_signal(signal.SIGINT)
        assert server.wait(60) == 0
        server.stdout.close()
    report["said by the server"] = (tmp_path / "said").read_text()[-500:]
    assert list(scratch.glob("postergenre-*")) == []
    return report


class Took:
    "Memory of a process and what lies in its folder, looked at each second, in MB."

    def __init__(self, pid: int, folder: Path):
        self.pid, self.folder, self.memory, self.disk = pid, folder, [self.resident(pid)], [0.0]
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()

    @staticmethod
    def resident(pid: int) -> float:
        return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) / 1000

    def watch(self) -> None:
        while not self.ended.wait(1) and Path(f"/proc/{self.pid}").exists():
            self.memory.append(self.resident(self.pid))
            there = subprocess.run(["du", "-sm", self.folder], capture_output=True, text=True)
            self.disk.append(float(there.stdout.split()[0]))

    def end(self) -> dict:
        time.sleep(2)
        self.ended.set()
        self.thread.join()
        memory = {"start": self.memory[0], "most": max(self.memory), "end": self.memory[-1]}
        return {"memory": memory, "disk": max(self.disk)}


def check(report: dict, most: float) -> None:
    print(json.dumps(report, indent=1, ensure_ascii=False))
    wrong = [what for what in report["seen"] if not what.startswith(("right", "refused for now"))]
    assert wrong == []
    assert report["memory"]["most"] < most


needs_proc = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")


@needs_proc
def test_a_few_browsers_for_a_moment(tmp_path):
    genres = json.loads((GOLDEN / "network" / "config.json").read_text())["genres"]
    probs = json.loads((GOLDEN / "expected.json").read_text())["network"]
    for name in ("night.png", "love.png", "war.png"):
        shutil.copy(GOLDEN / "poster.png", tmp_path / name)
    expected = {name: dict(zip(genres, probs, strict=True)) for name in ("night.png", "love.png", "war.png")}
    (tmp_path / "expected.json").write_text(json.dumps(expected))
    report = loaded(tmp_path, tmp_path, GOLDEN / "network", clients=6, seconds=2)
    check(report, most=2000)
    assert sum(n for what, n in report["seen"].items() if what.startswith("right")) >= 6


@needs_proc
@pytest.mark.slow
def test_fifty_browsers_for_five_minutes(tmp_path):
    from postergenre import load_pretrained

    learn, expected = load_pretrained(), {}
    (posters := tmp_path / "posters").mkdir()
    for seed, (name, genre) in enumerate({"night.jpg": "Horror", "love.png": "Romance", "big.jpg": "War"}.items()):
        draw_poster([genre], seed).resize((1200, 1800) if seed == 2 else (300, 450)).save(posters / name)
        expected[name] = dict(zip(learn.dls.vocab, learn.predict(posters / name)[2].tolist(), strict=True))
    (posters / "expected.json").write_text(json.dumps(expected))
    report = loaded(tmp_path, posters, None, clients=50, seconds=300)
    check(report, most=4000)
    assert {"right: one_poster", "right: several_posters", "right: thief"} <= set(report["seen"])
