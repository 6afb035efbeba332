"""Every loss against its formula in numpy, and inside fastai."""

import io

import numpy as np
import pytest
import torch
from fastai.callback.mixup import MixUp
from fastai.data.transforms import TensorMultiCategory
from fastai.losses import BCEWithLogitsLossFlat, CrossEntropyLossFlat
from fastai.torch_core import set_seed

from postergenre import custom_cnn_learner, list_losses, poster_learner, poster_loss
from postergenre.losses import GenreLoss, as_genre_loss, positive_weights

FREQ = np.array([0.5, 0.2, 0.01, 0.0])


@pytest.fixture
def batch():
    "Logits of 6 posters and 4 genres, targets of 0 and 1, targets between."
    rng = np.random.default_rng(0)
    hard = (rng.random((6, 4)) < 0.4).astype(np.float32)
    return rng.normal(0, 2, (6, 4)).astype(np.float32), hard, 0.7 * hard + 0.3 * hard[::-1]


def formula(name, x, t):
    "The loss of each poster and genre, as written in the papers."
    p = 1 / (1 + np.exp(-x.astype(np.float64)))
    pos, neg = -t * np.log(p), -(1 - t) * np.log(1 - p)
    if name == "bce_pos_weight":
        return np.array([1, 4, 10, 10]) * pos + neg
    if name == "focal":
        pt = p * t + (1 - p) * (1 - t)
        return (0.25 * t + 0.75 * (1 - t)) * (1 - pt) ** 2 * (pos + neg)
    if name == "asymmetric":
        shifted = np.maximum(p - 0.05, 0)
        pt = p * t + (1 - shifted) * (1 - t)
        return (1 - pt) ** (1 * t + 4 * (1 - t)) * (pos - (1 - t) * np.log(1 - shifted))
    return pos + neg


@pytest.mark.parametrize("name", list_losses())
def test_values_are_those_of_the_formula(name, batch):
    logits, *targets = batch
    loss = poster_loss(name, FREQ)
    for target in targets:  # hard, and soft as of mixup
        want = formula(name, logits, target)
        target = TensorMultiCategory(torch.from_numpy(target))
        for reduction, wanted in (("mean", want.mean()), ("sum", want.sum()), ("none", want)):
            loss.reduction = reduction
            got = loss(torch.from_numpy(logits), target)
            np.testing.assert_allclose(got.numpy().reshape(wanted.shape), wanted, rtol=1e-4, atol=1e-6)
            assert loss.reduction == reduction


def test_bce_is_fastais_to_the_last_bit(batch):
    x, target = torch.from_numpy(batch[0]).requires_grad_(), TensorMultiCategory(torch.from_numpy(batch[1]))
    values = [loss(x, target) for loss in (poster_loss(), BCEWithLogitsLossFlat())]
    assert torch.equal(*values)
    assert torch.equal(*(torch.autograd.grad(v, x)[0] for v in values))
    assert torch.equal(poster_loss().activation(x), BCEWithLogitsLossFlat().activation(x))
    assert torch.equal(poster_loss(thresh=0.3).decodes(x), BCEWithLogitsLossFlat(thresh=0.3).decodes(x))


def test_positives_weigh_at_most_the_cap():
    np.testing.assert_allclose(positive_weights(FREQ), [1, 4, 10, 10])
    np.testing.assert_allclose(positive_weights(FREQ, 200), [1, 4, 99, 200], rtol=1e-6)
    assert poster_loss("bce_pos_weight", FREQ, max_weight=3).func.pos_weight.tolist() == [1, 3, 3, 3]


@pytest.mark.parametrize("name", ["bce", "bce_pos_weight"])
def test_smoothing_mixes_the_frequencies_in_and_keeps_the_mean(name, batch):
    logits, hard, _ = batch
    freq = hard.mean(0)
    mixed = 0.9 * hard + 0.1 * freq
    np.testing.assert_allclose(mixed.mean(0), freq, rtol=1e-6)
    x, t = torch.from_numpy(logits), torch.from_numpy(hard)
    plain, smooth = poster_loss(name, freq), poster_loss(name, freq, smoothing=0.1)
    torch.testing.assert_close(smooth(x, t), plain(x, torch.from_numpy(mixed)))
    assert plain(x, t) != smooth(x, t)


