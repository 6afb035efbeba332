import subprocess
import sys
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from postergenre import load_learner, movie_probs, predict_movies, predict_posters
from postergenre.data.windows import cut, grid
from postergenre.inference.export import warn_of_code
from postergenre.inference.paths import predict_paths


def poster_probs(learn, posters, *args, **kwargs):
    "What a learner says of bare posters, and what is wrong with them."
    return learn.probs(pd.DataFrame({"poster": pd.Series(list(posters), dtype=object)}), *args, **kwargs)


@pytest.fixture(scope="module")
def exported(cnn, tmp_path_factory):
    file = tmp_path_factory.mktemp("export") / "learner.pkl"
    cnn.export(file)
    return file


FRESH = """
import sys
from postergenre import load_learner, predict_posters
learn = load_learner(sys.argv[1])
predict_posters(learn, sys.argv[2:], progress=False).to_csv("there.csv", index=False)
print(*learn.predict(sys.argv[2])[2].tolist(), file=sys.stderr)
"""


def test_exported_learner_gives_the_same_probabilities_in_a_fresh_process(cnn, exported, movies, tmp_path):
    files = [str(p) for p in movies["poster"].head(5)]
    (tmp_path / "fresh.py").write_text(FRESH)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    done = subprocess.run([sys.executable, "-W", "ignore", tmp_path / "fresh.py", exported, *files], cwd=elsewhere,
                          capture_output=True, text=True, timeout=300)  # fmt: skip
    assert done.returncode == 0, done.stderr
    there = pd.read_csv(elsewhere / "there.csv")
    here = predict_posters(cnn, files)
    np.testing.assert_allclose(there[list(cnn.dls.vocab)], here[list(cnn.dls.vocab)], atol=1e-5)
    predicted = [float(v) for v in done.stderr.splitlines()[-1].split()]
    np.testing.assert_allclose(predicted, cnn.predict(files[0])[2].tolist(), atol=1e-5)


def test_centre_view_is_what_fastai_sees(cnn, movies):
    rows = movies.head(3)
    probs, _ = poster_probs(cnn, rows["poster"], views="center")
    np.testing.assert_allclose(probs, cnn.get_preds(dl=cnn.dls.test_dl(rows))[0].numpy(), atol=1e-5)


def test_grid_is_the_mean_over_crops_that_cover_the_poster(cnn, movies):
    file = movies["poster"].iloc[0]
    with Image.open(file) as poster:
        poster = poster.convert("RGB")
    rows = [
        cnn.predict(np.asarray(cut(poster, (64, 64), *place)))[2].numpy()
        for place in grid((poster.height, poster.width), (64, 64))
    ]
    probs, _ = poster_probs(cnn, [file])
    np.testing.assert_allclose(probs[0], np.mean(rows, axis=0), atol=1e-5)


def test_batches_do_not_matter(cnn, movies):
    test = movies[movies["split"] == "test"]
    np.testing.assert_allclose(movie_probs(cnn, test, bs=4), movie_probs(cnn, test, bs=500), atol=1e-5)


def test_an_unreadable_file_is_a_row_and_not_the_end(cnn, movies, tmp_path):
    good = Path(movies["poster"].iloc[0])
    (tmp_path / "a.jpg").write_bytes(good.read_bytes())
    (tmp_path / "b.jpg").write_text("<html>")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "c.PNG").write_bytes(good.read_bytes()[:500])
    (tmp_path / "notes.txt").write_text("not a poster")
    table = predict_posters(cnn, tmp_path)
    assert [p.rsplit("/", 1)[-1] for p in table["poster"]] == ["a.jpg", "b.jpg", "c.PNG"]
    assert pd.isna(table["error"][0]) and "UnidentifiedImageError" in table["error"][1] and pd.notna(table["error"][2])
    assert table.loc[0, "Drama":].notna().any() and table["Drama"].isna().tolist() == [False, True, True]
    assert table["genres"][1] == []
    with pytest.raises(ValueError, match=r"posters cannot be read, first .*check_posters=True"):
        movie_probs(cnn, table)


