"""Two processes train what one would: the same batches, the same figures, one folder that is written."""

import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch

pytest.importorskip("accelerate", reason="pip install 'postergenre[distributed]'")

FIT = """
import json, sys
import torch
from fastai.torch_core import rank_distrib, set_seed
from postergenre import PosterDataLoaders, custom_cnn_learner, read_movies, split_movies
from postergenre.training.callback import Budget, WeightEMA
from postergenre.training.processes import leave_to_first
from postergenre.training.epochs import KeepBest

demo, out = sys.argv[1:]
movies = split_movies(read_movies(demo, verbose=False), valid=0.25, test=0.2, seed=1)
set_seed(3, reproducible=True)
dls = PosterDataLoaders.from_movies(movies, size=64, crop="whole", bs=8, num_workers=0)
learn = custom_cnn_learner(dls)
for module in learn.model.modules():
    if isinstance(module, torch.nn.Dropout):
        module.p = 0.0
with learn.no_bar(), learn.no_logging(), learn.distrib_ctx():
    before = list(learn.validate())
    keep = KeepBest(f"{out}-{rank_distrib()}.pth", "valid_loss")
    learn.fit_one_cycle(3, 1e-3, cbs=[keep, WeightEMA(0.5), Budget(None)])
    after = list(learn.validate())
leave_to_first()
figures = {"before": before, "after": after, "history": [list(v) for v in learn.recorder.values],
           "losses": [float(x) for x in learn.recorder.losses], "n_valid": len(dls.valid_ds),
           "again": list(learn.validate())}
json.dump(figures, open(f"{out}.json", "w"))
torch.save(learn.model.state_dict(), f"{out}.pth")
"""
TOLERANCE = 1e-4  # of what it ends with: sums of gradients are rounded in another order
TWO = ("-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2")


def python(*args, **kwargs) -> subprocess.CompletedProcess:
    env = {k: v for k, v in os.environ.items() if k not in ("WORLD_SIZE", "RANK")}
    return subprocess.run([sys.executable, *map(str, args)], capture_output=True, text=True, env=env, **kwargs)


@pytest.fixture(scope="module")
def fits(tmp_path_factory, demo_folder):
    "The same fit by one process and by two."
    folder = tmp_path_factory.mktemp("fits")
    (folder / "fit.py").write_text(FIT)
    for name, launcher in (("one", []), ("two", TWO)):
        done = python(*launcher, folder / "fit.py", demo_folder, folder / name)
        assert done.returncode == 0, done.stderr
    return folder


def figures(fits, name) -> dict:
    return json.loads((fits / f"{name}.json").read_text())


@pytest.mark.slow
def test_figures_are_exact_although_the_last_batch_is_not_full(fits):
    one, two = figures(fits, "one"), figures(fits, "two")
    assert one["n_valid"] % 8 % 2 == 1  # a row would count twice
    np.testing.assert_allclose(two["before"], one["before"], rtol=1e-6)  # validation loss, top-n accuracy, macro AP


@pytest.mark.slow
def test_two_processes_end_where_one_does(fits):
    one, two = figures(fits, "one"), figures(fits, "two")
    np.testing.assert_allclose(two["losses"], one["losses"], rtol=TOLERANCE)
    np.testing.assert_allclose(two["history"], one["history"], rtol=TOLERANCE)
    np.testing.assert_allclose(two["again"], two["after"], rtol=1e-6)
    mine, theirs = (torch.load(fits / f"{name}.pth", weights_only=True) for name in ("one", "two"))
    assert mine.keys() == theirs.keys() == torch.load(fits / "two-0.pth", weights_only=True).keys()
    for name, weights in mine.items():
        torch.testing.assert_close(theirs[name], weights, rtol=TOLERANCE, atol=TOLERANCE)
    assert not np.allclose(one["before"], one["after"], rtol=TOLERANCE)  # it learned something


@pytest.mark.slow
def test_a_recipe_is_run_by_two_and_written_by_one(demo_folder, tmp_path):
    options = ["--data", demo_folder, "--size", "64", "--epochs", "2", "--bs", "8", "--crop", "whole", "--workers", "0"]
    done = python(*TWO, "-m", "postergenre.recipes.custom_cnn", *options, "--out", "two", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("== Training") == 1 and done.stdout.count("Done in") == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["runs", "two"]
    run = json.loads((tmp_path / "two" / "metrics.json").read_text())
    history = pd.read_csv(tmp_path / "two" / "history.csv")
    assert history["epoch"].tolist() == [1, 2] and run["best_epoch"] in (1, 2)
    assert (tmp_path / "two" / "model" / "config.json").is_file() and (tmp_path / "two" / "report.html").is_file()


@pytest.mark.slow
def test_batches_that_cannot_be_divided_are_refused(demo_folder, tmp_path):
    options = ["--data", demo_folder, "--size", "64", "--epochs", "1", "--bs", "7", "--out", tmp_path / "no"]
    done = python(*TWO, "-m", "postergenre.recipes.custom_cnn", *options, cwd=tmp_path)
    assert done.returncode and "bs=7 cannot be divided among 2 processes; pass a multiple, e.g. --bs 8" in done.stderr
    assert not (tmp_path / "no").exists()


def test_a_process_alone_trains_as_ever(cnn):
    from fastai.data.core import TfmdDL

    with cnn.distrib_ctx():
        assert type(cnn.dls.train) is TfmdDL and not torch.distributed.is_initialized()
