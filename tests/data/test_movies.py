import json
import os
import time

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from postergenre.data.genres import GENRES
from postergenre.data.movies import left_out_table, read_movies


def poster(path, colour=(10, 20, 30)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (30, 45), colour).save(path)
    return path


def document(i, genre, **more):
    return json.dumps({"imdbID": f"tt{i}", "Title": f"Movie {i}", "Genre": genre, **more}, indent=2)


@pytest.fixture
def study(tmp_path):
    metadata = tmp_path / "Movie_Poster_Metadata" / "groundtruth"
    metadata.mkdir(parents=True)
    text = [
        document(1, "Drama, Western", Title="Old title"),
        document(2, "War"),
        document(3, "N/A"),
        document(4, "Comedy"),
        document(1, "Western, Drama", Title="New title"),
    ]
    (metadata / "1990.txt").write_bytes("\r\n".join(text).encode("utf-16"))
    for i, name in enumerate(("tt1", "tt2", "tt3")):
        poster(tmp_path / "Movie_Poster_Dataset" / "1990" / f"{name}.jpg", (i, i, i))
    return tmp_path


def test_study_layout(study, capsys):
    movies = read_movies(study)
    assert movies["id"].tolist() == ["tt2", "tt1"]
    assert movies["title"].tolist() == ["Movie 2", "New title"]  # listed twice: the last stays
    assert movies["genres"].tolist() == [["War"], ["Drama", "Other"]]
    assert movies["year"].tolist() == [1990, 1990] and all(map(os.path.isfile, movies["poster"]))
    assert movies.attrs["left_out"] == {
        "listed twice (the last stays)": ["tt1"],
        "no poster": ["tt4"],
        "no genre": ["tt3"],
    }
    out = capsys.readouterr().out
    assert "5 movies read, 2 kept" in out and "no poster" in out and "tt4" in out
    assert left_out_table(movies)["movies"].tolist() == [1, 1, 1]


def test_unreadable_posters_are_found_on_request(study):
    bad = study / "Movie_Poster_Dataset" / "1990" / "tt2.jpg"
    bad.write_bytes(bad.read_bytes()[:200])
    assert "tt2" in read_movies(study, verbose=False)["id"].tolist()
    movies = read_movies(study, check_posters=True, verbose=False)
    assert movies["id"].tolist() == ["tt1"] and movies.attrs["left_out"]["unreadable poster"] == ["tt2"]


def test_csv_with_its_own_columns(tmp_path):
    poster(tmp_path / "art" / "a.jpg")
    poster(tmp_path / "art" / "b.png")
    table = pd.DataFrame(
        {"file": ["art/a.jpg", "art/b", None], "tags": ["Drama | War", "Comedy", "War"], "box": [1, 2, 3]}
    )
    table.to_csv(tmp_path / "m.csv", index=False)
    movies = read_movies(tmp_path / "m.csv", poster_col="file", genre_col="tags", delim="|", verbose=False)
    assert movies["id"].tolist() == ["a", "b"] == movies["title"].tolist()
    assert movies["genres"].tolist() == [["Drama", "War"], ["Comedy"]] and movies["box"].tolist() == [1, 2]
    assert movies.attrs["left_out"]["no poster"] == ["row 2"]


def test_dataframe_with_lists_and_own_vocabulary(tmp_path):
    file = poster(tmp_path / "a.jpg")
    table = pd.DataFrame({"poster": [file], "genres": [["Noir", "neo-noir"]], "title": ["T"], "id": [7]})
    movies = read_movies(table, vocab=["Noir"], mapping={"neo-noir": "Noir"}, verbose=False)
    assert movies["genres"].tolist() == [["Noir"]] and movies["id"].tolist() == ["7"]
    assert movies.attrs["vocab"] == ["Noir"]
    with pytest.raises(ValueError, match="Movie 7 has the genre 'neo-noir'"):
        read_movies(table, vocab=["Noir"], verbose=False)


