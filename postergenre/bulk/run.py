"""A scoring from its beginning to its end, or from where another one was stopped."""

import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from postergenre.bulk.inputs import open_input
from postergenre.bulk.local import local_scores
from postergenre.bulk.parts import open_parts
from postergenre.bulk.scorer import Asked
from postergenre.data.counts import check_counts
from postergenre.data.progress import RateLine

ENGINES = ("local", "ray")
PART = 500  # rows: at some 50 a second what a killed process loses is seconds


class Scored(NamedTuple):
    "What a scoring came to."

    rows: int  # each a poster of the input
    errors: int  # of them, that could not be read
    parts: int  # files


def score_posters(
    asked: Asked,  # from `ask`
    source: str,  # folder, CSV, Parquet, or the address of one
    out: str | Path,  # folder for the parts
    engine: str = "local",  # of ENGINES
    workers: int = 0,  # processes or actors, each with one thread; 0: one a core, of a cluster one a CPU
    address: str | None = None,  # of a Ray cluster that runs; None: one of its own
    part: int = PART,  # rows a part
    columns: tuple[str, str] = ("id", "poster"),  # of tables: of ids and of posters
    name: str | None = None,  # what the model is called; None: where it lies
    progress: bool = True,  # a line with rate and time left
) -> (
    Scored
):  # OSError, ValueError, ImportError, RuntimeError: what is wrong, or stopped it; then it can be gone on with
    "Score all posters of an input, each exactly once, one that cannot be read with its error; what is done stays."
    check_counts(bs=asked.bs, workers=workers)
    if engine not in ENGINES:
        raise ValueError(f"Unknown engine {engine!r}; choose one of: {', '.join(ENGINES)}")
    if part < 1:
        raise ValueError(f"part={part} should be 1 or more, for example {PART}")
    if address and engine != "ray":
        raise ValueError(f"The address {address} is of a Ray cluster; give --engine ray too")
    if "://" in str(out):
        raise ValueError(f"{out} is an address and parts are written to a folder of this machine; copy them afterwards")
    rows, out = open_input(source, *columns), Path(out).expanduser()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    options = asked.options | {"part": part} | dict(zip(("id_col", "poster_col"), columns, strict=True))
    model = {"name": name or asked.model, "digest": asked.digest}
    about = {"source": rows.source, "rows": rows.total, "digest": rows.digest}
    versions = {"python": platform.python_version(), "postergenre": version("postergenre")}
    with open_parts(out, model, options, about, -(-rows.total // part), versions) as parts:
        if parts.done:
            print(f"{parts.rows:,} of {rows.total:,} posters are scored in {out}; the others follow", file=sys.stderr)
        if len(parts.done) < parts.count:
            if engine == "ray":
                from postergenre.bulk.cluster import ray_scores

                scores = ray_scores(rows, part, parts.done, asked, workers, address)
            else:
                scores = local_scores(rows.parts(part, parts.done), asked, workers or cores)
            line = RateLine(rows.total, "posters", parts.rows, progress)
            try:
                for number, table in scores:
                    parts.write(number, table)
                    line.add(len(table))
            finally:
                scores.close()
                line.end()
        if (parts.rows, len(parts.done)) != (rows.total, parts.count):
            raise RuntimeError(
                f"{out} holds {parts.rows:,} rows in {len(parts.done):,} parts, and {source} has {rows.total:,} rows; "
                "delete the parts that are not of it, then type the same command"
            )
        return Scored(parts.rows, parts.errors, parts.count)
