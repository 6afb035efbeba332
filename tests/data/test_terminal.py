"""Texts in a terminal of few columns."""

from postergenre.data.movies import what_was_read
from postergenre.data.terminal import beside, wrapped


def test_texts_beside_names_fit_the_terminal(monkeypatch):
    "The words that say most of a genre made lines of 100 characters."
    monkeypatch.setenv("COLUMNS", "60")
    lines = beside({"Action": "war, " * 30, "Sci-Fi": ""})
    assert max(map(len, lines)) <= 60 and lines[0].startswith("Action  war, war") and lines[-1] == "Sci-Fi"
    assert all(line.startswith("        war") for line in lines[1:-1]) and len(lines) > 3
    assert beside({"a": "b"}, first=4) == ["a     b"]


def test_sentences_are_wrapped_and_paths_stay_whole(monkeypatch):
    monkeypatch.setenv("COLUMNS", "50")
    path = "a/long/" * 9
    assert wrapped(f"one two\n{'three ' * 10}") == "one two\n" + " ".join(["three"] * 8) + "\n" + "three three"
    assert path in wrapped(f"in {path}").splitlines()


def test_what_was_left_out_fits_the_terminal(movies, monkeypatch):
    "Names of posters as long as their titles made lines of 200 characters."
    monkeypatch.setenv("COLUMNS", "80")
    some = movies.head(2).copy()
    names = [f"a poster with a name of its own, number {i}" for i in range(5)]
    some.attrs = {"read": 8, "named": 0, "tried": "", "left_out": {"no poster": names, "no genre": ["x"], "none": []}}
    lines = what_was_read(some).splitlines()
    assert lines[0] == "8 movies read, 2 kept." and max(map(len, lines)) <= 80
    assert " ".join(lines[1].split()) == "left out movies for example" and " ".join(lines[-1].split()) == "no genre 1 x"
    assert "number 2" in lines[-2] and "number 3" not in "".join(lines)
