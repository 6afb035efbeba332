import torch
from torch import nn

from postergenre.training.fusion import FrozenBodies, ProbeModel, frozen_body


def body(seed):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.AdaptiveAvgPool2d(1))


def test_each_body_gets_its_own_statistics():
    stats = [([0.5, 0.4, 0.3], [0.2, 0.3, 0.4]), ([0.1, 0.2, 0.3], [0.5, 0.25, 1.0])]
    bodies = FrozenBodies([body(0), body(1)], stats)
    pixels = torch.rand(2, 3, 8, 8)
    normed = [(pixels - torch.tensor(m).view(3, 1, 1)) / torch.tensor(s).view(3, 1, 1) for m, s in stats]
    with torch.no_grad():
        wanted = torch.cat([b.eval()(x).flatten(1) for b, x in zip([body(0), body(1)], normed, strict=True)], 1)
    assert torch.allclose(bodies(normed[0]), wanted, atol=1e-5) and wanted.shape == (2, 8)


def test_frozen_means_no_gradients_and_no_new_batch_statistics():
    model = ProbeModel(FrozenBodies([body(0)], [([0.5] * 3, [0.5] * 3)]), nn.Linear(4, 2)).train()
    before = {k: v.clone() for k, v in model.features.state_dict().items()}
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    model(torch.rand(4, 3, 8, 8)).sum().backward()
    optimizer.step()
    assert all(torch.equal(before[k], v) for k, v in model.features.state_dict().items())
    assert model.training and not model.features.bodies[0][1].training
    assert model.head.weight.grad is not None and all(p.grad is None for p in model.features.parameters())


def test_any_architecture_without_its_last_layer():
    for arch, width in (("resnet18", 512), ("custom_cnn", 16), ("timm/test_resnet", 96)):
        made, stats = frozen_body(arch, (64, 64), stages=False)
        assert made(torch.zeros(2, 3, 64, 64)).flatten(1).shape == (2, width) and stats is None
        assert not any(p.requires_grad for p in made.parameters())
