"""A scoring as a whole: every poster exactly once, whatever is killed; the same parts from one machine and from Ray."""

import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

pytest.importorskip("onnxruntime", reason="pip install 'postergenre[onnx]'")

from postergenre.bulk import local
from postergenre.bulk.__main__ import main
from postergenre.bulk.run import score_posters
from postergenre.bulk.scorer import Scorer, ask
from postergenre.portable.light import LightModel
from postergenre.portable.naming import name_genres

MODEL = Path(__file__).parents[1] / "inference" / "golden" / "network"


@pytest.fixture(scope="module")
def table(demo_folder, tmp_path_factory) -> Path:
    "A CSV of 1,500 rows: demo posters again and again under new ids, some unreadable, some without a poster."
    folder = tmp_path_factory.mktemp("bulk")
    (folder / "bad.jpg").write_text("<html>")
    for i, file in enumerate(sorted(demo_folder.rglob("*.jpg"))):
        Image.open(file).resize((80, 120)).save(folder / f"{i:02d}.jpg")
    files = [*map(str, sorted(folder.glob("[0-9]*.jpg"))), "bad.jpg", ""]
    rows = [f"{i:05d},{files[i % len(files)]}" for i in range(1500)]
    (folder / "movies.csv").write_text("\n".join(["id,poster", *rows]))
    return folder / "movies.csv"


@pytest.fixture(scope="module")
def few(table) -> Path:
    "The first 150 of them."
    (table.parent / "few.csv").write_text("\n".join(table.read_text().splitlines()[:151]))
    return table.parent / "few.csv"


@pytest.fixture(scope="module")
def scores(few) -> Path:
    "Those, scored by two processes."
    out = few.parent / "scores"
    score_posters(ask(MODEL)[0], str(few), out, workers=2, part=20, progress=False)
    return out


def test_every_input_is_there_once_as_predict_has_it(few, scores):
    found, asked = pd.read_parquet(scores), pd.read_csv(few, dtype=str, keep_default_na=False)
    light = LightModel(MODEL)
    assert list(found.columns) == ["id", "genres", *light.genres, "error"]
    assert found["id"].tolist() == asked["id"].tolist()
    files = [str(few.parent / f) if f else None for f in asked["poster"]]
    probs, errors = light.probs({"poster": files}, progress=False)
    np.testing.assert_allclose(found[light.genres], probs, atol=1e-5)
    assert [e if isinstance(e, str) else None for e in found["error"]] == errors and sum(
        e is not None for e in errors
    ) == 4
    named = [[g for g, on in zip(light.genres, row, strict=True) if on] for row in name_genres(light, probs)]
    assert list(map(list, found["genres"])) == named
    assert sorted(p.name for p in scores.glob("part*")) == [f"part-{i:06d}.parquet" for i in range(8)]


def test_what_is_done_is_not_done_again_and_what_is_missing_is(few, scores, tmp_path, capsys):
    out = Path(shutil.copytree(scores, tmp_path / "scores"))
    times = {p.name: p.stat().st_mtime_ns for p in out.glob("part*")}
    lost = out / "part-000003.parquet"
    whole = lost.read_bytes()
    lost.unlink()
    (out / ".part-000003-123.parquet").write_bytes(whole[:100])  # as a killed process leaves it
    main([str(MODEL), str(few), "--out", str(out), "--part", "20", "--workers", "1", "--bs", "3"])
    said = capsys.readouterr()
    assert "150 posters in 8 parts" in said.out and "; 4 of them could not be read" in said.out
    assert "130 of 150 posters are scored" in said.err and "computed by ONNX Runtime" in said.err
    assert {p.name for p in out.glob("part*") if p.stat().st_mtime_ns != times[p.name]} == {lost.name}
    assert [p.name for p in out.glob(".part*")] == []
    pd.testing.assert_frame_equal(pd.read_parquet(out), pd.read_parquet(scores), atol=1e-6)
    main([str(MODEL), str(few), "--out", str(out), "--part", "20"])
    assert "150 posters in 8 parts" in capsys.readouterr().out


