import numpy as np
import pandas as pd
import pytest

from postergenre.data.genres import (
    GENRES,
    MERGE,
    check_genres,
    check_vocab,
    genre_names,
    merge_all,
    multi_hot,
    vocab_of,
)


def merge_genres(raw, vocab=GENRES, mapping=None, movie="?"):
    "Those of one movie."
    return merge_all([raw], [movie], vocab, mapping)[0]


def test_twenty_genres_in_a_fixed_order():
    assert len(GENRES) == 20 == len(set(GENRES)) and {"Action", "Mystery", "Other", "Sci-Fi", "War"} < set(GENRES)
    assert list(GENRES) == sorted(GENRES)
    assert set(MERGE.values()) <= set(GENRES) and not set(MERGE) & set(GENRES)


def test_merge_is_the_studys():
    assert merge_genres(["Western", "Drama", "Short"]) == ["Drama", "Other"]
    assert merge_genres(["Musical", "Music"]) == ["Music"]
    for raw in ("Adult", "Game-Show", "News", "Reality-TV", "Short", "Talk-Show", "Western"):
        assert merge_genres([raw]) == ["Other"]
    assert merge_genres(["N/A"]) == [] == merge_genres([])
    rare = {"Adult", "Game-Show", "News", "Reality-TV", "Short", "Talk-Show", "Western"}
    assert {raw: "Other" for raw in rare} | {"Musical": "Music"} == MERGE


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


def test_a_good_vocabulary_is_a_tuple():
    assert check_vocab(["Drama", "War"]) == ("Drama", "War") == check_vocab(g for g in ("Drama", "War"))
    with pytest.raises(ValueError, match="lists a, b more than once"):
        check_vocab(["b", "a", "b", "c", "a"])
    with pytest.raises(ValueError, match="vocab holds 3, which is not a genre name"):
        check_vocab(["a", 3, None])


def test_genres_that_are_asked_for():
    assert check_genres("War", GENRES) == ["War"] and check_genres(("War", "Crime"), GENRES) == ["War", "Crime"]
    with pytest.raises(ValueError, match=r"No genre given; pass one or more of: Crime, War$"):
        check_genres([], ["Crime", "War"])
    with pytest.raises(ValueError, match=r"Unknown genre 'Noir'; known: Crime, War$"):
        check_genres(["War", "Noir", "Pulp"], ["Crime", "War"])


def test_movies_know_their_vocabulary():
    movies = pd.DataFrame()
    assert vocab_of(movies) == GENRES
    movies.attrs["vocab"] = ["b", "a"]
    assert vocab_of(movies) == ("b", "a")
    with pytest.raises(ValueError):  # a row of another vocabulary
        genre_names([1, 0, 1], ["b", "a"])
    assert genre_names([1, 0], ["b", "a"]) == ["b"]


def test_what_is_said_of_an_unknown_genre_to_the_letter():
    mapping = {"A": "Comedy", "Bd": "Comety"}
    with pytest.raises(ValueError) as e:
        merge_all([["A", "Comedy"], ["Bd", "x"]], "st", ["Comedy", "Comely"], mapping)
    assert str(e.value) == (
        "Movie t has the genre 'Bd' (mapped to 'Comety'), which is not in the vocabulary (unknown too: x). Known: "
        "Comedy, Comely. Did you mean Comely or Comedy? Pass mapping={'Bd': 'Comely'} to merge it, {'Bd': ''} to drop "
        "it, or a vocab= that holds it (in a recipe: --mapping FILE, --genres)."
    )
    for delim in "|;/,":
        with pytest.raises(ValueError) as e:
            merge_genres([f"War {delim} crime"])
        assert str(e.value).endswith(f"If these are several genres, pass delim={delim!r} (--delim {delim!r}).")


def test_a_mapping_counts_before_the_vocabulary_and_however_it_is_written():
    assert merge_genres(["Noir", "noir"], vocab=["Noir", "Crime"], mapping={"Noir": "crime"}) == ["Crime"]
    assert merge_genres(["WESTERN"], mapping={"western": "War"}) == ["War"]
    assert (
        merge_genres([" n/a ", ""], vocab=["War"]) == [] == merge_genres(["War"], vocab=["War"], mapping={"War": None})
    )
    assert merge_genres([1, "War"], vocab=["1", "War"]) == ["1", "War"]
    assert merge_all([], [], ["War"]) == []
