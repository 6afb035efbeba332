"""No tracked file says where things lie on the machine of whoever wrote it."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MACHINE = re.compile(r"(?<![\w.-])/(?:work|home|root|tmp|Users)/|\bC:\\")
SHARED = "/".join(["..", "shared"])


def tracked() -> dict[str, str]:
    "The text of each tracked file; pictures are left out."
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    texts = {}
    for name in filter(None, listed.stdout.split("\0")):
        content = (ROOT / name).read_bytes() if (ROOT / name).is_file() else b""
        if b"\0" not in content:
            texts[name] = content.decode("utf-8")
    return texts


def test_no_file_holds_a_path_of_one_machine():
    lines = [(name, line) for name, text in tracked().items() for line in text.splitlines()]
    assert lines
    wrong = [f"{name}: {line}" for name, line in lines if MACHINE.search(line)]
    wrong += [f"{name}: {line}" for name, line in lines if SHARED in line and not name.startswith("tests/")]
    assert not wrong, "\n".join(wrong)