def test_a_killed_scoring_goes_on_and_nothing_is_lost_or_twice(table, tmp_path):
    out = tmp_path / "scores"
    command = [sys.executable, "-m", "postergenre.bulk", MODEL, table, "--out", out, "--part", "20", "--workers", "2"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    wait_for(lambda: len(list(out.glob("part*"))) > 2)
    process.kill()
    process.wait()
    there = {p.name: p.read_bytes() for p in out.glob("part*")}
    assert 2 < len(there) < 75
    scored = score_posters(ask(MODEL)[0], str(table), out, workers=2, part=20, progress=False)
    assert scored == (1500, 46, 75)
    assert all((out / name).read_bytes() == content for name, content in there.items())
    assert pd.read_parquet(out)["id"].tolist() == [f"{i:05d}" for i in range(1500)]


def wait_for(ready, seconds: float = 60) -> None:
    begun = time.monotonic()
    while not ready():
        assert time.monotonic() - begun < seconds
        time.sleep(0.005)


def test_a_worker_that_dies_is_told_and_its_part_is_scored_by_another(table, tmp_path, capsys):
    asked = ask(MODEL)[0]
    from postergenre.bulk.inputs import open_input

    found, parts = {}, open_input(str(table)).parts(500)
    for number, scored in local.local_scores(parts, asked, 2):
        if not found:
            os.kill(multiprocessing.active_children()[0].pid, signal.SIGKILL)
        assert number not in found
        found[number] = scored
    assert [id for n in sorted(found) for id in found[n]["id"].to_pylist()] == [f"{i:05d}" for i in range(1500)]
    said = capsys.readouterr().err
    assert "A worker process ended by SIGKILL, as where memory runs out, while it scored part" in said
    assert len(said.splitlines()) == 1 and not multiprocessing.active_children()


def test_posters_that_kill_every_worker_stop_it_with_a_sentence(few, tmp_path, capsys, monkeypatch):
    class Dying(local._Worker):
        def give(self, part):
            super().give(part)
            self.process.kill()

    monkeypatch.setattr(local, "_Worker", Dying)
    with pytest.raises(RuntimeError, match=r"SIGKILL.* scored part 0 \(00000 to 00019\), for the 3rd time; look"):
        score_posters(ask(MODEL)[0], str(few), tmp_path / "scores", workers=1, part=20, progress=False)
    assert capsys.readouterr().err.count("another one scores it again") == 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model": "other"}, r"another model \(.*network, of other files than .*other now\)"),
        ({"--thresh": "0.3"}, r"thresh=the model's own \(now 0.3\)"),
        ({"--part": "30", "--views": "center"}, r"part=20 \(now 30\) and views=the model's own \(now center\)"),
        ({"input": "movies.csv"}, r"another input \(150 rows of .*few.csv, now 1,500 rows of .*movies.csv\)"),
    ],
)
def test_other_models_options_or_inputs_are_refused(few, scores, tmp_path, change, said):
    model, source = MODEL, few
    if "model" in change:
        model = Path(shutil.copytree(MODEL, tmp_path / "other"))
        config = json.loads((model / "config.json").read_text())
        (model / "config.json").write_text(json.dumps(config | {"thresholds": 0.4}))
    if "input" in change:
        source = few.parent / change["input"]
    options = [cell for name, value in ({"--part": "20"} | change).items() if name[0] == "-" for cell in (name, value)]
    with pytest.raises(SystemExit, match=f"scores was begun with {said}; name another folder") as stopped:
        main([str(model), str(source), "--out", str(scores), *options])
    assert len(str(stopped.value).splitlines()) == 1


