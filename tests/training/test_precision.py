"""Training and predicting in bfloat16: what is computed in it, what stays in 32 bits, and which is chosen."""

import pytest
import torch
from fastai.learner import Callback
from fastai.torch_core import trainable_params
from torch import nn

from postergenre.data.loaders import PosterDataLoaders
from postergenre.inference.export import load_learner
from postergenre.inference.pretrained import from_pretrained
from postergenre.training import precision
from postergenre.training.learner import PosterLearner
from postergenre.training.networks import custom_cnn_learner, learner_options
from postergenre.training.precision import TrainingPrecision, check_precision, has_fast_bf16, resolve_precision

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def dls(movies):
    return PosterDataLoaders.from_movies(movies, size=64, crop="whole", bs=8, num_workers=0)


class Kinds(Callback):
    "What numbers the network computed in, what its loss was given and what its weights are."

    def before_fit(self):
        self.inside, self.outside, self.kept = set(), set(), set()
        layer = next(m for m in self.model.modules() if isinstance(m, nn.Conv2d))
        self.hook = layer.register_forward_hook(lambda layer, args, out: self.inside.add(out.dtype))

    def after_loss(self):
        self.outside |= {self.pred.dtype, self.loss.dtype}
        self.kept |= {p.dtype for p in self.model.parameters()}

    def after_fit(self):
        self.hook.remove()


def fitted(dls, **kwargs):
    learn, kinds = custom_cnn_learner(dls, **kwargs), Kinds()
    with learn.no_bar(), learn.no_logging():
        learn.fit(1, 1e-3, cbs=kinds)
    return learn, kinds


@pytest.mark.parametrize(("wanted", "inside"), [("fp32", torch.float32), ("bf16", torch.bfloat16)])
def test_the_network_computes_in_it_and_loss_and_weights_in_32_bits(dls, wanted, inside):
    learn, kinds = fitted(dls, precision=wanted)
    assert kinds.inside == {inside} and kinds.outside == {torch.float32} == kinds.kept
    assert not learn.model._forward_hooks and not learn.model._forward_pre_hooks
    assert not torch.is_autocast_enabled("cpu")
    assert learn.get_preds()[0].dtype == torch.float32


def test_a_network_that_fails_leaves_nothing_behind(dls):
    class Fails(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(1, 1)

        def forward(self, x):
            raise RuntimeError("out of luck")

    learn = PosterLearner(
        dls, Fails(), cbs=TrainingPrecision("bf16"), **learner_options({"splitter": trainable_params})
    )
    with pytest.raises(RuntimeError, match="out of luck"), learn.no_bar(), learn.no_logging():
        learn.fit(1)
    assert not torch.is_autocast_enabled("cpu") and not learn.model._forward_pre_hooks


def test_predictions_are_close_and_an_export_gives_those_of_32_bits(dls, movies, tmp_path):
    learn, _ = fitted(dls, precision="bf16")
    before = learn.probs(movies)[0]
    learn.precision = "bf16"
    near = learn.probs(movies)[0]
    assert near.dtype == before.dtype and 0 < abs(near - before).max() < 0.02
    learn.precision = "fp32"
    learn.export(tmp_path / "x.pkl")
    assert (load_learner(tmp_path / "x.pkl").probs(movies)[0] == before).all()
    learn.save_pretrained(tmp_path / "model")
    assert abs(from_pretrained(tmp_path / "model").probs(movies)[0] - before).max() < 1e-6


@pytest.mark.parametrize(
    ("known", "times", "wanted"),
    [({}, 9, "fp32"), ({"avx512_bf16": True}, 1.1, "fp32"), ({"avx512_bf16": True}, 1.3, "bf16"),
     ({"amx_bf16": True}, 4, "bf16")],
)  # fmt: skip
def test_auto_takes_it_where_the_processor_knows_it_and_is_faster(monkeypatch, known, times, wanted):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: known)
    monkeypatch.setattr(precision, "_seconds", lambda kind: times if kind == torch.float32 else 1.0)
    has_fast_bf16.cache_clear()
    assert resolve_precision("auto", CPU) == wanted
    has_fast_bf16.cache_clear()
    assert [resolve_precision(p, CPU) for p in ("fp32", "bf16")] == ["fp32", "bf16"]


def test_measuring_a_processor_moves_no_random_numbers():
    torch.manual_seed(1)
    wanted = torch.rand(3)
    torch.manual_seed(1)
    assert 0 < precision._seconds(torch.float32) < 10 and (torch.rand(3) == wanted).all()


def test_an_unknown_one_is_named(dls):
    with pytest.raises(ValueError, match="precision='half' is none of auto, fp32, bf16"):
        check_precision("half")
    with pytest.raises(ValueError, match="precision='fp16'"):
        TrainingPrecision("fp16")
