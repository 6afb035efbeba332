import numpy as np
import pytest

from postergenre.data import cache as cache_module
from postergenre.data.cache import Cache


def rows(n):
    return lambda places: [[(i, np.full((n, 2), i, dtype=np.float32)) for i in places]]


@pytest.mark.parametrize("ending", ["npz", "json"])
def test_values_come_back_and_only_new_ones_are_computed(tmp_path, ending):
    values = {"npz": np.arange(6.0).reshape(3, 2), "json": [["é", 0.5, [1, 2]]]}[ending]
    first = Cache(tmp_path / "new" / f"kept.{ending}")
    first.get(["a", "b"], lambda places: [[(i, values) for i in places]])
    again = Cache(first.file)
    got = again.get(["b", "c", "a"], lambda places: [[(i, values[:1]) for i in places]])
    assert again.computed == 1
    for value, wanted in zip(got, (values, values[:1], values), strict=True):
        assert list(map(list, value)) == list(map(list, wanted))
    assert [p.name for p in first.file.parent.iterdir()] == [first.file.name]


def test_values_without_rows_and_of_several_lengths(tmp_path):
    cache = Cache(tmp_path / "kept.npz")
    cache.get(["a", "b", "c"], lambda places: [[(i, np.ones((i, 2))) for i in places]])
    got = Cache(cache.file).get(["a", "b", "c"], rows(9))
    assert [len(v) for v in got] == [0, 1, 2]
    nothing = Cache(tmp_path / "nothing.npz")
    nothing.get(["a"], lambda places: [[(i, np.ones((0, 2))) for i in places]])
    assert len(Cache(nothing.file).get(["a"], rows(9))[0]) == 0


def test_without_a_key_nothing_is_kept(tmp_path):
    cache = Cache(tmp_path / "kept.npz")
    assert [len(v) for v in cache.get([None, "a", None], rows(1))] == [1, 1, 1]
    again = Cache(cache.file)
    assert [v[0, 0] for v in again.get(["a", None], rows(1))] == [1, 1] and again.computed == 1


def test_what_was_computed_before_an_error_is_kept(tmp_path):
    def broken(places):
        yield [(places[0], np.ones((1, 2)))]
        raise KeyboardInterrupt

    cache = Cache(tmp_path / "kept.npz")
    with pytest.raises(KeyboardInterrupt):
        cache.get(["a", "b"], broken)
    again = Cache(cache.file)
    again.get(["a"], rows(1))
    assert again.computed == 0


def test_what_gave_no_value_is_none_and_tried_again(tmp_path):
    cache = Cache(tmp_path / "kept.npz")
    assert cache.get(["a"], lambda places: iter(())) == [None]
    assert len(cache.get(["a"], rows(1))[0]) == 1


@pytest.mark.parametrize("ending", ["npz", "json"])
def test_a_damaged_file_is_said(tmp_path, ending):
    cache = Cache(tmp_path / f"kept.{ending}")
    cache.file.write_text('{"key": [["TERROR"')
    with pytest.raises(ValueError, match=r"kept\.\w+ is not whole .* delete it"):
        cache.get(["a"], rows(1))


def test_batches_are_kept_whole(tmp_path, monkeypatch):
    "Files were kept after so many values, in the middle of a batch; what came after a kill was in other batches."
    monkeypatch.setattr(cache_module, "SAVE_EVERY", 5)
    kept, saved = Cache(tmp_path / "kept.npz"), []
    monkeypatch.setattr(kept, "_save", lambda: saved.append(len(kept._known)))
    keys = [str(i) for i in range(10)]
    batches = ([(i, np.ones((1, 2))) for i in range(at, min(at + 3, 10))] for at in range(0, 10, 3))
    assert len(kept.get(keys, lambda places: batches)) == 10 and saved == [6, 10]
