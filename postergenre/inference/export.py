"""Learners and ensembles from files."""

import warnings
from functools import cache
from pathlib import Path

import postergenre._fastai  # noqa: F401

import torch
from fastai.torch_core import default_device

from postergenre.data.terminal import first_line
from postergenre.inference.ensemble import PosterEnsemble
from postergenre.training.learner import PosterLearner


def load_learner(
    fname: str | Path,  # what learn.export wrote
    cpu: bool = True,  # put the learner on the CPU (False: where fastai would train)
) -> PosterLearner | PosterEnsemble:  # FileNotFoundError, ValueError (no learner), ImportError (a package is missing)
    """Load an exported learner or ensemble. Loading runs code that the file holds: only load files you trust.

    It says so once a process, as a warning, as fastai's does.
    """
    fname = Path(fname).expanduser()
    if fname.is_dir():
        raise ValueError(f"{fname} is a folder, no file that learn.export wrote; load it with from_pretrained(...)")
    if not fname.is_file():
        raise FileNotFoundError(f"There is no learner file {fname} (seen from {Path.cwd()})")
    warn_of_code()
    try:
        # fastai.learner.load_learner does the same, but hides a missing module and drops channels_last on CPUs.
        learn = torch.load(fname, map_location="cpu" if cpu else default_device(), weights_only=False)
    except (ImportError, AttributeError) as e:
        if "postergenre" in str(e):  # its classes have moved to rooms since
            raise ImportError(
                f"{fname} was exported by an older version of postergenre ({e}); train and export it again, or load it "
                "with the version that made it"
            ) from e
        raise ImportError(
            f"{fname} needs a module or name that is not here ({first_line(e)}); if you trust the file, install it and "
            "load again"
        ) from e
    except Exception as e:  # a pickle that is not whole fails in every way
        raise ValueError(
            f"{fname} is no whole learner file ({first_line(e)}); export it again, learn.export(...), and only load "
            "files you trust: they run code"
        ) from e
    try:
        members = learn.members
    except AttributeError as e:
        raise ValueError(
            f"{fname} holds a {type(learn).__name__}, not a learner of ours; pass a file that learn.export wrote, "
            "and only one you trust: loading it runs code"
        ) from e
    for member in members if cpu else []:
        member.dls.cpu()
        if hasattr(member, "mixed_precision"):
            member.to_fp32()
    return learn


@cache
def warn_of_code() -> None:
    "Warn, once a process."
    warnings.warn(
        "load_learner unpickles a file, which runs code that it holds: only load files you trust. A folder of "
        "learn.save_pretrained runs none: from_pretrained(folder)",
        stacklevel=3,
    )
