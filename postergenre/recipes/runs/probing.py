"""How a run fits a head on what frozen modalities see: look once, fit on what was seen, score from there."""

import time

import pandas as pd

from postergenre.recipes.runs.run import Data, Run
from postergenre.recipes.runs.setup import device_name, section
from postergenre.recipes.runs.story import fitted_words
from postergenre.recipes.runs.training import MONITOR, Training, count_parameters
from postergenre.training.fusion import ProbeLearner
from postergenre.training.heads import score
from postergenre.training.probe import fit_probe


def look(
    run: Run,
    learn: ProbeLearner,
    movies: pd.DataFrame,  # with the column split
    views: str = "whole",  # of all posters
    train_views: str = "whole",  # of training posters
) -> float | None:  # posters a second; None: all was kept from before
    "Compute the features that a run needs and keep them in --cache, or find them there."
    section("Features of the posters")
    learn.use_cache(run.config["cache"])
    begun, looked, train = time.time(), 0, movies["split"] == "train"
    for modality in learn.modalities:
        for wanted, of in ((movies, f"whole+{views}"), (movies[train], train_views)):
            modality.features(wanted, of, run.config["bs"], run.config["workers"])
        for file, kept in modality.kept.items():
            print(
                f"  {file}: {f'{kept.computed:,} posters computed' if kept.computed else 'all in the cache'}",
                flush=True,
            )
            looked += kept.computed * file.endswith(".npz")
    return looked / (time.time() - begun) if looked else None


def fit_head(run: Run, data: Data, learn: ProbeLearner, views: str = "whole", speed: float | None = None) -> Training:
    "Fit the head to views of training posters, its strength chosen on validation; speed: from look."
    section("Fitting the head")
    begun, device = time.time(), device_name()
    table = fit_probe(learn, data.movies, views, kernel=run.config["kernel"], seed=run.config["seed"])
    minutes, parameters = (time.time() - begun) / 60, count_parameters(learn.model)
    fitted = count_parameters(learn.model.head)
    print(f"{learn.arch}, {parameters:,} parameters, {fitted:,} of them fitted, on {device}")
    print(table.to_string(index=False, float_format="{:.4g}".format))
    run.write("history.csv", table.to_csv(index=False))
    best = max(table.index, key=lambda i: score(table.loc[i]))
    strength, top_n = table.loc[best, ["strength", MONITOR]]
    print(f"Chosen: strength {strength:g}, validation top-n accuracy {top_n:.1%}")
    words = fitted_words(learn.arch, parameters, len(table), strength, minutes, device, speed)
    return Training(learn.arch, parameters, words, minutes=minutes, history=table, best=best, images_per_second=speed)
