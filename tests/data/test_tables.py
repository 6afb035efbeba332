import gzip
import sys
import zipfile

import pandas as pd
import pytest
from PIL import Image

from postergenre.data.movies import read_movies, read_table
from postergenre.data.tables import read_cells

CELLS = [
    ("id", "title", "poster", "genres", "box"),
    ("007", "1917", "art/1.jpg", "Action, Drama", "3"),
    ("8", "NA", "art/0081", "War", "4"),
]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "art").mkdir()
    for name in ("1", "0081"):
        Image.new("RGB", (4, 6)).save(tmp_path / "art" / f"{name}.jpg")
    return tmp_path


def lines(sep: str) -> str:
    return "".join(sep.join(f'"{c}"' if sep in c else c for c in row) + "\r\n" for row in CELLS)


def check(movies: pd.DataFrame) -> None:
    assert movies["id"].tolist() == ["007", "8"] and movies["title"].tolist() == ["1917", "NA"]
    assert movies["genres"].tolist() == [["Action", "Drama"], ["War"]] and movies["box"].tolist() == [3, 4]


@pytest.mark.parametrize("sep", [",", ";", "\t", "|"])
def test_separator_is_found_and_texts_stay_as_written(folder, sep):
    (folder / "m.csv").write_text(lines(sep))
    check(read_movies(folder / "m.csv", verbose=False))
    assert read_table(folder / "m.csv")["id"].tolist() == ["007", "8"]


@pytest.mark.parametrize(("name", "sep"), [("tab", "\t"), (r"\t", "\t"), ("semicolon", ";"), ("#", "#")])
def test_separator_by_name(folder, name, sep):
    (folder / "m.txt").write_text(lines(sep))
    check(read_movies(folder / "m.txt", sep=name, verbose=False))
    with pytest.raises(ValueError, match=r"sep='tabs' is no separator.*semicolon, tab"):
        read_movies(folder / "m.txt", sep="tabs")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_unicode_is_told_by_itself(folder, encoding):
    (folder / "m.csv").write_bytes(lines(";").replace("1917", "Amélie 東京").encode(encoding))
    assert read_movies(folder / "m.csv", verbose=False)["title"].tolist() == ["Amélie 東京", "NA"]


def test_cp1252_is_said_and_what_is_no_text_refused(folder):
    (folder / "m.csv").write_bytes(lines(";").replace("1917", "Amélie €").encode("cp1252"))
    with pytest.warns(UserWarning, match=r"m\.csv is not UTF-8 and was read as cp1252 \(Windows\): 'Amélie'"):
        assert read_movies(folder / "m.csv", verbose=False)["title"].iloc[0] == "Amélie €"
    for raw in (b"poster,genres\n\x81\n", b"\x89PNG\0\0\0\0\0\0\0\xff"):
        (folder / "m.csv").write_bytes(raw)
        with pytest.raises(
            ValueError, match=r"m\.csv is no Parquet or Excel file and no text in .*; save it as CSV in UTF-8"
        ):
            read_movies(folder / "m.csv")


def test_formats_are_told_by_content(folder):
    table = pd.DataFrame(CELLS[1:], columns=CELLS[0]).assign(genres=[["Action", "Drama"], ["War"]], box=[3, 4])
    table.to_parquet(folder / "table")
    check(read_movies(folder / "table", verbose=False))
    (folder / "m.csv.gz").write_bytes(gzip.compress(lines(",").encode()))
    check(read_movies(folder / "m.csv.gz", verbose=False))
    (folder / "m.parquet").write_bytes(b"PAR1 and nothing more")
    with pytest.raises(ValueError, match=r"m\.parquet cannot be read"):
        read_movies(folder / "m.parquet")


def test_excel_needs_a_package(folder, monkeypatch):
    with zipfile.ZipFile(folder / "m.xlsx", "w") as file:
        file.writestr("xl/workbook.xml", "")
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(ImportError, match=r"m\.xlsx: .*openpyxl.*pip install 'postergenre\[tables\]'"):
        read_movies(folder / "m.xlsx")


def test_excel(folder):
    pytest.importorskip("openpyxl")
    table = pd.DataFrame({"Poster": ["art/1.jpg", "art/0081"], "Genres": ["Action, Drama", "War"], "Id": [7, None]})
    table.to_excel(folder / "m.xlsx", index=False)
    movies = read_movies(folder / "m.xlsx", verbose=False)
    assert movies["id"].tolist() == ["7", "0081"] and movies["genres"].tolist() == [["Action", "Drama"], ["War"]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "poster,genres\n\na.jpg,War\nart/1.jpg,Action, Drama\n",
            r"line 4: 3 cells, but .* 2 columns \(poster, genres\); put",
        ),
        ('poster,genres\nart/1.jpg,"a"b\n', r"line 2: .*written twice"),
        ("poster,genres,genres\na.jpg,War,Drama\n", "names the column genres twice"),
        ("poster,genres\n", "No movie is left of 0: the table has no rows"),
        ("", "is empty; its first line should name the columns"),
    ],
)
def test_broken_rows_are_named_with_file_and_line(folder, text, said):
    (folder / "m.csv").write_text(text)
    with pytest.raises(ValueError, match=said):
        read_movies(folder / "m.csv")


def test_empty_cells_beyond_the_header_are_no_fault(folder):
    (folder / "m.csv").write_text('poster, genres\nart/1.jpg, "Action, Drama",,\nart/0081,War\n')
    table = read_cells(folder / "m.csv", texts=["poster", "genres"])
    assert table.to_numpy().tolist() == [["art/1.jpg", "Action, Drama"], ["art/0081", "War"]]


def test_what_excel_leaves_in_text_files_is_no_movie(folder, capsys):
    (folder / "m.csv").write_text("sep=;\nposter;genres;;\nart/1.jpg;Action, Drama;;\n;;;\n;;;\n")
    assert read_movies(folder / "m.csv")["genres"].tolist() == [["Action", "Drama"]]
    assert "1 movies read, 1 kept" in capsys.readouterr().out
