import numpy as np
import pytest

from postergenre.data.genres import GENRES, MERGE, check_vocab, genre_names, merge_all, multi_hot


def merge_genres(raw, vocab=GENRES, mapping=None, movie="?"):
    "Those of one movie."
    return merge_all([raw], [movie], vocab, mapping)[0]


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


def test_own_mapping_adds_to_the_studys_merge_and_nothing_drops_a_genre():
    own = {"Neo-Noir": "Crime", "western": "Action", "Adult": "", "Short": None}
    assert merge_genres(["Neo-Noir", "Western", "Musical", "Adult", "Short"], mapping=own) == [
        "Action",
        "Crime",
        "Music",
    ]


def test_case_and_spaces_are_forgiven_where_one_genre_is_meant():
    assert merge_genres([" sci-fi", "WESTERN", "talk-show"]) == ["Other", "Sci-Fi"]
    assert merge_genres(["neo  noir", "n/a"], vocab=["Neo Noir"]) == ["Neo Noir"]
    with pytest.raises(ValueError, match="the genre 'WAR'"):
        merge_genres(["WAR"], vocab=["War", "war"])


def test_unknown_genres_are_all_named_with_close_ones_that_were_meant():
    with pytest.raises(
        ValueError, match=r"'Dramma'.*\(unknown too: Xyz\)\..*Did you mean Drama\?.*\{'Dramma': 'Drama'\}"
    ):
        merge_all([["War"], ["Dramma", "Xyz"]], movies="ab")
    with pytest.raises(
        ValueError, match=r"Pass mapping=\{'Xyz': 'one of these'\} to merge it, \{'Xyz': ''\} to drop it"
    ):
        merge_genres(["Xyz"])
    with pytest.raises(ValueError, match=r"Movie \? has the genre 'Action \| war'.*pass delim='\|'"):
        merge_genres(["Action | war"])


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
