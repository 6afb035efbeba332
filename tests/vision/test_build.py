import time
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from postergenre.vision.build import create_model, head_name, list_archs, split_body_head, unpack_model
from postergenre.vision.custom_cnn import CustomCNN
from postergenre.vision.weights import WeightsUnavailableError, check_reach, load_body, read_weights


def parameters(model):
    return sum(p.numel() for p in model.parameters())


def test_densenet_is_the_studys():
    model, stats = create_model("densenet121", 20)
    assert parameters(model) == 6_974_356 and stats is None
    assert isinstance(model.classifier, nn.Linear) and model.classifier.in_features == 1024


def test_custom_cnn_layers_and_sizes():
    model = CustomCNN(20)
    convs = [m for m in model.modules() if isinstance(m, nn.Conv2d)]
    assert [c.out_channels for c in convs] == [128, 64, 64, 64, 32, 16] and {c.kernel_size for c in convs} == {(2, 2)}
    assert [m.p for m in model.modules() if isinstance(m, nn.Dropout)] == [0.3] * 4 + [0.2] * 2
    for size in [(150, 150), (64, 64), (96, 200)]:
        assert CustomCNN(5, size)(torch.zeros(2, 3, *size)).shape == (2, 5)
    with pytest.raises(ValueError, match="63x150 is too small, use at least 64"):
        CustomCNN(20, (63, 150))
    with pytest.raises(ValueError, match="built for pictures of 150x150"):
        model(torch.zeros(1, 3, 300, 300))


def test_custom_cnn_takes_another_dropout():
    model, _ = create_model("custom_cnn", 20, drop_rate=0.1)
    assert [m.p for m in model.modules() if isinstance(m, nn.Dropout)] == [0.1] * 6
    made = unpack_model(model.made, 20, model.state_dict())
    assert [m.p for m in made.modules() if isinstance(m, nn.Dropout)] == [0.1] * 6
    with pytest.raises(ValueError, match="custom_cnn is no timm model and takes no drop_path_rate; leave that out"):
        create_model("custom_cnn", 20, drop_rate=0.1, drop_path_rate=0.2)


@pytest.mark.parametrize(
    "arch",
    ["resnet18", "vgg11", "squeezenet1_1", "googlenet", "timm/resnet18", "tf_efficientnet_lite0", "convnext_atto"],
)
def test_any_architecture_by_name(arch):
    model, _ = create_model(arch, 7, (64, 64))
    assert model.eval()(torch.zeros(2, 3, 64, 64)).shape == (2, 7)
    body, head = split_body_head(model)
    assert sum(p.numel() for p in body + head) == parameters(model) and head[0].shape[0] == 7


@pytest.mark.parametrize("arch", ["vit_tiny_patch16_224", "deit_tiny_patch16_224"])
def test_vision_transformers_take_the_size_of_the_posters(arch):
    model, _ = create_model(arch, 3, (96, 64))
    assert model.eval()(torch.zeros(1, 3, 96, 64)).shape == (1, 3) and head_name(model) == "head"


def test_unknown_name_lists_close_ones():
    with pytest.raises(ValueError, match=r"Unknown architecture 'resnet5O'. Close ones: .*resnet50"):
        create_model("resnet5O", 20)
    assert {"custom_cnn", "densenet121", "convnext_tiny"} <= set(list_archs())


def test_architectures_are_filtered_as_by_timm():
    assert list_archs(["custom*", "densenet12?"]) == ["custom_cnn", "densenet121"] and list_archs("none_*") == []
    assert list_archs("*efficientnet_lite0") == ["efficientnet_lite0", "tf_efficientnet_lite0"]


def test_size_that_a_network_cannot_take_is_said():
    with pytest.raises(ValueError, match="vit_b_32 cannot take pictures of 150x150"):
        create_model("vit_b_32", 20, (150, 150))


