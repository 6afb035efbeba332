"""Which genres are named, the same ones everywhere."""

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib import pyplot as plt

from postergenre import PosterEnsemble, evaluate, load_learner, movie_probs, predict_movies, predict_posters
from postergenre.portable.naming import named_genres


def test_a_movie_below_all_thresholds_gets_its_most_probable_genre():
    "At 0.5 no genre was named for more than a third of real posters."
    probs = np.array([[0.2, 0.4, 0.1], [0.6, 0.1, 0.7], [0.3, 0.3, 0.0], [np.nan] * 3])
    assert named_genres(probs).tolist() == [
        [False, True, False],
        [True, False, True],
        [True, False, False],
        [False] * 3,
    ]
    assert named_genres(probs, at_least=0).sum(1).tolist() == [0, 2, 0, 0]
    assert named_genres(probs, at_least=2).sum(1).tolist() == [2, 2, 2, 0]
    assert named_genres(probs, [0.1, 0.5, 0.05]).tolist()[0] == [True, False, True]  # enough: Drama is not added
    assert named_genres(probs, top=2).sum(1).tolist() == [2, 2, 2, 0] and named_genres(probs, top=9)[0].all()
    for wrong, said in (
        ({"thresh": 50}, "thresh=50 must"),
        ({"top": 0}, "top=0 must"),
        ({"at_least": -1}, "at_least=-1"),
    ):
        with pytest.raises(ValueError, match=said):
            named_genres(probs, **wrong)


@pytest.fixture
def judged(cnn):
    "A learner that was judged with more than one view, with thresholds between its probabilities."
    cnn.views, cnn.thresh = "grid+mirror", torch.full((20,), 0.3)
    yield cnn
    del cnn.views
    cnn.thresh = 0.5


def test_one_poster_has_one_answer_everywhere(judged, movies, tmp_path):
    "learn.predict saw the centre and predict_posters the grid: other genres for 32 of 60 real posters."
    some, vocab = movies[movies["split"] == "test"].head(4), list(judged.dls.vocab)
    expected = movie_probs(judged, some)
    genres = predict_movies(judged, some)["genres"].tolist()
    assert not np.allclose(expected, movie_probs(judged, some, views="center"), atol=1e-3)
    np.testing.assert_allclose(movie_probs(judged, some, views="grid+mirror"), expected, atol=1e-6)
    judged.export(tmp_path / "learner.pkl")
    ensemble = PosterEnsemble([judged])
    ensemble.export(tmp_path / "ensemble.pkl")
    loaded = [load_learner(tmp_path / f"{name}.pkl") for name in ("learner", "ensemble")]
    for learn in (judged, ensemble, *loaded):
        one_by_one = [learn.predict(poster) for poster in some["poster"]]
        np.testing.assert_allclose(np.stack([probs for *_, probs in one_by_one]), expected, atol=1e-6)
        assert [list(named) for named, *_ in one_by_one] == genres
        assert [[g for g, on in zip(vocab, mask, strict=True) if on] for _, mask, _ in one_by_one] == genres
        for table in (predict_movies(learn, some), predict_posters(learn, some)):
            np.testing.assert_allclose(table[vocab], expected, atol=1e-6)
            assert table["genres"].tolist() == genres
        explained = learn.explain(some["poster"].iloc[0], vocab)
        np.testing.assert_allclose(list(explained.probs.values()), expected[0], atol=1e-6)
    for learn in (judged, ensemble):
        np.testing.assert_allclose(evaluate(learn, some).probs, expected, atol=1e-6)
    np.testing.assert_allclose(
        judged.predict(some.iloc[0], views="center")[2], movie_probs(judged, some, views="center")[0], atol=1e-6
    )


def test_pictures_of_results_show_what_is_predicted(judged, movies):
    "True and predicted genres stood in one line: Drama, Drama."
    judged.show_results(max_n=3)
    shown = [ax.get_title().replace("\n", " ") for ax in plt.gcf().axes[:3]]
    plt.close("all")
    valid = movies[movies["split"] == "valid"].head(3)
    for title, true, genres in zip(shown, valid["genres"], predict_movies(judged, valid)["genres"], strict=True):
        assert genres and title == f"{', '.join(true)} → {', '.join(genres)}"


def test_options_choose_other_genres_in_every_place(judged, movies):
    poster = movies["poster"].iloc[0]
    for options, n in (
        ({"top": 5}, 5),
        ({"thresh": 1.0}, 1),
        ({"thresh": 1.0, "at_least": 0}, 0),
        ({"thresh": 0.0}, 20),
    ):
        genres = list(judged.predict(poster, **options)[0])
        assert genres == predict_posters(judged, poster, **options)["genres"][0] and len(genres) == n
    with pytest.raises(ValueError, match=r"thresh=0\.2 and top=3 are two ways to choose genres; give one of them"):
        predict_posters(judged, pd.Series([poster]), thresh=0.2, top=3)


def test_members_are_called_what_they_are_told_or_numbered(cnn):
    "Members of several runs were called after their architectures."
    assert PosterEnsemble([cnn, cnn]).names == ["custom_cnn (1)", "custom_cnn (2)"]
    assert PosterEnsemble([cnn, cnn], names=["a", "b"]).names == ["a", "b"]
    with pytest.raises(ValueError, match="3 names for 2 members"):
        PosterEnsemble([cnn, cnn], names=["a", "b", "c"])
