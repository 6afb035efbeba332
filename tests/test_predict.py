"""The command: `python -m postergenre.predict`."""

import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from postergenre import from_pretrained, predict_posters
from postergenre.predict import main
from postergenre.training.learner import PosterLearner


@pytest.fixture(scope="module")
def exported(cnn, tmp_path_factory):
    file = tmp_path_factory.mktemp("export") / "learner.pkl"
    cnn.export(file)
    return str(file)


def test_screen_and_csv_name_the_same_genres(cnn, exported, movies, tmp_path, capsys):
    "At 0.5 the CSV named no genre where the screen showed three."
    file, csv = str(movies["poster"].iloc[0]), tmp_path / "new" / "out.csv"
    for options, wanted in (
        ([], {}),
        (["--thresh", "0.99999"], {"thresh": 0.99999}),
        (["--top", "4"], {"top": 4}),
        (["--thresh", "1", "--at_least", "0"], {"thresh": 1, "at_least": 0}),
        (["--views", "center+mirror"], {"views": "center+mirror"}),
    ):
        main([exported, file, "--csv", str(csv), *options])
        said, table, expected = capsys.readouterr().out, pd.read_csv(csv), predict_posters(cnn, file, **wanted)
        assert list(table.columns[:3]) == ["poster", "genres", "error"] and table.shape == (1, 23)
        genres = [] if pd.isna(table["genres"][0]) else table["genres"][0].split(", ")
        assert genres == expected["genres"][0] and said.count("%") == len(genres) == wanted.get("top", len(genres))
        assert all(f"{genre} {expected[genre][0]:.0%}" in said for genre in genres)
        np.testing.assert_allclose(table[list(cnn.dls.vocab)], expected[list(cnn.dls.vocab)], atol=1e-5)
    assert "no genre is over its threshold" in predict_and_read(
        capsys, [exported, file, "--thresh", "1", "--at_least", "0"]
    )


def predict_and_read(capsys, argv) -> str:
    main(argv)
    return capsys.readouterr().out


def test_a_wrong_path_is_a_row_and_the_others_are_predicted(exported, movies, tmp_path, capsys, monkeypatch):
    "What was predicted of good paths was thrown away, and each path was a batch of its own."
    calls, probs = [], PosterLearner.probs
    monkeypatch.setattr(
        PosterLearner, "probs", lambda self, movies, *a, **k: calls.append(movies) or probs(self, movies, *a, **k)
    )
    files = [str(p) for p in movies["poster"].head(2)]
    (tmp_path / "bad.jpg").write_text("no")
    (tmp_path / "empty").mkdir()
    wrong = [str(tmp_path / "nope.jpg"), str(tmp_path / "bad.jpg"), str(tmp_path / "empty")]
    said = predict_and_read(capsys, [exported, files[0], *wrong, files[1], "--csv", str(tmp_path / "out.csv")])
    table = pd.read_csv(tmp_path / "out.csv")
    assert table["poster"].tolist() == [files[0], *wrong, files[1]] and len(calls) == 1
    assert table["error"].isna().tolist() == table["Drama"].notna().tolist() == [True, False, False, False, True]
    assert table["error"][1].startswith("There is no") and "holds no pictures" in table["error"][3]
    assert "3 of 5 could not be read" in said and f"5 rows in {tmp_path / 'out.csv'}" in said


def test_tables_of_movies_and_posters_are_taken_together(exported, movies, tmp_path, capsys):
    movies.head(2)[["id", "title", "poster"]].to_csv(tmp_path / "movies.csv", index=False)
    file, csv = str(movies["poster"].iloc[2]), tmp_path / "out.csv"
    said = predict_and_read(capsys, [exported, str(tmp_path / "movies.csv"), file, "none.csv", "--csv", str(csv)])
    table = pd.read_csv(csv)
    assert table["title"].tolist()[:2] == movies["title"].tolist()[:2] and table["Drama"].notna().sum() == 3
    assert "There is no none.csv" in table["error"][3] and "1 of 4 could not be read" in said


