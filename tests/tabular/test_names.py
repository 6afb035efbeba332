"""Names on posters are matched with care, and tell by the other films of who is named."""

import numpy as np
import pandas as pd
import pytest
import torch

pytest.importorskip("rapidfuzz", reason="pip install 'postergenre[words]'")
pytest.importorskip("rapidocr", reason="pip install 'postergenre[words]'")

from PIL import Image

from postergenre.data.genres import multi_hot
from postergenre.portable.reader import Line
from postergenre.tabular.matching import NameMatcher, letters
from postergenre.tabular.names import Names

PEOPLE = ["Arnold Schwarzenegger", "Penélope Cruz", "Jeff Goldblum", "Ann Lee", "John Carpenter", "Karen Carpenter"]
FILMS = {"Arnold Schwarzenegger": 6, "John Carpenter": 4, "Karen Carpenter": 4, "Jeff Goldblum": 3}


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (["A FILM WITH PENELOPE CRUZ"], {"Penélope Cruz": [0]}),
        (["JEFFGOLDBLUM ARNOLDSCHWARZENEGGER"], {"Jeff Goldblum": [0], "Arnold Schwarzenegger": [0]}),  # joined
        (["JEFF", "GOLDBLUM"], {"Jeff Goldblum": [0, 1]}),  # torn
        (["JEFF GOIDBLUM"], {"Jeff Goldblum": [0]}),  # misread by a letter
        (["JEFF GOIDBIUM"], {}),  # by two
        (["SCHWARZENEGGER"], {"Arnold Schwarzenegger": [0]}),  # a star's surname
        (["CARPENTER"], {}),  # two have it
        (["GOLDBLUM"], {}),  # of too few films
        (["THE CLANNLEE HOUSE"], {}),  # a short name stands in other words
        ([], {}),
    ],
)
def test_matching_is_careful(lines, found):
    assert NameMatcher(PEOPLE, FILMS)(lines) == found


def test_letters_lose_their_accents():
    assert letters("Penélope Cruz-Ray, Jr.") == "PENELOPECRUZRAYJR"


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    "Posters whose words are in the cache of the fitted names: nothing is read by a network here."
    folder = tmp_path_factory.mktemp("posters")
    rows = []
    for i, genre in enumerate(["Horror"] * 4 + ["Romance"] * 4):
        Image.new("RGB", (20, 30), (i, 0, 0)).save(folder / f"{i}.png")
        rows.append({"poster": folder / f"{i}.png", "genres": [genre], "directors": [f"Director of {genre}"]})
    return pd.DataFrame(rows)


@pytest.fixture
def names(told, monkeypatch):
    names = Names()
    names.fit(told.to_dict("records"), multi_hot(told["genres"], ["Horror", "Romance"]))
    said = {
        str(p): [Line(f"by DIRECTOR OF {g[0].upper()}", 0.9, (0, 0, 1, 1))]
        for p, g in told[["poster", "genres"]].values
    }
    monkeypatch.setattr(
        "postergenre.vision.things.Things.read", lambda self, movie, train=False: said[str(movie["poster"])]
    )
    return names


def test_a_training_poster_does_not_count_for_itself(names, told, tmp_path):
    movies = told.to_dict("records")
    seen = names.encode([names.read(m) for m in movies])
    known = names.profiles.encode(["Director of Horror"], [1, 1, 0])  # three films but this
    np.testing.assert_allclose(seen[0], known)
    image = Image.open(told["poster"][0])  # a bare poster of which nobody knows that it was in training
    other = names.encode(
        [names.read({"poster": told["poster"][0]}), [line._replace(poster="") for line in names.read(movies[0])]]
    )
    np.testing.assert_allclose(other[0], known)
    assert other[1, 0] > other[0, 0] and image.size == (20, 30)
    names.keep_in(tmp_path)
    np.testing.assert_allclose(np.concatenate(names.features(told, progress=False)[0]), seen)
    names.keep_in(tmp_path)
    np.testing.assert_allclose(np.concatenate(names.features(told, progress=False)[0]), seen)  # from the files
    assert sorted(p.name.split("-")[0] for p in tmp_path.iterdir()) == ["names", "words"]


def test_it_is_kept_apart_from_other_training_sets_and_fitted_once(names, told):
    fresh = Names()
    fresh.load_state_dict(names.state_dict())
    reading = names.read(told.iloc[0])
    torch.testing.assert_close(fresh.encode([reading, []]), names.encode([reading, []]))
    torch.testing.assert_close(Names.unpack(*names.pack()).encode([reading]), names.encode([reading]))
    with pytest.raises(ValueError, match="What the names taught is not whole"):
        Names.unpack({}, {})
    with pytest.raises(ValueError, match="These Names were fitted on other training movies"):
        names.fit([{"poster": __file__, "directors": ["A B"]}], np.ones((1, 2)))
    with pytest.raises(ValueError, match="No training movie has directors, writers, actors"):
        Names().fit([{"poster": __file__}], np.ones((1, 2)))
    with pytest.raises(ValueError, match="Names learn from training movies first"):
        Names().encode([[]])


def test_it_says_who_counts(names, told):
    movie = {"poster": Image.open(told["poster"][0])}
    reading = names.read(told.iloc[0])
    part = names.explain(movie, reading, None, lambda x: x[:, :2].numpy(), [0, 1], torch.zeros(3))
    assert part.parts[0][0] == "Director of Horror" and part.parts[0][1][0] > 0 and part.heat[0].max() == 1
    nobody = names.explain(movie, [reading[0]._replace(text="RUN")], None, lambda x: x[:, :2].numpy(), [0, 1], None)
    assert [(name, effect.tolist()) for name, effect in nobody.parts] == [("nobody known", [0, 0])]
