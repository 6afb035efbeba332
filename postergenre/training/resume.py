"""A fit that was killed goes on after its last whole epoch, and ends as if it had never been stopped."""

import pickle
import time
from pathlib import Path

import numpy as np
import torch
from fastai.callback.core import CancelFitException
from fastai.learner import Callback, Learner
from fastai.torch_core import get_random_states, rank_distrib, set_random_states
from fastcore.foundation import L

from postergenre.data.files import save_whole

OF_RECORDER = ("lrs", "iters", "losses", "values")


class Checkpoint(Callback):
    """Keeps all that a fit depends on in a file after each epoch, whole or not at all; a new fit goes on from there.

    That is weights, optimiser, place in the schedule, figures, all random states, and of each callback the attributes
    that its `resumes` names. With the same options, processes and threads the fit then ends bit-identical to one that
    was never stopped. Reading the file runs nothing that it holds.
    """

    order = -100  # first at each event: before an epoch and after the fit all others are as the epoch left them

    def __init__(
        self,
        file: str | Path,  # e.g. checkpoint.pth
        last: bool = False,  # train no further: end with the epochs that the file knows
    ):  # ValueError: the file is damaged
        self.file, self.last = Path(file), last
        self.kept = read_checkpoint(self.file) if self.file.is_file() else None
        self.before, self.ended, seconds = (self.kept or {}).get("fit", (0, False, 0.0))
        self.done, self.whole, self.begun = self.before, True, time.monotonic() - seconds

    @property
    def seconds(self) -> float:
        "How long the fit has taken, before it was stopped too."
        return time.monotonic() - self.begun

    def before_fit(self):
        if self.last or self.ended or self.before >= self.n_epoch:
            self.learn.n_epoch = 0  # a fit that is cancelled before it trained upsets fastai's MixUp

    def before_epoch(self):
        if self.kept is not None and hasattr(self.learn, "progress"):
            self.learn.progress.before_epoch()  # the bar begins to count at epoch 0
        self.learn.epoch += self.before
        if self.kept is not None:
            self._take_up()
        else:
            self._keep()
        if self.epoch >= self.n_epoch:
            raise CancelFitException

    def before_train(self):
        self.whole = False

    def after_epoch(self):
        self.done, self.whole = self.epoch + 1, True

    def after_fit(self):
        if self.kept is not None:
            self._take_up()
        # One that Ctrl-C ended in the middle of an epoch may still go on after the last whole one.
        if self.whole and not self.last:
            self.ended = True
            self._keep()

    def _keep(self) -> None:
        if rank_distrib() or not self.done:
            return
        recorder = self.recorder
        state = {
            "iterations": self.train_iter,
            "recorder": {name: _plain(getattr(recorder, name)) for name in OF_RECORDER},
            "smooth_loss": (recorder.smooth_loss.count, float(recorder.smooth_loss.val)),
            "random": random_states(self.learn),
        }
        if not self.ended:  # the weights to end with stand in a file of their own
            state["callbacks"] = [{name: getattr(cb, name) for name in cb.resumes} for cb in self._resuming()]
            opt = self.opt.state_dict()
            opt["hypers"] = [{name: float(value) for name, value in group.items()} for group in opt["hypers"]]
            state |= {"model": self.model.state_dict(), "opt": opt}
        state["fit"] = (self.done, self.ended, self.seconds)  # read last: no callback's seconds are more
        save_whole(state, self.file, sync=True)

    def _take_up(self) -> None:
        kept, self.kept = self.kept, None
        if not self.ended:
            self.model.load_state_dict(kept["model"])
            device = next(self.model.parameters()).device
            of_each = [{name: _to(value, device) for name, value in of.items()} for of in kept["opt"]["state"]]
            self.opt.load_state_dict({"state": of_each, "hypers": L(kept["opt"]["hypers"])})
            for cb, state in zip(self._resuming(), kept["callbacks"], strict=True):
                for name, value in state.items():
                    object.__setattr__(cb, name, value)  # fastai warns where the learner has such a name too
        for name, values in kept["recorder"].items():
            setattr(self.recorder, name, values)
        smooth = self.recorder.smooth_loss
        smooth.count, smooth.val = kept["smooth_loss"][0], torch.tensor(kept["smooth_loss"][1])
        self.learn.train_iter = kept["iterations"]
        set_states(self.learn, kept["random"])

    def _resuming(self) -> list[Callback]:
        return [cb for cb in self.learn.cbs if getattr(cb, "resumes", ())]


def read_checkpoint(file: Path) -> dict:  # ValueError: it is damaged
    "What a Checkpoint kept."
    try:
        return torch.load(file, map_location="cpu", weights_only=True)
    except (RuntimeError, EOFError, pickle.UnpicklingError) as e:
        raise ValueError(f"{file} is damaged; remove its folder, and begin anew") from e  # e advises to run code in it


def random_states(learn: Learner) -> dict:  # of what torch.load reads with weights_only
    "The states of all random generators on which a fit depends: Python's, numpy's, torch's, those of the loaders."
    states = get_random_states()
    name, keys, *rest = states["numpy_state"]
    states["numpy_state"] = (name, keys.tolist(), *rest)
    return {"all": states, "loaders": [loader.rng.getstate() for loader in learn.dls.loaders]}


def set_states(
    learn: Learner,
    states: dict,  # from random_states
) -> None:
    "Set all random generators."
    set_random_states(**states["all"])
    for loader, state in zip(learn.dls.loaders, states["loaders"], strict=True):
        loader.rng.setstate(state)


def _plain(values):  # numbers as Python's, which weights_only reads
    return list(map(_plain, values)) if isinstance(values, list | L) else np.asarray(values).item()


def _to(value, device: torch.device):
    return value.to(device) if isinstance(value, torch.Tensor) else value
