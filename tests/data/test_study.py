import pytest

from postergenre.data.study import read_documents

TWO = (
    '{\r\n  "_id" : ObjectId("56fb"),\r\n  "Title" : "A \\"quoted\\" ObjectId(\\"x\\")"\r\n}\r\n'
    '{\r\n  "Title" : "B"\r\n}\r\n'
)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8", "utf-8-sig"])
def test_documents_one_after_the_other(tmp_path, encoding):
    (tmp_path / "1990.txt").write_bytes(TWO.encode(encoding))
    first, second = read_documents(tmp_path / "1990.txt")
    assert first == {"_id": "56fb", "Title": 'A "quoted" ObjectId("x")'} and second == {"Title": "B"}


def test_empty_file_has_no_documents(tmp_path):
    (tmp_path / "1982.txt").write_bytes(" \r\n".encode("utf-16"))
    assert read_documents(tmp_path / "1982.txt") == []


def test_broken_document_is_named_with_file_and_position(tmp_path):
    (tmp_path / "1990.txt").write_text('{\n "Title" : "A"\n}\n{\n "Title" : oops\n}\n')
    with pytest.raises(ValueError, match=r"1990\.txt, line 5, column \d+: broken document number 2"):
        read_documents(tmp_path / "1990.txt")
    (tmp_path / "list.txt").write_text('{}\n["a"]')
    with pytest.raises(ValueError, match=r"list\.txt, line 2: expected a document"):
        read_documents(tmp_path / "list.txt")


def test_undecodable_file_is_named(tmp_path):
    (tmp_path / "1990.txt").write_bytes(b'{"Title": "caf\xe9"}')
    with pytest.raises(ValueError, match=r"1990\.txt: byte 14 is not utf-8"):
        read_documents(tmp_path / "1990.txt")
