"""What becomes of files when the disk or the machine does not play along: one sentence, and what was there is there."""

import contextlib
import errno
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from postergenre import PosterDataLoaders, PosterEnsemble, custom_cnn_learner, from_pretrained, load_learner, save_split
from postergenre.data.files import save_whole, write_text
from postergenre.data.posters import open_poster
from postergenre.predict import main
from postergenre.recipes.runs.run import Run, begin

GOLDEN = Path(__file__).parent / "inference" / "golden"
FULL, LOCKED, NOBODY = "full", "read-only", 65534


@pytest.fixture
def disk(tmp_path) -> Iterator[Path]:
    "A disk of 6 MB of its own."
    place = tmp_path / "disk"
    place.mkdir()
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("only root can mount a disk: run the tests as root")
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "none", place], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no disk can be mounted here: {done.stderr.strip()}")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


@pytest.fixture
def network():
    "A small learner from a folder, as loaded by a user."
    return from_pretrained(GOLDEN / "network")


def writers(network, movies) -> dict[str, Callable[[Path], object]]:
    "What writes files, by the name of its file or folder."
    few = movies.head(4)
    return {
        "model": lambda place: network.save_pretrained(place, onnx=False),
        "models": lambda place: PosterEnsemble([network, network]).save_pretrained(place, onnx=False),
        "learner.pkl": lambda place: network.export(place.absolute()),
        "weights.pth": lambda place: save_whole(network.model.state_dict(), place),
        "split.csv": lambda place: save_split(movies, place),
        "genres.csv": lambda place: _predict(place, few["poster"]),
    }


def _predict(csv: Path, posters) -> None:
    with contextlib.redirect_stdout(StringIO()), contextlib.redirect_stderr(StringIO()):
        main([str(GOLDEN / "network"), *map(str, posters), "--csv", str(csv)])


def spoil(disk: Path, how: str) -> None:
    "Fill the disk, or let nobody write to it."
    if how == LOCKED:
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        return
    with (disk / "filler").open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))


def files(place: Path) -> dict[str, bytes]:
    "All files of a folder, hidden ones too."
    found = [f for f in place.rglob("*") if f.is_file() and f.name != "filler"]
    return {str(f.relative_to(place)): f.read_bytes() for f in found}


def refused(write: Callable[[Path], object], place: Path) -> str:
    "What is said where something cannot be written: one sentence that names it."
    with pytest.raises((OSError, SystemExit)) as e:
        write(place)
    said = str(e.value)
    assert place.name in said and "\n" not in said
    return said


@pytest.mark.parametrize("how", [FULL, LOCKED])
def test_what_was_there_is_still_there(disk, network, movies, how):
    "A model that was saved over another one stopped half way was neither of them."
    jobs = writers(network, movies)
    for name, write in jobs.items():
        write(disk / name)
    before = files(disk)
    spoil(disk, how)
    said = {name: refused(write, disk / name) for name, write in jobs.items()}
    expected = {FULL: os.strerror(errno.ENOSPC), LOCKED: os.strerror(errno.EROFS)}[how]
    assert [name for name, text in said.items() if expected not in text] == []
    assert files(disk) == before
    from_pretrained(disk / "models")
    load_learner(disk / "learner.pkl")


@pytest.mark.parametrize("how", [FULL, LOCKED])
def test_what_was_not_there_is_not_there_by_half(disk, network, movies, how):
    spoil(disk, how)
    for name, write in writers(network, movies).items():
        refused(write, disk / name)
    assert [path.name for path in disk.iterdir() if path.name != "filler"] == []


def test_a_folder_without_permission_is_said(network, movies, tmp_path):
    shut = tmp_path / "shut"
    shut.mkdir(mode=0o555)
    for name, write in writers(network, movies).items():
        assert "ermission denied" in as_nobody(lambda write=write, name=name: write(shut / name)), name
    secret = Path(shutil.copytree(GOLDEN / "network", tmp_path / "secret"))
    (secret / "model.safetensors").chmod(0)
    assert "Permission denied" in as_nobody(lambda: from_pretrained(secret))
    assert not list(shut.iterdir())


def as_nobody(do: Callable[[], object]) -> str:
    "What a process of a user without rights says; of one that has none, itself."
    out, into = os.pipe()
    if not (child := os.fork()):
        said = "nothing"
        try:
            if os.geteuid() == 0:
                os.setuid(NOBODY)
            do()
        except BaseException as e:
            said = str(e)
        os.write(into, said.encode())
        os._exit(0)
    os.close(into)
    os.waitpid(child, 0)
    with os.fdopen(out) as said:
        return said.read()


