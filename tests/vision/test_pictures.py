import os

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image, ImageOps
from torch import nn

from postergenre.data.cache import poster_key
from postergenre.data.reading import refuse_unreadable
from postergenre.vision.pictures import Pictures

STATS = ([0.5, 0.5, 0.5], [0.25, 0.5, 0.5])


@pytest.fixture
def posters(tmp_path):
    rng = np.random.default_rng(0)
    files = []
    for i in range(5):
        files.append(tmp_path / f"{i}.png")
        Image.fromarray(rng.integers(0, 256, (60 + i, 40, 3), dtype=np.uint8)).save(files[-1])
    return files


def body(bias=0.0):
    torch.manual_seed(1)
    made = nn.Sequential(nn.Conv2d(3, 4, 3, stride=2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    made[0].bias.data[0] += bias
    return made


def pictures(folder=None, size=(48, 32), stats=STATS, **kwargs):
    made = Pictures("tiny", body(**kwargs), size, stats)
    made.keep_in(folder and folder / "features")
    return made


def look(made, posters, views="auto", **kwargs):
    rows, errors = made.features(pd.DataFrame({"poster": posters}), views, bs=2, progress=False, **kwargs)
    refuse_unreadable(posters, errors)
    return rows


def computed(made):
    return sum(cache.computed for cache in made.kept.values())


def by_hand(image):
    mean, std = (torch.tensor(s).view(3, 1, 1) for s in STATS)
    x = torch.from_numpy(np.array(image)).permute(2, 0, 1).float() / 255
    with torch.no_grad():
        return body()(((x - mean) / std)[None])[0].numpy()


def test_features_are_the_bodys_of_each_view(posters, tmp_path):
    small = [Image.open(p).convert("RGB").resize((32, 48), Image.Resampling.BILINEAR) for p in posters]
    for made in (pictures(), pictures(tmp_path)):  # kept or not
        assert np.allclose(np.concatenate(look(made, posters)), [by_hand(i) for i in small], atol=1e-5)
        both = np.stack(look(made, posters, "mirror"))
        assert np.allclose(both[:, 1], [by_hand(ImageOps.mirror(i)) for i in small], atol=1e-5)
        large = Image.open(posters[0]).convert("RGB").resize((40, 60), Image.Resampling.BILINEAR)
        corners = [large.crop((x, y, x + 32, y + 48)) for y in (0, 12) for x in (0, 8)]
        assert np.allclose(look(made, posters[:1], "grid")[0], [by_hand(c) for c in corners], atol=1e-5)
        assert [len(rows) for rows in look(made, posters, "scales+mirror")] == [4] * 5  # pictures of two sizes


def test_what_is_in_the_file_is_not_computed_again(posters, tmp_path):
    first = pictures(tmp_path)
    values = look(first, posters)
    assert computed(first) == 5
    again = pictures(tmp_path)
    assert np.array_equal(look(again, posters[::-1]), values[::-1]) and computed(again) == 0
    Image.open(posters[2]).rotate(180).save(posters[2])
    os.utime(posters[2], ns=(1, 1))
    changed = look(again, posters)
    assert computed(again) == 1 and not np.allclose(changed[2], values[2])
    assert np.array_equal(np.delete(changed, 2, 0), np.delete(values, 2, 0))
    assert look(again, posters, "mirror")[0].shape == (2, 4) and computed(again) == 6


def test_several_processes_give_the_same(posters):
    assert np.array_equal(look(pictures(), posters), look(pictures(), posters, workers=2))


def test_other_weights_sizes_and_statistics_have_files_of_their_own():
    kinds = [pictures(), pictures(size=(48, 48)), pictures(stats=(STATS[0], STATS[0])), pictures(bias=1.0)]
    kinds.append(Pictures("tiny", body(), (48, 32), STATS, crop="random"))
    assert len({made.file_name for made in kinds}) == 5 and pictures().file_name == pictures().file_name


def test_a_broken_poster_is_named_and_what_was_computed_is_kept(posters, tmp_path):
    posters[3].write_bytes(b"no picture")
    with pytest.raises(ValueError, match=r"1 posters cannot be read, first .*3\.png .*check_posters=True"):
        look(pictures(tmp_path), posters)
    again = pictures(tmp_path)
    look(again, [p for p in posters if p.stem != "3"])
    assert computed(again) == 0 and not list((tmp_path / "features").glob(".*"))


def test_bare_pictures_and_movies_without_one(posters, tmp_path):
    made = pictures(tmp_path)
    rows, errors = made.features(pd.DataFrame({"poster": [posters[0], Image.open(posters[0]), None, float("nan")]}))
    assert [len(r) for r in rows] == [1, 1, 0, 0] and errors == [None] * 4 and np.allclose(rows[0], rows[1], atol=1e-6)


def test_frozen_means_no_gradients_and_no_new_batch_statistics():
    made = Pictures("norm", nn.Sequential(nn.BatchNorm2d(3), nn.AdaptiveAvgPool2d(1)), 8, STATS).train()
    before = {k: v.clone() for k, v in made.state_dict().items()}
    assert not made(torch.zeros(4, 3, 8, 8, dtype=torch.uint8)).requires_grad
    assert all(torch.equal(before[k], v) for k, v in made.state_dict().items()) and not made.body[0].training


def test_any_architecture_without_its_last_layer(tmp_path):
    from postergenre.vision.build import create_model

    for arch, width in (("resnet18", 512), ("timm/test_resnet", 96)):
        torch.save(create_model(arch, 5, (64, 64))[0].state_dict(), tmp_path / "weights.pth")
        made = Pictures.by_name(arch, 64, weights=tmp_path / "weights.pth", stages=False)
        assert made.encode([torch.zeros(3, 64, 64, dtype=torch.uint8)] * 2).shape == (2, width)
        assert not any(p.requires_grad for p in made.parameters())
    with pytest.raises(ValueError, match="A frozen body needs weights"):
        Pictures.by_name("resnet18", 64, weights=None)


def test_key_follows_path_length_and_time(posters):
    key = poster_key(posters[0])
    assert key == poster_key(posters[0]) != poster_key(posters[1])
    os.utime(posters[0], ns=(5, 5))
    assert poster_key(posters[0]) != key
