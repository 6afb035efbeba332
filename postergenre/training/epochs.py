"""What is kept of the epochs of a fit: their figures, the best one's weights; and when it is no use going on.

An epoch is numbered by the passes over the training data that it ends: 0 is the start, before any.
"""

import math
from collections.abc import Sequence
from pathlib import Path

import torch
from fastai.callback.core import CancelFitException
from fastai.callback.tracker import EarlyStoppingCallback, TrackerCallback
from fastai.learner import Callback, Learner, Recorder
from fastai.torch_core import no_random

from postergenre.data.files import save_whole, write_text


def start_figures(learn: Learner) -> list[float]:  # validation loss, then the learner's metrics
    "The validation figures of a learner before it is trained; what is drawn at random afterwards stays the same."
    with no_random():
        return list(learn.validate())


class History(Callback):
    "Writes the figures of each epoch into a CSV file, whole, and shows them with three decimals."

    order = 60  # as fastai's CSVLogger: after the bar took the logger
    resumes = ("table",)  # of Checkpoint

    def __init__(
        self,
        file: str | Path,
        start: Sequence[float] | None = None,  # from start_figures: epoch 0
    ):
        self.file, self.start = file, start

    def before_fit(self):
        self.table = ",".join(self.recorder.metric_names) + "\n"
        self.shown, self.learn.logger = self.logger, self._note
        if self.shown is print:  # there is no bar that shows the names
            print("  ".join(self.recorder.metric_names))
        if self.start is not None:
            self._note([-1, math.nan, *self.start, "–"])

    def _note(self, log: Sequence):
        epoch, *figures = log
        line = [str(epoch + 1), *("" if f != f else str(f) for f in figures)]
        self.table += ",".join(line) + "\n"
        write_text(self.file, self.table)
        texts = [str(epoch + 1), *((("–" if f != f else f"{f:.3f}") if isinstance(f, float) else f) for f in figures)]
        if self.shown is print:
            texts = "  ".join(t.ljust(len(name)) for t, name in zip(texts, self.recorder.metric_names, strict=True))
        self.shown(texts)

    def after_fit(self):
        self.learn.logger = self.shown


class KeepBest(TrackerCallback):
    "Keeps the weights of the epoch with the best figure in a file, whole or not at all, and ends with them."

    order, resumes = TrackerCallback.order + 1, ("best",)

    def __init__(
        self,
        file: str | Path,  # e.g. best.pth
        monitor: str,  # name of the figure, as in TrackerCallback
        start: float | None = None,  # this figure before training: the start is kept if no epoch beats it
    ):
        super().__init__(monitor)
        self.file, self.start = Path(file), start

    def before_fit(self):
        super().before_fit()
        if self.start is not None:
            self.best = self.start
            self._save()

    def after_epoch(self):  # ValueError: the figure is not defined
        if math.isnan(self.recorder.values[-1][self.idx]):
            raise ValueError(f"{self.monitor} is not defined on the validation data; are there rows with labels in it?")
        super().after_epoch()
        if self.new_best:
            self._save()

    def after_fit(self):
        super().after_fit()
        self.model.load_state_dict(torch.load(self.file, map_location="cpu", weights_only=True))

    def _save(self):
        save_whole(self.model.state_dict(), self.file, sync=True)


class StopEarly(EarlyStoppingCallback):
    "Ends training after epochs without a better figure, as fastai's; the start does not count, which is not trained."

    resumes = ("best", "wait")

    def after_epoch(self):
        TrackerCallback.after_epoch(self)
        self.wait = 0 if self.new_best else self.wait + 1
        if self.wait >= self.patience:
            print(f"No better epoch since epoch {self.epoch + 1 - self.wait}: training ends.")
            raise CancelFitException


class CheckLoss(Callback):
    "Ends training with an error where the loss is no longer a number."

    order = Recorder.order + 1  # before anything is kept

    def __init__(
        self,
        remedy: str,  # what to do, e.g. "pass a smaller learning rate"
    ):
        self.remedy = remedy

    def after_batch(self):
        if self.training and not torch.isfinite(self.loss):
            self._refuse(self.loss.item(), f"in batch {self.iter + 1} of epoch {self.epoch + 1}")

    def after_epoch(self):
        if not math.isfinite(loss := self.recorder.values[-1][1]):
            self._refuse(loss, f"on validation after epoch {self.epoch + 1}")

    def _refuse(self, loss: float, where: str):
        raise ValueError(f"The loss became {'NaN' if math.isnan(loss) else 'infinite'} {where}; {self.remedy}")
