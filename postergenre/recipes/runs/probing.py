"""How a run fits a head on what frozen networks see: look once, fit on what was seen, score from there."""

import time
from collections.abc import Sequence

import numpy as np
import pandas as pd
from fastai.learner import Learner

from postergenre.evaluation.evaluate import Evaluation
from postergenre.recipes.runs.results import judge
from postergenre.recipes.runs.run import Data, Run
from postergenre.recipes.runs.setup import device_name, section
from postergenre.recipes.runs.training import MONITOR, Training, count_parameters, fit_probabilities
from postergenre.training.heads import score
from postergenre.training.probe import fit_probe, probe_logits, probe_probs
from postergenre.vision.features import FeatureCache

WHOLE = ("whole",)


def look(
    caches: Sequence[FeatureCache],  # one a body
    movies: pd.DataFrame,  # with the column split
    views: Sequence[str] = WHOLE,  # of all posters
    train_views: Sequence[str] = WHOLE,  # of training posters
) -> float | None:  # posters a second; None: all were in the caches
    "Compute the features that a run needs, or read them."
    section("Features of the posters")
    begun, everywhere = time.time(), ("whole", *views)
    for cache in caches:
        for view in dict.fromkeys([*train_views, *everywhere]):
            wanted = movies if view in everywhere else movies[movies["split"] == "train"]
            before, start = cache.computed, time.time()
            cache.get(wanted["poster"].tolist(), view)
            new, seconds = cache.computed - before, time.time() - start
            text = f"{new:,} posters computed, {new / seconds:.0f} a second" if new else "all in the cache"
            print(f"  {cache.file(view).name}: {text}", flush=True)
    looked = sum(cache.computed for cache in caches)
    return looked / (time.time() - begun) if looked else None


def fit_head(
    run: Run,
    data: Data,
    learn: Learner,  # from probe_learner
    caches: Sequence[FeatureCache],  # one a body
    views: Sequence[str] = WHOLE,  # of training posters
    speed: float | None = None,  # posters a second, from look
) -> Training:
    "Fit the head, its strength chosen on validation."
    section("Fitting the head")
    begun = time.time()
    table = fit_probe(learn, data.movies, caches, views, kernel=run.config["kernel"], seed=run.config["seed"])
    minutes, parameters = (time.time() - begun) / 60, count_parameters(learn)
    trained = sum(p.numel() for p in learn.model.head.parameters())
    print(f"{learn.arch}, {parameters:,} parameters, {trained:,} of them fitted, on {device_name()}")
    print(table.to_string(index=False, float_format=lambda x: f"{x:.4g}"))
    table.insert(0, "epoch", range(len(table)))
    run.write("history.csv", table.to_csv(index=False))
    best = max(table.index, key=lambda i: score(table.loc[i]))
    strength, top_n = table.loc[best, ["strength", MONITOR]]
    print(f"Chosen: strength {strength:g}, validation top-n accuracy {top_n:.1%}")
    return Training(learn.arch, parameters, minutes, table, best, speed)


def fit_head_probabilities(
    data: Data, learn: Learner, caches: Sequence[FeatureCache], views: Sequence[str] = WHOLE
) -> None:
    "As fit_probabilities, from the features of the views with which the learner will predict."
    valid = data.side("valid")
    logits = np.stack([probe_logits(learn, valid, caches, view) for view in views], axis=1)
    fit_probabilities(learn, valid, list(logits))


def judge_head(
    run: Run, data: Data, learn: Learner, caches: Sequence[FeatureCache], views: Sequence[str] = WHOLE
) -> list[Evaluation]:
    "As judge, from the features of views."
    return judge(run, data, learn, probe_probs(learn, data.side("test"), caches, views), "the head")
