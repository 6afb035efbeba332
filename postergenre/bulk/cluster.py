"""Parts scored by Ray Data: actors hold the model, parts stream to them; on this machine or a cluster."""

import logging
import os
import pickle
from collections.abc import Collection, Iterator
from contextlib import contextmanager

import pyarrow as pa

from postergenre.bulk.rows import Input, Part
from postergenre.bulk.scorer import Asked, Scorer


def ray_scores(
    source: Input,
    size: int,  # rows a part
    done: Collection[int],  # parts that are not asked for
    asked: Asked,
    workers: int,  # actors, each with one CPU and one thread; 0: one a CPU
    address: str | None = None,  # of a cluster that runs; None: one on this machine, which ends with this
) -> Iterator[
    Part
]:  # scored, as they are ready. ImportError: there is no Ray; ConnectionError: no cluster; RuntimeError
    "Scores of parts. What is scored and the model must lie at the same paths on all machines of a cluster."
    with _running(workers, address) as (data, workers):
        # not data.range, whose task would wait for ever for a CPU that actors have; the task that reads takes none
        begin = data.from_arrow(pa.table({"part": [0]}))
        parts = begin.map_batches(
            _Read(source, size, frozenset(done), asked), batch_size=None, batch_format="pyarrow", num_cpus=0
        )
        scores = parts.map_batches(
            _Actor, batch_size=1, batch_format="pyarrow", num_cpus=1, zero_copy_batch=True,
            compute=data.ActorPoolStrategy(size=workers),
        )  # fmt: skip
        for row in scores.iter_batches(batch_size=1, batch_format="pyarrow", prefetch_batches=1):
            number, scored = _unpacked(row)
            if isinstance(scored, Exception):
                raise scored
            yield number, scored


class _Read:
    "All parts that are asked for, a row each: one task reads them as a stream, while actors score what it has read."

    def __init__(self, source: Input, size: int, done: Collection[int], asked: Asked):
        self.source, self.size, self.done, self.asked = source, size, done, pickle.dumps(asked)

    def __call__(self, _) -> Iterator[pa.Table]:
        try:
            for part in self.source.parts(self.size, self.done):
                yield _packed(*part).append_column("asked", pa.array([self.asked]))
        except Exception as e:
            yield _packed(-1, e).append_column("asked", pa.array([self.asked]))


class _Actor:
    "A model on one CPU; what is wrong is an answer like another, as Ray would try it again."

    score = None

    def __call__(self, row: pa.Table) -> pa.Table:
        number, part = _unpacked(row)
        try:
            if isinstance(part, Exception):
                raise part
            self.score = self.score or Scorer(pickle.loads(row["asked"][0].as_py()))
            return _packed(number, self.score(part))
        except Exception as e:
            return _packed(number, e)


def _packed(number: int, what: pa.Table | Exception) -> pa.Table:
    "A part as one row: so it is never cut, nor put together with another."
    return pa.table({"part": [number], "rows": pa.array([pickle.dumps(what)], pa.large_binary())})


def _unpacked(row: pa.Table) -> tuple[int, pa.Table | Exception]:
    return row["part"][0].as_py(), pickle.loads(row["rows"][0].as_py())


@contextmanager
def _running(workers: int, address: str | None):  # ImportError, ConnectionError, ValueError, RuntimeError
    "ray.data on a Ray that runs, how many workers there are; errors of ours in place of its own."
    try:
        # read when it is imported: it would tell its makers of each use, and warn of what it does itself
        for name, value in {"RAY_USAGE_STATS_ENABLED": "0", "RAY_BACKEND_LOG_LEVEL": "fatal"}.items():
            os.environ.setdefault(name, value)
        import ray
        from ray import data
    except ImportError as e:
        raise ImportError(f"--engine ray needs a package ({e}): pip install 'postergenre[ray]'") from e
    ours = not ray.is_initialized()
    if ours:
        here = {"address": address} if address else {"address": "local", "num_cpus": workers or None}
        try:
            ray.init(**here, include_dashboard=False, logging_level=logging.ERROR, log_to_driver=False)
        except (ConnectionError, ValueError, RuntimeError) as e:
            raise ConnectionError(
                f"There is no Ray cluster at {address} ({_first(e)}); ray status says which run"
            ) from e
    try:
        if (there := int(ray.cluster_resources().get("CPU", 0))) < max(workers, 1):
            raise ValueError(f"The cluster has {there} CPUs for {workers} workers; give --workers {there} or fewer")
        context = data.DataContext.get_current()
        context.enable_progress_bars = context.print_on_execution_start = False
        context.target_max_block_size = 1  # so each row, which is a part, goes its own way
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        try:
            yield data, workers or there
        except ray.exceptions.RayError as e:
            raise RuntimeError(
                f"Ray stopped: {_first(getattr(e, 'cause', None) or e)}; the same command goes on"
            ) from e
    finally:
        if ours:
            ray.shutdown()


def _first(e: BaseException) -> str:
    "What an error says at its end, where Ray has the cause of it."
    lines = [line.strip() for line in str(e).splitlines() if line.strip()]
    return lines[-1] if lines else type(e).__name__