def test_movies_are_predicted_from_tables_and_csv_files(cnn, movies, tmp_path):
    test = movies[movies["split"] == "test"].head(3)
    table = predict_movies(cnn, test)
    assert table["id"].tolist() == test["id"].tolist() and {"title", "poster", "genres", "error"} <= set(table.columns)
    vocab = list(cnn.dls.vocab)
    np.testing.assert_allclose(table[vocab], movie_probs(cnn, test), atol=1e-6)
    np.testing.assert_allclose(table[vocab], predict_posters(cnn, test["poster"])[vocab], atol=1e-6)
    rows = [{"id": "a", "poster": "p.jpg"}, {"id": "b", "poster": None}]
    (tmp_path / "p.jpg").write_bytes(Path(test["poster"].iloc[0]).read_bytes())
    pd.DataFrame(rows).to_csv(tmp_path / "movies.csv", index=False)
    table = predict_movies(cnn, tmp_path / "movies.csv")  # files are looked for beside the CSV
    np.testing.assert_allclose(table.loc[0, vocab].astype(float), movie_probs(cnn, test)[0], atol=1e-5)
    assert table["error"].isna().tolist() == [True, False] and "nothing is there" in table["error"][1]
    with pytest.raises(FileNotFoundError, match="pass the folder or table of your movies"):
        predict_movies(cnn, tmp_path / "none.csv")


def test_a_table_of_other_columns_says_so_and_its_posters_column_may_be_named(cnn, movies, tmp_path):
    "Each of its rows said that nothing was there that the learner looks at."
    some = movies[["id", "poster"]].head(2).rename(columns={"poster": "Art"})
    some.to_csv(tmp_path / "m.csv", index=False)
    for table in (some, tmp_path / "m.csv"):
        with pytest.raises(ValueError, match=r"no column of the table, which has: id, Art; .* poster_col"):
            predict_movies(cnn, table)
        with pytest.raises(ValueError, match="There is no column 'file' in the table; it has: id, Art"):
            predict_movies(cnn, table, poster_col="file")
    found = [predict_movies(cnn, some, poster_col="Art"), predict_movies(cnn, tmp_path / "m.csv", poster_col="art")]
    found.append(predict_paths(cnn, [str(tmp_path / "m.csv")], [".csv"], poster_col="Art"))
    for table in found:
        np.testing.assert_allclose(table[list(cnn.dls.vocab)], movie_probs(cnn, movies.head(2)), atol=1e-5)
        assert table["poster"].tolist() == movies["poster"].head(2).tolist()


def test_a_movie_without_a_poster_is_a_row_with_its_reason_and_counts_as_usual(cnn, movies):
    good = Path(movies["poster"].iloc[0])
    table = predict_posters(cnn, [good, None, float("nan"), ""])
    assert table["error"].isna().tolist() == [True, False, False, False] and table["Drama"].isna().sum() == 3
    rows = pd.DataFrame({"poster": [good, None]})
    np.testing.assert_allclose(movie_probs(cnn, rows)[1], cnn.genre_freq, atol=1e-6)


def test_what_is_no_poster_is_a_row_with_its_reason(cnn, movies):
    "Numbers among posters ended the prediction of all."
    good = movies["poster"].iloc[0]
    table = predict_posters(cnn, [good, None, 7, np.nan, 2.5, {}, good])
    assert table["error"].isna().tolist() == [True] + [False] * 5 + [True]
    assert "7 is no poster; pass a file" in table["error"][2] and table["Drama"].notna().sum() == 2
    assert [bool(genres) for genres in table["genres"]] == table["error"].isna().tolist()


def test_a_table_of_movies_is_taken_as_its_column_of_posters(cnn, movies):
    "Its column names were taken for files, and an array of pixels for as many posters as it has rows."
    some, vocab = movies.head(2), list(cnn.dls.vocab)
    expected = predict_posters(cnn, some["poster"].tolist())
    pd.testing.assert_frame_equal(predict_posters(cnn, some), expected)
    assert predict_posters(cnn, some.iloc[1])[vocab].iloc[0].tolist() == expected[vocab].iloc[1].tolist()
    with Image.open(some["poster"].iloc[0]) as image:
        assert len(predict_posters(cnn, np.asarray(image.convert("RGB")))) == 1
    with pytest.raises(
        ValueError, match=r"no column poster, only title; pass posters, or predict_movies\(learn, movies"
    ):
        predict_posters(cnn, some[["title"]])


