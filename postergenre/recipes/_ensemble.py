"""The run of an ensemble: are its members' splits the same, what weights do they get, how good is each and all."""

import json
import time
from pathlib import Path

import numpy as np
import pandas as pd
from fastai.learner import Learner

from postergenre.data.balance import balance_table
from postergenre.evaluation.compare import compare
from postergenre.evaluation.evaluate import Evaluation, evaluate
from postergenre.inference.ensemble import PosterEnsemble
from postergenre.inference.export import load_learner
from postergenre.inference.pooling import pool_probs
from postergenre.inference.thresholds import tune_thresholds
from postergenre.recipes.runs.run import MONITOR, Run
from postergenre.recipes.runs.setup import section
from postergenre.recipes.runs.story import pooled_words
from postergenre.report.page import write_report
from postergenre.training.fusion import ProbeModel
from postergenre.training.probe import feature_caches, probe_probs
from postergenre.vision.views import parse_views

CACHED_VIEWS = {"auto": ("whole",), "center": ("whole",), "mirror": ("whole", "mirror")}


class EnsembleRun(Run):
    "A run that trains nothing: members are loaded, weighed on validation, scored on test."

    stopped, best_epoch, train_minutes, images_a_second = False, None, 0.0, None

    def __init__(
        self,
        config: dict,  # the recipe's options. ValueError, FileNotFoundError: members or views are wrong
    ):
        config |= {key: list(config[key]) for key in ("members", "views")}
        if not config["members"]:
            raise ValueError(
                "There are no members; name exported learners: --members runs/a/learner.pkl runs/b/learner.pkl"
            )
        if len(config["views"]) not in (1, len(config["members"])):
            raise ValueError(f"--views should be one for all {len(config['members'])} members, or one a member")
        for views in config["views"]:
            parse_views(views)
        for file in config["members"]:
            if not Path(file).is_file():
                raise FileNotFoundError(f"There is no learner file {file} (seen from {Path.cwd()})")
        super().__init__("ensemble", config)

    def ensemble(self, movies: pd.DataFrame) -> PosterEnsemble:
        "The members together, once it is sure that none was trained on movies to judge on."
        section("Members")
        files, views = self.config["members"], self.config["views"]
        for file in files:
            check_split(file, movies)
        members = list(map(load_learner, files))
        ensemble = PosterEnsemble(members, views=views[0] if len(views) == 1 else views, pool=self.config["pool"])
        self.arch = " + ".join(ensemble.names)
        self.parameters = sum(p.numel() for m in ensemble.members for p in m.model.parameters())
        for name, file, of_member in zip(ensemble.names, files, ensemble.views, strict=True):
            print(f"  {name}: {file}, views {of_member}")
        return ensemble

    def judge_members(self, ensemble: PosterEnsemble, movies: pd.DataFrame, side: str) -> list[Evaluation]:
        "Each member alone on one side."
        rows, train = movies[movies["split"] == side], movies[movies["split"] == "train"]
        results = []
        for name, member, views in zip(ensemble.names, ensemble.members, ensemble.views, strict=True):
            begun = time.time()
            bs = self.config["bs"]
            probs = cached_probs(member, rows, views, self.config["cache"], bs)
            results.append(evaluate(member, rows, train=train, name=name, views=views, bs=bs, probs=probs))
            print(f"{name}: {len(rows):,} posters in {time.time() - begun:.0f} seconds", flush=True)
        return results

    def choose_weights(self, ensemble: PosterEnsemble, movies: pd.DataFrame) -> None:
        "Weigh the members on validation and show how they and the ensemble do there."
        section("Validation: the weights are chosen here, so the ensemble's figures are a little too good")
        self.valid = self.judge_members(ensemble, movies, "valid")
        ensemble.weigh([r.probs for r in self.valid], self.valid[0].targets)
        pooled = together(ensemble, self.valid).probs
        tune_thresholds(ensemble, movies[movies["split"] == "valid"], probs=pooled)
        self.valid.append(together(ensemble, self.valid))
        best = max(self.valid[:-1], key=lambda r: r.metrics.loc[r.name, (MONITOR, "value")])
        self.first = self.valid.index(best)  # the others are compared with it
        print(f"\n{ensemble}\n")
        print(self.beside_best(self.valid))

    def beside_best(self, results: list[Evaluation]):
        "All results, each with its difference to the member that is best on validation."
        return compare([results[self.first], *(r for i, r in enumerate(results) if i != self.first)])

    def finish(self, ensemble: PosterEnsemble, movies: pd.DataFrame) -> Evaluation:
        "Score on the test movies, write everything, say how to go on."
        section(f"Test: {(movies['split'] == 'test').sum():,} movies that training never saw")
        results = self.judge_members(ensemble, movies, "test")
        results.append(together(ensemble, results))
        self.test = results
        print(f"\n{results[-1]}\n\n{self.beside_best(results)}")
        results[-1].save(self.out / "predictions.csv")
        ensemble.export(self.out / "learner.pkl")
        self.write("metrics.json", json.dumps(self.metrics(results[-1], ensemble), indent=2) + "\n")
        table = balance_table(movies, 1, [])  # its members have balanced, or not
        table.to_csv(self.out / "breakdown.csv")
        write_report(self.out, movies, ensemble)
        print(f"\nDone in {(time.time() - self.started) / 60:.1f} minutes. Everything is in {self.out}.")
        print(f"The report, to open in a browser: {self.out / 'report.html'}")
        print(f"To use it: python -m postergenre.predict {self.out / 'learner.pkl'} posters/ --csv genres.csv")
        return results[-1]

    def metrics(self, result: Evaluation, ensemble: PosterEnsemble) -> dict:
        "The numbers of a run, and of each member."
        members = [
            {
                "name": name,
                "file": file,
                "views": views,
                "weight": round(float(weight), 6),
                "valid": self.figures(valid)[name],
                "test": self.figures(test)[name],
            }
            for name, file, views, weight, valid, test in zip(
                ensemble.names, self.config["members"], ensemble.views, ensemble.weights, self.valid[:-1],
                self.test[:-1], strict=True,
            )
        ]  # fmt: skip
        valid = self.figures(self.valid[-1])
        return super().metrics(result) | {"valid": valid, "members": members}

    def story(self) -> dict:
        words = pooled_words(self.arch, self.parameters, len(self.config["members"]), self.config["pool"])
        return {"heading": "Members", "words": words}


