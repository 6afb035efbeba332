import math

import pandas as pd
import pytest

from postergenre.data.columns import as_list, clean_metadata, minutes, names, roles
from postergenre.data.movies import read_movies


def test_lists():
    assert as_list(" Action,  Drama ,Action,") == ["Action", "Drama"]
    assert as_list("a|b", "|") == ["a", "b"]
    assert as_list(["a ", "b"]) == ["a", "b"]
    for missing in ("N/A", "", None, float("nan"), pd.NA):
        assert as_list(missing) == []


def test_names_lose_their_role():
    assert names("A B (story), C, Jr. (based on the novel), A B (screenplay)") == ["A B", "C", "Jr."]
    assert names("N/A") == [] == names(None)


def test_what_writers_did_is_kept():
    assert roles("A B (story), C (novel), D (story), E (novels, \\") == "story, novel, novels, \\"
    assert roles("A B, C") is None is roles(None)


def test_names_lose_a_role_that_the_export_tore():
    assert names("Ashley Montagu (in part on the book \\") == ["Ashley Montagu"]
    assert names("A B (screenplay), C D (novels, \\") == ["A B", "C D"]


@pytest.mark.real
def test_no_name_in_the_real_data_holds_a_part_of_a_role(real_posters):
    movies = read_movies(real_posters, verbose=False)
    people = movies[["directors", "writers", "actors"]].stack().explode().dropna()
    assert len(people) > 30_000 and not people.str.contains(r"[()\\]").any()


@pytest.mark.parametrize(("text", "value"), [("124 min", 124), ("1 h 30 min", 90), ("2 h", 120), ("5 min", 5)])
def test_minutes(text, value):
    assert minutes(text) == value


@pytest.mark.parametrize("text", ["N/A", "", "min", "long", None])
def test_no_minutes(text):
    assert math.isnan(minutes(text))


def test_metadata_is_typed_and_absent_is_missing():
    first = {
        "imdbID": "tt1",
        "year": "1990",
        "Title": "One",
        "Director": "A, B",
        "imdbVotes": "1,234",
        "Metascore": "N/A",
    }
    first |= {"Runtime": "90 min", "Released": "16 Nov 1990", "imdbRating": "7.5", "Box_office": None, "Rated": "N/A"}
    second = {"imdbID": "tt2", "year": "1991", "Title": "N/A", "Director": "N/A", "imdbVotes": "N/A"}
    raw = pd.DataFrame([first, second])
    one, two = clean_metadata(raw).to_dict("records")
    assert one["directors"] == ["A", "B"] and one["votes"] == 1234 and one["runtime"] == 90 and one["rating"] == 7.5
    assert one["released"] == pd.Timestamp(1990, 11, 16) and one["year"] == 1990
    for key in ("metascore", "box_office", "rated", "type"):
        assert pd.isna(one[key]), key
    assert two["directors"] == two["actors"] == [] and pd.isna(two["title"]) and pd.isna(two["released"])
    assert "N/A" not in clean_metadata(raw).to_string()
