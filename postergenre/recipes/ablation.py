"""What helps fine-tuning? The same run of recipes.lite again and again, each time with one change.

python -m postergenre.recipes.ablation --data posters                                     # all changes below
python -m postergenre.recipes.ablation --data posters --vary mixup=0.4 ema=0 no-flip,zoom=1
python -m postergenre.recipes.ablation --data posters --base loss=focal --vary lr=3e-4    # another base

A change is an option of recipes.lite without its dashes, or several with commas between. All runs are judged on the
VALIDATION movies, so that the test movies stay unseen by whoever chooses. Ctrl-C keeps the runs that are done. --resume
goes on, in the middle of a run too; a longer --vary adds to those in the folder --out.

Whether training in bf16 is as good from a new head: --precision fp32 --base no-probe,head_lr=1e-3 --vary precision=bf16
"""

import inspect

from fastcore.meta import delegates

from postergenre.recipes import lite
from postergenre.recipes.runs.cli import build_parser, command
from postergenre.recipes.runs.options import all_options, shared
from postergenre.recipes.runs.run import section
from postergenre.recipes.runs.series import Series, begin_series, finish_member, keep_going, shared_movies, unfinished
from postergenre.recipes.runs.series_table import show_table
from postergenre.training.callback import Budget

BASE = "base"
OF_ALL = {*inspect.signature(shared).parameters, "epochs", "size", "config"} - {"precision"}  # the recipe's own options
NOT_HERE = ("protocol", "calibrate")  # would judge on the movies that they were fitted to, or on leaky ones
CHANGES = (
    *("frozen=0", "no-freeze_norm", "no-stages", "no-probe,head_lr=1e-3", "no-flip,zoom=1", "mixup=0.4", "cutmix=1"),
    *("dropout=0,drop_path=0", "ema=0", "smoothing=0.1", "wd=0.3", "lr=3e-4", "loss=asymmetric"),
)


@delegates(shared)
def main(
    vary: list[str] = CHANGES,  # a run each: what it changes of the base
    base: list[str] = (),  # changes that all runs share
    epochs: int = 2,  # budget of each run: passes over the training posters
    size: str = "192x128",  # pixels the network sees, HEIGHTxWIDTH: smaller than in recipes.lite, to try more
    **kwargs,
):
    "Fine-tune with one change at a time and compare on validation movies, paired with the base."
    series = begin_ablation(all_options(locals()))
    data = shared_movies(series)

    for run in unfinished(series, data):
        with keep_going(series, run, show_ablation):
            learn, training = lite.fine_tune(run, data, Budget(None))
            finish_member(run, data, learn, training, "valid")  # no test movie is looked at
    show_ablation(series)


def begin_ablation(options: dict) -> Series:  # ValueError: as in parse_change and begin_series
    "A run for the base of recipes.lite and one for each change, named after it, e.g. mixup=0.4."
    vary, base = [change for change in options["vary"] if change != BASE], list(options["base"])
    members = {BASE: {"vary": [BASE]}} | {change: parse_change(change) | {"vary": [change]} for change in vary}
    config = {name: p.default for name, p in inspect.signature(lite.main).parameters.items()}
    for change in base:
        config |= parse_change(change)
    config |= options | {"vary": vary, "base": base, "calibrate": False}
    for changes in members.values():
        lite.check_regularisation(config | changes)
    return begin_series("ablation", config, members, varies=["vary"])


def show_ablation(series: Series) -> None:  # ValueError: nothing is done
    "Compare what is done with the base: table, figure."
    section("Ablation")
    note = "VALIDATION movies, the best epoch of each run: to choose by, not to report."
    show_table(series, "ablation", "change", note)
    print(f"\nEverything is in {series.whole.folder}: ablation.md, .csv and .png; a folder each with learner.pkl and")
    print("report.html.")


def parse_change(text: str) -> dict:  # ValueError: unknown option, wrong value, or one that is the same in all runs
    'A change as options of recipes.lite: "no-flip,zoom=1" -> {"flip": False, "zoom": 1.0}.'
    how = "write it as mixup=0.4, no-flip or dropout=0,drop_path=0"

    def error(message):
        raise ValueError(f"{text!r} is no change of recipes.lite: {message}; {how}")

    parser = build_parser(lite.main)
    parser.error = error
    parser.set_defaults(**dict.fromkeys([*inspect.signature(lite.main).parameters, "config"]))
    given = vars(parser.parse_args([f"--{part.strip()}" for part in text.split(",")]))
    changes = {name: value for name, value in given.items() if value is not None}
    for name in changes:
        if name in OF_ALL:
            error(f"--{name} is an option of the ablation, the same in all runs")
        if name in NOT_HERE:
            error(f"--{name} cannot be judged on validation movies")
    return changes


if __name__ == "__main__":
    command(main, epilog=__doc__)
