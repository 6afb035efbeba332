"""What goes on beside training: a moving average of the weights, an end by the clock, an end by Ctrl-C."""

import signal
import threading
import time

import torch
from fastai.callback.core import CancelFitException, CancelTrainException
from fastai.callback.tracker import SaveModelCallback
from fastai.learner import Callback
from fastai.torch_core import get_model
from timm.utils import ModelEmaV3

from postergenre.training.processes import first_says


class WeightEMA(Callback):
    """Validates and keeps an exponential moving average of the weights (timm's ModelEmaV3).

    Training goes on with the weights themselves: the average takes their place from each validation to the next
    epoch, so that SaveModelCallback saves it, and after the last epoch it stays. Pass it to one fit (`cbs=`): the
    average starts anew in each.
    """

    order, resumes = SaveModelCallback.order - 1, ("steps", "own", "averaged")  # resumes: of Checkpoint

    def __init__(
        self,
        decay: float = 0.998,  # how much of the average stays at each step: about 1 / (1 - decay) steps are averaged
        warmup: bool = True,  # a lower decay in the first steps, so that the start does not linger
    ):
        if not 0 <= decay < 1:
            raise ValueError(f"decay={decay} should be at least 0 and less than 1, for example 0.998")
        self.decay, self.warmup = decay, warmup

    def before_fit(self):
        self.average, self.own, self.steps = None, None, 0
        if not hasattr(self.learn, "lr_finder"):
            # warmup: min(decay, 1 - (1 + step / 10) ** -0.75)
            self.average = ModelEmaV3(
                get_model(self.model), self.decay, use_warmup=self.warmup, warmup_gamma=10.0, warmup_power=0.75
            )

    @property
    def averaged(self) -> dict[str, torch.Tensor]:
        "The average weights."
        return self.average.module.state_dict()

    @averaged.setter
    def averaged(self, weights: dict[str, torch.Tensor]):
        self.average.module.load_state_dict(weights)

    def before_train(self):
        if self.own is not None:
            self.model.load_state_dict(self.own)
            self.own = None

    def after_batch(self):
        if self.training and self.average is not None:
            self.steps += 1
            self.average.update(get_model(self.model), self.steps)

    def before_validate(self):
        if self.average is not None and self.steps and self.own is None:  # get_preds validates without training
            self.own = {name: tensor.clone() for name, tensor in self.model.state_dict().items()}
            self.model.load_state_dict(self.averaged)

    def after_fit(self):
        self.average = self.own = None


class Budget(Callback):
    "Ends training after some minutes, in mid-epoch if need be (validation follows), the schedule running by the clock."

    order, run_valid = 100, False  # after the callbacks that count batches, log epochs and save the best one
    resumes = ("spent",)
    stopped = False  # an end that was planned is no stop

    def __init__(self, minutes: float | None):  # None: the epochs are the budget, and this does nothing
        self.minutes, self.over = minutes, False

    def before_fit(self):
        self.begun, self.over = time.monotonic(), False

    @property
    def spent(self) -> float:
        "Seconds since it began."
        return time.monotonic() - self.begun

    @spent.setter
    def spent(self, seconds: float):
        self.begun = time.monotonic() - seconds

    def before_train(self):
        self._follow_clock()

    def after_batch(self):
        self._follow_clock()
        if self.over:
            raise CancelTrainException

    def after_cancel_train(self):
        # Else the recorder leaves out the training loss, and all further figures stand one column to the left.
        self.learn.recorder.cancel_train = False

    def after_epoch(self):
        self._follow_clock()
        if self.over:
            raise CancelFitException

    def _follow_clock(self):
        if self.minutes is not None:
            share = first_says(self.spent / (60 * self.minutes))
            self.learn.pct_train, self.over = min(share, 1.0), share >= 1


class StopOnInterrupt(Callback):
    "The first Ctrl-C ends training after the batch; a second one, or one before any epoch was done, stops at once."

    order, resumes = 90, ("epochs_done",)
    stopped, epochs_done = False, 0

    def before_fit(self):
        self.stopped, self.epochs_done = False, 0
        self._in_main = threading.current_thread() is threading.main_thread()  # signals are Python's main thread's
        if self._in_main:
            self._before = signal.signal(signal.SIGINT, self._note)

    def _note(self, signum, frame):
        signal.signal(signal.SIGINT, self._before)
        if not self.epochs_done:
            print("\nStopped before the first epoch was done: there is nothing to keep.")
            raise KeyboardInterrupt
        self.stopped = True

    def after_batch(self):
        if self.stopped:
            raise CancelFitException

    def after_epoch(self):
        self.epochs_done += 1

    def after_fit(self):
        if self._in_main:
            signal.signal(signal.SIGINT, self._before)
