"""A table file of any format (CSV, TSV, Parquet, Excel) as a DataFrame; ids and other texts as they were written."""

import csv
import gzip
import re
import warnings
import zlib
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Sequence
from io import BytesIO, StringIO
from pathlib import Path

import pandas as pd

from postergenre.data.columns import TEXTS, fold, name_columns, typed_columns

SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", r"\t": "\t", "pipe": "|", "bar": "|"}

_MISSING = ("", "N/A", "n/a", "#N/A", "NA", "NaN", "nan", "None", "NULL", "null", "<NA>")
_EXCEL = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


def read_cells(
    file: Path,  # CSV, TSV (or .gz of them), Parquet or Excel's first sheet, told by its content
    sep: str | None = None,  # what stands between two cells of a text file; None: found among , ; tab |
    texts: Sequence[str] = (),  # more columns that are kept as written, beside id and title
) -> pd.DataFrame:  # ValueError: broken, with file and line; ImportError: pandas lacks a package for the format
    "A table file, its columns named as asked for (case and spaces aside), its lists and dates as such again."
    raw, texts = file.read_bytes(), [*TEXTS, *texts]
    if raw.startswith(b"\x1f\x8b"):
        try:
            raw = gzip.decompress(raw)
        except (OSError, EOFError, zlib.error) as e:
            raise ValueError(f"{file} is no whole gzip file ({e}); save it anew, or as CSV") from e
    if raw.startswith(b"PAR1"):
        table = _read_with(pd.read_parquet, file, raw)
    elif raw.startswith(_EXCEL):
        # as objects: pandas would make 7.0 of the 7 beside an empty cell
        table = _read_with(pd.read_excel, file, raw, dtype=object).infer_objects()
    else:
        table = _read_text(file, decode(file, raw), sep, {fold(t) for t in texts})
    # pandas calls so what has no name: the index that to_csv and to_excel wrote, columns that Excel left empty
    table = table.loc[:, ~table.columns.astype("str").str.match(r"Unnamed: \d+$")]
    table = table.dropna(how="all").reset_index(drop=True)
    return typed_columns(name_columns(table, texts), texts)


def there(source: str | Path) -> Path:
    "A file or folder of movies, absolute, ~ as home. FileNotFoundError: it is not there."
    path = Path(source).expanduser().absolute()
    if not path.exists():
        raise FileNotFoundError(f"There is no {source} (looked for {path}); pass the folder or table of your movies")
    return path


def separator(sep: str) -> str:
    "A separator from its name or itself: 'tab' -> a tab. ValueError: it is neither."
    found = SEPARATORS.get(sep.lower(), sep)
    if len(found) != 1 or found in '"\r\n':
        raise ValueError(f"sep={sep!r} is no separator; pass one sign such as ';', or one of: {', '.join(SEPARATORS)}")
    return found


def decode(file: str | Path, raw: bytes) -> str:
    "The text of a file: by its byte-order mark, as UTF-8, as UTF-16, or, with a warning, as cp1252. ValueError: none."
    if raw.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        tries = ["utf-16"]
    elif b"\0" in raw:  # most letters of UTF-16 have one empty byte
        tries = ["utf-16-le" if raw[1::2].count(0) > raw[::2].count(0) else "utf-16-be"]
    else:
        tries = ["utf-8-sig", "cp1252"]
    for encoding in tries:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        if encoding == "cp1252":
            word = re.search(r"\w*[^\x00-\x7f]\w*", text)[0]
            said = f"{file} is not UTF-8 and was read as cp1252 (Windows): {word!r}; if that is wrong, save it as UTF-8"
            warnings.warn(said, stacklevel=4)  # where read_movies or read_table was called
        return text
    raise ValueError(f"{file} is no Parquet or Excel file and no text in {' or '.join(tries)}; save it as CSV in UTF-8")


def _read_with(read, file: Path, raw: bytes, **kwargs) -> pd.DataFrame:
    try:
        return read(BytesIO(raw), **kwargs)
    except ImportError as e:
        raise ImportError(
            f"{file}: pandas needs a package for this ({e}); pip install 'postergenre[tables]', or save it as CSV"
        ) from e
    except Exception as e:  # of a torn file: each reader, and what it reads with, has errors of its own
        raise ValueError(f"{file} cannot be read ({str(e) or type(e).__name__}); save it anew, or as CSV") from e


def _read_text(file: Path, text: str, sep: str | None, wanted: set[str]) -> pd.DataFrame:
    if hint := re.match(r"sep=(.)(?=[\r\n])", text):  # as Excel writes it; the line stays, to count lines
        sep, text = sep or hint[1], text[hint.end() :]
    sep = find_separator(text, wanted) if sep is None else separator(sep)
    header = _check_rows(file, text, sep)
    if twice := [name for name in header if fold(name) in wanted and header.count(name) > 1]:
        raise ValueError(f"{file} names the column {twice[0]} twice; rename one of them")
    texts = {name: "str" for name in header if fold(name) in wanted}
    try:
        return pd.read_csv(
            StringIO(text, newline=""),
            sep=sep,
            skipinitialspace=True,
            low_memory=False,
            index_col=False,
            usecols=range(len(header)),  # cells beyond the header's are empty
            dtype=texts,
            keep_default_na=False,
            na_values={name: "" if name in texts else _MISSING for name in header},  # "NA" may be a title
        )
    except ValueError as e:
        raise ValueError(f"{file} cannot be read ({e}); its first line should name the columns") from e


def _rows(text: str, sep: str):
    return csv.reader(StringIO(text, newline=""), delimiter=sep, skipinitialspace=True, strict=True)


def find_separator(text: str, wanted: set[str]) -> str:
    "The separator under which the header holds most of the columns wanted, then most columns at all."
    lines = text.lstrip("\r\n").splitlines()[:1] or [""]

    def columns(sep: str) -> tuple[int, int]:
        header = {fold(name) for name in next(csv.reader(lines, delimiter=sep, skipinitialspace=True))}
        return len(header & wanted), len(header)

    return max(",;\t|", key=columns)


def _check_rows(file: Path, text: str, sep: str) -> list[str]:
    "The header, once it is sure that no row has more cells than it: pandas would shift or drop them."
    rows = _rows(text, sep)
    try:
        header = next((row for row in rows if row), None)
        if header is None:
            raise ValueError(f"{file} is empty; its first line should name the columns, for example poster,genres")
        for row in rows:
            if any(map(str.strip, row[len(header) :])):
                raise ValueError(
                    f"{file}, line {rows.line_num}: {len(row)} cells, but the header names {len(header)} columns "
                    f'({", ".join(header)}); put a cell that holds {sep!r} in quotes, "Action{sep} Drama", or write '
                    "genres as Action/Drama and pass delim='/' (--delim / in a recipe)"
                )
    except csv.Error as e:
        raise ValueError(
            f'{file}, line {rows.line_num}: {e}; a quote within a cell is written twice ("a ""b"" c"), mend that line'
        ) from e
    return header
