"""Learners and ensembles from files."""

import pickle
from pathlib import Path

import torch
from fastai.torch_core import default_device

from postergenre.inference.ensemble import PosterEnsemble
from postergenre.training.learner import PosterLearner


def load_learner(
    fname: str | Path,  # what learn.export wrote
    cpu: bool = True,  # put the learner on the CPU (False: where fastai would train)
) -> PosterLearner | PosterEnsemble:  # FileNotFoundError, ValueError (no learner), ImportError (a package is missing)
    "Load an exported learner or ensemble. Loading runs code that the file holds: only load files you trust."
    fname = Path(fname).expanduser()
    if fname.is_dir():
        raise ValueError(f"{fname} is a folder, no file that learn.export wrote; load it with from_pretrained(...)")
    if not fname.is_file():
        raise FileNotFoundError(f"There is no learner file {fname} (seen from {Path.cwd()})")
    try:
        # fastai.learner.load_learner does the same, but hides a missing module and drops channels_last on CPUs.
        learn = torch.load(fname, map_location="cpu" if cpu else default_device(), weights_only=False)
    except (ImportError, AttributeError) as e:
        if "postergenre" in str(e):  # its classes have moved to rooms since
            raise ImportError(
                f"{fname} was exported by an older version of postergenre ({e}); train and export it again, or load it "
                "with the version that made it"
            ) from e
        raise ImportError(f"{fname} needs a module or name that is not here ({e}); install it, then load again") from e
    except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError, OSError) as e:
        first_line = str(e).splitlines()[0] if str(e) else type(e).__name__
        raise ValueError(f"{fname} is no whole learner file ({first_line}); export it again: learn.export(...)") from e
    try:
        members = learn.members
    except AttributeError as e:
        raise ValueError(
            f"{fname} holds a {type(learn).__name__}, not a learner of ours; pass a file that learn.export wrote"
        ) from e
    for member in members if cpu else []:
        member.dls.cpu()
        if hasattr(member, "mixed_precision"):
            member.to_fp32()
    return learn
