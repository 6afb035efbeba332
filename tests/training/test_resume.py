"""A fit that was stopped at any moment and goes on ends bit-identical to one that was not."""

import random

import numpy as np
import pytest
import torch
from fastai.callback.core import Callback
from fastai.callback.mixup import MixUp
from fastai.data.core import DataLoaders
from fastai.data.load import DataLoader
from fastai.learner import Learner
from fastai.losses import MSELossFlat
from fastai.torch_core import set_seed
from torch import nn

from postergenre.data.augment import gentle_tfms
from postergenre.data.loaders import PosterDataLoaders
from postergenre.training.callback import Budget, StopOnInterrupt, WeightEMA
from postergenre.training.epochs import History, KeepBest, StopEarly
from postergenre.training.networks import custom_cnn_learner
from postergenre.training.resume import Checkpoint, read_checkpoint


class Killed(BaseException):
    "As SIGKILL: nobody hears of it."


class Kill(Callback):
    "Stops a fit the n-th time that an event comes, before or after all other callbacks."

    def __init__(self, event, n, order=200):
        self.event, self.left, self.order = event, n, order

    def __call__(self, event):
        self.left -= event == self.event
        if not self.left:
            raise Killed


def noisy(item):
    "As an augmentation that draws from all generators."
    x, y = item
    return x + torch.rand(1) + random.random() + float(np.random.rand()), y


def nearness(x, y):
    return -(x - y).abs().mean()


def small_learner(workers):
    rows = [(torch.full((1, 4, 4), i / 9), torch.tensor([i / 3])) for i in range(9)]
    how = {"bs": 3, "num_workers": workers, "after_item": noisy}
    loaders = [DataLoader(rows, shuffle=True, drop_last=True, **how), DataLoader(rows, **how)]
    layers = nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.Flatten(), nn.Dropout(0.3), nn.Linear(12, 1)
    return Learner(DataLoaders(*loaders), nn.Sequential(*layers), loss_func=MSELossFlat(), metrics=nearness)


def fit(folder, *cbs, learner=small_learner, monitor="nearness", workers=0, epochs=4, last=False):
    "A fit that draws at random wherever it can, and its history but for the time."
    set_seed(3, reproducible=True)
    learn, stop = learner(workers), StopOnInterrupt()
    keep = [History(folder / "history.csv"), KeepBest(folder / "best.pth", monitor), StopEarly(monitor, patience=3)]
    checkpoint = Checkpoint(folder / "checkpoint.pth", last)
    with learn.no_bar(), learn.no_logging():
        try:
            learn.fit_one_cycle(epochs, 2e-3, cbs=[MixUp(0.4), WeightEMA(0.9), *keep, stop, checkpoint, *cbs])
        finally:
            stop("after_fit")  # gives the signal back
    lines = (folder / "history.csv").read_text().splitlines()
    return learn, [line.rpartition(",")[0] for line in lines]


def assert_same(one, other):
    assert one[1] == other[1]
    of_one, of_other = (learn.model.state_dict() for learn, _ in (one, other))
    assert [name for name in of_one if not torch.equal(of_one[name], of_other[name])] == []
    assert one[0].recorder.values == other[0].recorder.values and one[0].recorder.losses == other[0].recorder.losses


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    "One that was never stopped."
    return fit(tmp_path_factory.mktemp("whole"))


def test_what_is_stopped_here_draws_at_random(whole, tmp_path):
    assert len(set(map(float, whole[0].recorder.losses))) == 12 and len(whole[1]) == 5
    _, other = fit(tmp_path, epochs=3)
    assert other[1].split(",")[1] != whole[1][1].split(",")[1]  # another schedule


@pytest.mark.parametrize(
    ("event", "n", "order", "epochs"),
    [
        ("after_batch", 2, 200, None),  # in the first epoch: nothing is kept yet
        ("after_batch", 9, 200, 1),
        ("after_epoch", 2, 60.5, 1),  # the line of history.csv stands, best.pth may not
        ("after_epoch", 2, 200, 1),  # best.pth stands, the checkpoint does not
        ("before_epoch", 3, 200, 2),  # the checkpoint stands, nothing came after it
        ("before_validate", 4, 200, 3),
        ("after_fit", 1, -200, 3),
        ("after_fit", 1, -50, 4),  # all is trained
    ],
)
def test_stopped_at_any_moment(whole, tmp_path, event, n, order, epochs):
    with pytest.raises(Killed):
        fit(tmp_path, Kill(event, n, order))
    kept = tmp_path / "checkpoint.pth"
    assert (read_checkpoint(kept)["fit"][0] if kept.is_file() else None) == epochs
    assert_same(fit(tmp_path), whole)


def test_stopped_again_and_again(whole, tmp_path):
    for event, n in (
        ("after_batch", 9),
        ("before_validate", 1),
        ("after_epoch", 2),
        ("after_fit", 1),
        ("after_fit", 1),
    ):
        with pytest.raises(Killed):
            fit(tmp_path, Kill(event, n))
    assert_same(fit(tmp_path), whole)


def test_an_early_end_stays_the_end(tmp_path):
    def early(folder, *cbs):
        return fit(folder, StopEarly("valid_loss", patience=1, min_delta=9), *cbs)

    whole = early(tmp_path / "whole")
    with pytest.raises(Killed):
        early(tmp_path, Kill("after_fit", 1, -50))
    assert len(whole[1]) == 3  # names, and two epochs of four
    assert_same(early(tmp_path), whole)


def test_posters_that_processes_read(movies, tmp_path):
    "Random crops, zoom, more crops of rare genres; what they draw follows from the seeds of the processes."

    def learner(workers):
        how = {"batch_tfms": gentle_tfms(1.2), "balance": "study:4", "num_workers": workers}
        return custom_cnn_learner(PosterDataLoaders.from_movies(movies, size=64, bs=8, **how))

    how = {"learner": learner, "monitor": "top_n_accuracy", "workers": 1, "epochs": 2}
    whole = fit(tmp_path / "whole", **how)
    with pytest.raises(Killed):
        fit(tmp_path, Kill("before_validate", 2), **how)
    assert_same(fit(tmp_path, **how), whole)


def test_the_last_word_is_what_was_kept(tmp_path):
    with pytest.raises(Killed):
        fit(tmp_path, Kill("before_validate", 2))
    learn, lines = fit(tmp_path, last=True)
    best = torch.load(tmp_path / "best.pth", weights_only=True)
    assert len(lines) == 2 and all(torch.equal(best[name], of) for name, of in learn.model.state_dict().items())
    assert read_checkpoint(tmp_path / "checkpoint.pth")["fit"][:2] == (1, False)  # it may still go on


def test_minutes_are_those_of_all_its_runs(tmp_path, monkeypatch):
    "The seconds before a stop count, those in which nothing ran do not."
    with pytest.raises(Killed):
        fit(tmp_path, Kill("before_train", 2), Budget(60))
    kept = read_checkpoint(tmp_path / "checkpoint.pth")
    [spent] = [state["spent"] for state in kept["callbacks"] if "spent" in state]
    assert 0 < spent <= kept["fit"][2]
    budget = Budget(60)
    budget.spent = 100
    assert 100 <= budget.spent < 101


def test_a_damaged_file_is_said(tmp_path):
    (tmp_path / "checkpoint.pth").write_bytes(b"PK half of it")
    with pytest.raises(ValueError, match=r"checkpoint\.pth is damaged; remove its folder, and begin anew$"):
        Checkpoint(tmp_path / "checkpoint.pth")
