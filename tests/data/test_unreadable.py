import os
from pathlib import Path

import pytest

from postergenre.data import unreadable
from postergenre.data.movies import leave_out_unreadable, read_movies, what_was_read
from postergenre.data.unreadable import READABLE, unreadable_posters


@pytest.fixture
def posters(picture, tmp_path) -> list[Path]:
    "Good ones, an empty file, a page that was saved as a picture, a download that broke off."
    folder = tmp_path / "art"
    folder.mkdir()
    whole = picture.read_bytes()
    files = {"a.png": whole, "b.png": whole, "cut.png": whole[: len(whole) // 2], "empty.jpg": b""}
    for name, data in (files | {"page.jpg": b"<html>not found</html>"}).items():
        (folder / name).write_bytes(data)
    return sorted(folder.iterdir())


@pytest.fixture
def opened(monkeypatch) -> list[str]:
    "The names of the posters that are opened, in their order."
    names, real = [], unreadable.why_unreadable
    monkeypatch.setattr(unreadable, "why_unreadable", lambda poster: names.append(Path(poster).name) or real(poster))
    return names


def test_unreadable_files_are_named_with_their_reason(posters):
    errors = unreadable_posters([*posters, posters[0].parent / "gone.jpg"])
    assert sorted(p.name for p in errors) == ["cut.png", "empty.jpg", "gone.jpg", "page.jpg"]
    assert "truncated" in errors[posters[2]].lower() and "FileNotFoundError" in errors[posters[0].parent / "gone.jpg"]


def test_many_are_opened_in_several_processes(posters):
    copies = [posters[0].with_name(f"{i}.png") for i in range(130)]
    for copy in copies:
        copy.symlink_to(posters[0])
    assert [p.name for p in unreadable_posters([*copies, *posters], workers=2)] == ["cut.png", "empty.jpg", "page.jpg"]


def test_readable_posters_are_opened_once_and_again_only_when_they_changed(posters, opened, tmp_path):
    first = unreadable_posters(posters, cache=tmp_path / "cache")
    assert opened == [p.name for p in posters] and [p.name for p in (tmp_path / "cache").iterdir()] == [READABLE]
    opened.clear()
    assert unreadable_posters(posters, cache=tmp_path / "cache") == first
    # an unreadable one is tried again: the disk or its rights may have been mended
    assert opened == ["cut.png", "empty.jpg", "page.jpg"]
    opened.clear()
    posters[0].write_bytes(b"")
    os.utime(posters[1], ns=(1, 1))
    assert set(unreadable_posters(posters, cache=tmp_path / "cache")) == {posters[0], *first}
    assert opened == [p.name for p in posters]


def test_a_poster_listed_twice_is_unreadable_twice(posters, tmp_path):
    other = posters[0].parent / ".." / "art" / "empty.jpg"
    assert len(unreadable_posters([posters[3], other, posters[3]], cache=tmp_path / "cache")) == 2


def test_their_movies_are_left_out_and_counted_in_the_table(posters, tmp_path):
    table = tmp_path / "m.csv"
    table.write_text("poster,genres\n" + "".join(f"art/{p.name},Drama\n" for p in posters))
    movies = leave_out_unreadable(read_movies(table, verbose=False))
    assert list(movies["id"]) == ["a", "b"] and movies.attrs["vocab"]
    said = what_was_read(movies)
    assert said.startswith("5 movies read, 2 kept.\n") and "unreadable poster       3  cut, empty, page" in said
    assert what_was_read(read_movies(table, check_posters=True, verbose=False)) == said
    with pytest.raises(ValueError, match=r"3 posters cannot be read, first .*cut\.png \(OSError: .*empty\.jpg .*page"):
        leave_out_unreadable(read_movies(table, verbose=False), strict=True)