def test_nothing_gives_an_empty_table_and_an_empty_text_is_refused(cnn, movies):
    'The text "" searched the current folder.'
    for table in (predict_posters(cnn, []), predict_movies(cnn, movies.head(0)), predict_posters(cnn, iter([]))):
        assert len(table) == 0 and {"poster", "genres", "error", *cnn.dls.vocab} <= set(table.columns)
    assert movie_probs(cnn, movies.head(0)).shape == (0, 20)
    for nothing, said in (("", "posters is an empty text"), (" ", "an empty text"), (None, "None is no poster")):
        with pytest.raises(ValueError, match=said):
            predict_posters(cnn, nothing)


def test_sizes_of_batches_and_numbers_of_processes_are_checked(cnn, movies):
    for options, said in (
        ({"bs": 0}, "bs=0 should be 1 or more"),
        ({"workers": -1}, "workers=-1 should be 0 or"),
    ):
        with pytest.raises(ValueError, match=said):
            predict_movies(cnn, movies.head(1), **options)


def test_images_and_bytes_are_taken_too(cnn, picture):
    with Image.open(picture) as image:
        table = predict_posters(cnn, [image, picture.read_bytes(), picture, np.asarray(image)])
    vocab = list(cnn.dls.vocab)
    assert table["poster"].tolist() == ["image 0", "image 1", str(picture), "image 3"] and table["error"].isna().all()
    for i in range(1, 4):
        np.testing.assert_allclose(table.loc[0, vocab].astype(float), table.loc[i, vocab].astype(float), atol=1e-5)


def test_thresholds_of_the_learner_decide(cnn, picture):
    old = cnn.loss_func.thresh
    try:
        cnn.loss_func.thresh = torch.tensor([0.0] * 3 + [1.0] * 17)
        assert predict_posters(cnn, picture)["genres"][0] == list(cnn.dls.vocab)[:3] == list(cnn.predict(picture)[0])
    finally:
        cnn.loss_func.thresh = old


def test_errors_of_paths_and_views(cnn, tmp_path):
    with pytest.raises(FileNotFoundError, match="There is no"):
        predict_posters(cnn, tmp_path / "none")
    with pytest.raises(FileNotFoundError, match="holds no pictures"):
        predict_posters(cnn, tmp_path)
    with pytest.raises(ValueError, match=r"Unknown views 'all'; choose one of: auto, center, grid, mirror, scales"):
        predict_posters(cnn, [b""], views="all")


def test_bad_learner_files_are_one_clear_error(exported, tmp_path):
    with pytest.raises(FileNotFoundError, match="There is no learner file"):
        load_learner(tmp_path / "none.pkl")
    (tmp_path / "garbage.pkl").write_text("hello")
    (tmp_path / "cut.pkl").write_bytes(exported.read_bytes()[:5000])
    torch.save({"a": 1}, tmp_path / "dict.pkl")
    for name, said in (("garbage", "no whole learner"), ("cut", "no whole learner"), ("dict", "not a learner")):
        with pytest.raises(ValueError, match=rf"{said}.* trust"):
            load_learner(tmp_path / f"{name}.pkl")


def test_loading_a_file_warns_once_that_it_runs_code(exported):
    "fastai's load_learner warns of it; ours said nothing."
    warn_of_code.cache_clear()
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        load_learner(exported)
        load_learner(exported)
    [one] = [w for w in said if "trust" in str(w.message)]
    assert "only load files you trust" in str(one.message) and one.filename == __file__


@pytest.mark.parametrize("module", ["postergenre.models.frozen", "postergenre.data"])
def test_a_learner_of_an_older_version_says_so(tmp_path, module):
    "Classes of 0.1 stood in files that are now elsewhere, or are folders."
    pickled = f"c{module}\nPosterDataLoaders\n."
    with zipfile.ZipFile(tmp_path / "old.pkl", "w") as file:  # as torch.save writes it
        file.writestr("old/data.pkl", pickled)
        file.writestr("old/version", "3\n")
        file.writestr("old/byteorder", "little")
    with pytest.raises(
        ImportError, match=r"old\.pkl was exported by an older version of postergenre .*export it again"
    ):
        load_learner(tmp_path / "old.pkl")


def test_missing_module_is_named(tmp_path):
    # fastai hides it behind "cannot access local variable 'res'".
    (tmp_path / "gone_module.py").write_text("class Thing:\n    pass\n")
    code = "import sys, torch; sys.path.insert(0, '.'); import gone_module; torch.save(gone_module.Thing(), 'x.pkl')"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, timeout=120)
    with pytest.raises(ImportError, match=r"gone_module.* if you trust the file, install it"):
        load_learner(tmp_path / "x.pkl")