def cached_probs(
    member: Learner,
    movies: pd.DataFrame,  # with the column poster
    views: str,  # of the member
    folder: str | None,  # of the features; None: posters are looked at
    bs: int,  # pictures a batch, where features are missing
) -> np.ndarray | None:  # (movies, genres); None: no probe, or views that features are not kept of
    "A probe's probabilities from the features that recipes.probe keeps, which takes seconds."
    if folder is None or views not in CACHED_VIEWS or not isinstance(member.model, ProbeModel):
        return None
    return probe_probs(member, movies, feature_caches(member, folder, bs=bs), CACHED_VIEWS[views])


def together(
    ensemble: PosterEnsemble,
    results: list[Evaluation],  # of its members on the same movies
) -> Evaluation:
    "The ensemble's result, which follows from those of its members."
    probs = pool_probs([r.probs for r in results], ensemble.weights, ensemble.pool, ensemble.genre_freq)
    first = results[0]
    thresh = ensemble.loss_func.thresh
    ids, titles = first.ids, first.titles
    return Evaluation(probs, first.targets, first.vocab, thresh, ids, "ensemble", first.train_freq, titles)


def check_split(
    member: str | Path,  # file of an exported learner
    movies: pd.DataFrame,  # columns id, split
) -> None:  # ValueError: it was trained on a movie to judge on
    "Make sure that a member saw no validation or test movie in training, and chose nothing on test movies."
    file = Path(member).parent / "split.csv"
    if not file.is_file():
        print(f"  There is no {file}: it is not known which movies {member} was trained on.")
        return
    known = pd.read_csv(file, dtype="str")
    # Crops of the study's protocol are called id#copy.
    sides = {s: set(ids) | set(ids.str.replace(r"#\d+$", "", regex=True)) for s, ids in known.groupby("split")["id"]}
    train, valid = sides.get("train", set()), sides.get("valid", set())
    for side, seen in (("test", train | valid), ("valid", train)):
        ids = movies.loc[movies["split"] == side, "id"].astype("str")
        if n := int(ids.isin(seen).sum()):
            raise ValueError(
                f"{n} of the {len(ids)} {side} movies, first {ids[ids.isin(seen)].iloc[0]}, served to train {member} "
                f"({file}); give --data, --seed and --limit of its run"
            )
