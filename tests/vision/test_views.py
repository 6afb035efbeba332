"""The views of a poster, alone and averaged, against explicit pictures that `learn.predict` looks at."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from fastai.data.transforms import ToTensor
from fastai.learner import Learner
from fastai.torch_core import set_seed
from fastai.vision.augment import Resize, ResizeMethod, aug_transforms
from fasttransform import Pipeline
from PIL import Image, ImageOps

from postergenre.data.augment import PosterCrop, PosterImage
from postergenre.data.loaders import PosterDataLoaders
from postergenre.data.posters import open_poster
from postergenre.data.windows import cut, grid
from postergenre.evaluation.evaluate import evaluate
from postergenre.inference.predict import predict_posters
from postergenre.inference.probs import movie_probs
from postergenre.portable.views import parse_views, view_named, view_names
from postergenre.training.networks import custom_cnn_learner, poster_learner
from postergenre.vision.views import for_validation, make_views, resolve_views


def poster_probs(learn, posters, *args, **kwargs):
    "What a learner says of bare posters, and what is wrong with them."
    return learn.probs(pd.DataFrame({"poster": pd.Series(list(posters), dtype=object)}), *args, **kwargs)


CROPS = Pipeline([PosterCrop(64), ToTensor()], split_idx=1)
WHOLE = Pipeline([Resize((64, 48), method=ResizeMethod.Squish), ToTensor()], split_idx=1)


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


def pixels(views) -> list[np.ndarray]:
    return [np.asarray(v.permute(1, 2, 0) if isinstance(v, torch.Tensor) else v) for v in views]


# ---- names


@pytest.mark.parametrize(
    ("views", "expected"),
    [
        ("auto", (("auto",), (1,), (False,))),
        ("mirror", (("auto",), (1,), (False, True))),
        ("scales+mirror", (("auto",), (1, 1.25), (False, True))),
        ("mirror+grid", (("grid",), (1,), (False, True))),
        ("grid+center", (("center", "grid"), (1,), (False,))),
    ],
)
def test_a_name_says_frames_scales_and_mirror(views, expected):
    assert parse_views(views) == expected


@pytest.mark.parametrize("views", ["all", "", "grid+", "grid,mirror", "Mirror", "grid + mirror", None, ["grid"]])
def test_unknown_names_are_an_error_with_the_known_ones(views):
    with pytest.raises(ValueError, match=r"Unknown views .*auto, center, grid, mirror, scales; or .* as grid\+mirror"):
        parse_views(views)


def test_auto_is_grid_for_crops_and_center_for_whole_posters():
    assert resolve_views("auto", CROPS).frames == ("grid",) and resolve_views("mirror", WHOLE).frames == ("center",)
    assert resolve_views("auto+grid", CROPS).frames == ("grid",)
    assert resolve_views("auto+grid", WHOLE).frames == ("center", "grid")


def test_transforms_that_are_neither_crop_nor_resize_have_no_grid():
    plain = Pipeline([ToTensor()], split_idx=1)
    assert resolve_views("mirror", plain).frames == ("center",)
    for views in ("grid", "scales"):
        with pytest.raises(ValueError, match=f"views='{views}' needs .*PosterCrop or Resize.*use views='auto'"):
            resolve_views(views, plain)


# ---- one poster


def test_views_of_crops_are_cut_from_the_poster_and_its_mirror_image(poster):
    size = (poster.height, poster.width)
    expected = [cut(p, (64, 64), *at) for p in (poster, ImageOps.mirror(poster)) for at in grid(size, (64, 64))]
    views = make_views(poster, CROPS, "grid+mirror")
    assert len(views) == len(expected) > 2 and all(v.dtype == torch.uint8 for v in views)
    np.testing.assert_array_equal(pixels(views), pixels(expected))
    np.testing.assert_array_equal(
        pixels(make_views(poster, CROPS, "center")), pixels([cut(poster, (64, 64), 0.5, 0.5)])
    )


def test_scales_of_crops_enlarge_the_poster_and_not_the_crop():
    poster = PosterImage(Image.effect_noise((100, 160), 80).convert("RGB"))
    large = poster.resize((125, 200), Image.Resampling.BICUBIC)
    expected = [cut(p, (64, 64), *at) for p in (poster, large) for at in grid((p.height, p.width), (64, 64))]
    np.testing.assert_array_equal(pixels(make_views(poster, CROPS, "scales")), pixels(expected))


def test_the_second_scale_is_larger_for_posters_smaller_than_the_crop_too():
    # `cut` enlarges these to the window already, so 1.25 times their own size would give the first view again.
    views = make_views(Image.effect_noise((40, 60), 80).convert("RGB"), CROPS, "center+scales")
    assert [v.shape for v in views] == [(3, 64, 64)] * 2 and not torch.equal(*views)


def test_a_grid_of_a_whole_poster_is_the_corners_of_an_enlarged_one(poster):
    large = np.asarray(poster.resize((60, 80), Image.Resampling.BILINEAR))
    expected = [large[:64, :48], large[:64, 12:], large[16:, :48], large[16:, 12:]]
    np.testing.assert_array_equal(pixels(make_views(poster, WHOLE, "grid")), expected)


def test_views_of_a_whole_poster_at_two_scales(poster):
    views = make_views(poster, WHOLE, "scales+mirror")
    assert [v.shape[1:] for v in views] == [(64, 48), (80, 60)] * 2
    sizes = ((48, 64), (60, 80))
    expected = [p.resize(s, Image.Resampling.BILINEAR) for p in (poster, ImageOps.mirror(poster)) for s in sizes]
    for view, picture in zip(pixels(views), pixels(expected), strict=True):
        np.testing.assert_array_equal(view, picture)
    assert [v.shape[1:] for v in make_views(poster, WHOLE, "grid+scales")] == [(64, 48)] * 4 + [(80, 60)] * 4
    assert WHOLE.fs[0].size == (48, 64)  # the learner's own transforms stay as they are


def test_files_bytes_and_images_have_the_same_views(movies):
    file = movies["poster"].iloc[0]
    for source in (str(file), Path(file).read_bytes(), open_poster(file)):
        for transforms in (CROPS, WHOLE):
            a, b = (make_views(s, transforms, "center+grid") for s in (source, file))
            np.testing.assert_array_equal(pixels(a), pixels(b))


def test_every_view_has_a_name_of_its_own(poster):
    wanted = resolve_views("center+grid+scales+mirror", WHOLE)
    names = view_names(wanted)
    assert (
        len(set(names)) == 8 and names[:3] == ["center", "grid", "center-large"] and names[-1] == "grid-large-mirrored"
    )
    apart = [view for name in names for view in make_views(poster, WHOLE, view_named(name))]
    assert pixels_equal(apart, make_views(poster, WHOLE, wanted))


def test_whole_is_center_by_another_name():
    assert parse_views("whole+mirror") == parse_views("center+mirror")


def pixels_equal(a, b):
    return len(a) == len(b) and all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


# ---- a learner


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