def changed(model):
    with torch.no_grad():
        for p in model.parameters():
            p.add_(1)
    return model


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize("arch", ["resnet18", "tf_efficientnet_lite0", "custom_cnn"])
def test_local_weights_of_other_classes(arch, suffix, tmp_path):
    source, _ = create_model(arch, 1000, (64, 64))
    changed(source)
    file = tmp_path / f"w{suffix}"
    if suffix == ".pth":
        torch.save(source.state_dict(), file)
    else:
        from safetensors.torch import save_file

        save_file(source.state_dict(), file)
    model, stats = create_model(arch, 20, (64, 64), weights=file)
    head = head_name(model)
    for name, tensor in model.state_dict().items():
        if not name.startswith(head):
            assert torch.equal(tensor, source.state_dict()[name]), name
    assert (stats is None) == (arch == "custom_cnn")
    if arch == "tf_efficientnet_lite0":
        assert stats == ([0.5] * 3, [0.5] * 3)


def test_densenet_weights_with_the_names_of_torchvisions_files(tmp_path):
    # torchvision publishes its DenseNets with "norm.1" where the module says "norm1".
    source = changed(create_model("densenet121", 1000)[0]).state_dict()
    import re

    old = {re.sub(r"(denselayer\d+\.(?:norm|conv))([12]\.)", r"\1.\2", k): v for k, v in source.items()}
    assert set(old) != set(source)
    torch.save(old, tmp_path / "densenet121.pth")
    model, _ = create_model("densenet121", 20, weights=tmp_path / "densenet121.pth")
    key = "features.denseblock4.denselayer16.conv2.weight"
    assert torch.equal(model.state_dict()[key], source[key])


def test_weights_that_do_not_fit_are_one_clear_error(tmp_path):
    torch.save(create_model("resnet18", 20)[0].state_dict(), tmp_path / "r18.pth")
    with pytest.raises(ValueError, match=r"r18\.pth does not fit .*tensors are missing"):
        create_model("resnet34", 20, weights=tmp_path / "r18.pth")
    with pytest.raises(ValueError, match=r"r18\.pth does not fit"):
        create_model("tf_efficientnet_lite0", 20, weights=tmp_path / "r18.pth")
    with pytest.raises(FileNotFoundError, match="There is no weights file"):
        create_model("resnet18", 20, weights=tmp_path / "none.pth")
    (tmp_path / "page.pth").write_text("<html>")
    with pytest.raises(ValueError, match=r"page\.pth is not a weights file"):
        read_weights(tmp_path / "page.pth")
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(ValueError, match=r"list\.pth holds no state dict"):
        read_weights(tmp_path / "list.pth")
    with pytest.raises(ValueError, match="not both"):
        create_model("resnet18", 20, pretrained=True, weights=tmp_path / "r18.pth")


def test_load_body_never_drops_a_tensor_of_the_body():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    state = {k: v.clone() for k, v in model.state_dict().items()}
    state["0.weight"] = torch.zeros(3, 2)
    with pytest.raises(ValueError, match=r"1 of another shape \(first: 0\.weight\)"):
        load_body(model, state, "1", "here")


@pytest.mark.parametrize("arch", ["densenet121", "tf_efficientnet_lite0"])
def test_weights_out_of_reach_are_one_error_at_once(arch, tmp_path, monkeypatch):
    # A closed port on this machine stands for a network that is not there.
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    for proxy in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(proxy, "http://127.0.0.1:9")
    begun = time.perf_counter()
    with pytest.raises(WeightsUnavailableError, match=rf"{arch} cannot be had .*pretrained=False.*weights='file\.pth'"):
        create_model(arch, 20, pretrained=True)
    assert time.perf_counter() - begun < 30  # timm alone would try for 46 seconds


def test_a_host_that_never_answers_is_given_up_in_time():
    import socket

    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        begun = time.perf_counter()
        published = SimpleNamespace(url=f"http://127.0.0.1:{silent.getsockname()[1]}/w.pth")
        with pytest.raises(WeightsUnavailableError, match=r"net cannot be had .*cannot be reached"):
            check_reach("net", published)
        assert time.perf_counter() - begun < 30  # timm alone would try for 46 seconds


def test_custom_cnn_has_no_pretrained_weights():
    with pytest.raises(WeightsUnavailableError, match="nobody has trained it"):
        create_model("custom_cnn", 20, pretrained=True)
