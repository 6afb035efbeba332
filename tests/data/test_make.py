"""Demo posters: the same seed draws the same data set, in the study's layout, whole or not at all."""

import hashlib
import json
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from postergenre.data.demo import make
from postergenre.data.demo.make import draw_poster, make_demo
from postergenre.data.demo.metadata import RAW
from postergenre.data.demo.plan import SHARE, plan_movies
from postergenre.data.demo.styles import STYLES
from postergenre.data.genres import GENRES, merge_all
from postergenre.recipes.demo import main as demo_main

N = 40  # enough for two workers


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_demo(tmp_path_factory.mktemp("demo") / "posters", n=N, seed=3)


def digests(root):
    return {p.relative_to(root): hashlib.sha256(p.read_bytes()).hexdigest() for p in root.rglob("*") if p.is_file()}


def documents(root):
    out = []
    for file in sorted((root / "Movie_Poster_Metadata/groundtruth").iterdir()):
        raw = file.read_bytes()
        assert raw[:2] == b"\xff\xfe"
        text = raw[2:].decode("utf-16-le")
        assert text.count("\n") == text.count("\r\n")
        for part in text.replace("\r\n", "\n").split("\n}\n")[:-1]:
            fields = json.loads(re.sub(r'ObjectId\(("[0-9a-f]{24}")\)', r"\1", part + "}"))
            out.append((file.stem, fields))
    return out


def test_the_same_seed_gives_the_same_bytes(folder, tmp_path):
    assert digests(make_demo(tmp_path / "again", n=N, seed=3)) == digests(folder)


def test_another_seed_gives_other_posters():
    assert draw_poster(["Drama"], 1).tobytes() == draw_poster(["Drama"], 1).tobytes()
    assert draw_poster(["Drama"], 1).tobytes() != draw_poster(["Drama"], 2).tobytes()
    assert [m.document for m in plan_movies(9, 1)] != [m.document for m in plan_movies(9, 2)]


def test_the_number_of_workers_does_not_matter(folder, tmp_path):
    make._draw_all(tmp_path, plan_movies(N, 3)[:15], progress=False)  # too few for processes
    one, many = digests(tmp_path), digests(folder)
    assert len(one) >= 13
    assert one == {file: many[file] for file in one}


def test_posters_are_all_different_rgb_images_of_the_usual_size(folder):
    files = list((folder / "Movie_Poster_Dataset").glob("[12]???/tt*.jpg"))
    assert len(set(digests(folder / "Movie_Poster_Dataset").values())) == len(files)
    for file in files:
        with Image.open(file) as image:
            assert image.mode == "RGB" and 296 <= image.width <= 300 and 420 <= image.height <= 452


def test_exactly_n_movies_are_usable(folder):
    found = documents(folder)
    usable = {
        d["imdbID"]
        for year, d in found
        if (folder / "Movie_Poster_Dataset" / year / f"{d['imdbID']}.jpg").is_file() and d["Genre"] != "N/A"
    }
    assert len(usable) == N
    ids = Counter(d["imdbID"] for _, d in found)
    assert max(ids.values()) == 2  # one is listed twice
    assert len(ids) > N  # some lack a poster or a genre
    assert any(d["Genre"] == "N/A" for _, d in found)
    for year, d in found:
        assert all(isinstance(v, str) for v in d.values())
        assert d["Released"] == "N/A" or d["Released"].endswith(year)
        assert re.fullmatch(r"\d+ min", d["Runtime"]) and re.fullmatch(r"[\d,]+", d["imdbVotes"])
        assert 1 <= len(merge_all([d["Genre"].split(", ")], [year])[0]) <= 3 or d["Genre"] == "N/A"


@pytest.mark.parametrize("seed", [0, 42])
def test_genres_are_as_frequent_as_in_the_study(seed):
    movies = [m for m in plan_movies(1000, seed) if m.usable]
    assert len(movies) == 1000
    counts = Counter(g for m in movies for g in m.genres)
    assert set(counts) == set(GENRES) == set(SHARE) == set(STYLES)
    assert min(counts.values()) >= 10
    for genre, study in SHARE.items():
        expected = study * 1000 / 7541
        assert abs(counts[genre] - expected) < 0.15 * expected + 3 * expected**0.5, genre
    assert 2.1 < sum(counts.values()) / 1000 < 2.5
    raw = {g for m in movies for g in m.document["Genre"].split(", ")}
    assert set(RAW["Music"].split()) | {"Western", "Short"} <= raw
    assert merge_all([m.document["Genre"].split(", ") for m in movies], movies) == [m.genres for m in movies]


