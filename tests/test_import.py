"""Importing postergenre prints nothing and changes nothing."""

import subprocess
import sys

PROBE = """
import logging, os, random, warnings
import numpy as np, torch
import fastai.vision.all as fv
from fastai.learner import Recorder
before = dict(os.environ), list(logging.root.handlers), logging.root.level
torch_state, numpy_state, python_state = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()
originals = {c: dict(vars(c)) for c in (fv.Learner, fv.DataLoaders, fv.DataBlock, Recorder, fv.PILImage, fv.Metric)}
filters = list(warnings.filters)
import postergenre
for c, names in originals.items():
    assert dict(vars(c)) == names, c
assert (dict(os.environ), list(logging.root.handlers), logging.root.level) == before
assert [f for f in warnings.filters if f not in filters] == []
assert torch.equal(torch.get_rng_state(), torch_state)
assert (np.random.get_state()[1] == numpy_state).all() and random.getstate() == python_state
missing = [n for n in postergenre.__all__ if not hasattr(postergenre, n)]
assert not missing, missing
"""


def run(code: str, **kwargs) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, **kwargs)


def test_import_prints_nothing(tmp_path):
    done = run("import postergenre", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_import_patches_nothing(tmp_path):
    done = run(PROBE, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_no_file_imports_in_a_circle(tmp_path):
    from pathlib import Path

    import postergenre

    package = Path(postergenre.__file__).parent
    modules = [f"postergenre.{p.stem}" for p in package.glob("[a-z]*.py")]
    # Each module first, in a fresh interpreter state of its own names.
    code = f"""
import importlib, sys
for name in {modules}:
    for loaded in [m for m in sys.modules if m.startswith("postergenre")]:
        del sys.modules[loaded]
    importlib.import_module(name)
"""
    done = run(code, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
