"""Which small faults the tests would not notice: mutants of a module, each under the tests that cover it.

    pip install mutmut
    OMP_NUM_THREADS=1 python tests/mutation/mutate.py                      # all modules, 30 mutants of each
    OMP_NUM_THREADS=1 python tests/mutation/mutate.py vision/views.py -n 0   # one module, all its mutants

The mutants are mutmut's, of whole modules, less those of docstrings, of type annotations and of the wording of errors.
mutmut itself would put trampolines in the place of functions, which docments and signatures do not survive, and runs
no mutant of a module's constants. Here a process that has imported pandas, torch and the like, and nothing of what is
mutated, forks one child a mutant: the child imports the module with the mutant's code and runs pytest, once.

A mutant that is killed is not run again while its results file is there. equivalent.toml holds those that no test can
kill, each with the reason; the share that is printed is of the others.
"""

import argparse
import gc
import importlib
import importlib.util
import json
import math
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import libcst as cst
import pytest
from libcst.metadata import MetadataWrapper
from mutmut.mutation.file_mutation import MutationVisitor
from mutmut.mutation.mutators import mutation_operators
from mutmut.mutation.pragma_handling import IgnoredCode

HERE, ROOT = Path(__file__).parent, Path(__file__).parents[2]
DATA = "pandas iterstrat.ml_stratifiers scipy.optimize matplotlib.pyplot"
TORCH = f"{DATA} postergenre._fastai fastai.vision.all timm torchvision sklearn.linear_model"
TESTS = {  # module -> what covers it, the fastest first; what both import that is none of ours
    "portable/pool.py": (["portable/test_pool.py"], "numpy"),
    "portable/views.py": (["portable/test_views.py"], "numpy PIL.ImageOps"),
    "portable/folder.py": (["portable/test_folder.py", "portable/test_seals.py"], "numpy"),
    "data/genres.py": (["data/test_genres.py"], "pandas"),
    "data/split.py": (["data/test_split.py"], DATA),
    "data/balance.py": (["data/test_balance.py"], DATA),
    "metrics.py": (["test_metrics_edges.py", "test_metrics.py"], TORCH),
    "inference/pooling.py": (["inference/test_pooling.py"], TORCH),
    "inference/calibrate.py": (["inference/test_calibrate.py"], TORCH),
    "inference/thresholds.py": (["inference/test_thresholds.py"], TORCH),
    "vision/views.py": (["vision/test_views.py"], TORCH),
}
KILLED, SURVIVED = "killed", "survived"


def mutants_of(module: str, n: int, seed: int) -> tuple[dict[str, dict], int]:  # by what changes; how many there are
    "Some mutants of a module, drawn at random; all where n is 0."
    code = (ROOT / "postergenre" / module).read_text()
    found = MutationVisitor(mutation_operators, IgnoredCode(set(), set(), set()))
    tree = MetadataWrapper(cst.parse_module(code)).visit(found)
    inside = [(child, node) for node in _walk(tree) for child in node.children]
    words = {child for child, node in inside if isinstance(node, cst.Expr)}  # docstrings
    words |= {within for node, _ in inside if isinstance(node, cst.Raise) for within in _walk(node)}
    text = cst.SimpleString
    changes = [m for m in found.mutations if not (isinstance(m.original_node, text) and m.original_node in words)]
    drawn = random.Random(seed).sample(changes, min(n, len(changes))) if n else changes
    made = {}
    for change in drawn:
        mutant = tree.deep_replace(change.original_node, change.mutated_node).code
        was, now, line = _difference(code, mutant)
        made[f"{module}: {was} -> {now}"] = {"module": module, "line": line, "code": mutant}
    return made, len(changes)


def _walk(node: cst.CSTNode):
    yield node
    for child in node.children:
        yield from _walk(child)


def _difference(code: str, mutant: str) -> tuple[str, str, int]:
    "What changed, as short as it is clear, and in which line."
    old, new = code.splitlines(), mutant.splitlines()
    first = next(i for i, pair in enumerate(zip([*old, None], [*new, None], strict=False)) if pair[0] != pair[1])
    while old[first:] and new[first:] and old[-1] == new[-1]:
        old.pop(), new.pop()
    return *(" ".join(line.strip() for line in lines[first:]) for lines in (old, new)), first + 1


