"""Texts that stand beside names."""

from postergenre.evaluation.tables import beside


def test_texts_beside_names_fit_the_terminal(monkeypatch):
    "The words that say most of a genre made lines of 100 characters."
    monkeypatch.setenv("COLUMNS", "60")
    lines = beside({"Action": "war, " * 30, "Sci-Fi": ""})
    assert max(map(len, lines)) <= 60 and lines[0].startswith("Action  war, war") and lines[-1] == "Sci-Fi"
    assert all(line.startswith("        war") for line in lines[1:-1]) and len(lines) > 3
    assert beside({"a": "b"}, first=4) == ["a     b"]
