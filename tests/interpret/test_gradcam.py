"""Grad-CAM: the heat lies on the cue, on crops and whole posters, for every kind of network, and changes nothing."""

import numpy as np
import pandas as pd
import pytest
import torch
from fastai.torch_core import set_seed
from fastai.vision.core import TensorImage
from PIL import Image
from timm.models.swin_transformer import SwinTransformer
from torchvision.models import VisionTransformer

from postergenre.data.augment import PosterImage
from postergenre.data.axes import figure_of
from postergenre.data.loaders import PosterDataLoaders
from postergenre.inference.export import load_learner
from postergenre.inference.predict import predict_posters
from postergenre.interpret.gradcam import gradcam, plot_gradcam
from postergenre.training.networks import poster_learner
from postergenre.vision.gradcam import coordinate_poster, merge_views, view_box
from postergenre.vision.maps import as_map, target_layer, trace

VOCAB = ["Action", "Comedy", "War"]
MARKS = {"Action": (220, 40, 30), "Comedy": (240, 220, 40), "War": (40, 70, 230)}
PATCH = 28


def layer_name(model, size):
    "Of the layer Grad-CAM looks at."
    layer = target_layer(model, trace(model, size))
    return next(name for name, module in model.named_modules() if module is layer)


def gradcams(learn, image, genres=None):
    "Heat and probabilities."
    found = learn.explain(image, genres)
    return found.heat, found.probs


def draw(rng, genres, size):
    "A grey noisy poster with a coloured square for each genre, and the squares' corners (left, top)."
    width, height = size
    grey = rng.normal(rng.uniform(70, 170), 18, (height, width, 1)) + rng.normal(0, 10, (height, width, 3))
    pixels, corners = grey.clip(0, 255).astype(np.uint8), {}
    for genre in genres:
        while True:
            x, y = int(rng.integers(width - PATCH)), int(rng.integers(height - PATCH))
            if all(max(abs(x - a), abs(y - b)) > PATCH + 8 for a, b in corners.values()):
                break
        corners[genre] = (x, y)
        pixels[y : y + PATCH, x : x + PATCH] = MARKS[genre]
    return PosterImage(Image.fromarray(pixels)), corners


@pytest.fixture(scope="module")
def movies(tmp_path_factory):
    folder, rng, rows = tmp_path_factory.mktemp("cues"), np.random.default_rng(1), []
    for i in range(112):
        genres = sorted(map(str, rng.choice(VOCAB, 1 + (i % 3 == 0), replace=False)))
        draw(rng, genres, (96, 96))[0].save(folder / f"{i}.png")
        rows.append({"id": str(i), "poster": folder / f"{i}.png", "genres": genres, "split": "train"})
    movies = pd.DataFrame(rows)
    movies.loc[:15, "split"] = "valid"
    movies.attrs["vocab"] = VOCAB
    return movies


def loaders(movies, size, crop="whole"):
    return PosterDataLoaders.from_movies(movies, size=size, crop=crop, bs=16, num_workers=0)


@pytest.fixture(scope="module")
def trained(movies):
    "A small network that has learned the colours of the squares in a few seconds."
    set_seed(1, reproducible=True)
    learn = poster_learner(loaders(movies, 96), "test_resnet")
    with learn.no_bar(), learn.no_logging():
        learn.fit_one_cycle(7, 8e-3)
    assert learn.validate()[1] > 0.95
    return learn


def inside_and_outside(heat, corner):
    x, y = corner
    near = np.zeros(heat.shape, dtype=bool)
    near[max(0, y - 12) : y + PATCH + 12, max(0, x - 12) : x + PATCH + 12] = True
    return heat[near].mean(), heat[~near].mean()


