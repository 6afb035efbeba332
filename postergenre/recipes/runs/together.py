"""A recipe that several processes run at once: they train together, the first alone writes and says anything."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path


@contextmanager
def together(args: dict) -> Iterator[dict]:  # ValueError: --resume without --out, --bs cannot be divided
    """The options of a recipe as this process is to have them; `torch.distributed.run` tells it which one it is.

    All do the same, from the same state, but only the first in the run's folder: each other has a copy of it, which
    is removed in the end.
    """
    if int(os.environ.get("WORLD_SIZE", 1)) < 2:
        yield args
        return
    from fastai.torch_core import distrib_barrier

    from postergenre.training.processes import join, part_of_batch

    if args.get("resume") and not args["out"]:
        raise ValueError("Several processes go on in a folder that is named; add --out to --resume")
    if "bs" in args:
        part_of_batch(args["bs"])
    join()
    if not int(os.environ["RANK"]):
        distrib_barrier()
        yield args
        return
    with tempfile.TemporaryDirectory() as folder, open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
        own = Path(folder) / "run"
        if args["out"] and Path(args["out"]).is_dir():
            shutil.copytree(args["out"], own)
        distrib_barrier()
        yield args | {"out": str(own)}
