import pickle
import shutil

import numpy as np
import pandas as pd
import pytest
import torch
from fastai.data.core import TfmdDL
from fastai.torch_core import set_seed
from fastai.vision.augment import aug_transforms
from PIL import Image

from postergenre import PosterDataLoaders, custom_cnn_learner, multi_hot
from postergenre.data.augment import PosterCrop, PosterImage
from postergenre.data.posters import open_poster
from postergenre.data.shards import ShardDL, Shards
from postergenre.data.windows import cut


def batches(loader):
    return [torch.cat(part) for part in zip(*loader, strict=True)]


@pytest.mark.parametrize("how", [{"crop": "whole", "size": (72, 48)}, {"crop": "random", "size": (64, 80)}], ids=str)
def test_batches_are_those_of_posters_that_are_opened(movies, tmp_path, how):
    how |= {"bs": 8, "num_workers": 0, "balance": "even:30"}
    opened, kept = (PosterDataLoaders.from_movies(movies, **how, shards=s) for s in (None, tmp_path))
    assert kept.vocab == opened.vocab and kept.train.items.equals(opened.train.items)
    for dls in (opened, kept):
        dls.train = dls.train.new(shuffle=False)
    assert isinstance(kept.train, ShardDL) and len(kept.train) == len(opened.train)
    for mine, theirs in zip(kept.loaders, opened.loaders, strict=True):
        set_seed(1)
        x, y = batches(mine)
        set_seed(1)
        seen, truth = batches(theirs)
        assert torch.equal(x, seen) and torch.equal(y, truth) and type(y) is type(truth)


def test_posters_are_decoded_once_and_again_when_they_change(movies, tmp_path, monkeypatch):
    posters = [shutil.copy(poster, tmp_path / f"{i}.jpg") for i, poster in enumerate(movies["poster"].head(6))]
    kept, view = tmp_path / "kept", PosterCrop((64, 64))
    first = Shards(kept, [*posters, posters[0]], view)
    assert (first[6] == first[0]).all() and len(list(first.folder.glob("*.npy"))) == 1
    Image.new("RGB", (90, 120), "red").save(posters[1])
    opened = []
    monkeypatch.setattr(PosterImage, "create", classmethod(lambda cls, fn: opened.append(fn) or cls(open_poster(fn))))
    again = Shards(kept, posters, view)
    assert opened == [posters[1]] and again[1].shape == (120, 90, 3) and again[1][0, 0].tolist()[1:] == [0, 0]
    assert all((again[i] == first[i]).all() for i in (0, 2, 3, 4, 5))


def test_windows_are_those_that_cut_finds_and_stay_on_the_disk(tmp_path):
    rng = np.random.default_rng(0)
    for i, (height, width) in enumerate([(150, 100), (40, 30)]):  # the second is smaller than a window
        Image.fromarray(rng.integers(0, 255, (height, width, 3), dtype=np.uint8)).save(tmp_path / f"{i}.png")
    posters = [tmp_path / "0.png", tmp_path / "1.png"]
    shards = pickle.loads(pickle.dumps(Shards(tmp_path / "kept", posters, PosterCrop((64, 48)))))
    at = [(0.3, 0.8), (0.9, 0.1)]
    for window, poster, place in zip(shards.windows([0, 1], at), posters, at, strict=True):
        assert np.array_equal(window.permute(1, 2, 0), np.asarray(cut(PosterImage.create(poster), (64, 48), *place)))
    assert isinstance(shards[0].base, np.memmap | np.ndarray) and isinstance(shards.parts[0], np.memmap)
    assert not shards[0].flags.writeable


def test_an_unreadable_poster_is_said_and_leaves_nothing(movies, tmp_path):
    (tmp_path / "bad.jpg").write_text("<html>")
    with pytest.raises(ValueError, match=r"bad\.jpg cannot be read .* check_posters=True"):
        Shards(tmp_path / "kept", [*movies["poster"].head(3), tmp_path / "bad.jpg"], PosterCrop((64, 64)))
    assert not list((tmp_path / "kept").rglob("*.npy"))


def test_missing_files_are_said(movies, tmp_path):
    shards = Shards(tmp_path, movies["poster"].head(3).tolist(), PosterCrop((64, 64)))
    for file in shards.folder.glob("*.npy"):
        file.unlink()
    with pytest.raises(ValueError, match=r"Posters are missing in .* delete it"):
        Shards(tmp_path, movies["poster"].head(3).tolist(), PosterCrop((64, 64)))[0]


def test_a_learner_of_shards_trains_and_predicts_posters_that_are_none_of_them(movies, tmp_path, picture):
    how = {"size": 64, "bs": 8, "num_workers": 0, "batch_tfms": aug_transforms(do_flip=True), "shards": tmp_path}
    learn = custom_cnn_learner(PosterDataLoaders.from_movies(movies, **how))
    with learn.no_bar(), learn.no_logging():
        learn.fit(1, 1e-3)
    assert np.isfinite(learn.recorder.values[-1]).all() and learn.predict(picture)[2].shape == (20,)
    probs, targets = learn.get_preds()
    valid = movies[movies["split"] == "valid"]
    assert np.array_equal(targets, multi_hot(valid["genres"])) and len(probs) == len(valid)
    other = learn.dls.test_dl(pd.DataFrame({"poster": [picture], "genres": [["Drama"]]}))
    assert type(other) is TfmdDL and other.one_batch()[0].shape == (1, 3, 64, 64)
    assert len(learn.dls.show_batch(max_n=2)) >= 2
    learn.path = tmp_path
    learn.export("learner.pkl")
