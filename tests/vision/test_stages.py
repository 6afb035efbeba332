import copy
import pickle

import pytest
import torch
from torch import nn

from postergenre.vision.build import create_model, pooled_body
from postergenre.vision.stages import StagePooling, stage_names


def staged(arch, size):
    return StagePooling(pooled_body(create_model(arch, 2, size)[0]), size).eval()


class Two(nn.Module):
    "Two stages of 4 and 6 channels."

    def __init__(self):
        super().__init__()
        self.stages = nn.Sequential(*(nn.Sequential(nn.Conv2d(*c, 3, stride=2), nn.ReLU()) for c in ((3, 4), (4, 6))))
        self.pool = nn.AdaptiveAvgPool2d(1)

    def forward(self, x):
        return self.pool(self.stages(x)).flatten(1)


def test_features_are_the_roots_of_each_stages_mean_and_deviation():
    torch.manual_seed(0)
    body = Two().eval()
    x = torch.randn(2, 3, 32, 24)
    first = body.stages[0](x)
    values = [
        s for m in (first, body.stages[1](first)) for s in (m.mean((2, 3)), (m.var((2, 3), correction=0) + 1e-5).sqrt())
    ]
    pooled = StagePooling(body, (32, 24))
    values = torch.cat(values, 1)
    assert torch.allclose(pooled(x), values.sign() * (values + 1e-3).sqrt(), atol=1e-5)
    assert pooled(x).shape == (2, 20) and not body.stages[0]._forward_hooks


def test_negative_means_keep_their_sign():
    body = nn.Sequential(nn.Conv2d(3, 2, 3), nn.AdaptiveAvgPool2d(1))
    nn.init.zeros_(body[0].weight)
    with torch.no_grad():
        body[0].bias.copy_(torch.tensor([-4.0, 9.0]))
    assert StagePooling(body, (8, 8))(torch.rand(1, 3, 8, 8))[0, :2].tolist() == pytest.approx([-2, 3], abs=1e-3)


@pytest.mark.parametrize(
    ("arch", "names"),
    [
        ("timm/test_efficientnet", None),
        ("resnet18", ["layer1.0", "layer1.1", "layer2.0", "layer2.1", "layer3.0", "layer3.1", "layer4.0", "layer4"]),
        ("vgg11", ["features.19"]),
        ("custom_cnn", None),
        ("timm/test_vit", []),
    ],
)
def test_stages_of_any_architecture(arch, names):
    size = (160, 160) if "vit" in arch else (128, 128)
    body = staged(arch, size)
    assert names is None or body.names == names
    with torch.no_grad():
        features = body(torch.randn(2, 3, *size))
    assert features.ndim == 2 and features.isfinite().all()
    assert stage_names(body.body, size) == body.names


def test_copies_and_pickles_work_alike():
    body = staged("timm/test_efficientnet", (64, 48))
    x = torch.randn(1, 3, 64, 48)
    with torch.no_grad():
        for other in (copy.deepcopy(body), pickle.loads(pickle.dumps(body))):
            assert torch.equal(other(x), body(x))


def test_dead_channels_have_finite_gradients():
    body = Two()
    nn.init.zeros_(body.stages[0][0].weight)
    nn.init.constant_(body.stages[0][0].bias, -1.0)
    StagePooling(body, (32, 24))(torch.rand(2, 3, 32, 24)).sum().backward()
    assert all(p.grad.isfinite().all() for p in body.parameters())


def test_a_learner_with_all_stages_trains_its_last_layer_apart_and_shows_what_it_looks_at(dls, picture):
    from postergenre import gradcam, poster_learner

    learn = poster_learner(dls, "timm/test_efficientnet", stages=True)
    body, head = learn.splitter(learn.model)
    assert head[0] is learn.model.head.weight and sum(p.numel() for p in body) > 10_000
    with learn.no_bar(), learn.no_logging():
        learn.fit(1, 1e-3)
    heats = [gradcam(learn, picture, genre) for genre in learn.dls.vocab]
    assert {heat.shape for heat in heats} == {(180, 120)} and max(heat.max() for heat in heats) > 0
