"""What was read or computed of each movie, kept in a file beside the runs: the second time costs nothing."""

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from postergenre.data.files import write_whole

SAVE_EVERY = 500  # new values, so that a machine that stops loses minutes and not hours
Batch = list[tuple[int, object]]


class Cache:
    """One value a key in one file: arrays (rows, columns) in .npz, lists and texts in .json.

    What is there is reused, what is not is computed and added; the file is replaced only once the new one is whole.
    """

    def __init__(self, file: str | Path):
        self.file = Path(file)  # its folder is made when it is first written
        self.computed = 0  # values that were not there, summed over the calls

    def get(
        self,
        keys: Sequence[str | None],  # None: not kept
        compute: Callable[[list[int]], Iterable[Batch]],  # places of missing keys -> (place, value) of those in a batch
    ) -> list:  # a value each, None where compute gave none. ValueError: the file is not whole
        """Values by their keys; whatever was computed before an error or Ctrl-C is kept.

        Batches are kept whole: after a stop at any moment the next ones are those that would have come. In other ones
        a network's values differ in the last bits.
        """
        fresh, unsaved = {}, 0
        first = {key: i for i, key in reversed(list(enumerate(keys)))}
        missing = [i for i, key in enumerate(keys) if key is None or (key not in self._known and first[key] == i)]
        try:
            for batch in compute(missing) if missing else ():
                self.computed += len(batch)
                fresh |= {i: value for i, value in batch if keys[i] is None}
                self._known |= (new := {keys[i]: value for i, value in batch if keys[i] is not None})
                unsaved += len(new)
                if unsaved >= SAVE_EVERY:
                    self._save()
                    unsaved = 0
        finally:
            if unsaved:
                self._save()
        return [self._known.get(key, fresh.get(i)) for i, key in enumerate(keys)]

    @cached_property
    def _known(self) -> dict:
        if not self.file.is_file():
            return {}
        try:
            if self.file.suffix == ".json":
                return dict(json.loads(self.file.read_text(encoding="utf-8")).items())
            with np.load(self.file, allow_pickle=False) as saved:
                ends = np.cumsum(saved["rows"])
                return dict(zip(saved["keys"].tolist(), np.split(saved["values"], ends[:-1]), strict=True))
        except (OSError, ValueError, KeyError, EOFError, AttributeError, zipfile.BadZipFile) as e:
            raise ValueError(f"{self.file} is not whole ({e}); delete it, and what it held is computed again") from e

    def _save(self) -> None:
        with write_whole(self.file) as whole:
            if self.file.suffix == ".json":
                whole.write_text(json.dumps(self._known, ensure_ascii=False), encoding="utf-8")
                return
            rows = [len(value) for value in self._known.values()]
            values = np.concatenate([value for value in self._known.values() if len(value)] or [np.zeros((0, 0))])
            with open(whole, "wb") as out:
                np.savez(out, keys=np.array(list(self._known)), rows=np.array(rows), values=values)


def poster_key(poster: Path) -> str:  # 32 hexadecimal digits. FileNotFoundError: there is no such file
    "What stays the same as long as a poster file does: its path, length and time of change."
    stat = poster.stat()
    path = _resolved(poster.parent.absolute()) / poster.name
    return hashlib.sha256(f"{path}|{stat.st_size}|{stat.st_mtime_ns}".encode()).hexdigest()[:32]


_resolved = lru_cache(maxsize=4096)(Path.resolve)
