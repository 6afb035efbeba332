"""What help() and ? say of a public name, and the list of commands."""

import inspect
import os
import subprocess
import sys

import postergenre
from postergenre.__main__ import commands


def test_help_explains_every_parameter_and_the_signature_stays(capsys):
    "The comments behind parameters could be read in the source only."
    help(postergenre.read_movies)
    text = capsys.readouterr().out
    assert "Parameters:" in text and "  verbose: print how many were read and what was left out" in text
    assert text.count("Parameters:") == 1 and "Returns: one row a movie" in text and postergenre.read_movies
    assert inspect.signature(postergenre.read_movies).parameters["verbose"].default is True
    assert inspect.getdoc(postergenre.read_movies).count("Parameters:") == 1  # the second look adds nothing


def test_methods_and_what_a_signature_takes_over_are_explained_too():
    from_movies = inspect.getdoc(postergenre.PosterDataLoaders.from_movies)
    assert "  bs: batch size" in from_movies and "Returns: ValueError: not split" in from_movies
    densenet = postergenre.densenet_learner
    assert "  attention: " in inspect.getdoc(densenet) and "attention" in inspect.signature(densenet).parameters
    assert "  train_freq: " in inspect.getdoc(postergenre.Evaluation.__init__)


def test_the_version_is_that_of_the_package():
    from importlib.metadata import version

    assert postergenre.__version__ == version("postergenre")


def test_python_m_postergenre_lists_the_commands(tmp_path):
    "It said that the package cannot be executed."
    names = commands()
    assert {"predict", "report", "recipes.densenet", "recipes.recorded", "recipes.demo"} <= set(names)
    assert all(names.values()) and "recipes.runs.run" not in names
    call = [sys.executable, "-m", "postergenre"]
    done = subprocess.run(
        call, cwd=tmp_path, capture_output=True, text=True, timeout=60, env=os.environ | {"COLUMNS": "80"}
    )
    assert (done.returncode, done.stderr) == (0, "") and all(f"  {name} " in done.stdout for name in names)
    assert max(map(len, done.stdout.splitlines())) <= 80
    done = subprocess.run([*call, "predict"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "type python -m postergenre.predict" in done.stderr