class Mutated:
    "Finds one module with other code than its file has."

    def __init__(self, module: str, code: str):
        self.file = ROOT / "postergenre" / module
        self.name, self.code = "postergenre." + module[:-3].replace("/", "."), code

    def find_spec(self, name, path=None, target=None):
        return importlib.util.spec_from_file_location(name, self.file, loader=self) if name == self.name else None

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        exec(compile(self.code, str(self.file), "exec"), module.__dict__)


def run(mutant: dict, seconds: int, out: Path, drawn: Path) -> tuple[str, float]:  # KILLED or SURVIVED; its seconds
    "The tests of a module under a mutant, in a process of their own; seconds are the processor's: others may be busy."
    if not (child := os.fork()):
        code = 1
        try:
            resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
            code = _tests(mutant, out, drawn)
        finally:
            os._exit(code)
    _, ended, used = os.wait4(child, 0)
    return KILLED if ended else SURVIVED, used.ru_utime + used.ru_stime


def _tests(mutant: dict, out: Path, drawn: Path) -> int:  # 0: all passed
    said = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(said, 1), os.dup2(said, 2)
    sys.meta_path.insert(0, Mutated(mutant["module"], mutant["code"]))
    # Another process sees no mutant; the demo posters of the fixtures are drawn once.
    subprocess.run = lambda *args, **kwargs: pytest.skip("a process of its own")
    from postergenre.data.demo import make

    draw = make.make_demo

    def copied(folder, **kwargs):
        if kwargs != {"n": 60, "seed": 1}:
            return draw(folder, **kwargs)
        if not drawn.exists():
            draw(drawn, **kwargs)
        return Path(shutil.copytree(drawn, folder))

    make.make_demo = copied
    options = ["-x", "-q", "-o", "addopts=", "--import-mode=importlib", "-m", "not slow and not real", "--tb=line"]
    files = [f"tests/{file}" for file in TESTS[mutant["module"]][0]]
    return int(pytest.main([*options, "-p", "no:cacheprovider", "--basetemp", str(drawn.parent / "tests"), *files]))


def main(argv: list[str] | None = None) -> None:
    "Draw mutants, run them, print the survivors and the share that was killed."
    parser = argparse.ArgumentParser(prog="python tests/mutation/mutate.py")
    parser.add_argument("modules", nargs="*", help=f"of {', '.join(TESTS)} (default: all)")
    parser.add_argument("-n", type=int, default=30, help="mutants drawn of each module; 0: all (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=15, help="of the draw (default: %(default)s)")
    parser.add_argument("--results", default="runs/mutation.json", help="what is known already (default: %(default)s)")
    args = parser.parse_args(argv)
    os.chdir(ROOT)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    sys.path.insert(0, str(ROOT))
    results = Path(args.results)
    results.parent.mkdir(parents=True, exist_ok=True)
    known = json.loads(results.read_text()) if results.exists() else {}
    equivalent = {key: why for why, keys in _equivalent().items() for key in keys}
    counts, log = {}, results.with_suffix(".txt")
    with tempfile.TemporaryDirectory() as scratch:
        for module in args.modules or TESTS:
            for name in TESTS[module][1].split():
                importlib.import_module(name)
            gc.freeze()
            drawn, total = mutants_of(module, args.n, args.seed)
            code = (ROOT / "postergenre" / module).read_text()
            state, usual = run({"module": module, "code": code}, 600, log, Path(scratch) / "demo")
            if state != SURVIVED:
                sys.exit(f"The tests of {module} fail without a mutant: {log}")
            tried = [key for key in drawn if key not in equivalent]
            for key in tried:
                if known.get(key) != KILLED:
                    known[key], _ = run(drawn[key], 3 * math.ceil(usual) + 10, log, Path(scratch) / "demo")
                    results.write_text(json.dumps(known, indent=1, ensure_ascii=False))
                    if known[key] == SURVIVED:
                        print(f"survived, line {drawn[key]['line']} of {key}", flush=True)
            counts[module] = killed, n, drawn = sum(known[key] == KILLED for key in tried), len(tried), len(drawn)
            print(f"{module}: {killed} of {n} killed, {drawn - n} equivalent, of {total}; {usual:.1f} s", flush=True)
    killed, n, drawn = map(sum, zip(*counts.values(), strict=True))
    print(f"All: {killed} of {n} killed ({killed / n:.1%}), {drawn - n} of {drawn} equivalent")


def _equivalent() -> dict[str, list[str]]:  # why no test can kill them -> their keys
    file = HERE / "equivalent.toml"
    return {each["why"]: each["mutants"] for each in tomllib.loads(file.read_text()).get("equivalent", [])}


if __name__ == "__main__":
    main()
