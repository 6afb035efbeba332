"""Several learners as one, the weight of each chosen on validation movies.

python -m postergenre.recipes.ensemble --members runs/densenet/learner.pkl runs/custom_cnn/learner.pkl --data posters
python -m postergenre.recipes.ensemble --members a.pkl b.pkl --views auto grid+mirror --data posters
python -m postergenre.recipes.ensemble --members lite.pkl words.pkl --pool odds --data posters    # picture and words

--data, --seed and --limit are those of the members' runs, so that no test movie was in their training: the split.csv
beside each member is checked. With one member this scores a learner again, with other views.
"""

from postergenre.recipes._ensemble import EnsembleRun
from postergenre.recipes.runs.cli import command


def main(
    members: list[str] = (),  # exported learners; loading runs code that they hold: only files you trust
    views: list[str] = ("auto",),  # of a poster, to average: for all, or one a member: auto, mirror, grid+mirror, ...
    pool: str = "mean",  # of probabilities; odds: evidence adds up, for members that know different things
    data: str | None = None,  # folder in the study's layout or a CSV; else POSTERGENRE_DATA, else demo posters
    bs: int = 64,  # pictures a batch
    cache: str | None = "runs/features",  # folder of the features that probes among the members use
    seed: int = 42,  # of the split: that of the members' runs
    limit: int | None = None,  # use only this many movies: that of the members' runs
    out: str | None = None,  # folder to write to (default: runs/ensemble, runs/ensemble-2, ...)
):
    "Combine exported learners, score them and the ensemble on movies they never saw, export it."
    run = EnsembleRun(dict(locals()))
    movies = run.movies()
    ensemble = run.ensemble(movies)
    run.choose_weights(ensemble, movies)
    run.finish(ensemble, movies)


if __name__ == "__main__":
    command(main, epilog=__doc__)
