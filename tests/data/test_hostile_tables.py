"""Tables from anywhere: a clean table and a count of what was left out, or one sentence with the file.

POSTERGENRE_EXAMPLES=3000 python -m pytest -n 0 tests/data/test_hostile_tables.py      # more of them than the usual few
"""

import csv
import os
import warnings
from functools import cache
from io import StringIO
from pathlib import Path

import pytest

pytest.importorskip("hypothesis", reason="pip install 'postergenre[dev]'")

from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from PIL import Image

from postergenre.data.genres import GENRES
from postergenre.data.movies import read_movies, read_table

few = settings(
    max_examples=int(os.environ.get("POSTERGENRE_EXAMPLES", 30)),
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be")
TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12)
CELLS = TEXT | st.sampled_from(
    ["", " ", "N/A", "nan", "7", "007", "7.0", "=1+1", "[1]", "['a', 'b']", "a\nb", 'say "a"', "x" * 10_000]
)
POSTERS = st.sampled_from(
    ["art/1.jpg", "art/0081", "link.jpg", "{here}/art/1.jpg", "gone.jpg", "", "https://x.org/a.jpg", "art"]
)
GENRE = st.sampled_from([*GENRES, "drama", " War ", "Western", "Musical", "N/A", ""])
NOISE = st.sampled_from(
    [b'"', b",", b"\n", b"\r", b"\0", b"\xff", b"\xef\xbb\xbf", b";", b"\t", b"[", b"\x1f\x8b", b"PAR1", b"PK\3\4"]
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("tables")
    (folder / "art").mkdir()
    for name in ("1", "0081"):
        Image.new("RGB", (4, 6)).save(folder / "art" / f"{name}.jpg")
    (folder / "link.jpg").symlink_to("art/1.jpg")
    (folder / "dead.jpg").symlink_to("nowhere.jpg")
    return folder


def read(source, **options):
    "The movies, or the sentence; nothing else may come of it."
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            movies = read_movies(source, verbose=False, **options)
        except (OSError, ValueError, KeyError) as e:
            movies = str(e.args[-1] if isinstance(e, KeyError) else e)
    assert all("was read as cp1252" in str(w.message) for w in said), [str(w.message) for w in said]
    if isinstance(movies, str):
        assert len(movies) > 20 and "Traceback" not in movies
        return movies
    assert movies["id"].is_unique and movies["id"].map(lambda i: isinstance(i, str) and i.strip() != "").all()
    assert movies["poster"].map(os.path.isfile).all() and movies["poster"].map(os.path.isabs).all()
    assert movies["genres"].map(lambda g: 0 < len(g) == len(set(g)) and set(g) <= set(movies.attrs["vocab"])).all()
    assert movies.attrs["read"] == len(movies) + sum(map(len, movies.attrs["left_out"].values()))
    return movies


def written(rows: list[list[str]], sep: str, quoting: int, newline: str) -> str:
    text = StringIO(newline="")
    csv.writer(text, delimiter=sep, quoting=quoting, lineterminator=newline).writerows(rows)
    return text.getvalue()


tables = st.fixed_dictionaries({
    "rows": st.lists(st.tuples(CELLS, CELLS, POSTERS, st.lists(GENRE, max_size=4)), min_size=1, max_size=12),
    "sep": st.sampled_from(",;\t|"),
    "quoting": st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    "newline": st.sampled_from(["\n", "\r\n"]),
    "encoding": st.sampled_from(ENCODINGS),
})  # fmt: skip


def as_bytes(folder: Path, table: dict) -> bytes:
    rows = [[i, title, poster.format(here=folder), ", ".join(genres)] for i, title, poster, genres in table["rows"]]
    header = ["id", "title", "poster", "genres"]
    return written([header, *rows], table["sep"], table["quoting"], table["newline"]).encode(table["encoding"])


@few
@given(tables)
def test_a_valid_table_of_any_encoding_and_separator_is_read_and_all_left_out_is_counted(folder, table):
    file = folder / "valid.csv"
    file.write_bytes(as_bytes(folder, table))
    movies = read(file)
    there = [poster not in ("gone.jpg", "", "https://x.org/a.jpg", "art") for *_, poster, _ in table["rows"]]
    named = [any(g.strip() not in ("", "N/A") for g in genres) for *_, genres in table["rows"]]
    good = [a and b for a, b in zip(there, named, strict=True)]
    if isinstance(movies, str):
        # with the same id the last row stays, whatever it is
        assert movies.startswith("No movie is left of") and (not any(good) or len(table["rows"]) > 1)
    else:
        rows = [row for row in table["rows"] if any(map(str.strip, [*row[:3], ", ".join(row[3])]))]
        assert movies.attrs["read"] == len(rows) and 0 < len(movies) <= sum(good)


@few
@given(tables, st.lists(st.tuples(st.floats(0, 1), st.sampled_from("+-x"), NOISE), min_size=1, max_size=4))
def test_a_table_with_bytes_gone_or_between_is_read_or_refused_with_its_name(folder, table, changes):
    raw = as_bytes(folder, table)
    for place, how, noise in changes:
        at = int(place * len(raw))
        raw = raw[:at] if how == "x" else raw[:at] + noise * (how == "+") + raw[at + (how == "-") :]
    file = folder / "torn.csv"
    file.write_bytes(raw)
    if isinstance(said := read(file), str):
        assert "torn.csv" in said or said.startswith(("Movie ", "No movie is left", "The table names"))


@few
@given(st.binary(max_size=300) | st.tuples(NOISE, st.binary(max_size=60)).map(b"".join))
@example(b"\x1f\x8b")
@example(b"\t")
@example(b"PAR1")
@example(b"PK\3\4")
@example(b"\xd0\xcf\x11\xe0")
@example(b"poster,genres\n" + b'"' * 200_001)
@example(b"poster,genres\nart/1.jpg," + b"x" * 200_000)
@example(b"poster,genres\r\rart/1.jpg,War\r")
@example(b"sep=\n")
@example(b"sep=,\nposter,genres\nart/1.jpg,War")
@example(b"poster,genres\nart/1.jpg,[" + b"[" * 20_000 + b"]" * 20_000)
def test_any_bytes_are_a_table_or_a_sentence(folder, raw):
    file = folder / "any.csv"
    file.write_bytes(raw)
    if isinstance(said := read(file), str):
        assert "any.csv" in said or said.startswith(("Movie ", "No movie is left", "The table names"))


@few
@given(st.sampled_from(["parquet", "xlsx", "csv.gz"]), st.integers(0, 1000), st.integers(0, 40), st.binary(max_size=8))
def test_a_torn_parquet_or_excel_file_is_named(folder, suffix, at, gone, noise):
    file = folder / f"torn.{suffix}"
    raw = whole_file(folder, suffix)
    at = at * len(raw) // 1000
    file.write_bytes(raw[:at] + noise + raw[at + gone :])
    if isinstance(said := read(file), str):
        assert file.name in said or said.startswith(("Movie ", "No movie is left", "The table names"))


@cache
def whole_file(folder: Path, suffix: str) -> bytes:
    import pandas as pd

    rows = [[str(i), f"T{i}", "art/1.jpg", "War"] for i in range(20)]
    table, file = pd.DataFrame(rows, columns=["id", "title", "poster", "genres"]), folder / f"whole.{suffix}"
    write = {"parquet": table.to_parquet, "xlsx": table.to_excel, "csv.gz": table.to_csv}[suffix]
    write(file, index=False)
    return file.read_bytes()


@few
@given(st.lists(TEXT | GENRE, min_size=1, max_size=4), st.sampled_from(",|;/"))
def test_genres_are_known_or_named_with_what_to_type(folder, genres, delim):
    file = folder / "genres.csv"
    written_ = delim.join(genres)
    file.write_text(
        written([["poster", "genres"], ["art/1.jpg", written_]], "\t", csv.QUOTE_ALL, "\n"), encoding="utf-8"
    )
    said = read(file, sep="tab", delim=delim)
    if isinstance(said, str):
        assert said.startswith("No movie is left of 1: no genre: 1") or (
            "Movie 1 has the genre" in said and "mapping=" in said
        )


@few
@given(st.lists(st.fixed_dictionaries({
    "poster": st.none() | POSTERS | st.integers() | st.floats() | st.just(Path("art/1.jpg")) | st.binary(max_size=3),
    "genres": st.none() | st.floats() | GENRE | st.lists(GENRE | st.none() | st.integers(), max_size=3) | st.booleans(),
    "id": st.none() | st.integers() | st.floats() | TEXT | st.booleans(),
    "title": st.none() | st.integers() | TEXT,
    "year": st.none() | st.integers() | st.floats() | TEXT,
}), max_size=6))  # fmt: skip
@example([{"year": 1e300}])
@example([{"year": 2**80, "id": float("inf")}])
def test_frames_of_anything_are_read_or_refused(folder, rows):
    import pandas as pd

    os.chdir(folder)
    read(pd.DataFrame(rows, columns=["poster", "genres", "id", "title", "year"]))


@pytest.mark.parametrize("rows", [1, 10_000])
def test_from_one_to_ten_thousand_rows(folder, rows):
    lines = [f"{i:05d},T{i},{'dead.jpg' if i % 7 == 6 else 'link.jpg'},War" for i in range(rows)]
    (folder / "many.csv").write_text("\n".join(["id,title,poster,genres", *lines, *lines[:3]]))
    movies = read(folder / "many.csv")
    assert len(movies) == sum(i % 7 != 6 for i in range(rows)) and len(read_table(folder / "many.csv")) == rows + min(
        3, rows
    )
    assert len(movies.attrs["left_out"]["listed twice (the last stays)"]) == min(3, rows)
