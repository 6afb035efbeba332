from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from fastai.data.transforms import Normalize
from matplotlib import pyplot as plt

from postergenre import GENRES, PosterDataLoaders, multi_hot, poster_block, read_movies, split_movies
from postergenre.data.loaders import training_rows


def test_batches_are_normalised_posters_with_float_targets(dls):
    x, y = dls.one_batch()
    assert x.shape == (8, 3, 64, 64) and y.shape == (8, 20) and y.dtype == torch.float32
    assert set(y.unique().tolist()) <= {0, 1} and y.sum(1).min() >= 1
    assert x.min() < -0.5 and x.dtype == torch.float32 and x.max() <= 2.7
    assert list(dls.vocab) == list(GENRES) and dls.c == 20
    assert len(dls.train.after_batch.fs.filter(lambda t: isinstance(t, Normalize))) == 1


def test_targets_are_those_of_the_table(movies, dls):
    valid = movies[movies["split"] == "valid"]
    targets = torch.cat([y for _, y in dls.valid]).numpy()
    np.testing.assert_array_equal(targets, multi_hot(valid["genres"]))


def test_no_poster_stands_on_both_sides_and_test_on_none(movies):
    dls = PosterDataLoaders.from_movies(movies, size=64, bs=8, balance="study:40", num_workers=0)
    train, valid = (set(dl.items["poster"]) for dl in (dls.train, dls.valid))
    test = set(movies.loc[movies["split"] == "test", "poster"])
    assert train and valid and not train & valid and not (train | valid) & test
    assert len(dls.train.items) == len(training_rows(movies, "study:40")) > len(train)
    np.testing.assert_allclose(dls.genre_freq, multi_hot(movies[movies["split"] == "train"]["genres"]).mean(0))


def test_random_crops_differ_between_epochs_and_validation_does_not(movies):
    dls = PosterDataLoaders.from_movies(movies, size=64, bs=8, num_workers=0)
    again = [torch.cat([x for x, _ in dls.valid]) for _ in range(2)]
    assert torch.equal(*again)
    first, second = (dls.train.new(shuffle=False).one_batch()[0] for _ in range(2))
    assert not torch.equal(first, second)


def test_whole_posters_keep_their_shape(movies):
    dls = PosterDataLoaders.from_movies(movies, size=(96, 64), crop="whole", bs=8, num_workers=0)
    assert dls.one_batch()[0].shape == (8, 3, 96, 64)
    again = [dls.train.new(shuffle=False).one_batch()[0] for _ in range(2)]
    assert torch.equal(*again)  # nothing random is left


def test_block_works_alone(movies):
    dls = poster_block(size=64, crop="whole").dataloaders(movies, bs=4, num_workers=0)
    assert dls.one_batch()[0].shape == (4, 3, 64, 64)


@pytest.mark.parametrize(
    ("balance", "rows"), [(None, "plain"), ("none", "plain"), ("study:40", "study"), (40, "study"), ("even:40", "even")]
)
def test_balance_by_name_or_number(movies, balance, rows):
    train = training_rows(movies, balance)
    plain = (movies["split"] == "train").sum()
    assert len(train) == plain if rows == "plain" else len(train) > plain
    if rows == "study":
        assert len(train) == len(training_rows(movies, "study:40"))


def test_errors_say_what_to_type(movies):
    with pytest.raises(ValueError, match="Unknown crop 'center'; choose one of: random, whole"):
        PosterDataLoaders.from_movies(movies, crop="center", bs=8)
    with pytest.raises(ValueError, match="Unknown balance 'evn'"):
        PosterDataLoaders.from_movies(movies, balance="evn")
    with pytest.raises(ValueError, match=r"do not fill one batch of 4096; pass bs="):
        PosterDataLoaders.from_movies(movies, bs=4096)
    with pytest.raises(ValueError, match="not split yet"):
        PosterDataLoaders.from_movies(movies.drop(columns="split"))
    with pytest.raises(ValueError, match="No movie is on the validation side"):
        PosterDataLoaders.from_movies(movies[movies["split"] != "valid"])
    odd = movies.copy()
    odd["genres"] = [["Noir"]] * len(odd)
    with pytest.raises(ValueError, match="'Noir'"):
        PosterDataLoaders.from_movies(odd, bs=8)


