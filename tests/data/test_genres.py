import numpy as np
import pytest

from postergenre.data.genres import GENRES, MERGE, check_vocab, genre_names, merge_genres, multi_hot


def test_twenty_genres_in_a_fixed_order():
    assert len(GENRES) == 20 == len(set(GENRES))
    assert list(GENRES) == sorted(GENRES)
    assert set(MERGE.values()) <= set(GENRES) and not set(MERGE) & set(GENRES)


def test_merge_is_the_studys():
    assert merge_genres(["Western", "Drama", "Short"]) == ["Drama", "Other"]
    assert merge_genres(["Musical", "Music"]) == ["Music"]
    for raw in ("Adult", "Game-Show", "News", "Reality-TV", "Short", "Talk-Show", "Western"):
        assert merge_genres([raw]) == ["Other"]
    assert merge_genres(["N/A"]) == [] == merge_genres([])


def test_merged_genres_stand_in_the_order_of_the_vocabulary():
    assert merge_genres([" War ", "Action", "Drama"]) == ["Action", "Drama", "War"]
    assert merge_genres(["a", "b"], vocab=["b", "a"]) == ["b", "a"]


def test_unknown_genre_names_movie_genre_and_known_ones():
    with pytest.raises(ValueError, match=r"Movie tt1 has the genre 'Dramma'.*Known: Action, Adventure.*mapping="):
        merge_genres(["Dramma"], movie="tt1")
    with pytest.raises(ValueError, match=r"'x' \(mapped to 'y'\)"):
        merge_genres(["x"], vocab=["a"], mapping={"x": "y"})


def test_own_vocabulary_is_not_merged_as_the_study_does():
    assert merge_genres(["Western"], vocab=["Western", "Noir"]) == ["Western"]
    assert merge_genres(["Neo-Noir"], vocab=["Western", "Noir"], mapping={"Neo-Noir": "Noir"}) == ["Noir"]


def test_multi_hot_and_back():
    rows = multi_hot([["Drama"], [], ["War", "Action"]])
    assert rows.shape == (3, 20) and rows.dtype == np.float32 and rows.sum() == 3
    assert [genre_names(r) for r in rows] == [["Drama"], [], ["Action", "War"]]
    with pytest.raises(ValueError, match="Row 0 has the genre 'Noir'"):
        multi_hot([["Noir"]])


@pytest.mark.parametrize(
    ("vocab", "said"),
    [("Drama", "is the text"), ([], "is empty"), (["a", "a"], "more than once"), ([" "], "not a genre")],
)
def test_bad_vocabularies(vocab, said):
    with pytest.raises(ValueError, match=said):
        check_vocab(vocab)