@pytest.mark.parametrize(("crop", "size"), [("whole", (96, 96)), ("random", (150, 220))])
def test_the_heat_lies_on_the_cue(trained, movies, crop, size):
    "The same network looks at whole posters, and crop by crop at larger ones."
    learn = trained
    if crop == "random":
        learn = poster_learner(loaders(movies, 96, crop), "test_resnet")
        learn.model = trained.model
    rng, ratios = np.random.default_rng(5), []
    for i in range(6):
        genres = [VOCAB[i % 3], VOCAB[(i + 1) % 3]]
        poster, corners = draw(rng, genres, size)
        heats, _ = gradcams(learn, poster, genres)
        assert heats.shape == (2, size[1], size[0])
        for genre, heat in zip(genres, heats, strict=True):
            near, far = inside_and_outside(heat, corners[genre])
            ratios.append(near / far)
    assert min(ratios) > 2 and np.median(ratios) > 5


# ---- every kind of network


@pytest.mark.parametrize(
    ("arch", "size", "layer"),
    [
        ("densenet121", (64, 64), "features"),
        ("resnet18", (64, 96), "layer4"),
        ("vgg11", (64, 64), "features.19"),
        ("tf_efficientnet_lite0", (64, 64), "bn2"),
        ("convnext_atto", (64, 64), "norm_pre"),
        ("convnext_tiny", (64, 64), "features"),
        ("vit_tiny_patch16_224", (64, 48), "blocks.11.norm1"),
        ("deit_tiny_distilled_patch16_224", (224, 224), "blocks.11.norm1"),
        ("custom_cnn", (128, 64), "features.26"),
        ("swin_t", (64, 64), "permute"),
    ],
)
def test_every_architecture_gives_a_map_of_the_poster(movies, arch, size, layer):
    set_seed(0)
    learn = poster_learner(loaders(movies, size), arch)
    assert layer_name(learn.model, size) == layer
    poster, _ = draw(np.random.default_rng(2), ["Action"], (60, 90))
    heats, _ = gradcams(learn, poster, VOCAB)
    assert heats.shape == (3, 90, 60) and heats.dtype == np.float32
    assert np.isfinite(heats).all() and heats.min() >= 0
    assert [h.max() for h in heats if h.any()] and all(h.max() == 1 for h in heats if h.any())


def test_tokens_return_to_their_places_without_class_token():
    vit = VisionTransformer(64, 16, num_layers=2, num_heads=2, hidden_dim=8, mlp_dim=8, num_classes=3).eval()
    assert layer_name(vit, (64, 64)) == "encoder.layers.encoder_layer_1.ln_1"
    tokens = torch.arange(17.0)[None, :, None].expand(1, 17, 8)
    assert as_map(tokens, vit, trace(vit, (64, 64)))[0, 0].tolist() == torch.arange(1.0, 17).view(4, 4).tolist()


def test_channels_at_the_end_are_moved_to_the_front():
    swin = SwinTransformer((64, 96), embed_dim=8, depths=(1, 1, 1, 1), num_heads=(1, 1, 1, 1), num_classes=3)
    events = trace(swin, (64, 96))
    (shape,) = [s for m, s in events if m is target_layer(swin, events)]
    assert shape == (1, 2, 3, 64) and as_map(torch.zeros(shape), swin, events).shape == (1, 64, 2, 3)


def test_with_mean_pooling_and_a_linear_layer_the_heat_is_the_class_activation_map(movies):
    "There the gradient is the weight of the linear layer (Selvaraju et al. 2017, section 3.1)."
    set_seed(0)
    learn = poster_learner(loaders(movies, 64), "resnet18")
    poster = PosterImage.create(movies["poster"][0])
    model = learn.model.eval()
    with torch.no_grad():
        views = learn.dense_views(poster)
        x = learn.dls.valid.after_batch(TensorImage(views))
        for layer in (model.conv1, model.bn1, model.relu, model.maxpool, *list(model.children())[4:8]):
            x = layer(x)
        cam = torch.einsum("c,bchw->bhw", model.fc.weight[1], x).relu()
    box = view_box(learn.dense_views(coordinate_poster(poster.size))[0].numpy())
    np.testing.assert_allclose(box, (0, 1, 0, 1), atol=0.005)
    expected = merge_views(cam.numpy(), [box], (96, 96))
    assert expected.any()
    np.testing.assert_allclose(gradcam(learn, poster, "Comedy"), expected, atol=1e-4)


