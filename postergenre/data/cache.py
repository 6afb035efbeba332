"""What was read or computed of each movie, kept in a file beside the runs: the second time costs nothing."""

import hashlib
import json
import sqlite3
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import lru_cache
from pathlib import Path

import numpy as np

from postergenre.data.lazy import Lazy

SAVE_EVERY = 500  # new values, so that a machine that stops loses minutes and not hours
BLOCK = 256  # values that are read at once: those that stand together are asked for together
MANY = 900  # values that any SQLite takes in one question
WAIT = 300  # seconds for what another process writes
PAGE = 16384  # bytes; a row of features is some thousand

Batch = list[tuple[int, object]]
TABLE = "CREATE TABLE IF NOT EXISTS kept (id INTEGER PRIMARY KEY, key TEXT UNIQUE, type TEXT, rows INTEGER, value BLOB)"


class Cache:
    """One value a key in one SQLite file: arrays (rows, columns), or what JSON can hold.

    What is there is reused, what is not is computed and added, whole or not at all. Values stay on the disk and are
    read when they are asked for; several processes may read and write at once.
    """

    def __init__(self, file: str | Path):
        self.file = Path(file)  # its folder is made when it is first written
        self.computed = 0  # values that were not there, summed over the calls

    def get(
        self,
        keys: Sequence[str | None],  # None: not kept
        compute: Callable[[list[int]], Iterable[Batch]],  # places of missing keys -> (place, value) of those in a batch
    ) -> Sequence:  # a value each, None where compute gave none. ValueError: the file is not whole; OSError: disk full
        """Values by their keys; whatever was computed before an error or Ctrl-C is kept.

        Batches are kept whole: after a stop at any moment the next ones are those that would have come. In other ones
        a network's values differ in the last bits.
        """
        ids, fresh, unsaved = self._ids(keys), {}, {}
        missing = _missing(keys, ids)
        try:
            for batch in compute(missing) if missing else ():
                self.computed += len(batch)
                fresh |= {i: value for i, value in batch if keys[i] is None}
                unsaved |= {keys[i]: value for i, value in batch if keys[i] is not None}
                if len(unsaved) >= SAVE_EVERY:
                    self._add(unsaved)
                    unsaved.clear()
        finally:
            if unsaved:
                self._add(unsaved)
        return Kept(self, self._ids(keys) if missing else ids, fresh)

    def read(self, ids: Sequence[int]) -> dict[int, object]:  # errors as of get
        "Values by their numbers in the file."
        with self._open() as db:
            return {i: _decoded(*value) for i, *value in _found(db, "id, type, rows, value", "id", ids)}

    def _ids(self, keys: Sequence[str | None]) -> np.ndarray:
        "Where in the file the values of keys are; 0: nowhere."
        ids = np.zeros(len(keys), dtype=np.int64)
        if not self.file.is_file():
            self._say_outdated()
            return ids
        with self._open() as db:
            if db.execute("SELECT 1 FROM sqlite_master").fetchone():  # else another process has just begun it
                for start in range(0, len(keys), MANY):
                    some = keys[start : start + MANY]
                    there = dict(_found(db, "key, id", "key", some))
                    ids[start : start + len(some)] = [there.get(key, 0) for key in some]
        return ids

    def _add(self, values: dict[str, object]) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self._open() as db:
            db.execute(f"PRAGMA page_size = {PAGE}")
            db.execute("BEGIN IMMEDIATE")
            db.execute(TABLE)
            rows = ((key, *_encoded(value)) for key, value in values.items())
            db.executemany("INSERT OR IGNORE INTO kept (key, type, rows, value) VALUES (?, ?, ?, ?)", rows)
            db.execute("COMMIT")

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        # opened anew each time, as SQLite's connections do not go from a process to those that it starts
        try:
            with closing(sqlite3.connect(self.file, timeout=WAIT, isolation_level=None)) as db:
                yield db
        except sqlite3.OperationalError as e:  # the disk is full, the folder may not be written, ...
            raise OSError(f"{self.file} cannot be read or written: {e}") from e
        except (sqlite3.DatabaseError, ValueError) as e:
            raise ValueError(f"{self.file} is not whole ({e}); delete it, and what it held is computed again") from e

    def _say_outdated(self) -> None:
        for old in (self.file.with_suffix(ending) for ending in (".npz", ".json")):
            if old.is_file():
                said = f"{old} is of an earlier version and is not read any more: what it holds is computed again, into"
                warnings.warn(f"{said} {self.file.name}; delete {old.name}", stacklevel=3)


class Kept(Lazy):
    "Values from a Cache by their places, read when they are asked for, with those that follow."

    def __init__(
        self,
        cache: Cache,
        ids: np.ndarray,  # (places,) their numbers in the cache; 0: not there
        fresh: dict[int, object],  # place -> value, where the cache may not keep it
    ):
        super().__init__(self._value, len(ids))
        self.cache, self.ids, self.fresh, self.block = cache, ids, fresh, {}

    def _value(self, place: int):
        number = int(self.ids[place])
        if not number:
            return self.fresh.get(place)
        if number not in self.block:
            wanted = self.ids[place : place + BLOCK]
            self.block = self.cache.read(wanted[wanted > 0].tolist())
        return self.block[number]


def _missing(keys: Sequence[str | None], ids: np.ndarray) -> list[int]:
    "Places of keys that are nowhere, of each the first; and those of no key."
    missing, seen = [], set()
    for i, key in enumerate(keys):
        if key is None or not (ids[i] or key in seen):
            missing.append(i)
            seen.add(key)
    return missing


def _found(db: sqlite3.Connection, columns: str, by: str, values: Sequence) -> list[tuple]:  # of at most MANY values
    # all at once: nobody can write while an answer is half read
    return db.execute(f"SELECT {columns} FROM kept WHERE {by} IN ({', '.join('?' * len(values))})", values).fetchall()


def _encoded(value) -> tuple[str, int | None, bytes | str]:
    if isinstance(value, np.ndarray):
        return value.dtype.str, len(value), value.tobytes()
    return "json", None, json.dumps(value)


def _decoded(kind: str, rows: int | None, value: bytes | str):
    if kind == "json":
        return json.loads(value)
    return np.frombuffer(value, dtype=kind).reshape(rows, -1 if value else 0)


def poster_key(poster: Path) -> str:  # 32 hexadecimal digits. FileNotFoundError: there is no such file
    "What stays the same as long as a poster file does: its path, length and time of change."
    stat = poster.stat()
    path = _resolved(poster.parent.absolute()) / poster.name
    return hashlib.sha256(f"{path}|{stat.st_size}|{stat.st_mtime_ns}".encode()).hexdigest()[:32]


_resolved = lru_cache(maxsize=4096)(Path.resolve)
