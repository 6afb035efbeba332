"""What is scored: each row once, in order, from wherever it is begun; what is wrong is said beforehand."""

import gzip
import pickle
from pathlib import Path

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from postergenre.bulk.inputs import open_input


def rows(source, *args, start: int = 0) -> list[tuple]:
    return [tuple(row.values()) for t in open_input(str(source), *args).rows(start) for row in t.to_pylist()]


@pytest.fixture
def folder(tmp_path):
    "Pictures whose names sort otherwise than their paths, hidden ones, and what is none."
    for name in ("b/1.jpg", "b.jpg", "b/a/2.PNG", "a.png", ".c/3.jpg", "b/.4.jpg", "notes.txt", "scores/part.parquet"):
        (tmp_path / "posters" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 6)).save(tmp_path / "posters" / name, "png")
    (tmp_path / "posters" / "circle").symlink_to(tmp_path / "posters")
    (tmp_path / "posters" / "link.jpg").symlink_to(tmp_path / "posters" / "b.jpg")
    return tmp_path / "posters"


def test_a_folder_in_the_order_of_predict(folder):
    from postergenre.data.posters import poster_files

    found = rows(folder)
    assert [id for id, _ in found] == ["a.png", "b/1.jpg", "b/a/2.PNG", "b.jpg", "link.jpg"]
    assert [poster for _, poster in found] == list(map(str, poster_files(folder)))
    assert rows(folder, start=3) == found[3:] and rows(folder, start=9) == []
    assert rows(folder.as_uri()) == found


def test_a_folder_and_tables_in_memory():
    "Which no other process can open: pictures go with their bytes."
    memory = fsspec.filesystem("memory")
    for name in ("b.jpg", "a/c.jpg", ".hidden.jpg"):
        memory.pipe(f"/bulk/{name}", name.encode())
    assert rows("memory://bulk") == [("a/c.jpg", b"a/c.jpg"), ("b.jpg", b"b.jpg")]
    memory.pipe("/tables/movies.csv", b"id,poster\n1,b.jpg\n2,s3://bucket/c.jpg\n")
    assert rows("memory://tables/movies.csv") == [("1", "memory:///tables/b.jpg"), ("2", "s3://bucket/c.jpg")]
    with memory.open("/tables/movies.parquet", "wb") as file:
        pq.write_table(pa.table({"poster": [b"1", None, b"3"]}), file)
    assert rows("memory://tables/movies.parquet", start=1) == [("row 1", None), ("row 2", b"3")]
    memory.rm("/bulk", recursive=True), memory.rm("/tables", recursive=True)


def test_a_csv_as_it_was_written(tmp_path):
    "Ids keep their zeros, in rows beyond the first block too; a row without an id is called by its poster."
    text = 'Poster; ID ;title\np/1.jpg;007;"a; b\nc"\n;8;none\n p/2.jpg ;;x\n~/3.jpg;9;x\n;;x\n'
    at = tmp_path / "m.csv"
    expected = [
        ("007", str(tmp_path / "p/1.jpg")), ("8", None), ("p/2.jpg", str(tmp_path / "p/2.jpg")),
        ("9", str(Path.home() / "3.jpg")), ("row 4", None),
    ]  # fmt: skip
    for content in (text.encode(), b"\xef\xbb\xbf" + text.encode(), text.encode("utf-16")):
        at.write_bytes(content)
        assert rows(at) == expected
        assert rows(at, start=2) == expected[2:]
    (tmp_path / "m.csv.gz").write_bytes(gzip.compress(text.encode()))
    assert rows(tmp_path / "m.csv.gz") == expected
    many = [f"{i:06d},{i}.jpg" for i in range(100_000)]
    at.write_text("\n".join(["id,file", *many]))
    found = open_input(str(at), "id", "file")
    assert found.total == 100_000
    assert [id for t in found.rows(99_000) for id in t["id"].to_pylist()] == [
        f"{i:06d}" for i in range(99_000, 100_000)
    ]


