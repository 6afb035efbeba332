"""What helps fine-tuning? The same run of recipes.lite again and again, each time with one change.

python -m postergenre.recipes.ablation --data posters                                     # all changes below
python -m postergenre.recipes.ablation --data posters --vary mixup=0.4 ema=0 no-flip,zoom=1
python -m postergenre.recipes.ablation --data posters --base loss=focal --vary lr=3e-4    # another base

A change is an option of recipes.lite without its dashes, or several with commas between. All runs are judged on the
VALIDATION movies, so that the test movies stay unseen by whoever chooses. Ctrl-C keeps the runs that are done. The same
command with --out of the folder begun goes on there; a longer --vary adds to it.
"""

from postergenre.recipes._ablation import AblationSeries
from postergenre.recipes._tuning import fine_tune
from postergenre.recipes.runs.cli import command

CHANGES = (
    "frozen=0",
    "no-freeze_norm",
    "no-stages",
    "no-probe,head_lr=1e-3",
    "no-flip,zoom=1",
    "mixup=0.4",
    "cutmix=1",
    "dropout=0,drop_path=0",
    "ema=0",
    "smoothing=0.1",
    "wd=0.3",
    "lr=3e-4",
    "loss=asymmetric",
)


def main(
    vary: list[str] = CHANGES,  # a run each: what it changes of the base
    base: list[str] = (),  # changes that all runs share
    data: str | None = None,  # folder in the study's layout or a CSV; else POSTERGENRE_DATA, else demo posters
    epochs: int = 2,  # budget of each run: passes over the training posters
    size: str = "192x128",  # pixels the network sees, HEIGHTxWIDTH: smaller than in recipes.lite, to try more
    seed: int = 42,  # of the split, the order and the augmentation
    limit: int | None = None,  # use only this many movies, chosen at random: for a quick try
    workers: int = 0,  # processes that read posters; 0 is best on a CPU, 4 to 16 beside a GPU
    out: str | None = None,  # folder to write to, or to go on in (default: runs/ablation, runs/ablation-2, ...)
):
    "Fine-tune with one change at a time and compare on validation movies, paired with the base."
    series = AblationSeries(dict(locals()))
    movies = series.movies()
    for run in series.unfinished(movies):
        with series.whatever_happens(run):
            run.finish(fine_tune(run, movies), movies)
    series.finish()


if __name__ == "__main__":
    command(main, epilog=__doc__)
