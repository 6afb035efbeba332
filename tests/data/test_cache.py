import json
import multiprocessing
import subprocess
import sys

import numpy as np
import pytest

from postergenre.data import cache as cache_module
from postergenre.data.cache import BLOCK, Cache

MILLION = """
import numpy as np, resource, sys
from postergenre.data.cache import Cache

def compute(places):
    rows = np.zeros((1, 1280), dtype=np.float16)
    for i in places:
        rows[0, :2] = divmod(i, 1000)
        yield [(i, rows.copy())]

n, keys = int(sys.argv[2]), [f"{i:032x}" for i in range(int(sys.argv[2]))]
for again in range(2):
    cache = Cache(sys.argv[1])
    for i, rows in enumerate(cache.get(keys, compute)):
        assert rows.shape == (1, 1280) and tuple(rows[0, :2]) == divmod(i, 1000)
    assert cache.computed == (0 if again else n)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024))
"""


def rows(n):
    return lambda places: ([(i, np.full((n, 2), i, dtype=np.float32))] for i in places)


@pytest.mark.parametrize("value", [np.arange(6.0).reshape(3, 2), [["é", 0.5, [1, 2]], []]], ids=["array", "json"])
def test_values_come_back_and_only_new_ones_are_computed(tmp_path, value):
    first = Cache(tmp_path / "new" / "kept.db")
    first.get(["a", "b"], lambda places: [[(i, value) for i in places]])
    again = Cache(first.file)
    got = again.get(["b", "c", "a"], lambda places: [[(i, value[:1]) for i in places]])
    assert again.computed == 1
    for found, wanted in zip(got, (value, value[:1], value), strict=True):
        assert type(found) is type(wanted) and list(map(list, found)) == list(map(list, wanted))
    assert [p.name for p in first.file.parent.iterdir()] == [first.file.name]


def test_values_without_rows_and_of_several_lengths(tmp_path):
    cache = Cache(tmp_path / "kept.db")
    cache.get(["a", "b", "c"], lambda places: [[(i, np.ones((i, 2)))] for i in places])
    got = Cache(cache.file).get(["a", "b", "c"], rows(9))
    assert [len(v) for v in got] == [0, 1, 2] and got[2].dtype == np.float64
    nothing = Cache(tmp_path / "nothing.db")
    nothing.get(["a"], lambda places: [[(i, np.ones((0, 2)))] for i in places])
    assert len(Cache(nothing.file).get(["a"], rows(9))[0]) == 0


def test_without_a_key_nothing_is_kept(tmp_path):
    cache = Cache(tmp_path / "kept.db")
    assert [len(v) for v in cache.get([None, "a", None], rows(1))] == [1, 1, 1]
    again = Cache(cache.file)
    assert [v[0, 0] for v in again.get(["a", None], rows(1))] == [1, 1] and again.computed == 1


def test_what_was_computed_before_an_error_is_kept(tmp_path):
    def broken(places):
        yield [(places[0], np.ones((1, 2)))]
        raise KeyboardInterrupt

    cache = Cache(tmp_path / "kept.db")
    with pytest.raises(KeyboardInterrupt):
        cache.get(["a", "b"], broken)
    again = Cache(cache.file)
    again.get(["a"], rows(1))
    assert again.computed == 0


def test_what_gave_no_value_is_none_and_tried_again(tmp_path):
    cache = Cache(tmp_path / "kept.db")
    assert list(cache.get(["a"], lambda places: iter(()))) == [None]
    assert len(cache.get(["a"], rows(1))[0]) == 1


def test_values_are_read_from_the_disk_in_any_order(tmp_path):
    keys = [str(i) for i in range(3 * BLOCK)]
    got = Cache(tmp_path / "kept.db").get([*keys, "5"], rows(1))
    assert [v[0, 0] for v in got[-2:]] == [len(keys) - 1, 5] and got[-2][0, 0] == len(keys) - 1 and got[0][0, 0] == 0
    assert len(got.block) <= BLOCK
    with pytest.raises(IndexError):
        got[len(got)]


def fill(file, name, barrier):
    barrier.wait()
    for n in range(20):
        keys = [*(f"{name}{n}-{i}" for i in range(20)), f"both{n}"]
        got = Cache(file).get(keys, rows(3))
        assert [v[0, 0] for v in got[:-1]] == list(range(20)) and got[-1].shape == (3, 2)


def test_two_processes_write_at_once(tmp_path):
    spawn = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    barrier = spawn.Barrier(2)
    writers = [spawn.Process(target=fill, args=(tmp_path / "kept.db", name, barrier)) for name in "ab"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0]
    keys = [f"{name}{n}-{i}" for name in "ab" for n in range(20) for i in range(20)]
    cache = Cache(tmp_path / "kept.db")
    assert [v[0, 0] for v in cache.get(keys, rows(1))] == list(range(20)) * 40 and cache.computed == 0


def test_a_damaged_file_is_said(tmp_path):
    cache = Cache(tmp_path / "kept.db")
    cache.file.write_text('{"key": [["TERROR"')
    with pytest.raises(ValueError, match=r"kept\.db is not whole .* delete it"):
        cache.get(["a"], rows(1))


def test_a_file_that_was_cut_short_is_said(tmp_path):
    cache = Cache(tmp_path / "kept.db")
    cache.get([str(i) for i in range(2000)], rows(20))
    whole = cache.file.read_bytes()
    cache.file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"kept\.db is not whole .* delete it"):
        list(cache.get([str(i) for i in range(2000)], rows(20)))


def test_a_file_of_an_earlier_version_is_not_taken_for_this_one(tmp_path):
    (tmp_path / "kept.json").write_text(json.dumps({"a": 1}))
    with pytest.warns(UserWarning, match=r"kept\.json is of an earlier version .* into kept\.db; delete kept\.json"):
        assert len(Cache(tmp_path / "kept.db").get(["a"], rows(1))[0]) == 1
    assert json.loads((tmp_path / "kept.json").read_text()) == {"a": 1}


def test_a_folder_that_may_not_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        Cache(tmp_path / "file" / "kept.db").get(["a"], rows(1))


def test_batches_are_kept_whole(tmp_path, monkeypatch):
    "Files were kept after so many values, in the middle of a batch; what came after a kill was in other batches."
    monkeypatch.setattr(cache_module, "SAVE_EVERY", 5)
    kept, saved = Cache(tmp_path / "kept.db"), []
    monkeypatch.setattr(kept, "_add", lambda values: saved.append(len(values)))
    batches = ([(i, np.ones((1, 2))) for i in range(at, min(at + 3, 10))] for at in range(0, 10, 3))
    assert len(kept.get([str(i) for i in range(10)], lambda places: batches)) == 10 and saved == [6, 4]


@pytest.mark.slow
def test_a_million_rows_are_written_and_read_with_little_memory(tmp_path):
    command = [sys.executable, "-c", MILLION, str(tmp_path / "kept.db"), "1_000_000"]
    peak = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert (tmp_path / "kept.db").stat().st_size > 2.5e9 and peak < 1e9
