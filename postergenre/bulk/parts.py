"""The parts that a scoring writes, whole or not at all, and the manifest that says what they are parts of."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from postergenre.data.files import check_writable, write_text, write_whole

MANIFEST, LOCK = "_manifest.json", ".lock"  # names that readers of a folder of Parquet pass over
FORMAT = {"format": "postergenre scores", "format_version": 1}
AGAIN = "name another folder with --out, or give them as they were"


class Parts:
    "A folder of parts, each of which has its number in its name; what another run has finished is not written again."

    def __init__(self, folder: Path, count: int):
        self.folder, self.count = folder, count  # how many there will be
        # footers are read: they say whether a part is whole
        there = (int(file.stem.removeprefix("part-")) for file in folder.glob("part-*.parquet"))
        self.rows_and_errors = {number: self._said(number) for number in there}

    @property
    def done(self) -> frozenset[int]:
        "The numbers of those that are whole."
        return frozenset(self.rows_and_errors)

    @property
    def rows(self) -> int:
        "How many rows are scored, or have an error."
        return sum(rows for rows, _ in self.rows_and_errors.values())

    @property
    def errors(self) -> int:
        "How many of them have an error."
        return sum(errors for _, errors in self.rows_and_errors.values())

    def write(self, number: int, table: pa.Table) -> None:  # OSError: e.g. the disk is full
        "Write a part; when this returns it is on the disk."
        with write_whole(self._file(number), sync=True) as whole:
            pq.write_table(table, whole, compression="zstd")
        self.rows_and_errors[number] = len(table), len(table) - table["error"].null_count

    def _file(self, number: int) -> Path:
        return self.folder / f"part-{number:06d}.parquet"

    def _said(self, number: int) -> tuple[int, int]:  # ValueError: not whole
        file = self._file(number)
        try:
            said = pq.read_metadata(file)
            last = said.row_group(0).column(said.num_columns - 1)
            return said.num_rows, said.num_rows - last.statistics.null_count
        except (pa.ArrowInvalid, OSError, AttributeError, IndexError) as e:
            raise ValueError(f"{file} is no whole part ({e}); delete it, and it is written again") from e


@contextmanager
def open_parts(
    folder: Path,
    model: Mapping,  # its name and digest
    options: Mapping,  # that a score depends on
    source: Mapping,  # the input's source, digest and rows
    count: int,  # parts that there will be
    versions: Mapping,  # for people
) -> Iterator[Parts]:  # OSError; ValueError: another scoring has begun here, what differs; or another process is at it
    "The folder of a scoring, begun or gone on with; no other process writes to it meanwhile."
    check_writable(folder / MANIFEST)
    try:
        with FileLock(folder / LOCK, timeout=0):
            said = FORMAT | {"model": model, "options": options, "input": source, "parts": count, "versions": versions}
            _begin(folder, json.loads(json.dumps(said)))
            for left in folder.glob(".*-*.parquet"):  # of a run that was killed
                left.unlink()
            yield Parts(folder, count)
    except Timeout as e:
        raise ValueError(f"Another process is scoring to {folder}; wait for it, or name another folder: --out") from e


def _begin(folder: Path, said: dict) -> None:
    file = folder / MANIFEST
    if not file.exists():
        if found := next(folder.glob("*.parquet"), None):
            raise ValueError(f"{folder} holds {found.name} and no {MANIFEST}, so it is of something else; {AGAIN}")
        write_text(file, json.dumps(said, indent=1, ensure_ascii=False) + "\n", sync=True)
        return
    try:
        before = json.loads(file.read_text(encoding="utf-8"))
        differing = list(_differences(before, said))
    except (ValueError, KeyError, TypeError, AttributeError) as e:
        raise ValueError(f"{file} is no manifest of a scoring ({e!r}); name another folder with --out") from e
    if differing:
        raise ValueError(f"{folder} was begun with {' and '.join(differing)}; {AGAIN}")


def _differences(before: Mapping, now: Mapping) -> Iterator[str]:
    if any(before[key] != value for key, value in FORMAT.items()):
        yield f"another format ({before['format']} {before['format_version']})"
    if before["model"]["digest"] != now["model"]["digest"]:
        yield f"another model ({before['model']['name']}, of other files than {now['model']['name']} now)"
    for name in sorted({*before["options"], *now["options"]}):
        old, new = (said["options"].get(name) for said in (before, now))
        if old != new:
            yield f"{name}={_text(old)} (now {_text(new)})"
    if before["input"]["digest"] != now["input"]["digest"]:
        old, new = (f"{said['input']['rows']:,} rows of {said['input']['source']}" for said in (before, now))
        yield f"another input ({old}, now {new})" if old != new else f"another input ({old}, which has changed since)"


def _text(value) -> str:
    return "the model's own" if value is None else str(value)
