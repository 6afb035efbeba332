import numpy as np
import pytest
import torch
from fastai.callback.tracker import SaveModelCallback
from fastai.data.core import DataLoaders
from fastai.data.load import DataLoader
from fastai.learner import Callback, Learner
from torch import nn

from postergenre.training.callback import WeightEMA


class Watch(Callback):
    "Keeps the weight after each step and at each validation."

    order = 90

    def before_fit(self):
        self.steps, self.judged = [], []

    def after_batch(self):
        if self.training:
            self.steps.append(self.model.weight.item())

    def after_validate(self):
        self.judged.append(self.model.weight.item())


@pytest.fixture
def learn(tmp_path):
    torch.manual_seed(0)
    rows = [(torch.tensor([float(i)]), torch.tensor([3.0 * i])) for i in range(4)]
    loaders = [DataLoader(rows, bs=1, shuffle=False, num_workers=0) for _ in range(2)]
    model = nn.Linear(1, 1, bias=False)
    learn = Learner(DataLoaders(*loaders), model, loss_func=nn.MSELoss(), path=tmp_path, model_dir=".")
    with learn.no_bar(), learn.no_logging():
        yield learn


def test_the_average_is_validated_and_kept_while_training_goes_on_with_the_weights(learn):
    start, watch = learn.model.weight.item(), Watch()
    learn.fit(2, 0.1, cbs=[WeightEMA(0.5, warmup=False), watch])
    average, after_epoch = start, []
    for i, weight in enumerate(watch.steps):
        average = 0.5 * average + 0.5 * weight
        if i % 4 == 3:
            after_epoch.append(average)
    assert np.allclose(watch.judged, after_epoch, atol=1e-6)
    assert learn.model.weight.item() == pytest.approx(after_epoch[-1], abs=1e-6)
    assert not np.isclose(watch.steps[-1], after_epoch[-1])
    plain = nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        plain.weight.fill_(start)
    learn.model, learn.opt = plain, None
    learn.fit(2, 0.1, cbs=watch)
    assert np.allclose(watch.judged[-1], watch.steps[-1])


def test_save_model_callback_saves_the_average(learn):
    learn.fit(1, 0.1, cbs=[WeightEMA(0.9), SaveModelCallback(fname="best"), watch := Watch()])
    saved = torch.load(learn.path / "best.pth", weights_only=True)
    assert saved["weight"].item() == pytest.approx(watch.judged[-1]) != watch.steps[-1]


def test_predicting_and_impossible_decays(learn):
    before = learn.model.weight.item()
    learn.get_preds(dl=learn.dls.valid, cbs=WeightEMA())
    assert learn.model.weight.item() == before
    with pytest.raises(ValueError, match=r"decay=1\.5 should be at least 0 and less than 1"):
        WeightEMA(1.5)
