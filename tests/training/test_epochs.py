"""What is kept of the epochs of a fit, and when it is no use going on."""

import pandas as pd
import pytest
import torch
from fastai.data.core import DataLoaders
from fastai.data.load import DataLoader
from fastai.learner import Learner
from torch import nn

from postergenre.training.callback import WeightEMA
from postergenre.training.epochs import CheckLoss, History, KeepBest, StopEarly, start_figures


def nearness(x, y):
    return -(x - y).abs().mean()


@pytest.fixture
def learn(tmp_path):
    "Knows that y = 3 x, which holds on validation; training says y = -3 x, so that each epoch makes it worse."
    rows = [[(torch.tensor([float(i)]), torch.tensor([slope * i])) for i in range(1, 5)] for slope in (-3.0, 3.0)]
    loaders = [DataLoader(side, bs=2, num_workers=0) for side in rows]
    model = nn.Linear(1, 1, bias=False)
    nn.init.constant_(model.weight, 3.0)
    learn = Learner(DataLoaders(*loaders), model, loss_func=nn.MSELoss(), metrics=nearness, path=tmp_path)
    with learn.no_bar():
        yield learn


def test_a_start_that_no_epoch_beats_is_epoch_0_and_kept(learn, capsys):
    "Fine-tuning once kept the best of its epochs, though all were worse than the fitted start."
    state, start = torch.random.get_rng_state(), start_figures(learn)
    assert start == [0, 0] and torch.equal(state, torch.random.get_rng_state())
    file = learn.path / "best.pth"
    keep = [
        History(learn.path / "h.csv", start),
        KeepBest(file, "nearness", start[1]),
        StopEarly("nearness", patience=2),
    ]
    learn.fit(9, 0.01, cbs=[*keep, WeightEMA(0.5)])
    assert learn.model.weight.item() == 3 == torch.load(file, weights_only=True)["weight"].item()
    table = pd.read_csv(learn.path / "h.csv")
    assert table["epoch"].tolist() == [0, 1, 2, 3] and table["train_loss"].isna().tolist() == [True, *[False] * 3]
    assert (table["nearness"][1:] < 0).all() and table["nearness"][0] == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].split() == ["epoch", "train_loss", "valid_loss", "nearness", "time"]
    assert said[1].split() == ["0", "–", "0.000", "0.000", "–"]
    assert said[2].split()[:3] == ["1", *(f"{table.loc[1, name]:.3f}" for name in ("train_loss", "valid_loss"))]
    assert said[-1] == "No better epoch since epoch 1: training ends."


def test_without_a_start_epochs_count_from_1_and_the_best_is_kept(learn):
    learn.fit(3, 0.01, cbs=[History(learn.path / "h.csv"), KeepBest(learn.path / "best.pth", "nearness")])
    table = pd.read_csv(learn.path / "h.csv")
    assert table["epoch"].tolist() == [1, 2, 3] and table["nearness"].idxmax() == 0
    assert start_figures(learn)[1] == pytest.approx(table.loc[0, "nearness"])


def test_a_loss_that_is_no_number_says_where_and_what_to_do(learn):
    check = CheckLoss("pass a smaller --lr")
    with pytest.raises(ValueError, match=r"The loss became infinite in batch 2 of epoch 1; pass a smaller --lr"):
        learn.fit(2, 1e30, cbs=check)
    nn.init.constant_(learn.model.weight, float("nan"))
    with pytest.raises(ValueError, match=r"The loss became NaN in batch 1 of epoch 1"):
        learn.fit(2, 0.01, cbs=check)


def test_a_figure_that_is_never_defined_is_said(learn):
    "Nothing was saved then, and the error was that there is no best.pth."
    learn.metrics = [lambda x, y: torch.tensor(float("nan"))]
    learn.metrics[0].func.__name__ = "undefined"
    with pytest.raises(ValueError, match="is not defined on the validation data"):
        learn.fit(1, 0.01, cbs=KeepBest(learn.path / "best.pth", learn.metrics[0].name))
    assert not (learn.path / "best.pth").exists()
