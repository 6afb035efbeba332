"""What is scored: a folder of pictures, a CSV, Parquet of paths or of pictures; here or at an address."""

import csv
import hashlib
from collections.abc import Iterator
from io import BytesIO, StringIO

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from postergenre.bulk.places import PROCESS, address, entries, filesystem, walk
from postergenre.bulk.rows import FEW, Input
from postergenre.data.columns import fold
from postergenre.data.posters import POSTER_SUFFIXES
from postergenre.data.tables import find_separator

PARQUET, TEXT = (".parquet", ".pq"), (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz")
BLOCK = 2**20  # bytes of a file that are read at once


def open_input(
    source: str,  # folder, table, or the address of one
    id_col: str = "id",  # as of Input
    poster_col: str = "poster",  # as of Input
) -> Input:  # FileNotFoundError, ValueError, ImportError: what is wrong with it
    "What is scored, once it is sure that it can be read to its end."
    fs, path = filesystem(source)
    if not fs.exists(path):
        raise FileNotFoundError(f"There is no {source} ({path}); pass a folder of posters, a CSV or Parquet")
    if fs.isdir(path):
        top = [name.lower() for name, is_folder in entries(fs, path) if not is_folder]
        tables = [name for name in top if name.endswith(PARQUET)]
        if tables and any(name.endswith(POSTER_SUFFIXES) for name in top):
            raise ValueError(
                f"{source} holds pictures and Parquet ({tables[0]}); put one of them in a folder of its own"
            )
        return (Parquet if tables else Folder)(source, id_col, poster_col)
    if path.lower().endswith(TEXT):
        return Csv(source, id_col, poster_col)
    if path.lower().endswith(PARQUET):
        return Parquet(source, id_col, poster_col)
    raise ValueError(
        f"{source} is no folder, CSV ({', '.join(TEXT[:3])}) or Parquet; python -m postergenre.predict takes single "
        "pictures and Excel"
    )


class Folder(Input):
    "Pictures in a folder and its folders; each is called by its path within."

    def survey(self) -> tuple[str, int]:
        known, total = hashlib.sha256(), 0
        for name, path in walk(self.fs, self.path, POSTER_SUFFIXES):
            total += 1
            known.update(f"{name}|{self.fs.size(path)}\n".encode())
        if not total:
            raise FileNotFoundError(
                f"{self.source} holds no pictures ({', '.join(POSTER_SUFFIXES)}), nor do its folders"
            )
        return known.hexdigest(), total

    def rows(self, start: int = 0) -> Iterator[pa.Table]:
        own = PROCESS in self.fs.protocol  # then no other process can open what is there
        rows = []
        for i, (name, path) in enumerate(walk(self.fs, self.path, POSTER_SUFFIXES)):
            if i >= start:
                rows.append({"id": name, "poster": self.fs.cat_file(path) if own else address(self.fs, path)})
            if len(rows) == FEW:
                yield pa.Table.from_pylist(rows)
                rows = []
        if rows:
            yield pa.Table.from_pylist(rows)


class Csv(Input):
    "A table as text; a relative path starts at its folder."

    def survey(self) -> tuple[str, int]:
        known = hashlib.sha256()
        with self._open() as opened:
            head = opened.read(BLOCK)
            self.encoding = "utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
            text = head.decode(self.encoding, errors="ignore").lstrip("\ufeff")
            self.sep = find_separator(text, {fold(self.id_col), fold(self.poster_col)})
            self.header = next(filter(None, csv.reader(StringIO(text, newline=""), delimiter=self.sep)), None)
            while head:
                known.update(head)
                head = opened.read(BLOCK)
        if self.header is None:
            raise ValueError(f"{self.source} is empty; its first line should name the columns, for example id,poster")
        # reads it to its end, which says what is wrong with any row before the first is scored
        return known.hexdigest(), sum(map(len, self.rows()))

    def rows(self, start: int = 0) -> Iterator[pa.Table]:
        columns, at = self.columns(self.header), 0
        # every cell a text: kinds guessed by the first rows break on later ones, and ids lose their zeros
        read = pyarrow.csv.ReadOptions(block_size=BLOCK, encoding=self.encoding, use_threads=False)
        parse = pyarrow.csv.ParseOptions(delimiter=self.sep, newlines_in_values=True)
        convert = pyarrow.csv.ConvertOptions(
            include_columns=columns, column_types=dict.fromkeys(columns, pa.string()), null_values=[""],
            strings_can_be_null=True, quoted_strings_can_be_null=True,
        )  # fmt: skip
        try:
            with self._open() as opened, pyarrow.csv.open_csv(opened, read, parse, convert) as reader:
                for batch in reader:
                    skip = min(max(start - at, 0), len(batch))
                    if skip < len(batch):
                        yield self.named(batch.slice(skip).columns, at + skip)
                    at += len(batch)
        except pa.ArrowInvalid as e:
            raise ValueError(
                f"{self.source} cannot be read ({str(e).splitlines()[0]}); a cell that holds {self.sep!r} stands in "
                'quotes, "a, b", and the text is UTF-8'
            ) from e

    def _open(self):
        return self.fs.open(self.path, "rb", compression="infer")


class Parquet(Input):
    "One Parquet file, or those in a folder; a relative path starts at that folder."

    def survey(self) -> tuple[str, int]:
        folder = self.fs.isdir(self.path)
        self.files = [path for _, path in walk(self.fs, self.path, PARQUET)] if folder else [self.path]
        known, total = hashlib.sha256(), 0
        for file in self.files:
            with self.fs.open(file, "rb") as raw, self._table(file, raw) as table:
                self.columns(table.schema_arrow.names)
                # where each column begins, how long it is and what lies in it: without reading a picture
                footer = BytesIO()
                table.metadata.write_metadata_file(footer)
                known.update(footer.getbuffer())
                total += table.metadata.num_rows
        return known.hexdigest(), total

    def rows(self, start: int = 0) -> Iterator[pa.Table]:
        at = 0
        for file in self.files:
            with self.fs.open(file, "rb") as raw, self._table(file, raw) as table:
                columns = self.columns(table.schema_arrow.names)
                for group in range(table.num_row_groups):
                    if (end := at + table.metadata.row_group(group).num_rows) <= start:
                        at = end
                        continue
                    for batch in table.iter_batches(FEW, row_groups=[group], columns=columns, use_threads=False):
                        skip = min(max(start - at, 0), len(batch))
                        if skip < len(batch):
                            rest = batch.slice(skip)
                            yield self.named([rest[name] for name in columns], at + skip)
                        at += len(batch)

    def _table(self, file: str, raw) -> pq.ParquetFile:  # ValueError
        try:
            return pq.ParquetFile(raw, buffer_size=BLOCK, pre_buffer=False)
        except pa.ArrowInvalid as e:
            raise ValueError(f"{file} is no whole Parquet file ({str(e).splitlines()[0]}); write it again") from e
