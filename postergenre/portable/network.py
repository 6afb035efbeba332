"""One graph of a model folder at work: what it may take of memory, and what it must give."""

from collections.abc import Mapping
from functools import cache, cached_property
from pathlib import Path

import numpy as np

from postergenre.data.terminal import first_line
from postergenre.portable.bodies import Body
from postergenre.portable.folder import check_file
from postergenre.portable.looks import threads
from postergenre.portable.runtime import onnx_runtime

MOST = 8 * 2**30  # bytes that graphs may take: a small file can ask for any number
BATCH = 2  # readings at once: ONNX Runtime keeps memory of each size it saw, and is no slower on a CPU with few


class Network:
    "A graph, loaded when it is first used."

    def __init__(self, folder: Path, about: Mapping, config: Mapping, width: int):
        self.file, self.width = check_file(folder, about.get("file"), config), width
        self.body = None if about.get("body") is None else Body(about["body"])

    @cached_property
    def session(self):  # ValueError: no graph, or of another width
        onnxruntime = onnx_runtime()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads()
        options.log_severity_level = 4  # what fails is raised too
        options.enable_mem_pattern = False  # a plan is kept for each size
        _bound_memory()
        options.add_session_config_entry("session.use_env_allocators", "1")
        if self.body is not None:
            self.body.give(options)
        try:
            # else it prints what is wrong, tries once more and then fails with that
            how = {"providers": ["CPUExecutionProvider"], "enable_fallback": 0}
            session = onnxruntime.InferenceSession(self.file, options, **how)
        except Exception as e:  # each fault is a class of its own
            raise self._fault(e) from e
        shape = session.get_outputs()[0].shape
        if len(shape) != 2 or (shape[1] not in (self.width, None) and not isinstance(shape[1], str)):
            raise ValueError(
                f"{self.file} gives {shape} where [rows, {self.width}] are expected: it is of other genres or features"
            )
        return session

    def run(self, reader, readings: list, bs: int) -> np.ndarray:
        bs = min(bs, BATCH)
        parts = [readings[i : i + bs] for i in range(0, len(readings), bs)]
        return np.concatenate([self.rows(reader.feed(part), len(part)) for part in parts])

    def rows(self, feed: Mapping, n: int) -> np.ndarray:  # (n, width). ValueError: it cannot be run, or gives others
        try:
            given = self.session.run(None, feed)[0]
        except Exception as e:
            raise self._fault(e) from e
        if not isinstance(given, np.ndarray) or given.shape != (n, self.width) or given.dtype != np.float32:
            raise ValueError(f"{self.file} does not give {n} rows of {self.width} numbers; do not use this model")
        return given

    def _fault(self, e: Exception) -> ValueError:
        if "Available memory of" in str(e):
            return ValueError(f"{self.file} needs more than {MOST >> 30} GiB of memory to answer; pass a smaller bs")
        return ValueError(f"{self.file} is no graph that ONNX Runtime runs ({first_line(e)}); save the model again")


@cache
def _bound_memory() -> None:
    "Bound what this process's graphs take together, once."
    ort = onnx_runtime()
    info = ort.OrtMemoryInfo("Cpu", ort.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, ort.OrtMemType.DEFAULT)
    ort.create_and_register_allocator(info, ort.OrtArenaCfg(MOST, -1, -1, -1))
