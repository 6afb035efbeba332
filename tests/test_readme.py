"""The README's Python runs, its commands are the ones that CI runs, its links and CONTRIBUTING's lead somewhere."""

import re
import subprocess
import sys
from pathlib import Path

from postergenre import make_demo

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_python_block_runs_as_it_stands(tmp_path):
    [code] = re.findall(r"```python\n(.*?)```", README, re.S)
    make_demo(tmp_path / "posters", n=48, seed=5)
    script = "import matplotlib\nmatplotlib.use('agg')\n" + code + "\nprint(genres, mask, probs, table)\n"
    (tmp_path / "readme.py").write_text(script)
    done = subprocess.run([sys.executable, "readme.py"], cwd=tmp_path, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert "popularity" in done.stdout and "Drama" in done.stdout


def test_ci_finds_the_test_commands():
    commands = re.search(r"<!-- tests -->\n```bash\n(.*?)```", README, re.S)[1].splitlines()
    assert commands[-1] == "python -m pytest" and "[dev]" in commands[0]
    assert "<!-- tests -->" in (ROOT / ".ci" / "run").read_text()


def test_links_and_pictures_are_there():
    targets = [t for t in re.findall(r"\]\(([^)#]+)\)", README) if not t.startswith("http")]
    assert targets and [t for t in targets if not (ROOT / t).exists()] == []


def test_nothing_is_left_to_fill_in():
    assert not re.findall(r"@[A-Z_]+@|TODO|TBD", README)


def test_files_that_contributing_names_are_there():
    names = re.findall(r"`([\w./]+/[\w./]*)`", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    gone = [name for name in names if name != "tabular/" and not (ROOT / name).exists()]
    assert len(names) > 20 and gone == []