# ---- nothing is changed, and what goes wrong is said


def test_the_learner_stays_as_it_was(trained):
    model = trained.model
    model.train()
    model.layer1.eval()
    for p in model.conv1.parameters():
        p.requires_grad_(False)
    before = {k: v.clone() for k, v in model.state_dict().items()}
    poster = trained.dls.valid.items["poster"].iloc[0]
    frozen = gradcam(trained, poster, "War")
    assert model.training and not model.layer1.training and model.layer2.training
    assert [p.requires_grad for p in model.parameters()].count(False) == len(list(model.conv1.parameters()))
    assert all(p.grad is None or not p.grad.any() for p in model.parameters())
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())
    for p in model.parameters():
        p.requires_grad_(False)
    with torch.no_grad():
        np.testing.assert_array_equal(gradcam(trained, poster, "War"), frozen)
    for p in model.parameters():
        p.requires_grad_(True)


def test_probabilities_are_those_of_predict_posters_and_a_loaded_learner_gives_the_same(movies, tmp_path):
    set_seed(2)
    learn = poster_learner(loaders(movies, 64, "random"), "test_resnet")
    poster, _ = draw(np.random.default_rng(3), ["Comedy"], (100, 140))
    heats, probs = gradcams(learn, poster)
    row = predict_posters(learn, poster, progress=False).iloc[0]
    assert probs == pytest.approx({g: row[g] for g in row[VOCAB].astype(float).sort_values(ascending=False).index})
    learn.export(tmp_path / "learner.pkl")
    again, _ = gradcams(load_learner(tmp_path / "learner.pkl"), poster)
    np.testing.assert_allclose(again, heats, atol=1e-5)


def test_another_layer_can_be_named(trained):
    poster, _ = draw(np.random.default_rng(4), ["War"], (96, 96))
    assert not np.array_equal(gradcam(trained, poster, "War", "layer2"), gradcam(trained, poster, "War"))
    with pytest.raises(ValueError, match="no layer 'layer9'; close ones: layer"):
        gradcam(trained, poster, "War", "layer9")
    with pytest.raises(ValueError, match=r"gives \(1, 3\), which has no place in the picture"):
        gradcam(trained, poster, "War", "fc")


def test_wrong_genres_are_named_with_the_vocabulary(trained):
    poster, _ = draw(np.random.default_rng(4), ["War"], (96, 96))
    with pytest.raises(ValueError, match="Unknown genre 'Western'; known: Action, Comedy, War"):
        gradcam(trained, poster, "Western")
    with pytest.raises(ValueError, match="No genre given"):
        gradcams(trained, poster, [])


def test_no_evidence_gives_zeros_and_the_title_says_so(movies):
    learn = poster_learner(loaders(movies, 64), "resnet18")
    torch.nn.init.constant_(learn.model.fc.weight, -1.0)  # features are positive: all speaks against every genre
    poster = movies["poster"][0]
    assert not gradcam(learn, poster, "War").any()
    assert "no evidence" in plot_gradcam(learn, poster, "War")[1].get_title()


def test_the_figure_has_the_poster_and_a_panel_a_genre(trained):
    poster, _ = draw(np.random.default_rng(4), ["War"], (60, 96))
    titles = [ax.get_title() for ax in plot_gradcam(trained, poster, title="A $5 Movie", truth=["War"])]
    _, probs = gradcams(trained, poster)
    assert titles[0] == "A $5 Movie\nWar" and [t.split("\n")[0] for t in titles[1:]] == [
        f"{g} {p:.0%}" for g, p in probs.items()
    ]
    assert len(figure_of(plot_gradcam(trained, poster, "War")).axes) == 3  # poster, heat, colour bar
