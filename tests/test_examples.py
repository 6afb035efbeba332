"""The examples run, where processes are spawned too: there each process imports the script that started it."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import torch
from torchvision.models import resnet18

from postergenre import make_demo, read_movies

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.py"))
SPAWN = """
import multiprocessing, runpy, sys
import postergenre._fastai
from fastai.vision.all import Learner, defaults
multiprocessing.set_start_method("spawn")
fit, defaults.cpus = Learner.fit_one_cycle, 1
Learner.fit_one_cycle = lambda learn, epochs, *args: fit(learn, 1, *args)  # each epoch starts its processes anew
del sys.argv[0]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_a_process_that_imports_an_example_runs_nothing(example, tmp_path, monkeypatch, capsys):
    "Each process that reads posters began the whole example anew, on macOS and Windows."
    monkeypatch.chdir(tmp_path)
    assert callable(runpy.run_path(str(example), run_name="__mp_main__")["main"])
    assert list(tmp_path.iterdir()) == [] and capsys.readouterr().out == ""


@pytest.mark.slow
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs_where_processes_are_spawned(example, tmp_path):
    data = make_demo(tmp_path / "posters", n=90, seed=3, progress=False)
    if example.stem == "own_genres":
        movies = read_movies(data, verbose=False)
        tags = [" | ".join(["noir", "thriller", "comedy", "neo-noir"][i % 4 :][:2]) for i in range(len(movies))]
        data = tmp_path / "own.csv"
        pd.DataFrame({"file": movies["poster"], "tags": tags}).to_csv(data, index=False)
        weights = tmp_path / "hub" / "checkpoints" / "resnet18-f37072fd.pth"
        weights.parent.mkdir(parents=True)
        torch.save(resnet18().state_dict(), weights)
    env = os.environ | {"TORCH_HOME": str(tmp_path)}
    call = [sys.executable, "-c", SPAWN, str(example), str(data)]
    done = subprocess.run(call, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=1200)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / f"{example.stem}.pkl").is_file()
