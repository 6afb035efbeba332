"""Several learners as one, the weight of each chosen on validation movies.

python -m postergenre.recipes.ensemble --members runs/densenet/learner.pkl runs/custom_cnn/learner.pkl --data posters
python -m postergenre.recipes.ensemble --members a.pkl b.pkl --views auto grid+mirror --data posters
python -m postergenre.recipes.ensemble --members lite.pkl words.pkl --pool odds --data posters    # picture and words

--data, --seed and --limit are those of the members' runs, so that no test movie was in their training: the split.csv
beside each member is checked. With one member this scores a learner again, with other views.
"""

import time
from pathlib import Path

import numpy as np
import pandas as pd
from fastcore.meta import delegates

from postergenre.evaluation.compare import compare
from postergenre.evaluation.evaluate import Evaluation, evaluate
from postergenre.inference.ensemble import PosterEnsemble
from postergenre.inference.export import load_learner
from postergenre.inference.pretrained import from_pretrained
from postergenre.inference.thresholds import tune_thresholds
from postergenre.portable.folder import is_folder
from postergenre.portable.views import parse_views
from postergenre.recipes.runs.cli import command
from postergenre.recipes.runs.options import all_options, shared
from postergenre.recipes.runs.results import figures, finish
from postergenre.recipes.runs.run import Data, Run, begin, load_movies, section
from postergenre.recipes.runs.training import MONITOR, Training, count_parameters, export
from postergenre.training.learner import PosterLearner

POOLED = {"mean": "averaged", "odds": "put together by adding their log-odds relative to the genres' frequencies"}


@delegates(shared)
def main(
    members: list[str] = (),  # folders of models; or exported learners, which run code: only files you trust
    views: list[str] = (),  # of a poster, for all or one a member: auto, grid+mirror, ... (default: each as judged)
    pool: str = "mean",  # of probabilities; odds: evidence adds up, for members that know different things
    bs: int = 64,  # pictures a batch
    **kwargs,
):
    "Combine exported learners, score them and the ensemble on movies they never saw, export it."
    options = all_options(locals()) | {"members": list(members), "views": list(views)}
    check_options(members, views)
    run = begin("ensemble", options)
    data = load_movies(run, genres=False)
    ensemble = load_members(run, data)

    section("Validation: the weights are chosen here, so the ensemble's figures are a little too good")
    valid = judge_members(run, data, ensemble, "valid")
    ensemble.weigh([r.probs for r in valid], valid[0].targets)
    tune_thresholds(ensemble, data.side("valid"), probs=together(ensemble, valid).probs)
    best = max(valid, key=lambda r: r.metrics.loc[r.name, (MONITOR, "value")]).name  # the others are compared with it
    valid.append(together(ensemble, valid))
    print(f"\n{ensemble}\n\n{compare(sorted(valid, key=lambda r: r.name != best))}")

    section(f"Test: {len(data.side('test')):,} movies that training never saw")
    test = judge_members(run, data, ensemble, "test")
    test.append(together(ensemble, test))
    print(f"\n{test[-1]}\n\n{compare(sorted(test, key=lambda r: r.name != best))}")

    run.open()
    export(run, ensemble)
    members = about_members(run.config["members"], ensemble, valid, test)
    finish(run, data, ensemble, pooled(ensemble), test[-1:], valid=figures(valid[-1]), members=members)


def check_options(members: list[str], views: list[str]) -> None:  # ValueError, FileNotFoundError
    "Say what is wrong with the options before a folder is made."
    if not members:
        raise ValueError(
            "There are no members; name exported learners: --members runs/a/learner.pkl runs/b/learner.pkl"
        )
    if len(views) not in (0, 1, len(members)):
        raise ValueError(f"--views should be one for all {len(members)} members, or one a member")
    for of_member in views:
        parse_views(of_member)
    for file in members:
        if not Path(file).exists():
            raise FileNotFoundError(f"There is no learner {file} (seen from {Path.cwd()})")


