"""Objects are found, become features, are explained with their boxes, join others in one head and by odds."""

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from torchvision import models

from postergenre import Objects, PosterDataLoaders, PosterEnsemble, evaluate, movie_probs, open_poster
from postergenre.training.probe import fit_probe, probe_learner
from postergenre.vision import detectors
from postergenre.vision.detectors import LEAST, COCODetector, ImageNetWindows, Object
from postergenre.vision.objects import FAINT
from postergenre.vision.things import box_heats

RED, GREEN = (200, 20, 20), (20, 160, 20)
ARCH = "ssdlite320_mobilenet_v3_large"


def patches(picture):
    "A user's own detector: what is red or green, as a box around it."
    pixels = np.asarray(picture).astype(int)
    for label, color in (("red thing", RED), ("green thing", GREEN)):
        down, across = (abs(pixels - color).sum(2) < 60).nonzero()
        if len(down) > 200:
            box = (across.min() / picture.width, down.min() / picture.height)
            yield label, 0.9, (*box, (across.max() + 1) / picture.width, (down.max() + 1) / picture.height)


def scene(*things):
    "A white poster with coloured rectangles, (color, box in pixels of 100 x 150)."
    picture = Image.new("RGB", (100, 150), "white")
    for color, box in things:
        ImageDraw.Draw(picture).rectangle(box, fill=color)
    return picture


@pytest.fixture(scope="module")
def own():
    return Objects(patches, labels=["red thing", "green thing"])


@pytest.fixture(scope="module")
def told(movies, tmp_path_factory):
    "Movies on whose posters Horror is red and Comedy green."
    folder, movies = tmp_path_factory.mktemp("scenes"), movies.copy()
    for i, genres in movies["genres"].items():
        things = [(RED, (10, 10, 49, 59))] * ("Horror" in genres) + [(GREEN, (50, 90, 89, 139))] * ("Comedy" in genres)
        scene(*things).save(folder / f"{i}.png")
    movies["poster"] = [str(folder / f"{i}.png") for i in movies.index]
    return movies


@pytest.fixture(scope="module")
def loaders(told):
    return PosterDataLoaders.from_movies(told, size=(72, 48), crop="whole", bs=8, num_workers=0)


@pytest.fixture(scope="module")
def alone(told, own, loaders):
    learn = probe_learner(loaders, own)
    fit_probe(learn, told, strengths=[0.01])
    return learn


def test_features_are_greatest_score_area_and_count(own):
    objects = [Object("red thing", s, box) for s, box in ((0.5, (0, 0, 0.5, 0.5)), (0.2, (0.5, 0.5, 1, 1)))]
    x = own.encode([objects, []])
    expected = [np.log(0.5 / LEAST), 0, 0.5, 0, np.log(3), 0]
    np.testing.assert_allclose(x, [expected, [0] * 6], atol=1e-6)


def test_objects_alone_know_the_genres_that_they_tell(alone, told):
    test = told[told["split"] == "test"]
    result = evaluate(alone, test, name="objects")
    assert result.per_genre().loc[["Horror", "Comedy"], "ap"].min() > 0.95
    assert alone.modalities[0].keeps_readings


def test_an_object_is_explained_with_its_box(alone):
    found = alone.explain(scene((RED, (10, 10, 49, 59)), (GREEN, (50, 90, 89, 139))), ["Horror", "Comedy"])
    parts = found.parts.set_index("part")
    assert parts.loc["red thing", "Horror"] > max(0, parts.loc["green thing", "Horror"])
    horror = found.heat[0]
    assert horror[10:60, 10:50].min() == 1 and horror[:10].max() == 0 and horror[70:80].max() == 0
    assert found.heading == "Objects: what it recognises"


def test_a_poster_without_objects_is_known_to_have_none_and_no_poster_is_absent(alone):
    found = alone.explain(scene(), ["Horror"])
    assert found.parts["part"].tolist() == ["nothing found"] and not found.heat.any() and found.parts["Horror"][0] != 0
    with pytest.raises(ValueError, match="no evidence on the movie"):
        alone.explain({"poster": None})


def test_it_joins_another_by_odds_and_its_cache_holds_what_was_found(alone, told, tmp_path):
    test = told[told["split"] == "test"]
    alone.use_cache(tmp_path)
    try:
        first = movie_probs(alone, test)
        assert sorted(p.suffix for p in tmp_path.glob("objects-patches*")) == [".features", ".readings"]
        np.testing.assert_allclose(movie_probs(PosterEnsemble([alone, alone], pool="odds"), test), first, atol=1e-6)
    finally:
        alone.use_cache(None)
    assert alone.modalities[0].restored([["red thing", 0.9, [0, 0, 1, 1]]]) == [Object("red thing", 0.9, (0, 0, 1, 1))]