def test_own_vocabulary_reaches_the_network(demo_folder):
    raw = read_movies(demo_folder, verbose=False)
    table = raw[["id", "poster"]].assign(genres=[["dark"] if i % 3 else ["light", "dark"] for i in range(len(raw))])
    movies = split_movies(read_movies(table, vocab=["light", "dark"], verbose=False), valid=0.2)
    dls = PosterDataLoaders.from_movies(movies, size=64, bs=8, num_workers=0)
    assert list(dls.vocab) == ["light", "dark"] and dls.one_batch()[1].shape == (8, 2)


@pytest.mark.parametrize("entry", ["from_folder", "from_df", "from_csv"])
def test_entries_of_fastai(demo_folder, movies, tmp_path, entry):
    kwargs = {"valid_pct": 0.25, "size": 64, "bs": 8, "num_workers": 0}
    if entry == "from_folder":
        dls, path = PosterDataLoaders.from_folder(demo_folder, **kwargs), demo_folder
    else:
        posters = [Path(p).relative_to(demo_folder) for p in movies["poster"]]
        table, path = pd.DataFrame({"file": posters, "tags": [" ".join(g) for g in movies["genres"]]}), demo_folder
        columns = {"fn_col": "file", "label_col": "tags", "label_delim": " "}
        if entry == "from_df":
            dls = PosterDataLoaders.from_df(table, path, **columns, **kwargs)
        else:
            table["file"], path = [demo_folder / p for p in posters], tmp_path
            table.to_csv(tmp_path / "labels.csv", index=False, sep=";")
            dls = PosterDataLoaders.from_csv(path, **columns, **kwargs)
    assert len(dls.train_ds) + len(dls.valid_ds) == 60 and len(dls.valid_ds) == 15
    assert dls.path == path and isinstance(dls, PosterDataLoaders) and dls.one_batch()[0].shape == (8, 3, 64, 64)


def test_entries_of_fastai_say_what_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"There is no .*labels\.csv \(looked for /.*labels\.csv\)"):
        PosterDataLoaders.from_csv(tmp_path)
    (tmp_path / "Drama").mkdir()  # a folder a genre, as fastai's from_folder takes it
    with pytest.raises(
        ValueError, match=r"holds no Movie_Poster_Metadata.*or a (CSV|table): read_movies\('movies.csv'\)"
    ):
        PosterDataLoaders.from_folder(tmp_path)


def test_validation_side_by_a_column_and_own_genres(movies):
    table = movies[["poster"]].assign(genres="a|b", is_valid=[i < 9 for i in range(len(movies))])
    options = {"valid_col": "is_valid", "vocab": ["a", "b"], "label_delim": "|", "size": 64, "bs": 8, "num_workers": 0}
    dls = PosterDataLoaders.from_df(table, **options)
    assert len(dls.valid_ds) == 9 and list(dls.vocab) == ["a", "b"]
    with pytest.raises(ValueError, match="valid_col='is_valid' should name a column of True and False"):
        PosterDataLoaders.from_df(table.assign(is_valid="no"), **options)


def test_show_batch_names_the_genres(dls):
    dls.show_batch(max_n=4)
    titles = [ax.get_title() for ax in plt.gcf().axes if ax.get_title()]
    assert len(titles) == 4 and all(set(t.replace("\n", " ").split(", ")) <= set(GENRES) for t in titles)


@pytest.mark.parametrize(("nrows", "ncols", "n"), [(None, None, 4), (1, 3, 3), (2, None, 4), (None, 1, 4)])
def test_show_batch_takes_what_fastais_takes(dls, nrows, ncols, n):
    axes = dls.show_batch(max_n=4, unique=True, nrows=nrows, ncols=ncols)
    assert len(axes) == n and len({ax.get_title() for ax in axes}) == 1 and plt.gcf() is axes[0].figure
    assert len({ax.get_title() for ax in dls.show_batch(max_n=8)}) > 1, "the loader stayed with one poster"
    batch, own = dls.one_batch(), plt.subplots(1, 2)[1]
    assert dls.show_batch(batch, ctxs=own).tolist() == own.tolist() and own[1].images


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"bs": 0}, "bs=0 should be 1 or more, for example bs=32"),
        ({"num_workers": -1}, "num_workers=-1 should be 0 or more"),
    ],
)
def test_batches_of_nothing_and_fewer_than_no_processes_are_one_sentence(movies, wrong, said):
    with pytest.raises(ValueError, match=said):
        PosterDataLoaders.from_movies(movies, size=64, **wrong)