def load_members(run: Run, data: Data) -> PosterEnsemble:
    "The members together, once it is sure that none was trained on movies to judge on."
    section("Members")
    files, views = run.config["members"], run.config["views"]
    for file in files:
        check_split(file, data.movies)
    members = list(map(open_member, files))
    views, names = views[0] if len(views) == 1 else views or None, run_names(files)
    ensemble = PosterEnsemble(members, views=views, pool=run.config["pool"], names=names)
    ensemble.use_cache(run.config["cache"])
    for name, file, of_member in zip(ensemble.names, files, ensemble.views, strict=True):
        print(f"  {name}: {file}, views {of_member}")
    return ensemble


def open_member(file: str | Path) -> PosterLearner:
    "A learner from a model's folder, or from a file, which runs code."
    return from_pretrained(file) if is_folder(file) else load_learner(file)


def run_names(files: list[str]) -> list[str]:
    "What learners are called: as the folders of their runs, or as their files, with parents where needed."
    paths = [Path(file).resolve() for file in files]
    of_runs = (p.parent if p.name in ("learner.pkl", "model") else p for p in paths)
    parts = [(p.with_suffix("") if p.suffix == ".pkl" else p).parts for p in of_runs]
    names = []
    for own in parts:
        ends = (n for n in range(1, len(own)) if [other[-n:] for other in parts].count(own[-n:]) == 1)
        names.append("/".join(own[-next(ends, 1) :]))
    return names


def check_split(member: str | Path, movies: pd.DataFrame) -> None:  # ValueError: it was trained on a movie to judge on
    "Make sure that a member saw no validation or test movie in training, and chose nothing on test movies."
    file = Path(member).parent / "split.csv"
    if not file.is_file():
        print(f"  There is no {file}: it is not known which movies {member} was trained on.")
        return
    known = pd.read_csv(file, dtype="str", keep_default_na=False)
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


def judge_members(run: Run, data: Data, ensemble: PosterEnsemble, side: str) -> list[Evaluation]:
    "Each member alone on one side."
    rows, bs, results = data.side(side), run.config["bs"], []
    for name, member, views in zip(ensemble.names, ensemble.members, ensemble.views, strict=True):
        begun = time.monotonic()
        results.append(evaluate(member, rows, data.side("train"), name, views=views, bs=bs))
        print(f"{name}: {len(rows):,} posters in {time.monotonic() - begun:.0f} seconds", flush=True)
    return results


def together(ensemble: PosterEnsemble, results: list[Evaluation]) -> Evaluation:
    "The ensemble's result, which follows from those of its members on the same movies."
    probs, one = ensemble.together([r.probs for r in results]), results[0]
    return Evaluation(probs, one.targets, one.vocab, ensemble.thresh, one.ids, "ensemble", one.train_freq, one.titles)


def about_members(files: list[str], ensemble: PosterEnsemble, valid: list[Evaluation], test: list[Evaluation]) -> list:
    "What metrics.json says of each member; the last result is the ensemble's own."
    columns = ensemble.names, files, ensemble.views, ensemble.weights, valid[:-1], test[:-1]
    return [
        {"name": name, "file": file, "views": views, "weight": round(float(np.mean(weight)), 6)}
        | {"valid": figures(of_valid)[name], "test": figures(of_test)[name]}
        for name, file, views, weight, of_valid, of_test in zip(*columns, strict=True)
    ]


def pooled(ensemble: PosterEnsemble) -> Training:
    "How learners were put together, and the parameters of all of them."
    parameters = count_parameters(*(member.model for member in ensemble.members))
    words = (
        f"Nothing was trained: the probabilities of {len(ensemble.members)} learners are {POOLED[ensemble.pool]}, with "
        f"weights chosen on the validation movies ({ensemble.arch}, {parameters:,} parameters). How each was trained "
        "stands in its own report."
    )
    return Training(ensemble.arch, parameters, words, "Members")


if __name__ == "__main__":
    command(main, epilog=__doc__)
