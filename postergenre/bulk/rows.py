"""Rows of posters as a stream that can be begun anew, cut into parts."""

import posixpath
from collections.abc import Collection, Iterator
from itertools import count
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from postergenre.bulk.places import address, filesystem
from postergenre.data.columns import fold
from postergenre.data.posters import find_poster, is_url

FEW = 64  # rows that are read at once: pictures may be large

Part = tuple[int, pa.Table]  # its number, from 0; its rows: id, poster (path, address or bytes; null: there is none)


class Input:
    "Rows of posters, always in one order. It can be pickled, to be read in another process."

    def __init__(
        self,
        source: str,  # path or address
        id_col: str = "id",  # of tables; where there is none, a row is called by its poster's path, or its number
        poster_col: str = "poster",  # of tables: paths, addresses or the bytes of pictures
    ):  # OSError, ValueError, ImportError: what is wrong with it
        self.source, self.id_col, self.poster_col = str(source), id_col, poster_col
        self.fs, self.path = filesystem(self.source)
        # where relative paths begin
        self.base = address(self.fs, self.path if self.fs.isdir(self.path) else posixpath.dirname(self.path))
        self.digest, self.total = self.survey()

    def survey(self) -> tuple[str, int]:  # OSError, ValueError
        "What tells it from other inputs, and how many rows it has; all of it is looked at, but no picture."
        raise NotImplementedError

    def rows(self, start: int = 0) -> Iterator[pa.Table]:
        "id, poster: all rows from one on, some at a time."
        raise NotImplementedError

    def parts(
        self,
        size: int,  # rows a part; the last has what is left
        done: Collection[int] = (),  # numbers of parts that are not asked for
    ) -> Iterator[Part]:  # ValueError: it is no longer what it was
        "The rows cut into parts, in order."
        number = next(n for n in count() if n not in done)
        held, seen = [], min(number * size, self.total)
        for table in self.rows(seen):
            held.append(table)
            seen += len(table)
            while sum(map(len, held)) >= size:
                whole = pa.concat_tables(held)
                held = [whole.slice(size)]
                if number not in done:
                    yield number, whole.slice(0, size).combine_chunks()
                number += 1
        if seen != self.total:
            raise ValueError(
                f"{self.source} had {self.total:,} rows when this began and has {seen:,} now; leave it as it is while "
                "it is scored, and name another --out for what it is now"
            )
        if sum(map(len, held)) and number not in done:
            yield number, pa.concat_tables(held).combine_chunks()

    def columns(self, there: list[str]) -> list[str]:  # ValueError: no posters
        "What the columns of ids and posters are called in a table, case and spaces aside; that of ids may lack."
        wanted = {fold(name): name for name in (self.id_col, self.poster_col)}
        found = {want: [name for name in there if fold(name) == want] for want in wanted}
        for want, names in found.items():
            if len(names) > 1 or (not names and wanted[want] != "id"):
                option = "--poster_col" if wanted[want] == self.poster_col else "--id_col"
                said = f"no column {wanted[want]}" if not names else f"more than one column {names[0]}"
                raise ValueError(f"{self.source} has {said}; it has: {', '.join(there)}; name another: {option}")
        return [name for names in found.values() for name in names]

    def named(self, cells: list[pa.Array], start: int) -> pa.Table:
        "Rows as a part has them, of the cells of `columns`; start is the number of the first."
        *ids, posters = [cells.combine_chunks() if isinstance(cells, pa.ChunkedArray) else cells for cells in cells]
        names = [f"row {start + i}" for i in range(len(posters))]
        if (
            pa.types.is_struct(posters.type) and posters.type.get_field_index("bytes") >= 0
        ):  # as Hugging Face's datasets
            posters = pc.struct_field(posters, "bytes")
        if pa.types.is_binary(posters.type) or pa.types.is_large_binary(posters.type):
            found = posters.cast(pa.binary())
        else:
            texts = pc.utf8_trim_whitespace(posters.cast(pa.string())).to_pylist()
            found = pa.array([self._found(text) for text in texts], pa.string())
            names = [text or name for text, name in zip(texts, names, strict=True)]
        for column in ids:
            given = pc.utf8_trim_whitespace(column.cast(pa.string())).to_pylist()
            names = [text or name for text, name in zip(given, names, strict=True)]
        return pa.table({"id": pa.array(names, pa.string()), "poster": found})

    def _found(self, text: str | None) -> str | None:
        if not text or is_url(text):
            return text or None
        return posixpath.join(self.base, text) if is_url(self.base) else find_poster(Path(self.base), text)
