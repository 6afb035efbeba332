"""Progress in a terminal and without one."""

import os
import pty
import subprocess
import sys

from postergenre.data import progress as module
from postergenre.data.progress import progress

CODE = """
from itertools import islice
from postergenre.data.progress import progress
print(sum(progress(range(3), 3)), "all")
print(sum(islice(progress(range(3), 3), 2)), "some")
"""


def in_terminal(code: str) -> str:
    "What Python shows in a terminal of 80 columns."
    ours, its = pty.openpty()
    process = subprocess.Popen([sys.executable, "-c", code], stdout=its, env=os.environ | {"COLUMNS": "80"})
    os.close(its)
    shown = b""
    try:
        while part := os.read(ours, 4096):
            shown += part
    except OSError:  # its end was closed
        pass
    os.close(ours)
    assert process.wait(timeout=60) == 0
    return shown.decode().replace("\r\n", "\n")


def test_what_follows_a_bar_begins_a_line_of_its_own():
    lines = in_terminal(CODE).splitlines()
    assert "3 all" in lines and "1 some" in lines
    assert any("100.00% [3/3" in line for line in lines)


def test_without_a_terminal_a_line_now_and_then(monkeypatch, capsys):
    monkeypatch.setattr(module, "SECONDS", 0)
    assert list(progress(range(3), 3)) == [0, 1, 2]
    out, err = capsys.readouterr()
    assert out == "" and [line.partition(",")[0] for line in err.splitlines()] == ["  1 of 3 done", "  2 of 3 done"]
    assert list(progress(range(3), 3, show=False)) == [0, 1, 2] and capsys.readouterr() == ("", "")