@pytest.mark.parametrize("column", ["bytes", "struct", "paths"])
def test_parquet_in_several_files_and_groups(tmp_path, column):
    cells = [f"{i}".encode() for i in range(300)]
    cells[7] = None
    posters = {
        "bytes": pa.array(cells, pa.large_binary()),
        "struct": pa.array([{"bytes": c, "path": "x"} for c in cells]),
        "paths": pa.array([c and c.decode() + ".jpg" for c in cells]),
    }[column]
    table = pa.table({"ID": range(300), "image": posters, "other": range(300)})
    pq.write_table(table.slice(0, 150), tmp_path / "a.parquet", row_group_size=70)
    pq.write_table(table.slice(150), tmp_path / "b.parquet")
    found = rows(tmp_path, "id", "image")
    told = [c and str(tmp_path / (c.decode() + ".jpg")) for c in cells] if column == "paths" else cells
    assert found == [(str(i), cell) for i, cell in enumerate(told)]
    for start in (0, 69, 70, 149, 150, 299, 300):
        assert rows(tmp_path, "id", "image", start=start) == found[start:]
    assert rows(tmp_path / "b.parquet", "id", "image") == found[150:]


@pytest.mark.parametrize("n", [1, 20, 100, 101, 250])
def test_parts_hold_each_row_once_and_in_order(tmp_path, n):
    (tmp_path / "m.csv").write_text("poster\n" + "".join(f"{i}.jpg\n" for i in range(n)))
    source = pickle.loads(pickle.dumps(open_input(str(tmp_path / "m.csv"))))
    expected = [f"{i}.jpg" for i in range(n)]
    parts = dict(source.parts(20))
    assert list(parts) == list(range(-(-n // 20))) and {len(p) for p in parts.values()} <= {20, n % 20}
    assert [id for part in parts.values() for id in part["id"].to_pylist()] == expected
    for done in ({0}, {0, 1, 3}, {4}, set(parts)):
        rest = dict(source.parts(20, done))
        assert set(rest) == set(parts) - done and all(rest[number] == parts[number] for number in rest)


def test_an_input_that_changes_meanwhile_is_said(tmp_path):
    (tmp_path / "m.csv").write_text("poster\na.jpg\n")
    source = open_input(str(tmp_path / "m.csv"))
    (tmp_path / "m.csv").write_text("poster\na.jpg\nb.jpg\n")
    with pytest.raises(ValueError, match=r"m.csv had 1 rows when this began and has 2 now"):
        list(source.parts(5))


def test_what_tells_inputs_apart(folder, tmp_path):
    before = open_input(str(folder)).digest
    assert open_input(folder.as_uri()).digest == before
    (folder / "a.png").write_bytes(b"")
    assert open_input(str(folder)).digest != before
    tables = [pa.table({"poster": [name]}) for name in (b"a", b"a", b"b")]
    digests = []
    for table in tables:
        pq.write_table(table, tmp_path / "t.parquet")
        digests.append(open_input(str(tmp_path / "t.parquet")).digest)
    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", "", "is empty; its first line should name the columns"),
        ("a.csv", "id,file\n1,2\n", "has no column poster; it has: id, file; name another: --poster_col"),
        ("a.csv", "poster,Poster\n1,2\n", "more than one column poster"),
        ("a.csv", "id,poster\n1,a\n2,b,c\n", "cannot be read .*Expected 2 columns, got 3"),
        ("a.csv", b"id,poster\n1,\xe9\n", "cannot be read .*UTF-?8"),
        ("a.parquet", "PAR1", "is no whole Parquet file"),
        ("a.jpg", "", "is no folder, CSV .* postergenre.predict takes single pictures"),
    ],
)
def test_what_is_wrong_is_one_sentence(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ValueError, match=said) as error:
        open_input(str(tmp_path / name))
    assert len(str(error.value).splitlines()) == 1


def test_nothing_and_both_are_refused(folder, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="holds no pictures"):
        open_input(str(tmp_path / "empty"))
    with pytest.raises(FileNotFoundError, match=r"There is no .*nowhere"):
        open_input(str(tmp_path / "nowhere"))
    pq.write_table(pa.table({"poster": ["a"]}), folder / "t.parquet")
    with pytest.raises(ValueError, match="holds pictures and Parquet"):
        open_input(str(folder))
    with pytest.raises(ValueError, match="has no column key"):
        open_input(str(folder / "t.parquet"), "key")