def test_a_csv_that_cannot_be_written_is_said_before_anything_is_predicted(movies, tmp_path):
    file = str(movies["poster"].iloc[0])
    for csv, said in ((tmp_path, "is a folder; name a file in it"), (f"{file}/a.csv", "cannot be written")):
        with pytest.raises(SystemExit, match=said):
            main(["no learner", file, "--csv", str(csv)])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--bs", "0"], "bs=0 should be 1 or more"),
        (["--workers", "-1"], "workers=-1 should be 0 or more"),
        (["--views", "mirrored"], "Unknown views 'mirrored'; choose one of"),
        (["--top", "0"], "top=0 must be a whole number of genres, 1 or more"),
        (["--thresh", "30"], "thresh=30 must lie between 0 and 1"),
        (["--thresh", "0.3", "--top", "2"], "two ways to choose genres"),
    ],
)
def test_wrong_options_are_one_sentence(exported, movies, options, said):
    with pytest.raises(SystemExit, match=said) as stopped:
        main([exported, str(movies["poster"].iloc[0]), *options])
    assert len(str(stopped.value).splitlines()) == 1


class Evil:
    "What runs when it is unpickled."

    def __init__(self, mark: Path):
        self.mark = mark

    def __reduce__(self):
        return Path.touch, (self.mark,)


def test_no_file_is_unpickled_but_a_pkl_named_as_the_model(movies, tmp_path, capsys):
    "`postergenre.predict downloads/*` took the first file that was no picture for a learner, and ran it."
    poster, mark = str(movies["poster"].iloc[0]), tmp_path / "it ran"
    golden = Path(__file__).parent / "inference" / "golden" / "network"
    posters = tmp_path / "posters"
    model = shutil.copytree(golden, posters / "model")
    for file in (posters / "a.dat", posters / "learner", posters / "b.pkl", model / "model.pkl"):
        file.write_bytes(pickle.dumps(Evil(mark)))
    (model / "model.safetensors").unlink()
    shutil.copy(poster, posters)
    for first in ("a.dat", "learner"):
        with pytest.raises(SystemExit, match=r"is called \*\.pkl: rename it if you trust it"):
            main([str(posters / first), poster])
    main([str(golden), str(posters), str(posters / "b.pkl"), str(posters / "a.dat")])
    assert "2 of 3 could not be read" in capsys.readouterr().out
    with pytest.raises(SystemExit, match=r"There is no .*model\.safetensors"):
        main([str(model), poster, "--engine", "torch"])
    with pytest.raises(FileNotFoundError, match=r"runs code when it is loaded: load_learner\(file\) if you trust it"):
        from_pretrained(posters / "b.pkl")
    assert not mark.exists()
    with pytest.raises(SystemExit, match="only load files you trust: they run code"):
        main([str(posters / "b.pkl"), poster])
    assert mark.exists()  # it was named as the model


def test_when_nothing_can_be_read_the_command_fails_and_says_so(exported, tmp_path, capsys):
    with pytest.raises(SystemExit, match="nothing could be read") as stopped:
        main([exported, str(tmp_path / "nope.jpg")])
    assert stopped.value.code != 0 and "nope.jpg: There is no" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="There is no learner file"):
        main([str(tmp_path / "none.pkl"), str(tmp_path)])


def test_nobody_need_listen_to_the_end(exported, movies):
    "`| head` gave a traceback."
    code = "import sys, time; from postergenre.predict import say; sys.stdin.read(); say('text')"
    done = subprocess.Popen([sys.executable, "-c", code], stdin=-1, stdout=-1, stderr=-1, text=True)
    done.stdout.close()
    done.stdin.close()
    assert done.stderr.read() == "" and done.wait(120) == 0
    done.stderr.close()


def test_help_is_as_wide_as_the_terminal(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80