def test_errors_say_what_to_type():
    with pytest.raises(ValueError, match="Unknown loss 'bec'; choose one of: bce, bce_pos_weight, asymmetric, focal"):
        poster_loss("bec")
    for kwargs in ({"name": "bce_pos_weight"}, {"smoothing": 0.1}):
        with pytest.raises(ValueError, match=r"needs the genres' frequencies: pass freq=dls.row_freq"):
            poster_loss(**kwargs)
    with pytest.raises(ValueError, match="'focal' takes no smoothing"):
        poster_loss("focal", smoothing=0.1)
    with pytest.raises(ValueError, match=r"smoothing=1 should be .* less than 1"):
        poster_loss("bce", FREQ, smoothing=1)


def test_poster_learner_takes_a_name_or_a_loss(dls):
    weighted = poster_learner(dls, "custom_cnn", loss="bce_pos_weight").loss_func
    np.testing.assert_allclose(weighted.func.pos_weight, positive_weights(dls.row_freq))
    assert isinstance(custom_cnn_learner(dls).loss_func.func, torch.nn.BCEWithLogitsLoss)
    mine = poster_loss("focal", gamma=1)
    assert custom_cnn_learner(dls, loss_func=mine).loss_func is mine and mine.func.gamma == 1
    with pytest.raises(ValueError, match=r"Pass loss=... \(a name\) or loss_func=..., not both"):
        custom_cnn_learner(dls, loss="bce", loss_func=mine)
    with pytest.raises(ValueError, match="Unknown loss 'hinge'"):
        custom_cnn_learner(dls, loss="hinge")


@pytest.mark.parametrize("name", list_losses())
def test_it_trains_with_mixup_and_gives_a_loss_a_poster(dls, name):
    set_seed(0)
    learn = custom_cnn_learner(dls, loss_func=poster_loss(name, dls.row_freq), cbs=MixUp())
    with learn.no_bar(), learn.no_logging():
        learn.fit(1, 1e-3)
        probs, targets, losses = learn.get_preds(with_loss=True)
        logits, _ = learn.get_preds(act=torch.nn.Identity())
        valid = learn.validate()[0]
    assert losses.shape == (len(dls.valid_ds),) and learn.loss_func.reduction == "mean"
    one_by_one = [float(learn.loss_func(x[None], t[None])) for x, t in zip(logits, targets, strict=True)]
    np.testing.assert_allclose(losses, one_by_one, rtol=1e-4)
    assert abs(losses.mean() - valid) < 1e-4 and np.isfinite(learn.recorder.losses).all()
    torch.testing.assert_close(probs, torch.sigmoid(logits))


@pytest.mark.parametrize("loss", [poster_loss("bce_pos_weight", FREQ), poster_loss("bce", FREQ, smoothing=0.1)])
def test_it_follows_its_input_to_another_device(loss):
    loss.scale, loss.bias, loss.thresh = torch.ones(4), torch.zeros(4), torch.full((4,), 0.5)
    x = torch.zeros(3, 4, device="meta")  # a device with shapes only: mixing it with another one is an error
    assert loss.activation(x).device == loss.decodes(x).device == loss(x, x).device == x.device


def test_thresholds_and_calibration_are_saved_with_it():
    loss = poster_loss("focal", thresh=torch.tensor([0.1, 0.9]))
    loss.scale, loss.bias = torch.tensor([1.0, 2.0]), torch.tensor([0.0, -1.0])
    torch.save(loss, file := io.BytesIO())
    again = torch.load(io.BytesIO(file.getvalue()), weights_only=False)
    probs = again.activation(torch.tensor([[0.0, 1.0]]))
    torch.testing.assert_close(probs, torch.sigmoid(torch.tensor([[0.0, 1.0]])))
    assert again.decodes(probs).tolist() == [[True, False]]


def test_the_loss_of_an_older_learner_becomes_one(batch):
    x, t = (torch.from_numpy(a) for a in batch[:2])
    old = BCEWithLogitsLossFlat(thresh=0.3)
    new = as_genre_loss(old)
    assert isinstance(new, GenreLoss) and new.thresh == 0.3 and torch.equal(new(x, t), old(x, t))
    assert as_genre_loss(new) is new
    for other in (CrossEntropyLossFlat(), torch.nn.BCEWithLogitsLoss()):
        with pytest.raises(ValueError, match=r"cannot be calibrated; train with poster_learner\(dls, loss=...\)"):
            as_genre_loss(other)