def test_a_folder_that_vanishes_is_said(network, movies, tmp_path, monkeypatch):
    "While it is written, and while it is read."
    monkeypatch.setattr("postergenre.training.keeping.card_of", lambda *_: shutil.rmtree(tmp_path / "model") or "")
    with pytest.raises(FileNotFoundError, match=r"No such file or directory: '.*model") as e:
        network.save_pretrained(tmp_path / "model", onnx=False)
    assert "\n" not in str(e.value) and not (tmp_path / "model").exists()  # nor is there a card alone
    posters = Path(shutil.copytree(Path(movies["poster"].iloc[0]).parent, tmp_path / "posters"))
    asked = pd.DataFrame({"poster": sorted(posters.iterdir())[:3]})
    shutil.rmtree(posters)
    probs, errors = network.probs(asked, progress=False)
    assert np.isnan(probs).all() and all(error.startswith("FileNotFoundError: ") for error in errors)


def test_a_clock_that_jumps_changes_no_times(monkeypatch):
    "A run took -60 minutes where the clock was set back in it."
    run = Run("test", {}, Path("nowhere"), "")
    for jump in (-3600.0, 10**9):
        monkeypatch.setattr("time.time", lambda jump=jump: jump)
        assert 0 <= run.minutes < 1


def test_two_runs_do_not_write_to_one_folder(movies, tmp_path, capsys, monkeypatch):
    "The second one wrote its options over those of the first."
    monkeypatch.chdir(tmp_path)
    for out in ("runs/mine", None):
        options = {"seed": 1, "out": out, "data": "here", "epochs": 1, "lr": 0.1, "bs": 8, "workers": 0, "limit": None}
        first, second = (begin("custom_cnn", options | {"lr": lr}) for lr in (0.1, 0.2))
        first.movies = second.movies = movies
        first.open()
        before = files(first.folder)
        if out:
            with pytest.raises(ValueError, match="Another run has begun in runs/mine meanwhile; name another folder"):
                second.open()
        else:
            second.open()
            assert second.folder != first.folder and "took the folder meanwhile" in capsys.readouterr().out
        assert files(first.folder) == before and set(before) == {".lock", "config.toml", "split.csv"}


def test_two_processes_do_not_go_on_with_one_run(movies, tmp_path, monkeypatch):
    "Both wrote its checkpoints, in turns."
    monkeypatch.chdir(tmp_path)
    options = {"seed": 1, "out": "run", "data": "here", "epochs": 1, "lr": 0.1, "bs": 8, "workers": 0, "limit": None}
    run = begin("custom_cnn", options)
    run.movies = movies
    run.open()
    run.lock.release(force=True)
    code = "from pathlib import Path; from postergenre.recipes.runs.folder import locked\n"
    code += "lock = locked(Path('run')); print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        with pytest.raises(ValueError, match="Another process is at the run in run; let it end, or stop it, then go"):
            begin("custom_cnn", options | {"resume": True})
        other.communicate(b"\n")
    assert begin("custom_cnn", options | {"resume": True}).resumed


def test_a_text_goes_where_it_was_even_if_the_folder_went(tmp_path):
    "A run goes on writing where its folder was removed."
    write_text(tmp_path / "run" / "a.txt", "old")
    shutil.rmtree(tmp_path / "run")
    assert write_text(tmp_path / "run" / "a.txt", "new").read_text() == "new"


def test_a_process_that_dies_is_said_and_the_learner_is_what_it_was(movies, monkeypatch, tmp_path):
    "Of torch came: RuntimeError: DataLoader worker (pid 7) is killed by signal: Killed, and a traceback."
    few = movies.groupby("split").head(6)
    learn = custom_cnn_learner(PosterDataLoaders.from_movies(few, size=64, bs=2, num_workers=1))
    monkeypatch.setattr("postergenre.data.augment.open_poster", killed_in_a_process_of_its_own)
    before = learn.probs(few, progress=False)[0]
    jobs = (lambda: learn.probs(few, workers=2, progress=False), learn.get_preds, lambda: learn.fit_one_cycle(1, 1e-9))
    for job in jobs:
        with learn.no_bar(), pytest.raises(ChildProcessError, match=r"has died .* num_workers=0$") as e:
            job()
        assert "\n" not in str(e.value)
    np.testing.assert_allclose(learn.probs(few, progress=False)[0], before, atol=1e-3)
    learn.export(tmp_path / "learner.pkl")


def killed_in_a_process_of_its_own(poster):
    if multiprocessing.parent_process() is not None:
        os.kill(os.getpid(), signal.SIGKILL)
    return open_poster(poster)
