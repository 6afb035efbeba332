import os

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps
from torch import nn

from postergenre.data.cache import poster_key
from postergenre.vision.features import FeatureCache, weights_digest

STATS = ([0.5, 0.5, 0.5], [0.25, 0.5, 0.5])


@pytest.fixture
def posters(tmp_path):
    rng = np.random.default_rng(0)
    files = []
    for i in range(5):
        files.append(tmp_path / f"{i}.png")
        Image.fromarray(rng.integers(0, 256, (60 + i, 40, 3), dtype=np.uint8)).save(files[-1])
    return files


@pytest.fixture
def body():
    torch.manual_seed(1)
    return nn.Sequential(nn.Conv2d(3, 4, 3, stride=2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()).eval()


def cache(folder, body, **kwargs):
    return FeatureCache(folder / "features", "tiny", body, (48, 32), STATS, bs=2, progress=False, **kwargs)


def by_hand(body, image):
    mean, std = (torch.tensor(s).view(3, 1, 1) for s in STATS)
    x = torch.from_numpy(np.array(image)).permute(2, 0, 1).float() / 255
    with torch.no_grad():
        return body(((x - mean) / std)[None])[0].numpy()


def test_features_are_the_bodys_of_each_view(posters, body, tmp_path):
    features = cache(tmp_path, body)
    small = [Image.open(p).convert("RGB").resize((32, 48), Image.Resampling.BILINEAR) for p in posters]
    assert np.allclose(features.get(posters), [by_hand(body, i) for i in small], atol=1e-5)
    assert np.allclose(features.get(posters, "mirror"), [by_hand(body, ImageOps.mirror(i)) for i in small], atol=1e-5)
    large = Image.open(posters[0]).convert("RGB").resize((40, 60), Image.Resampling.BILINEAR)
    corners = [large.crop((x, y, x + 32, y + 48)) for y in (0, 12) for x in (0, 8)]
    wanted = np.mean([by_hand(body, corner) for corner in corners], axis=0)
    assert np.allclose(features.get(posters[:1], "grid")[0], wanted, atol=1e-5)


def test_what_is_in_the_file_is_not_computed_again(posters, body, tmp_path):
    first = cache(tmp_path, body)
    values = first.get(posters)
    assert first.computed == 5
    again = cache(tmp_path, body)
    assert np.array_equal(again.get(posters[::-1]), values[::-1]) and again.computed == 0
    Image.open(posters[2]).rotate(180).save(posters[2])
    os.utime(posters[2], ns=(1, 1))
    changed = again.get(posters)
    assert again.computed == 1 and not np.allclose(changed[2], values[2])
    assert np.array_equal(np.delete(changed, 2, 0), np.delete(values, 2, 0))


def test_other_weights_sizes_and_statistics_have_files_of_their_own(posters, body, tmp_path):
    names = {cache(tmp_path, body).file("whole")}
    names.add(FeatureCache(tmp_path, "tiny", body, (48, 48), STATS).file("whole"))
    names.add(FeatureCache(tmp_path, "tiny", body, (48, 32), (STATS[0], STATS[0])).file("whole"))
    with torch.no_grad():
        body[0].bias[0] += 1
    names.add(cache(tmp_path, body).file("whole"))
    assert len(names) == 4
    assert weights_digest(body, STATS) == weights_digest(body, STATS)


def test_a_broken_poster_is_named_and_what_was_computed_is_kept(posters, body, tmp_path):
    posters[3].write_bytes(b"no picture")
    features = cache(tmp_path, body)
    with pytest.raises(ValueError, match=r"3\.png cannot be read .*check_posters=True"):
        features.get(posters)
    again = cache(tmp_path, body)
    again.get(posters[:2])
    assert again.computed == 0 and not list((tmp_path / "features").glob(".*"))


def test_a_damaged_file_is_said(posters, body, tmp_path):
    features = cache(tmp_path, body)
    features.get(posters)
    features.file("whole").write_bytes(features.file("whole").read_bytes()[:200])
    with pytest.raises(ValueError, match=r"is no whole file of features .* delete it"):
        cache(tmp_path, body).get(posters)
    with pytest.raises(ValueError, match="Unknown view 'half'; choose one of: whole, mirror, grid"):
        features.get(posters, "half")


def test_key_follows_path_length_and_time(posters):
    key = poster_key(posters[0])
    assert key == poster_key(posters[0]) != poster_key(posters[1])
    os.utime(posters[0], ns=(5, 5))
    assert poster_key(posters[0]) != key