def test_same_file_name_in_two_folders_gives_two_movies(tmp_path):
    files = [poster(tmp_path / d / "poster.jpg") for d in ("a", "b")]
    movies = read_movies(pd.DataFrame({"poster": files, "genres": ["War", "Drama"]}), verbose=False)
    assert len(movies) == 2 and movies["id"].is_unique


def test_blank_ids_are_no_duplicates_of_each_other(tmp_path, capsys):
    files = [poster(tmp_path / f"{name}.jpg") for name in ("a", "b", "7")]
    table = pd.DataFrame({"id": [7, None, float("nan"), 8.0], "poster": [*files, None], "genres": "War"})
    movies = read_movies(table)
    assert movies["id"].tolist() == ["7", "b", str(files[2])]  # the name 7 is taken
    assert (
        movies.attrs["left_out"]["no poster"] == ["8"] and not movies.attrs["left_out"]["listed twice (the last stays)"]
    )
    assert "2 without an id: they are called by their poster" in capsys.readouterr().out


def test_numeric_file_names_keep_their_zeros(tmp_path):
    poster(tmp_path / "0081.jpg")
    (tmp_path / "m.csv").write_text("poster,genres\n0081,War\n")
    assert read_movies(tmp_path / "m.csv", verbose=False)["id"].tolist() == ["0081"]


def test_two_titles_of_one_poster_are_two_movies_and_the_same_row_twice_is_one(tmp_path):
    poster(tmp_path / "a.jpg")
    (tmp_path / "m.csv").write_text("poster,title,genres\na.jpg,One,War\na.jpg,Two,War\na.jpg,Two,Drama\n")
    movies = read_movies(tmp_path / "m.csv", verbose=False)
    assert movies["id"].tolist() == ["a.jpg (One)", "a.jpg (Two)"] and movies["genres"].tolist() == [["War"], ["Drama"]]
    assert movies.attrs["left_out"]["listed twice (the last stays)"] == ["a.jpg (Two)"]


def test_case_and_spaces_of_columns_are_forgiven_where_one_reading_is_possible(tmp_path):
    file = str(poster(tmp_path / "a.jpg"))
    table = pd.DataFrame({" Poster": [file], "GENRES ": ["WAR, sci-fi"], "ID": [5], "Year": [1990.0]})
    movies = read_movies(table, verbose=False)
    assert movies.loc[0, ["id", "year", "genres"]].tolist() == ["5", 1990, ["Sci-Fi", "War"]]
    with pytest.raises(KeyError, match=r"no column 'genres'; it has: poster, Genres, GENRES.*genre_col="):
        read_movies(pd.DataFrame([[file, "War", "War"]], columns=["poster", "Genres", "GENRES"]))
    with pytest.raises(ValueError, match="names the column genres twice"):
        read_movies(pd.DataFrame([[file, "War", "War"]], columns=["poster", "genres", "genres"]))
    with pytest.raises(KeyError, match=r"no column 'genres'.*genre_col='Genre'\), in a recipe --genre_col"):
        read_movies(pd.DataFrame({"poster": [file], "Genre": ["War"]}))


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_what_pandas_writes_is_read_back(demo_folder, tmp_path, suffix):
    movies = read_movies(demo_folder, verbose=False).assign(split="train")
    file = tmp_path / f"movies.{suffix}"
    movies.to_csv(file) if suffix == "csv" else movies.to_parquet(file)
    pd.testing.assert_frame_equal(read_movies(file, verbose=False), movies)
    if suffix == "csv":  # what pandas makes of it serves too
        pd.testing.assert_frame_equal(read_movies(pd.read_csv(file, index_col=0), verbose=False), movies)


