"""Views of a poster averaged by a learner, against explicit pictures that `learn.predict` looks at."""

import numpy as np
import pandas as pd
import pytest
import torch
from fastai.learner import Learner
from fastai.torch_core import set_seed
from fastai.vision.augment import aug_transforms
from PIL import Image, ImageOps

from postergenre.data.augment import PosterImage
from postergenre.data.loaders import PosterDataLoaders
from postergenre.evaluation.evaluate import evaluate
from postergenre.inference.predict import predict_posters
from postergenre.inference.probs import movie_probs
from postergenre.training.networks import custom_cnn_learner, poster_learner
from postergenre.vision.views import for_validation


def poster_probs(learn, posters, *args, **kwargs):
    "What a learner says of bare posters, and what is wrong with them."
    return learn.probs(pd.DataFrame({"poster": pd.Series(list(posters), dtype=object)}), *args, **kwargs)


@pytest.fixture(scope="module")
def whole_dls(movies):
    return PosterDataLoaders.from_movies(movies, size=64, crop="whole", bs=8, num_workers=0)


@pytest.fixture(scope="module")
def resnet(whole_dls):
    "A network of whole posters with global pooling and random weights."
    set_seed(3)
    return poster_learner(whole_dls, "test_resnet")


@pytest.fixture
def poster(movies) -> PosterImage:
    return PosterImage.create(movies["poster"].iloc[0])


def predicted(learn, pictures) -> np.ndarray:
    "The mean of what fastai itself, which looks at the centre, predicts for pictures, one by one."
    with learn.no_bar():
        return np.mean([Learner.predict(learn, np.asarray(p))[2].numpy() for p in pictures], axis=0)


def probs_of(learn, poster, views) -> np.ndarray:
    [row], [error] = poster_probs(learn, [poster], views=views)
    assert error is None
    return row


def test_the_first_centre_view_is_central_before_any_loader_has_run(movies):
    # Loaders tell their transforms that they validate only once they run; until then PosterCrop cut at random.
    dls = PosterDataLoaders.from_movies(movies, size=64, bs=8, num_workers=0)
    learn, file = custom_cnn_learner(dls), movies["poster"].iloc[0]
    rows = [poster_probs(learn, [file], views="center")[0][0] for _ in range(3)]
    np.testing.assert_allclose(rows, [predicted(learn, [PosterImage.create(file)])] * 3, atol=1e-6)


@pytest.mark.parametrize("name", ["cnn", "resnet"])
def test_mirror_is_the_mean_over_the_poster_and_its_mirror_image(name, poster, request):
    learn = request.getfixturevalue(name)
    both = [poster, ImageOps.mirror(poster)]
    np.testing.assert_allclose(probs_of(learn, poster, "center+mirror"), predicted(learn, both), atol=1e-6)
    alone = [probs_of(learn, p, "auto") for p in both]
    np.testing.assert_allclose(probs_of(learn, poster, "mirror"), np.mean(alone, axis=0), atol=1e-6)
    assert abs(alone[0] - alone[1]).max() > 1e-4


def test_grid_of_a_whole_poster_is_the_mean_over_its_corners(resnet, poster):
    large = np.asarray(poster.resize((80, 80), Image.Resampling.BILINEAR))
    corners = [large[:64, :64], large[:64, 16:], large[16:, :64], large[16:, 16:]]
    np.testing.assert_allclose(probs_of(resnet, poster, "grid"), predicted(resnet, corners), atol=1e-6)
    both = predicted(resnet, [poster, *corners])
    np.testing.assert_allclose(probs_of(resnet, poster, "center+grid"), both, atol=1e-6)


def test_scales_of_a_whole_poster_show_a_larger_picture(resnet, poster):
    x = torch.from_numpy(np.array(poster.resize((80, 80), Image.Resampling.BILINEAR))).permute(2, 0, 1) / 255
    norm = resnet.dls.valid.after_batch.fs[-1]
    with torch.inference_mode():
        logits = resnet.model.eval()((x[None] - norm.mean.cpu()) / norm.std.cpu())
    mean = (predicted(resnet, [poster]) + torch.sigmoid(logits)[0].numpy()) / 2
    np.testing.assert_allclose(probs_of(resnet, poster, "scales"), mean, atol=1e-5)


def test_batches_of_views_of_several_sizes_do_not_matter(resnet, movies, tmp_path):
    (tmp_path / "bad.jpg").write_text("no")
    files = [*movies["poster"].head(5), tmp_path / "bad.jpg", *movies["poster"][5:7]]
    probs, errors = poster_probs(resnet, files, bs=3, views="grid+scales+mirror")
    assert np.isnan(probs[5]).all() and [e is None for e in errors] == [True] * 5 + [False] + [True] * 2
    for i in (0, 4, 7):
        np.testing.assert_allclose(probs[i], probs_of(resnet, files[i], "scales+grid+mirror"), atol=1e-6)


def test_no_batch_is_larger_than_asked_for(resnet, movies):
    sizes = []
    hook = resnet.model.register_forward_pre_hook(lambda _, inputs: sizes.append(inputs[0].shape[0]))
    try:
        poster_probs(resnet, movies["poster"].head(6).tolist(), bs=5, views="grid+mirror")
    finally:
        hook.remove()
    assert max(sizes) <= 5 and sum(sizes) == 6 * 8


def test_views_reach_tables_and_figures(resnet, movies):
    test = movies[movies["split"] == "test"]
    probs = movie_probs(resnet, test, views="mirror")
    assert abs(probs - movie_probs(resnet, test)).max() > 1e-4
    np.testing.assert_allclose(evaluate(resnet, test, views="mirror").probs, probs, atol=1e-6)
    table = predict_posters(resnet, test["poster"].tolist(), views="mirror")
    np.testing.assert_allclose(table[list(resnet.dls.vocab)], probs, atol=1e-6)


@pytest.mark.parametrize("arch", ["custom_cnn", "vit_tiny_patch16_224"])
def test_networks_of_one_size_take_no_scales(arch, whole_dls, movies):
    # 80 pixels are 1 of CustomCNN's 64 too: it would take them, and look at the upper left only.
    learn = poster_learner(whole_dls, arch)
    said = (
        r"views='scales\+mirror' also shows the network 80x80 pixels, but it takes only 64x64; use 'mirror' or 'grid'"
    )
    with pytest.raises(ValueError, match=said):
        poster_probs(learn, movies["poster"].tolist(), views="scales+mirror")
    assert learn.model.training
    assert probs_of(learn, movies["poster"].iloc[0], "grid+mirror").shape == (20,)


def test_a_network_of_crops_takes_scales_whatever_it_is(cnn):
    cnn.check_views("scales+mirror")


def test_scales_that_batch_transforms_undo_are_refused(movies):
    tfms = aug_transforms(size=64)
    dls = PosterDataLoaders.from_movies(movies, size=72, crop="whole", bs=8, num_workers=0, batch_tfms=tfms)
    with pytest.raises(ValueError, match="batch transforms undo that"):
        poster_learner(dls, "test_resnet").check_views("scales")


def test_transforms_for_validation_stay_those_of_the_learner(cnn):
    transforms = cnn.dls.valid.after_item
    assert list(for_validation(transforms).fs) == list(transforms.fs) and for_validation(transforms).split_idx == 1
