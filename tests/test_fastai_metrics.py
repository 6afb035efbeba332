"""The two fastai metrics inside real learners: exact over uneven batches, in half precision, over processes."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from fastai.data.core import DataLoaders
from fastai.data.load import DataLoader
from fastai.learner import Learner
from fastai.losses import BCEWithLogitsLossFlat

from postergenre.metrics import (
    MacroAP,
    TopNAccuracy,
    macro_average_precision,
    top_n_accuracy,
)


class _Table(torch.utils.data.Dataset):
    def __init__(self, x, y):
        self.x, self.y = x, y

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


def table_learner(n=37, bs=8, loss=None, model=None):
    torch.manual_seed(0)
    data = _Table(torch.randn(n, 6), (torch.rand(n, 5) < 0.3).float())
    dls = DataLoaders(DataLoader(data, bs=bs, num_workers=0), DataLoader(data, bs=bs, num_workers=0), device="cpu")
    learn = Learner(
        dls,
        model or torch.nn.Linear(6, 5),
        loss_func=loss or BCEWithLogitsLossFlat(),
        metrics=[TopNAccuracy(), MacroAP()],
    )
    return learn


def test_fastai_metrics_are_exact_over_an_uneven_last_batch():
    learn = table_learner(n=37, bs=8)
    with learn.no_bar(), learn.no_logging():
        _, top_n, macro_ap = learn.validate()
        probs, targets = learn.get_preds()
    assert top_n == top_n_accuracy(probs, targets)
    assert macro_ap == macro_average_precision(probs, targets)
    assert [m.name for m in learn.metrics] == ["top_n_accuracy", "macro_ap"]


def test_fastai_metrics_appear_while_training_and_learn():
    learn = table_learner(n=64)
    with learn.no_bar(), learn.no_logging():
        learn.fit(2, lr=1e-2)
    assert learn.recorder.metric_names == ["epoch", "train_loss", "valid_loss", "top_n_accuracy", "macro_ap", "time"]
    assert all(0 <= v <= 1 for row in learn.recorder.values for v in row[2:])


def test_the_loss_activation_is_applied_before_ranking():
    # a calibrated activation may change the order of the genres, and metrics must see that order
    class Reversing(BCEWithLogitsLossFlat):
        def activation(self, out):
            return torch.sigmoid(out * torch.tensor([1.0, 0.1, -1.0, 3.0, -0.5]))

    learn = table_learner(loss=Reversing())
    with learn.no_bar(), learn.no_logging():
        _, top_n, macro_ap = learn.validate()
        probs, targets = learn.get_preds()
        logits = learn.get_preds(act=lambda x: x)[0]
    assert top_n == top_n_accuracy(probs, targets) != top_n_accuracy(logits, targets)
    assert macro_ap == macro_average_precision(probs, targets)


def test_metrics_are_none_after_unlabelled_predictions():
    learn = table_learner()
    new = learn.dls.valid.new(_Table(torch.randn(3, 6), torch.zeros(3, 5)))
    with learn.no_bar(), learn.no_logging():
        learn.get_preds(dl=new)
    assert TopNAccuracy().value is None and MacroAP().value is None
    unlabelled = DataLoader([(torch.randn(6),) for _ in range(3)], bs=2, num_workers=0, n_inp=1)
    with learn.no_bar(), learn.no_logging():
        learn.get_preds(dl=unlabelled)  # fastai calls Metric.value here although nothing was counted
    assert all(m.value is None for m in learn.metrics)


def test_half_precision_makes_no_ties():
    # float16 sigmoid(9) == sigmoid(10) == 1: ranking after it would give the first genre
    loss = BCEWithLogitsLossFlat()
    learn = SimpleNamespace(
        pred=torch.tensor([[9.0, 10.0]]).half(), y=torch.tensor([[0.0, 1.0]]), loss_func=loss, to_detach=lambda x: x
    )
    metric = TopNAccuracy()
    metric.accumulate(learn)
    assert metric.value == 1


def test_a_diverged_model_gives_nan_instead_of_stopping_the_fit():
    model = torch.nn.Linear(6, 5)
    torch.nn.init.constant_(model.weight, float("nan"))
    learn = table_learner(model=model)
    with learn.no_bar(), learn.no_logging():
        values = learn.validate()
    assert np.isnan(values[1]) and np.isnan(values[2])


def test_several_processes_give_the_figure_of_one():
    # what DistributedDL does: each rank sees a contiguous piece, the last one padded; to_detach joins and cuts
    rng = torch.Generator().manual_seed(3)
    probs, targets = torch.rand(21, 5, generator=rng), (torch.rand(21, 5, generator=rng) < 0.3).float()
    padded = torch.cat([torch.arange(21), torch.tensor([0])])
    pieces = padded.view(2, 11)
    metrics = [TopNAccuracy(), MacroAP()]
    for start in range(0, 11, 4):
        index = pieces[:, start : start + 4]
        joined = index.reshape(-1)[: -1 if start == 8 else None]
        answers = itertools.cycle([probs[joined], targets[joined]])
        learn = SimpleNamespace(
            pred=probs[index[0]],
            y=targets[index[0]],
            loss_func=None,
            to_detach=lambda _, answers=answers: next(answers),
        )
        for metric in metrics:
            metric.accumulate(learn)
    assert [sum(map(len, metric.targs)) for metric in metrics] == [21, 21]
    assert metrics[0].value == pytest.approx(top_n_accuracy(probs, targets))
    assert metrics[1].value == pytest.approx(macro_average_precision(probs, targets))
