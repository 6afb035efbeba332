"""Importing prints and changes nothing and is quick; a room imports only from rooms above it, never in a circle."""

import ast
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import postergenre

PACKAGE = Path(postergenre.__file__).parent
TESTS = Path(__file__).parent

# A row may import from the rows above it and from itself; above all stands what imports fastai quietly.
FLOORS = [
    ["_fastai", "_docs"],
    ["data"],
    ["portable"],
    ["metrics", "losses", "layers", "modality"],
    ["vision"],
    ["text"],
    ["tabular"],
    ["training"],
    ["inference"],
    ["evaluation"],
    ["interpret"],
    ["report"],
    ["recipes"],
    ["predict"],
    ["app"],
    ["bulk"],
    ["__init__", "__main__"],
]
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
ROOMS = [room for room in FLOOR if (PACKAGE / room / "__init__.py").is_file()]

QUIET = "postergenre._fastai"

PROBE = """
import logging, os, random, warnings
import numpy as np, torch
import fastai.vision.all as fv
from fastai.learner import Recorder
before = dict(os.environ), list(logging.root.handlers), logging.root.level
torch_state, numpy_state, python_state = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()
originals = {c: dict(vars(c)) for c in (fv.Learner, fv.DataLoaders, fv.DataBlock, Recorder, fv.PILImage, fv.Metric)}
filters = list(warnings.filters)
from postergenre import *
for c, names in originals.items():
    assert dict(vars(c)) == names, c
assert (dict(os.environ), list(logging.root.handlers), logging.root.level) == before
assert [f for f in warnings.filters if f not in filters] == []
assert torch.equal(torch.get_rng_state(), torch_state)
assert (np.random.get_state()[1] == numpy_state).all() and random.getstate() == python_state
missing = [n for n in __import__("postergenre").__all__ if n not in globals()]
assert not missing, missing
"""


def run(code: str, **kwargs) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, **kwargs)


def module_of(file: Path) -> str:
    "postergenre/data/movies.py -> postergenre.data.movies; a room's __init__.py -> postergenre.data."
    return ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


FILES = {module_of(file): file for file in sorted(PACKAGE.rglob("*.py"))}


def imports(module: str) -> list[str]:
    "What a module imports, in the file's order, within functions and under TYPE_CHECKING too."
    found = []
    for node in ast.walk(ast.parse(FILES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module}, line {node.lineno}: import by the full name, from postergenre..."
            # What is imported may be a module or a name in one.
            full = [f"{node.module}.{alias.name}" for alias in node.names]
            found += [(node.lineno, name if name in FILES else node.module) for name in full]
    return [name for _, name in sorted(found, key=lambda pair: pair[0])]


def own_imports(module: str) -> set[str]:
    # A package is no import of its own: each file names the file that it needs.
    return {name for name in imports(module) if name in FILES}


def room(module: str) -> str:
    return [*module.split("."), "__init__"][1]


def test_import_is_quick_and_prints_nothing(tmp_path):
    code = "import sys, postergenre\nslow = {'torch', 'fastai', 'timm', 'pandas', 'numpy', 'PIL'} & set(sys.modules)"
    done = run(f"{code}\nassert not slow, slow", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_all_names_come_without_a_warning(tmp_path):
    done = run("from postergenre import *", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    "code",
    [
        "from postergenre import GENRES, MERGE, load_split, multi_hot, open_poster, read_movies, split_movies",
        "from postergenre import make_demo; import postergenre.recipes.demo",
    ],
)
def test_movies_and_posters_need_no_torch(code, tmp_path):
    heavy = "print({'torch', 'fastai', 'timm', 'matplotlib'} & set(sys.modules))"
    done = run(f"import sys\n{code}\n{heavy}", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "set()\n", "")


def test_import_patches_nothing(tmp_path):
    done = run(PROBE, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_no_file_imports_in_a_circle():
    graph = {module: own_imports(module) - {module} for module in FILES}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as e:
        pytest.fail(" -> ".join(e.args[1]))


def test_a_room_imports_only_from_rooms_above_it():
    arrows = [(module, other) for module in FILES for other in sorted(own_imports(module))]
    up = [f"{module} imports {other}" for module, other in arrows if FLOOR[room(other)] > FLOOR[room(module)]]
    assert not up, "\n".join(up)


def test_fastai_is_imported_without_its_warnings():
    "A file that imports fastai imports _fastai before, or its room's __init__ does."
    first = {m: next((n for n in imports(m) if n == QUIET or n.split(".")[0] == "fastai"), None) for m in FILES}
    rooms = {m: {p for p in FILES if m.startswith(f"{p}.")} for m in FILES}
    loud = [m for m, name in first.items() if name not in (None, QUIET) and all(first[p] != QUIET for p in rooms[m])]
    assert set(loud) <= {QUIET}, f"begin with import {QUIET}: {', '.join(loud)}"


def test_every_room_has_tests_under_its_name():
    assert [room for room in ROOMS if not list((TESTS / room).glob("test_*.py"))] == []
    there = {folder.name for folder in TESTS.iterdir() if list(folder.glob("test_*.py"))}
    assert there - set(ROOMS) == set()
