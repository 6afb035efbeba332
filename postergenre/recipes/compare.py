"""Several architectures on the same movies, the same split and the same budget.

python -m postergenre.recipes.compare                                           # the study's two, demo posters
python -m postergenre.recipes.compare --arch densenet121 resnet50 vgg16 --data posters --epochs 5
python -m postergenre.recipes.compare --arch custom_cnn resnet18 --data posters --minutes 30    # each half an hour

Ctrl-C keeps the architectures that are done. --resume goes on, in the middle of one too; a longer --arch adds to those
in the folder --out. One that fails (too little memory, a wrong size) is named in the table, and the next begins.
"""

import pandas as pd
from fastcore.meta import delegates

from postergenre.recipes.runs.cli import command
from postergenre.recipes.runs.curves import plot_histories
from postergenre.recipes.runs.folder import HISTORY
from postergenre.recipes.runs.options import all_options, shared
from postergenre.recipes.runs.run import make_loaders, section
from postergenre.recipes.runs.series import Series, begin_series, finish_member, keep_going, shared_movies, unfinished
from postergenre.recipes.runs.series_table import per_genre, plot_genres, show_table
from postergenre.recipes.runs.training import train
from postergenre.training.callback import Budget
from postergenre.training.networks import poster_learner

STUDY = ("densenet121", "custom_cnn")


@delegates(shared)
def main(
    arch: list[str] = STUDY,  # torchvision or timm names, custom_cnn; the others are compared with the first
    epochs: int | None = None,  # budget of each: passes over the training crops (5 if --minutes is not given either)
    minutes: float | None = None,  # budget of each instead: minutes of training, its validation included
    lr: float = 2e-3,  # highest learning rate of the one-cycle schedule (Adam)
    bs: int = 32,  # batch size
    size: str = "150",  # pixels the networks see: one number, or HEIGHTxWIDTH
    crop: str = "random",  # random: windows at the poster's own scale; whole: the poster resized
    balance: str = "none",  # crops a poster: none, study, even; with the crops wanted of each genre: study:1000
    pretrained: bool = False,  # start from ImageNet weights (downloaded once)
    **kwargs,
):
    "Train several architectures alike, score them on movies they never saw, compare them movie by movie."
    options, members = all_options(locals()), {name: {"arch": [name]} for name in arch}
    series = begin_series("compare", options, members, varies=["arch"], noun="architecture")
    data = shared_movies(series)

    for run in unfinished(series, data):
        with keep_going(series, run, show_comparison):
            learn = poster_learner(make_loaders(run, data), run.name, pretrained=pretrained)
            training = train(run, learn, Budget(minutes))
            finish_member(run, data, learn, training)
    show_comparison(series)


def show_comparison(series: Series) -> None:  # ValueError: nothing is done
    "Compare what is done: tables, figures."
    section("Comparison")
    results = show_table(series, "comparison")
    genres = per_genre(results)
    series.whole.write("per_genre.csv", genres.to_csv())
    series.whole.save_figure(plot_genres(genres), "per_genre.png")
    histories = {name: pd.read_csv(folder / HISTORY) for name, folder in series.finished().items()}
    popularity = results[0].metrics.xs("value", axis=1, level=1).loc["popularity"]
    series.whole.save_figure(plot_histories(histories, popularity), "curves.png")
    files = "comparison.md, .csv and .png, per_genre.csv and .png, curves.png"
    print(f"\nEverything is in {series.whole.folder}: {files}; a folder each with\nlearner.pkl and report.html.")


if __name__ == "__main__":
    command(main, epilog=__doc__)
