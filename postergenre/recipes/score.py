"""Score and export what a run has trained that was stopped, with the best epoch so far; nothing is trained further.

python -m postergenre.recipes.score runs/densenet

The recipe goes on in its folder as with --resume, but for the training: calibration, export, figures, report.
"""

import argparse
import importlib
import re
from pathlib import Path

from postergenre.recipes.runs.cli import Help, read_config, run_main
from postergenre.recipes.runs.folder import CONFIG, can_be_scored, how_to_go_on, is_unfinished, read_command, scoring

SERIES = ("compare", "ablation", "attention")  # they go on by themselves


def score_run(
    run: str | Path,  # folder of a recipe's run
) -> None:  # FileNotFoundError: no run; ValueError: it is finished, is of a series, or has nothing to score
    "Let a recipe go on in the folder of a stopped run, with what was trained there."
    folder = Path(run)
    command = read_command(folder)
    name = re.search(r"postergenre\.recipes\.(\w+)", command)[1]
    if name in SERIES:
        raise ValueError(f"{folder} is of a series, which goes on by itself: {command} --resume")
    if not is_unfinished(folder):
        raise ValueError(f"{folder} is finished; for its report again: python -m postergenre.report {folder}")
    if not can_be_scored(folder):
        raise ValueError(f"There are no epochs in {folder} to score. {how_to_go_on(folder)}")
    main = importlib.import_module(f"postergenre.recipes.{name}").main
    options = read_config(folder / CONFIG, main) | {"out": str(folder), "resume": True}
    with scoring():
        main(**options)


def main(argv: list[str] | None = None) -> None:
    "The command line."
    prog, about = "python -m postergenre.recipes.score", __doc__.partition("\n\n")
    parser = argparse.ArgumentParser(prog=prog, description=about[0], epilog=about[2], formatter_class=Help)
    parser.add_argument("run", help="folder of the run, e.g. runs/densenet")
    run_main(prog, score_run, vars(parser.parse_args(argv)))


if __name__ == "__main__":
    main()
