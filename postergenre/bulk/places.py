"""Files here and at addresses (s3://, gs://, https://, memory://), by fsspec."""

import os
from collections.abc import Iterator
from pathlib import Path

import fsspec
from fsspec import AbstractFileSystem
from fsspec.implementations.local import LocalFileSystem

from postergenre.data.posters import is_url

PROCESS = "memory"  # the filesystem that each process has for itself


def filesystem(place: str) -> tuple[AbstractFileSystem, str]:  # ValueError, ImportError: what is wrong
    "The filesystem of a path or an address, and the path within it."
    if not is_url(place):
        return LocalFileSystem(), str(Path(place).expanduser().absolute())
    try:
        return fsspec.core.url_to_fs(place)
    except ImportError as e:  # pyarrow brings S3, Google's and Azure's with it
        from fsspec.implementations.arrow import ArrowFSWrapper
        from pyarrow import ArrowException, fs

        try:
            own, path = fs.FileSystem.from_uri(place)
        except (ArrowException, ValueError, OSError):
            raise ImportError(f"{place} needs a package ({e})") from e
        return ArrowFSWrapper(own), path


def address(fs: AbstractFileSystem, path: str) -> str:
    "A file as `fetched` takes it: of this machine its path, else with the protocol before it."
    return path if isinstance(fs, LocalFileSystem) else fs.unstrip_protocol(path)


def fetched(poster):  # a poster at an address as bytes, another one as it is. Exception: of the filesystem's own kinds
    "A poster that can be opened."
    if not is_url(poster):
        return poster
    fs, path = filesystem(poster)
    return fs.cat_file(path)


def walk(
    fs: AbstractFileSystem,
    folder: str,  # path within it
    suffixes: tuple[str, ...],  # in lower case
    within: str = "",  # how what is found is called begins
) -> Iterator[tuple[str, str]]:  # name within the folder, path
    "The files of a folder and its folders in the order of their names; hidden ones are left alone."
    for name, is_folder in sorted(entries(fs, folder)):
        path = f"{folder.rstrip('/')}/{name}"
        if is_folder:
            yield from walk(fs, path, suffixes, f"{within}{name}/")
        elif name.lower().endswith(suffixes):
            yield within + name, path


def entries(fs: AbstractFileSystem, folder: str) -> list[tuple[str, bool]]:  # name, whether it is a folder
    "What lies in a folder, but for what is hidden."
    if isinstance(fs, LocalFileSystem):  # names alone, of a million files too
        with os.scandir(folder) as found:
            # a folder that is a link may lead in a circle
            listed = [(e.name, e.is_dir(follow_symlinks=False)) for e in found if not e.is_dir() or not e.is_symlink()]
    else:
        there = fs.ls(folder, detail=True)
        listed = [(e["name"].rstrip("/").rpartition("/")[2], e["type"] == "directory") for e in there]
    return [entry for entry in listed if not entry[0].startswith(".")]