def test_by_name_it_stands_beside_others_in_one_head(told, own, alone, loaders):
    learn = probe_learner(loaders, ["objects", own])
    assert learn.model.widths == [3000, 6] and learn.arch == "objects+objects"
    fit_probe(learn, told, strengths=[0.01], progress=False)
    probs = movie_probs(learn, told[told["split"] == "test"])
    assert abs(probs - movie_probs(alone, told[told["split"] == "test"])).max() > 0.01


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"detector": "yolo"}, "no detector 'yolo'; choose imagenet or coco, or a function"),
        ({"detector": patches}, "needs labels="),
    ],
)
def test_an_unknown_detector_says_what_to_type(kwargs, message):
    with pytest.raises(ValueError, match=message):
        Objects(**kwargs)


def test_a_label_that_was_not_said_is_an_error():
    with pytest.raises(ValueError, match="found 'red thing', which is not one of its labels"):
        Objects(patches, labels=["green thing"]).find(scene((RED, (10, 10, 49, 59))))


def test_the_whole_poster_is_a_window_that_the_network_sees_as_always():
    detector = ImageNetWindows()
    poster = Image.effect_mandelbrot((200, 300), (-2, -1.5, 1, 1.5), 100).convert("RGB")
    found = detector(poster)
    with torch.inference_mode():
        size = detectors.SIZE
        x = torch.from_numpy(np.array(poster.resize(size[::-1], Image.Resampling.BILINEAR))).permute(2, 0, 1) / 255
        scores = detector.net((x[None] - detector.mean) / detector.std).softmax(1)[0]
    best = detector.labels[int(scores.argmax())]
    whole = [o.score for o in found if o.label == best and o.box == (0, 0, 1, 1)]
    assert whole == pytest.approx([scores.max().item()], abs=1e-3) or max(o.score for o in found) > scores.max()
    assert {o.label for o in found} <= set(detector.labels) and len(set(detector.labels)) == 1000
    assert all(o.score >= LEAST and 0 <= o.box[0] < o.box[2] <= 1 and 0 <= o.box[1] < o.box[3] <= 1 for o in found)
    objects = Objects(detector)
    names = [name for name, _ in objects.parts(found)]
    assert objects.readings_name.startswith("objects-tf_efficientnet_lite0-416x288-")
    assert objects.encode([found]).shape == (1, 3000) and names.count(FAINT) <= 1 < len(names)


@pytest.fixture(scope="module")
def coco(tmp_path_factory):
    "A file of random weights that call everything a dog."
    net = models.get_model(ARCH, weights=None, weights_backbone=None)
    categories = models.get_model_weights(ARCH).DEFAULT.meta["categories"]
    for layer in net.head.classification_head.module_list[-2:]:  # of the coarsest maps: few boxes
        layer[-1].bias.data.view(-1, len(categories))[:, categories.index("dog")] = 8
    file = tmp_path_factory.mktemp("coco") / "dogs.pth"
    torch.save(net.state_dict(), file)
    return file


def test_coco_detectors_take_a_local_file(coco, demo_folder):
    objects = Objects(COCODetector(ARCH, coco))
    assert len(objects.labels) == 80 and {"person", "dog"} <= set(objects.labels)
    found = objects.find(open_poster(next(demo_folder.rglob("*.jpg"))))
    assert {o.label for o in found if o.score > 0.5} == {"dog"}
    assert all(0 <= x <= 1 for o in found for x in o.box)
    with pytest.raises(ValueError, match="does not fit this network"):
        COCODetector("ssd300_vgg16", coco)


def test_coco_weights_that_cannot_be_had_are_an_error(monkeypatch, tmp_path):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(detectors, "unreachable", lambda url: "no network")
    with pytest.raises(OSError, match=r"cannot be had \(no network\); download https.* pass .*weights='file.pth'"):
        Objects("coco")
    with pytest.raises(ValueError, match=r"no detector 'yolo'; choose one of: fasterrcnn"):
        COCODetector("yolo")


def test_heat_is_where_boxes_add_most():
    heats = box_heats([[(0, 0, 0.5, 0.5)], [(0.5, 0.5, 1, 1)]], [np.array([2.0, -1]), np.array([1.0, -1])], (4, 4))
    assert heats.shape == (2, 4, 4) and heats[0, 0, 0] == 1 and heats[0, 3, 3] == 0.5 and heats[0, 0, 3] == 0
    assert not heats[1].any()
