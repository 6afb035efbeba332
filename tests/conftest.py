"""Posters for the tests: drawn by the library, in the study's layout; the real ones where they are."""

import os

# One thread a process, in the commands that tests start too: threads of several processes wait for each other.
os.environ["OMP_NUM_THREADS"] = "1"

import sys
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from PIL import Image

matplotlib.use("agg")

REAL = Path(os.environ.get("POSTERGENRE_DATA") or Path(__file__).parents[2] / "shared" / "posters")


@pytest.fixture(autouse=True)
def close_figures():
    "Plots stay open, as pyplot's do: a test's are closed after it."
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture(scope="session")
def real_posters() -> Path:
    if not (REAL / "Movie_Poster_Metadata").is_dir():
        pytest.skip(f"no real posters at {REAL}: set POSTERGENRE_DATA to the folder that holds Movie_Poster_Metadata")
    return REAL


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory) -> Path:
    from postergenre import make_demo

    return make_demo(tmp_path_factory.mktemp("data") / "demo", n=60, seed=1)


@pytest.fixture(scope="session")
def movies(demo_folder):
    from postergenre import read_movies, split_movies

    return split_movies(read_movies(demo_folder, verbose=False), valid=0.2, test=0.3, seed=1)


@pytest.fixture(scope="session")
def dls(movies):
    from postergenre import PosterDataLoaders

    return PosterDataLoaders.from_movies(movies, size=64, bs=8, num_workers=0)


@pytest.fixture(scope="session")
def cnn(dls):
    "A custom CNN with random weights."
    from fastai.torch_core import set_seed

    from postergenre import custom_cnn_learner

    set_seed(3)
    return custom_cnn_learner(dls)


@pytest.fixture
def picture(tmp_path) -> Path:
    "A poster file of 120 x 180 pixels in three coloured bands."
    bands = np.repeat(np.array([[200, 30, 30], [30, 200, 30], [30, 30, 200]], dtype=np.uint8), 60, axis=0)
    Image.fromarray(np.repeat(bands[:, None], 120, axis=1)).save(tmp_path / "bands.png")
    return tmp_path / "bands.png"