def test_folders_that_are_no_scoring_or_are_in_use_are_refused(few, scores, tmp_path):
    def score(out):
        score_posters(ask(MODEL)[0], str(few), out, part=20, progress=False)

    out = Path(shutil.copytree(scores, tmp_path / "scores"))
    (out / "part-000002.parquet").write_bytes(b"PAR1")
    with pytest.raises(ValueError, match=r"part-000002.parquet is no whole part .* delete it"):
        score(out)
    from filelock import FileLock

    with FileLock(out / ".lock"), pytest.raises(ValueError, match="Another process is scoring to"):
        score(out)
    (out / "_manifest.json").write_text("{")
    with pytest.raises(ValueError, match="is no manifest of a scoring"):
        score(out)
    (out / "_manifest.json").unlink()
    with pytest.raises(ValueError, match=r"holds part-.* and no _manifest.json"):
        score(out)
    with pytest.raises(ValueError, match="is an address"):
        score("s3://bucket/scores")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--thresh", "3"], "thresh=3 must lie between 0 and 1"),
        (["--thresh", "0.3", "--top", "2"], "two ways to choose genres"),
        (["--views", "left"], "Unknown views 'left'"),
        (["--part", "0"], "part=0 should be 1 or more"),
        (["--workers", "-1"], "workers=-1 should be 0 or more"),
        (["--address", "auto"], "give --engine ray too"),
        (["--poster_col", "file"], "has no column file; it has: id, poster"),
    ],
)
def test_wrong_options_are_one_sentence_and_begin_nothing(few, tmp_path, options, said):
    with pytest.raises(SystemExit, match=said) as stopped:
        main([str(MODEL), str(few), "--out", str(tmp_path / "scores"), *options])
    assert len(str(stopped.value).splitlines()) == 1 and not (tmp_path / "scores").exists()


def test_pictures_within_parquet_and_at_addresses_score_as_files_do(few, scores):
    files = pd.read_csv(few, dtype=str)["poster"].head(20).tolist()
    score, expected = Scorer(ask(MODEL)[0]), pq.read_table(scores / "part-000000.parquet")
    for posters in ([Path(f).read_bytes() for f in files], [Path(f).as_uri() for f in files]):
        assert score(pa.table({"id": expected["id"], "poster": posters})) == expected
    missing = score(pa.table({"id": ["a", "b"], "poster": [Path(files[0]).as_uri(), "file:///nowhere/b.jpg"]}))
    assert missing["error"][0].as_py() is None and "FileNotFoundError" in missing["error"][1].as_py()


def test_torch_scores_as_graphs_do(few, scores):
    part = pa.table({"id": ["a", "b"], "poster": [pd.read_csv(few)["poster"][0], str(few)]})
    scored = Scorer(ask(MODEL, "torch")[0])(part)
    expected = pq.read_table(scores / "part-000000.parquet").slice(0, 1)
    assert scored.schema == expected.schema and "UnidentifiedImageError" in scored["error"][1].as_py()
    for genre in ("Comedy", "Drama", "Horror"):
        assert scored[genre][0].as_py() == pytest.approx(expected[genre][0].as_py(), abs=1e-4)
    assert scored["genres"][0] == expected["genres"][0]


def test_when_nothing_can_be_read_the_command_fails(tmp_path, capsys):
    (tmp_path / "posters").mkdir()
    (tmp_path / "posters" / "a.jpg").write_text("no")
    with pytest.raises(SystemExit, match="none of the posters could be read"):
        main([str(MODEL), str(tmp_path / "posters"), "--out", str(tmp_path / "scores"), "--workers", "1"])
    assert "1 posters in 1 parts" in capsys.readouterr().out


def test_workers_need_no_torch():
    "Nor does the process that starts them."
    code = "import sys, postergenre.bulk.__main__, postergenre.bulk.local, postergenre.bulk.run\n"
    code += "print({'torch', 'fastai'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout.strip(), done.stderr) == ("set()", "")


@pytest.mark.slow
@pytest.mark.skipif(find_spec("ray") is None, reason="pip install 'postergenre[ray]'")
def test_ray_writes_the_same_parts(few, scores, tmp_path):
    "And goes on with what processes have begun; an error is a sentence."
    out = Path(shutil.copytree(scores, tmp_path / "scores"))
    for number in (1, 4, 7):
        (out / f"part-{number:06d}.parquet").unlink()
    asked = ask(MODEL)[0]
    scored = score_posters(asked, str(few), out, "ray", workers=2, part=20, progress=False)
    assert scored == (150, 4, 8)
    for part in scores.glob("part*"):
        assert (out / part.name).read_bytes() == part.read_bytes()
    wrong = asked._replace(digest={"model.onnx": "another"})
    with pytest.raises(ValueError, match="holds other files here"):
        score_posters(wrong, str(few), tmp_path / "wrong", "ray", workers=1, part=20, progress=False)


def test_help_teaches(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    said = capsys.readouterr().out
    assert "examples:" in said and "--engine ray --address auto" in said
