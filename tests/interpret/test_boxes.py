"""What was found is drawn on the poster, and named beside it."""

from PIL import Image

from postergenre import plot_objects, plot_people
from postergenre.data.axes import figure_of
from postergenre.vision.faces import Face
from postergenre.vision.objects import Objects
from postergenre.vision.people import People

POINTS = ((0.4, 0.3), (0.6, 0.3), (0.5, 0.4), (0.4, 0.5), (0.6, 0.5))


def find(picture):
    return [
        ("dog", 0.9, (0.1, 0.1, 0.5, 0.5)),
        ("dog", 0.4, (0, 0, 1, 1)),
        ("$5 note", 0.6, (0, 0, 0.5, 1)),
        ("cat", 0.1, (0, 0, 1, 1)),
    ]


def test_objects_are_drawn_one_a_label():
    poster = Image.new("RGB", (100, 150))
    axes = plot_objects(poster, Objects(find, labels=["dog", "cat", "$5 note"]))
    drawn, beside = axes
    assert [t.get_text() for t in beside.texts] == ["dog 90%", "$5 note 60%"]
    assert drawn.patches[0].get_bbox().bounds == (10, 15, 40, 60)
    none = plot_objects(poster, Objects(lambda _: [], labels=["dog"]))
    assert [t.get_text() for t in none[1].texts] == ["no object of 25% or more"] and not none[0].patches
    figure_of(axes).canvas.draw()


def test_faces_are_drawn_with_their_points_and_likeliest_expressions(monkeypatch):
    people = People(expressions=None)
    mood = (0.05, 0, 0, 0.8, 0.15, 0, 0)
    many = [Face(0.99, (0.3, 0.2, 0.7, 0.6), POINTS, mood)] * 12
    for faces, texts in (
        ([], ["no face"]),
        (many[:1], ["happy 80%\nsad 15%"]),
        ([many[0]._replace(expressions=None)], ["face 99%"]),
    ):
        monkeypatch.setattr(people, "find", lambda _, faces=faces: faces)
        axes = plot_people(Image.new("RGB", (100, 150)), people)
        assert [t.get_text() for t in axes[1].texts] == texts
        assert len(axes[0].patches) == len(axes[0].lines) == len(faces)
    monkeypatch.setattr(people, "find", lambda _: many)
    axes = plot_people(Image.new("RGB", (100, 150)), people)
    assert axes[1].texts[-1].get_text().endswith("and 2 smaller ones") and len(axes[0].patches) == 12
    figure_of(axes).canvas.draw()
