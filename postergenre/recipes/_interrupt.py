"""Ctrl-C in training: stop after the batch, so that fastai tidies up and the best epoch is kept."""

import signal
import threading

from fastai.callback.core import CancelFitException
from fastai.learner import Callback


class StopOnInterrupt(Callback):
    "The first Ctrl-C ends training after the batch; a second one, or one before any epoch was done, stops at once."

    order = 90
    stopped, epochs_done = False, 0

    def before_fit(self):
        self.stopped, self.epochs_done = False, 0
        self._in_main = threading.current_thread() is threading.main_thread()  # signals are Python's main thread's
        if self._in_main:
            self._before = signal.signal(signal.SIGINT, self._note)

    def _note(self, signum, frame):
        signal.signal(signal.SIGINT, self._before)
        if not self.epochs_done:
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
