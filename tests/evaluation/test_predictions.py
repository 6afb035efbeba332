"""A result in a file: it comes back to the last bit, or what is wrong is said."""

import json

import numpy as np
import pandas as pd
import pytest
from evaluation.results import FREQ, make

from postergenre.evaluation.evaluate import Evaluation

AWKWARD = ['Alien, the "8th"', "two\nlines", "carriage\r\nreturn", " NA ", "NA", "", "# not a comment", "Amélie ★"]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize("ids", [list(range(5, 13)), ["007", "NA", "a,b", 'q"', "l\nn", " ", "1e5", "é"]])
def test_a_saved_result_comes_back_to_the_last_bit(tmp_path, suffix, ids):
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    vocab = ["Sci-Fi, or not", 'the "other"', "line\nbreak", "prob x", "id"]
    probs = np.random.default_rng(0).random((8, 5)).astype(np.float32)
    probs[0] = [1 / 3, 1e-17, 1 - 1e-7, 0, 1]
    saved = Evaluation(
        probs, probs > 0.4, vocab, np.linspace(0.1, 0.9, 5), ids, 'a "name",\nof two lines', FREQ, titles=AWKWARD
    )
    saved.save(tmp_path / f"r{suffix}")
    loaded = Evaluation.load(tmp_path / f"r{suffix}")
    for attribute in ("probs", "targets", "thresh", "train_freq"):
        assert (getattr(loaded, attribute) == getattr(saved, attribute)).all()
        assert getattr(loaded, attribute).dtype == getattr(saved, attribute).dtype
    assert list(loaded.ids) == ids and loaded.vocab == saved.vocab
    assert (loaded.titles, loaded.name) == (AWKWARD, saved.name)
    pd.testing.assert_frame_equal(loaded.figures(20), saved.figures(20))
    assert {p.name for p in tmp_path.iterdir()} == {f"r{suffix}"} | ({"r.json"} if suffix == ".csv" else set())


def test_titles_and_training_frequencies_may_be_missing(tmp_path):
    make(5, train_freq=None).save(tmp_path / "r.csv")
    loaded = Evaluation.load(tmp_path / "r.csv")
    assert loaded.titles is None and loaded.train_freq is None


def test_the_csv_file_is_a_plain_table_from_its_first_line_on(tmp_path):
    "A first line of JSON was read by pandas as the names of columns."
    make(5).save(tmp_path / "r.csv")
    table = pd.read_csv(tmp_path / "r.csv")
    assert list(table.columns[:2]) == ["id", "prob Action"] and len(table) == 5


def test_a_file_with_a_first_line_of_json_as_older_versions_saved_it_is_still_read(tmp_path):
    saved = make(5)
    saved.save(tmp_path / "r.csv")
    about = json.dumps(json.loads((tmp_path / "r.json").read_text()))
    (tmp_path / "old.csv").write_text(f"# postergenre predictions 1 {about}\n" + (tmp_path / "r.csv").read_text())
    loaded = Evaluation.load(tmp_path / "old.csv")
    assert (loaded.probs == saved.probs).all() and list(loaded.ids) == list(saved.ids) and loaded.name == saved.name


def test_saving_replaces_no_json_of_another_kind(tmp_path):
    (tmp_path / "metrics.json").write_text("{}")
    with pytest.raises(FileExistsError, match=r"metrics\.json, which would belong to .*metrics\.csv, is another file"):
        make(5).save(tmp_path / "metrics.csv")
    assert [p.name for p in tmp_path.iterdir()] == ["metrics.json"]


def test_other_suffixes_and_other_files_are_refused(tmp_path):
    result = make(5)
    with pytest.raises(ValueError, match=r"\.csv or \.parquet"):
        result.save(tmp_path / "r.xlsx")
    with pytest.raises(ValueError, match=r"\.csv or \.parquet"):
        Evaluation.load(tmp_path / "r.pkl")
    (tmp_path / "other.csv").write_text("id,title\n1,x\n")
    with pytest.raises(ValueError, match=r"other\.csv holds no predictions"):
        Evaluation.load(tmp_path / "other.csv")


def test_a_file_cut_short_is_refused_wherever_it_was_cut(tmp_path):
    make(5, titles=AWKWARD[:5]).save(tmp_path / "r.csv")
    whole = (tmp_path / "r.csv").read_bytes()
    (tmp_path / "cut.json").write_bytes((tmp_path / "r.json").read_bytes())
    for end in [*range(0, len(whole) - 1, 7), len(whole) - 2]:
        (tmp_path / "cut.csv").write_bytes(whole[:end])
        with pytest.raises(ValueError, match=r".*"):
            Evaluation.load(tmp_path / "cut.csv")
    lines = whole.splitlines(keepends=True)
    (tmp_path / "cut.csv").write_bytes(b"".join(lines[:-1]))
    with pytest.raises(ValueError, match=r"cut\.csv is not whole: it holds 4 of 5 movies"):
        Evaluation.load(tmp_path / "cut.csv")
    (tmp_path / "cut.csv").write_bytes(whole)
    (tmp_path / "cut.json").write_text("{")
    with pytest.raises(ValueError, match=r"cut\.csv is not whole: what belongs to it is damaged"):
        Evaluation.load(tmp_path / "cut.csv")


def test_a_parquet_file_of_another_kind_is_refused(tmp_path):
    pytest.importorskip("pyarrow")
    pd.DataFrame({"id": [1]}).to_parquet(tmp_path / "r.parquet")
    with pytest.raises(ValueError, match="holds no predictions"):
        Evaluation.load(tmp_path / "r.parquet")


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    result = make(5)
    result.save(tmp_path / "r.csv")
    before = (tmp_path / "r.csv").read_bytes()
    monkeypatch.setattr(pd.DataFrame, "to_csv", lambda *_, **__: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        make(6).save(tmp_path / "r.csv")
    assert (tmp_path / "r.csv").read_bytes() == before and len(list(tmp_path.iterdir())) == 2