def test_relative_posters_are_read_back_from_another_folder(tmp_path, monkeypatch):
    poster(tmp_path / "art" / "a.jpg")
    monkeypatch.chdir(tmp_path)
    movies = read_movies(pd.DataFrame({"poster": ["art/a.jpg"], "genres": ["War"]}), verbose=False)
    (tmp_path / "tables").mkdir()
    movies.to_csv("tables/m.csv", index=False)
    monkeypatch.chdir(tmp_path / "art")
    assert read_movies("../tables/m.csv", verbose=False)["poster"].tolist() == [str(tmp_path / "art" / "a.jpg")]


def test_a_missing_poster_says_where_it_was_looked_for_and_a_url_that_it_must_be_downloaded(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    table = pd.DataFrame({"poster": ["~/a.jpg", "https://x.org/b.jpg"], "genres": "War"})
    with pytest.raises(
        ValueError, match=rf"URL \(download it first\): 1, no poster: 1\nThere is no .*{tmp_path}/a.jpg"
    ):
        read_movies(table, verbose=False)
    with pytest.raises(FileNotFoundError, match=rf"There is no ~/m.csv \(looked for {tmp_path}/m.csv\)"):
        read_movies("~/m.csv")


def test_hidden_files_are_no_documents_and_any_picture_is_a_poster(study):
    (study / "Movie_Poster_Metadata" / "groundtruth" / "._1990.txt").write_bytes(b"\0\5\x16\7")
    folder = study / "Movie_Poster_Dataset" / "1990"
    Image.open(folder / "tt1.jpg").save(folder / "tt4.AVIF", format="avif")
    assert read_movies(study, verbose=False)["id"].tolist() == ["tt2", "tt4", "tt1"]


def test_errors_say_what_is_wrong_and_what_to_type(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"There is no .*nowhere"):
        read_movies(tmp_path / "nowhere")
    with pytest.raises(ValueError, match=r"holds no Movie_Poster_Metadata/groundtruth"):
        read_movies(tmp_path)
    (tmp_path / "m.csv").write_text("picture,genres\na.jpg,War\n")
    with pytest.raises(KeyError, match=r"no column 'poster'; it has: picture, genres.*poster_col="):
        read_movies(tmp_path / "m.csv")
    with pytest.raises(ValueError, match=r"No movie is left of 1: .*no poster: 1"):
        read_movies(tmp_path / "m.csv", poster_col="picture", verbose=False)


def test_document_without_id_is_named(study):
    (study / "Movie_Poster_Metadata" / "groundtruth" / "1991.txt").write_text('{"Title": "x"}')
    with pytest.raises(ValueError, match=r"1991\.txt, document number 1: has no imdbID"):
        read_movies(study)


def test_empty_export_has_no_documents(tmp_path):
    folder = tmp_path / "Movie_Poster_Metadata" / "groundtruth"
    folder.mkdir(parents=True)
    (folder / "1990.txt").write_text("")
    with pytest.raises(ValueError, match="holds no documents"):
        read_movies(tmp_path)


@pytest.mark.real
def test_real_posters(real_posters, capsys):
    begun = time.perf_counter()
    movies = read_movies(real_posters)
    seconds = time.perf_counter() - begun
    print(f"read in {seconds:.2f} s")
    assert movies.attrs["read"] == 8371 and len(movies) == 7541
    assert {k: len(v) for k, v in movies.attrs["left_out"].items()} == {
        "listed twice (the last stays)": 10,
        "no poster": 809,
        "no genre": 11,
    }
    counts = movies["genres"].explode().value_counts()
    assert counts["Drama"] == 3755 and counts["Comedy"] == 3007 and counts["Other"] == 138 and len(counts) == 20
    assert movies["genres"].map(len).between(1, 3).all() and set(counts.index) == set(GENRES)
    cells = movies.drop(columns=["poster", "genres"]).to_numpy().ravel()
    assert not any(c == "N/A" or (isinstance(c, list) and "N/A" in c) for c in cells)
    assert movies["runtime"].between(1, 1000).sum() > 7000 and movies["votes"].dtype == np.float64
