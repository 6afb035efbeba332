"""Hours in minutes: many predictions, many trainings in one process, whose memory stays as it is."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "inference" / "golden" / "network"
FLAT = 0.02  # of the memory at 10 %

BEGIN = """
import contextlib, ctypes, gc, json, os, sys, tempfile
from pathlib import Path
from postergenre.data.demo.make import draw_poster

def memory():
    gc.collect()
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)  # glibc holds what was freed, some tens of MB more or less
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

def soak(do, count):
    "Memory in MB at each tenth."
    said = []
    for i in range(1, count + 1):
        do(i)
        if i % (count // 10) == 0:
            said.append(round(memory(), 1))
            print(i, said[-1], file=sys.stderr, flush=True)
    print(json.dumps(said))

count, folder = int(sys.argv[1]), Path(tempfile.mkdtemp())
posters = []
for i in range(20):
    posters.append(folder / f"{i}.jpg")
    draw_poster([["Comedy", "Drama", "Horror"][i % 3]], seed=i, size=(64, 96)).save(posters[-1])
"""

ONNX = """
from postergenre.portable.light import LightModel
model = LightModel(sys.argv[2])
def ask(i):
    assert model.probs({"poster": [posters[(i + k) % 20] for k in range(10)]}, bs=10)[1] == [None] * 10
soak(ask, count // 10)
"""

TORCH = """
from postergenre import from_pretrained, predict_posters
learn = from_pretrained(sys.argv[2])
def ask(i):
    table = predict_posters(learn, [posters[(i + k) % 20] for k in range(10)], bs=10, progress=False)
    assert table["error"].isna().all()
soak(ask, count // 10)
"""

FIT = """
import pandas as pd
from postergenre import PosterDataLoaders, custom_cnn_learner
sides = ["train"] * 12 + ["valid"] * 8
rows = [(str(i), p, [["Comedy", "Drama", "Horror"][i % 3]], sides[i]) for i, p in enumerate(posters)]
movies = pd.DataFrame(rows, columns=["id", "poster", "genres", "split"])
movies.attrs["vocab"] = ["Comedy", "Drama", "Horror"]
def fit(i):
    learn = custom_cnn_learner(PosterDataLoaders.from_movies(movies, size=64, bs=4, num_workers=0))
    with learn.no_bar(), learn.no_logging():
        learn.fit_one_cycle(1, 1e-3)
soak(fit, count)
"""


def soaked(code: str, *args) -> list[float]:
    "What memory a process of its own has at each tenth, in MB."
    command = [sys.executable, "-W", "ignore", "-c", BEGIN + code, *map(str, args)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=4 * 3600)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    print(f"\n{args[0]:,}: {said[0]} MB after a tenth, {said[-1]} MB at the end ({said[-1] / said[0] - 1:+.1%})")
    return said


@pytest.mark.slow
@pytest.mark.parametrize(("code", "count"), [(ONNX, 50_000), (TORCH, 50_000)], ids=["onnx", "torch"])
def test_fifty_thousand_predictions_take_no_more_memory(code, count):
    said = soaked(code, count, GOLDEN)
    assert said[-1] <= said[0] * (1 + FLAT)


@pytest.mark.slow
def test_two_hundred_trainings_take_no_more_memory():
    said = soaked(FIT, 200)
    assert said[-1] <= said[0] * (1 + FLAT)


def test_some_predictions_take_no_more_memory():
    pytest.importorskip("onnxruntime", reason="pip install 'postergenre[onnx]'")
    said = soaked(ONNX, 1000, GOLDEN)
    assert said[-1] <= said[0] * 1.1
