"""The study's export with any document torn: it is read, or its file and the place in it are named."""

import json
import os

import pytest

pytest.importorskip("hypothesis", reason="pip install 'postergenre[dev]'")

from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from PIL import Image

from postergenre.data.movies import read_movies

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=10)
VALUE = st.none() | st.booleans() | st.integers() | st.floats() | TEXT | st.lists(TEXT, max_size=2)
FIELDS = ("Title", "Director", "Actors", "Runtime", "imdbRating", "imdbVotes", "Released", "Box_office", "Rated")
few = settings(
    max_examples=int(os.environ.get("POSTERGENRE_EXAMPLES", 30)),
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    (folder / "Movie_Poster_Metadata" / "groundtruth").mkdir(parents=True)
    (folder / "Movie_Poster_Dataset" / "1990").mkdir(parents=True)
    for i in range(3):
        Image.new("RGB", (4, 6)).save(folder / "Movie_Poster_Dataset" / "1990" / f"tt{i}.jpg")
    return folder


def read(study, raw: bytes):
    (study / "Movie_Poster_Metadata" / "groundtruth" / "1990.txt").write_bytes(raw)
    try:
        movies = read_movies(study, verbose=False)
    except (OSError, ValueError, KeyError) as e:
        assert (
            "1990.txt" in str(e) or str(e).startswith(("Movie ", "No movie is left")) or "holds no documents" in str(e)
        )
        return str(e)
    assert movies["id"].is_unique and len(movies) and movies["genres"].map(len).all()
    assert movies.attrs["read"] == len(movies) + sum(map(len, movies.attrs["left_out"].values()))
    return movies


def export(documents, encoding="utf-16") -> bytes:
    texts = [
        json.dumps({"_id": "x"} | d, indent=2).replace('"x"', f'ObjectId("5{i}")', 1) for i, d in enumerate(documents)
    ]
    return "\r\n".join(texts).encode(encoding)


THREE = [{"imdbID": f"tt{i}", "Title": f"Amélie {i}", "Genre": "Drama, War", "Runtime": "90 min"} for i in range(3)]


@few
@given(
    st.integers(0, 1000),
    st.integers(0, 40),
    st.sampled_from([b"", b"\0", b"\xff\xd8", b'"', b"}", b"{\0", b"\xef\xbb\xbf"]),
    st.sampled_from(["utf-16", "utf-8", "utf-8-sig"]),
)
def test_an_export_torn_anywhere_is_read_or_its_place_is_named(study, at, gone, noise, encoding):
    raw = export(THREE, encoding)
    at = at * len(raw) // 1000
    said = read(study, raw[:at] + noise + raw[at + gone :])
    if isinstance(said, str) and "broken document" in said:
        assert "line" in said and "column" in said


@few
@given(st.lists(st.dictionaries(st.sampled_from(FIELDS), VALUE), min_size=3, max_size=3))
def test_fields_may_hold_anything(study, fields):
    movies = read(study, export([d | {"imdbID": f"tt{i}", "Genre": "War"} for i, d in enumerate(fields)]))
    assert movies["id"].tolist() == ["tt0", "tt1", "tt2"]


@few
@given(VALUE, VALUE)
@example("tt0/../tt1", "Drama")
@example("\0", "War")
def test_ids_and_genres_may_be_anything_and_are_refused_by_place(study, id, genre):
    read(study, export([*THREE[:2], {"imdbID": id, "Genre": genre}]))


@few
@given(st.binary(max_size=200))
@example(b"[" * 100_000)
@example(b'{"a":' * 100_000)
@example(b'{"imdbID": "tt0", "Genre": "War", "imdbVotes": ' + b"9" * 5000 + b"}")
def test_any_bytes_are_documents_or_a_sentence(study, raw):
    read(study, raw)


@pytest.mark.parametrize("stem", ["1990.5", "inf", "nan", "-1", "movies", "9" * 400])
def test_a_file_that_is_called_otherwise_than_by_a_year_has_no_year(tmp_path, stem):
    (tmp_path / "Movie_Poster_Metadata" / "groundtruth").mkdir(parents=True)
    (tmp_path / "Movie_Poster_Dataset" / stem[:99]).mkdir(parents=True)
    (tmp_path / "Movie_Poster_Metadata" / "groundtruth" / f"{stem[:99]}.txt").write_bytes(export(THREE))
    Image.new("RGB", (4, 6)).save(tmp_path / "Movie_Poster_Dataset" / stem[:99] / "tt1.jpg")
    movies = read_movies(tmp_path, verbose=False)
    assert movies["id"].tolist() == ["tt1"] and movies["year"].isna().all()
