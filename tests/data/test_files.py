import errno
import resource
from contextlib import contextmanager

import pytest
import torch

from postergenre.data.files import save_whole, write_text, write_whole


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(RuntimeError), write_whole(tmp_path / "a.txt") as file:
        file.write_text("half")
        raise RuntimeError
    assert (tmp_path / "a.txt").read_text() == "old" and [p.name for p in tmp_path.iterdir()] == ["a.txt"]
    with write_whole(tmp_path / "sub" / "a.txt") as file:
        file.write_text("new")
    assert (tmp_path / "sub" / "a.txt").read_text() == "new"


@contextmanager
def small_disk(most: int):
    "No file may be longer; the error is that of a full disk in all but its number."
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_names_the_file_and_leaves_nothing_half_written(tmp_path):
    "torch said 'unexpected pos 576 vs 534', Python '[Errno 28] No space left on device': of which file?"
    writers = {
        "net.pth": lambda file: save_whole(torch.zeros(100_000), file),
        "table.csv": lambda file: write_text(file, "x" * 300_000),
    }
    for name, write in writers.items():
        with pytest.raises(OSError, match=name) as error, small_disk(200_000):
            write(tmp_path / name)
        assert error.value.errno == errno.EFBIG and error.value.filename == str(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_other_errors_stay_as_they_are(tmp_path):
    with pytest.raises(FileNotFoundError, match="other"), write_whole(tmp_path / "a.txt"):
        (tmp_path / "other").read_text()
    with pytest.raises(OSError, match=r"a\.txt cannot be written: 8 requested"), write_whole(tmp_path / "a.txt"):
        raise OSError("8 requested and 0 written")
