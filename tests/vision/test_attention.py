"""Attention: the Gram layer is what it says, goes anywhere in a network of convolutions, and disturbs nothing there."""

import copy
import json
import subprocess
import sys

import pytest
import torch
from torch import nn

from postergenre import gradcam, poster_learner
from postergenre.vision.attention import GramLayer, SELayer, attention_layers
from postergenre.vision.build import create_model, head_name, split_body_head

SIZE = (64, 64)


@pytest.fixture
def gram():
    "A layer that is no identity any more."
    torch.manual_seed(0)
    layer = GramLayer(24)
    nn.init.normal_(layer.fc2.weight)
    return layer


def test_gram_layer_is_the_matrix_read_row_by_row(gram):
    x = torch.randn(3, 24, 5, 7)
    flat = x.flatten(2)
    matrix = flat @ flat.mT / 35
    rows = (matrix * gram.read.weight[:, :, 0, 0]).sum(2)
    weights = 2 * torch.sigmoid(gram.fc2(torch.relu(gram.fc1(gram.norm(rows)))))
    assert weights.std() > 0.1
    torch.testing.assert_close(gram(x), x * weights[..., None, None])


def test_gram_layer_sees_style_and_not_places(gram):
    "Positions in another order give the same weights; another batch beside a picture changes nothing either."
    x = torch.randn(2, 24, 6, 4)
    moved = x.flatten(2)[:, :, torch.randperm(24)].unflatten(2, (6, 4))
    torch.testing.assert_close((gram(x) / x).mean((2, 3)), (gram(moved) / moved).mean((2, 3)))
    torch.testing.assert_close(gram(x)[:1], gram(x[:1]))


def test_gram_layer_keeps_channels_last_and_trains_on_one_picture(gram):
    x = torch.randn(1, 24, 8, 8).to(memory_format=torch.channels_last).requires_grad_()
    out = gram.to(memory_format=torch.channels_last)(x)
    assert out.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(out, gram(x.contiguous()))
    out.square().sum().backward()
    assert all(p.grad.abs().sum() > 0 for p in gram.parameters()) and x.grad.isfinite().all()


def test_gram_layer_takes_large_maps_in_half_precision(gram):
    with torch.autocast("cpu", torch.float16):
        out = gram(1000 * torch.randn(1, 24, 4, 4, dtype=torch.float16))
    assert out.isfinite().all() and out.dtype == torch.float16


@pytest.mark.parametrize("layer", [GramLayer, SELayer])
def test_attention_starts_as_the_identity_and_learns(layer):
    torch.manual_seed(0)
    attention, x = layer(32), torch.randn(4, 32, 6, 6)
    assert torch.equal(attention(x), x)
    optimizer = torch.optim.Adam(attention.parameters(), 1e-2)
    wanted = x.clone()
    wanted[:, 16:] = 0  # the last channels are of no use
    for _ in range(60):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(attention(x), wanted)
        loss.backward()
        optimizer.step()
    assert loss < 0.05 * nn.functional.mse_loss(x, wanted)


@pytest.mark.parametrize(
    ("arch", "stage", "channels"),
    [("densenet121", "features.denseblock3", 1024), ("resnet18", "layer3", 256), ("timm/resnet18", "layer3", 256),
     ("tf_efficientnet_lite0", "blocks.4", 112), ("convnext_atto", "stages.2", 160), ("googlenet", "inception4e", 832),
     ("squeezenet1_1", "features.7", 256), ("custom_cnn", "features.26", 16)],
)  # fmt: skip
def test_it_stands_where_it_should_and_keeps_the_network(arch, stage, channels):
    torch.manual_seed(0)
    plain, _ = create_model(arch, 7, SIZE)
    after = torch.rand(3)
    torch.manual_seed(0)
    model, _ = create_model(arch, 7, SIZE, attention="gram")
    assert torch.equal(torch.rand(3), after)  # so that runs with and without see the same crops
    assert [(n, m.read.in_channels) for n, m in model.named_modules() if isinstance(m, GramLayer)] == [
        (f"{stage}.1", channels)
    ]
    x = torch.rand(2, 3, *SIZE)
    assert torch.equal(plain.eval()(x), model.eval()(x))
    assert head_name(model) == head_name(plain)
    body, head = split_body_head(model)
    assert head[0].shape[0] == 7 and {id(p) for p in model.get_submodule(stage)[1].parameters()} <= set(map(id, head))
    assert len(body) + len(head) == len(list(model.parameters()))