def test_directors_hint_at_genres():
    movies = plan_movies(1000, 0)
    of_director = {}
    for m in movies:
        of_director.setdefault(m.document["Director"], []).append(set(m.genres))
    pairs = [(a, b) for all_ in of_director.values() for i, a in enumerate(all_) for b in all_[:i]]
    same = np.mean([bool(a & b) for a, b in pairs])
    rng = np.random.default_rng(0)
    chance = np.mean([bool(set(movies[i].genres) & set(movies[j].genres)) for i, j in rng.integers(0, 1000, (2000, 2))])
    assert same > chance + 0.1


@pytest.mark.parametrize("genre", GENRES)
def test_every_genre_draws(genre):
    for seed in range(3):
        image = draw_poster([genre], seed)
        assert image.mode == "RGB" and image.size == (300, 440)
        assert np.asarray(image).std() > 12


def test_all_layouts_draw_and_the_order_of_genres_does_not_matter():
    for seed in range(12):
        draw_poster(["War", "Comedy", "Music"][: 2 + seed % 2], seed, size=(150, 210))
    assert draw_poster(["War", "Drama"], 5).tobytes() == draw_poster(["Drama", "War", "Drama"], 5).tobytes()


@pytest.mark.parametrize(
    "title", ["", " ", "A", "Donaudampfschifffahrtsgesellschaft", "One two three four five " * 6, "東京"]
)
def test_any_title_fits(title):
    for seed in range(3):
        assert draw_poster(["Comedy", "Horror"], seed, title=title).size == (300, 440)


def test_errors_say_what_to_type():
    with pytest.raises(ValueError, match="'Noir'; known: Action, "):
        draw_poster(["Drama", "Noir"], 1)
    with pytest.raises(ValueError, match="No genre given"):
        draw_poster([], 1)
    with pytest.raises(ValueError, match="size"):
        draw_poster(["Drama"], 1, size=(5, 5000))
    with pytest.raises(ValueError, match="n is 0"):
        make_demo("anywhere", n=0)


def test_a_demo_is_reused_and_nothing_else_is_overwritten(folder, tmp_path):
    before = {p: p.stat().st_mtime_ns for p in folder.rglob("*")}
    assert make_demo(folder, n=N, seed=3) == folder
    with pytest.raises(FileExistsError, match="delete it or pass another path"):
        make_demo(folder, n=N, seed=4)
    assert {p: p.stat().st_mtime_ns for p in folder.rglob("*")} == before
    (tmp_path / "thesis.txt").write_text("mine")
    (tmp_path / "demo.json").write_text('["not ours"]')
    with pytest.raises(FileExistsError, match="no demo of postergenre"):
        make_demo(tmp_path, n=2)
    with pytest.raises(FileExistsError, match="no demo of postergenre"):
        make_demo(tmp_path / "thesis.txt", n=2)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["demo.json", "thesis.txt"]


def test_an_empty_folder_is_filled_even_the_working_one(tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    assert make_demo(".", n=2) == Path() == make_demo(".", n=2)
    assert [p.name for p in tmp_path.iterdir()] == ["empty"]
    assert len(list((tmp_path / "empty").glob("Movie_Poster_Dataset/*/*.jpg"))) == 3  # one of them has no genre


def test_nothing_is_left_when_drawing_fails(tmp_path, monkeypatch):
    calls = []

    def fail(*args):
        calls.append(args)
        if len(calls) > 3:
            raise RuntimeError("no ink")
        return Image.new("RGB", (10, 10))

    monkeypatch.setattr(make, "paint", fail)
    with pytest.raises(RuntimeError, match="no ink"):
        make_demo(tmp_path / "new" / "posters", n=10)
    assert len(calls) == 4
    assert list((tmp_path / "new").iterdir()) == []


def test_command_line(tmp_path, capsys):
    demo_main([str(tmp_path / "posters"), "--n", "2", "--seed", "7"])
    assert "2 posters" in capsys.readouterr().out
    with pytest.raises(SystemExit) as stop:
        demo_main([str(tmp_path / "posters"), "--n", "3"])
    assert stop.value.code == 2 and "delete it" in capsys.readouterr().err
