"""What the probe recipe does instead of training: look once, fit a head on what was seen, score from there."""

import time
from collections.abc import Sequence

import numpy as np
import pandas as pd
from fastai.learner import Learner

from postergenre.data.files import write_whole
from postergenre.evaluation.evaluate import Evaluation, evaluate
from postergenre.recipes.runs.run import MONITOR, Run, fit_probabilities
from postergenre.recipes.runs.setup import device_name, section
from postergenre.recipes.runs.story import fitted_words
from postergenre.training.heads import score
from postergenre.training.probe import fit_probe, probe_logits, probe_probs
from postergenre.vision.features import FeatureCache


class ProbeRun(Run):
    "A run whose bodies are frozen."

    def __init__(self, name: str, config: dict):
        super().__init__(name, config)
        self.views, self.train_views = (config.get(key, ["whole"]) for key in ("views", "train_views"))

    def look(
        self,
        caches: Sequence[FeatureCache],  # one a body
        movies: pd.DataFrame,  # with the column split
    ) -> None:
        "Compute the features that the run needs, or read them."
        section("Features of the posters")
        begun = time.time()
        self.caches = caches
        for cache in caches:
            for view in dict.fromkeys([*self.train_views, "whole", *self.views]):
                wanted = movies if view in ("whole", *self.views) else movies[movies["split"] == "train"]
                before, start = cache.computed, time.time()
                cache.get(wanted["poster"].tolist(), view)
                new, seconds = cache.computed - before, time.time() - start
                text = f"{new:,} posters computed, {new / seconds:.0f} a second" if new else "all in the cache"
                print(f"  {cache.file(view).name}: {text}", flush=True)
        looked = sum(cache.computed for cache in caches)
        self.images_a_second = looked / (time.time() - begun) if looked else None

    def fit(
        self,
        learn: Learner,  # from probe_learner
        movies: pd.DataFrame,  # with the columns genres and split
        caches: Sequence[FeatureCache],  # one a body
    ) -> None:
        "Fit the head, its strength chosen on validation; export the learner."
        self.fit_head(learn, movies, caches)
        self.keep(learn, movies, caches)

    def fit_head(self, learn: Learner, movies: pd.DataFrame, caches: Sequence[FeatureCache]) -> None:
        "Fit the head, its strength chosen on validation."
        config = self.config
        section("Fitting the head")
        begun = time.time()
        kinds = {"hidden": config["hidden"], "kernel": config["kernel"], "seed": config["seed"]}
        table = fit_probe(learn, movies, caches, self.train_views, **kinds)
        self.train_minutes, self.stopped = (time.time() - begun) / 60, False
        self.arch, self.parameters = learn.arch, sum(p.numel() for p in learn.model.parameters())
        trained = sum(p.numel() for p in learn.model.head.parameters())
        print(f"{self.arch}, {self.parameters:,} parameters, {trained:,} of them fitted, on {device_name()}")
        print(table.to_string(index=False, float_format=lambda x: f"{x:.4g}"))
        with write_whole(self.out / "history.csv") as whole:
            table.to_csv(whole, index=False)
        self.history = table
        self.best_epoch = max(table.index, key=lambda i: score(table.loc[i]))
        best = table.loc[self.best_epoch]
        self.told = fitted_words, len(table), best["strength"]
        print(f"Chosen: strength {best['strength']:g}, validation top-n accuracy {best[MONITOR]:.1%}")

    def keep(self, learn: Learner, movies: pd.DataFrame, caches: Sequence[FeatureCache]) -> None:
        "Fit probabilities and thresholds from the features; export the learner."
        config = self.config
        if config["calibrate"]:
            valid = movies[movies["split"] == "valid"]
            views = [probe_logits(learn, valid, caches, view) for view in self.views]
            fit_probabilities(learn, valid, list(np.stack(views, axis=1)))
        self.export(learn)

    def judge(self, learn: Learner, movies: pd.DataFrame) -> Evaluation:
        "Score on the test movies, from their features."
        test = movies[movies["split"] == "test"]
        section(f"Test: {len(test):,} movies that the head never saw")
        probs = probe_probs(learn, test, self.caches, self.views)
        train = movies[movies["split"] == "train"]
        result = evaluate(learn, test, train=train, name=self.name, probs=probs)
        print(result)
        return result