def test_any_stage_by_name_and_clear_words_for_others():
    model, _ = create_model("resnet18", 7, SIZE, attention="se", attention_after="layer2.1")
    assert isinstance(model.layer2[1][1], SELayer)
    cases = {
        "layer33": "has no layer 'layer33'; close ones: layer3",
        "fc": r"needs a feature map \(channels, height, width\), and fc gives \(7,\); it is for networks of convol",
        "avgpool": r"and avgpool gives \(512, 1, 1\)",
    }
    for name, said in cases.items():
        with pytest.raises(ValueError, match=said):
            create_model("resnet18", 7, SIZE, attention="se", attention_after=name)
    with pytest.raises(ValueError, match="Unknown attention 'gramm'; choose one of: none, se, gram"):
        create_model("resnet18", 7, SIZE, attention="gramm")
    with pytest.raises(ValueError, match="attention_after='layer3' places attention; pass attention='gram' or 'se'"):
        create_model("resnet18", 7, SIZE, attention_after="layer3")
    with pytest.raises(ValueError, match=r"before classifier\.1, the last layer, and classifier\.2 does not"):
        create_model("squeezenet1_1", 7, SIZE, attention="se", attention_after="classifier.2")


def test_a_stage_that_the_network_needs_bare_is_left_as_it_was():
    # Its blocks share one ReLU, which sees maps of several widths.
    with pytest.raises(ValueError, match=r"Attention cannot stand after layer1\.0\.relu: the network needs it bare"):
        create_model("resnet50", 7, SIZE, attention="gram", attention_after="layer1.0.relu")


@pytest.mark.parametrize("arch", ["vit_tiny_patch16_224", "swin_tiny_patch4_window7_224"])
def test_transformers_are_refused(arch):
    with pytest.raises(ValueError, match=r"Attention needs a feature map .* for example arch='densenet121'"):
        create_model(arch, 7, SIZE, attention="gram")


def test_attention_a_network_was_born_with_stays_in_its_body():
    model, _ = create_model("test_efficientnet", 7, SIZE, attention="se")
    assert len(attention_layers(model)) == 1 and sum("se.fc" in n or ".se." in n for n, _ in model.named_modules()) > 1
    assert len(split_body_head(model)[1]) == 2 + 4


@pytest.mark.parametrize("arch", ["test_resnet", "resnet18", "custom_cnn"])
def test_ordinary_weights_fit(arch, tmp_path):
    plain, _ = create_model(arch, 1000, SIZE)
    torch.save(plain.state_dict(), tmp_path / "w.pth")
    loaded, stats = create_model(arch, 7, SIZE, weights=tmp_path / "w.pth")
    model, same = create_model(arch, 7, SIZE, weights=tmp_path / "w.pth", attention="gram")
    assert stats == same
    model.get_submodule(head_name(model)).load_state_dict(loaded.get_submodule(head_name(loaded)).state_dict())
    x = torch.rand(2, 3, *SIZE)
    assert torch.equal(loaded.eval()(x), model.eval()(x))


@pytest.fixture(scope="module")
def learn(dls):
    "A small network with a Gram layer, trained for an epoch with its body frozen."
    torch.manual_seed(0)
    learn = poster_learner(dls, "test_resnet", attention="gram")
    learn.freeze()
    with learn.no_bar(), learn.no_logging():
        learn.fit(1, 1e-2)
    return learn


def test_frozen_bodies_train_attention_and_the_last_layer(learn):
    layer = learn.model.layer3[1]
    assert layer.fc2.weight.abs().sum() > 0 and layer.read.weight.requires_grad
    assert not learn.model.layer3[0][0].conv1.weight.requires_grad and learn.model.fc.weight.requires_grad


def test_gradcam_and_copies(learn, picture):
    heat = gradcam(learn, picture, "Action")
    assert heat.shape == (180, 120) and heat.max() in (0, 1)
    assert gradcam(learn, picture, "Action", layer="layer3.1").shape == (180, 120)
    x = torch.rand(2, 3, *SIZE)
    assert torch.equal(copy.deepcopy(learn.model).eval()(x), learn.model.eval()(x))


def test_export_and_load_in_a_fresh_process(learn, picture, tmp_path):
    learn.export(tmp_path / "learn.pkl")
    code = (
        "import sys, warnings; warnings.simplefilter('ignore'); from postergenre import load_learner; "
        "print(load_learner(sys.argv[1]).predict(sys.argv[2])[2].tolist())"
    )
    args = [sys.executable, "-c", code, str(tmp_path / "learn.pkl"), str(picture)]
    done = subprocess.run(args, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    probs = torch.tensor(json.loads(done.stdout.splitlines()[-1]))
    torch.testing.assert_close(probs, torch.as_tensor(learn.predict(picture)[2]).cpu(), atol=1e-5, rtol=0)
