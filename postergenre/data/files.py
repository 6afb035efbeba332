"""Files that are either whole or not there."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryFile
from uuid import uuid4

HALF_WRITTEN = re.compile(r"\.(.+-)?[0-9a-f]{32}(\.\w+)?")


@contextmanager
def write_whole(
    path: str | Path,
    sync: bool = False,  # wait until it is on the disk, under its name: it stays whole where the power fails
) -> Iterator[Path]:  # OSError: names the file, also where Python does not (disk full)
    "Write to a temporary file beside the real one, of the same suffix, that takes its name only when all went well."
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}-{uuid4().hex}{path.suffix}")
    try:
        yield temporary
        if sync:
            _sync(temporary)
        temporary.replace(path)
        if sync:
            _sync(path.parent)
    except OSError as e:
        if e.errno is None:  # numpy says only how many bytes went missing
            raise OSError(f"{path} cannot be written: {e}") from e
        if e.filename in (None, str(temporary), temporary):
            raise OSError(e.errno, e.strerror, str(path)) from e
        raise
    finally:
        with suppress(OSError):  # of a disk that nobody may write to: it holds none, and what failed is said already
            temporary.unlink()


@contextmanager
def write_folder_whole(
    folder: str | Path,  # made if there is none; its other files stay
    last: str,  # name of the file that says what the others are: it takes its place after them
) -> Iterator[Path]:  # OSError: names the file as it would have been called
    "Write files to a folder within the real one; they take their places there only when all went well."
    folder = Path(folder)
    if folder.is_file():
        raise FileExistsError(f"{folder} is a file; name a folder")
    new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".{uuid4().hex}"
    begun = temporary / ".begun"  # gone where somebody removed the folder meanwhile, and with it files of before
    try:
        temporary.mkdir()
        begun.touch()
        yield temporary
        begun.unlink()
        for file in sorted(temporary.rglob("*"), key=lambda f: (f.is_file(), f.name == last, -len(f.parts))):
            place = folder / file.relative_to(temporary)
            if file.is_dir():
                place.mkdir(parents=True, exist_ok=True)
            else:
                file.replace(place)
    except OSError as e:
        if e.errno is None or not str(e.filename).startswith(str(temporary)):
            raise
        raise OSError(e.errno, e.strerror, str(folder / Path(e.filename).relative_to(temporary))) from e
    finally:
        rmtree(temporary, ignore_errors=True)
        if new and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def remove_half_written(folder: Path) -> None:
    "Remove what processes that were killed left of files in a folder, and in those below: nobody may be writing there."
    for path in sorted(folder.rglob(".*"), reverse=True):
        if HALF_WRITTEN.fullmatch(path.name):
            rmtree(path) if path.is_dir() else path.unlink()


def write_text(path: str | Path, text: str, sync: bool = False) -> Path:  # sync: as in write_whole
    "Write a text file, whole or not at all."
    with write_whole(path, sync) as file:
        file.write_text(text, encoding="utf-8", newline="")
    return Path(path)


def save_whole(
    state: object,  # what torch.save takes
    path: str | Path,
    sync: bool = False,  # as in write_whole
    **kwargs,  # of torch.save
) -> None:
    "Save with torch, whole or not at all."
    import torch  # reading movies needs no torch

    buffer = BytesIO()  # into a file, torch says "unexpected pos" where the disk is full
    torch.save(state, buffer, **kwargs)
    with write_whole(path, sync) as file:
        file.write_bytes(buffer.getbuffer())


def check_writable(path: str | Path) -> None:  # OSError: it cannot be, and why
    "Make sure that a file can be written, before the long work whose result it is to hold."
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; name a file in it, for example {path / 'genres.csv'}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=path.parent):
            pass
    except OSError as e:
        raise OSError(f"{path} cannot be written ({e.strerror}); name a file in another folder") from e


def _sync(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
