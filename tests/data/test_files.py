import pytest

from postergenre.data.files import write_whole


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(RuntimeError), write_whole(tmp_path / "a.txt") as file:
        file.write_text("half")
        raise RuntimeError
    assert (tmp_path / "a.txt").read_text() == "old" and [p.name for p in tmp_path.iterdir()] == ["a.txt"]
    with write_whole(tmp_path / "sub" / "a.txt") as file:
        file.write_text("new")
    assert (tmp_path / "sub" / "a.txt").read_text() == "new"
