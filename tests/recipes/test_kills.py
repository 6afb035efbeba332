"""30 times SIGKILL at random moments: whatever a recipe was doing, --resume ends it as if nobody had killed it.

python tests/recipes/test_kills.py posters/ kills/ --kills 30     # the same by hand; says at what each kill found it
"""

import argparse
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
SAME = ["best.pth", "split.csv", "predictions.csv", "predictions.json", "model/config.json", "model/model.safetensors",
        "model/model.onnx", "breakdown.csv", "examples.png", "curves.png"]  # fmt: skip


@pytest.mark.slow
def test_30_kills(demo_folder, tmp_path):
    done = subprocess.run([sys.executable, __file__, demo_folder, tmp_path / "kills"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert sum(found["kills"].values()) == 30 and found["finished"] >= 3
    assert found["kills"].get("in training", 0) >= 3 and found["kills"].get("after training", 0) >= 3


def train(data: Path, out: Path, log: Path) -> None:
    "The recipe as a command, in a process of its own."
    from postergenre.recipes import custom_cnn
    from postergenre.recipes.runs.cli import command

    with open(log, "a") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    argv = ["--data", str(data), "--out", str(out), "--cache", str(out.parent / "features"), "--resume"]
    argv += [
        "--size",
        "64",
        "--bs",
        "8",
        "--epochs",
        "6",
        "--balance",
        "study:20",
        "--calibrate",
        "--precision",
        "fp32",
    ]
    sys.argv = [sys.argv[0], *argv]
    command(custom_cnn.main, argv)


def found_at(out: Path) -> str:
    "How far a run had come."
    if (out / "metrics.json").is_file():
        return "finished"
    if (out / "learner.pkl").is_file():
        return "after training"
    return "in training" if (out / "checkpoint.pth").is_file() else "before an epoch was done"


def differences(out: Path, whole: Path) -> list[str]:
    "The files of two runs that are not the same, but for times."
    files = [{str(f.relative_to(folder)) for f in folder.rglob("*")} for folder in (out, whole)]
    differ = sorted(files[0] ^ files[1]) + [f for f in SAME if (out / f).read_bytes() != (whole / f).read_bytes()]
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
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=42)
    args = parser.parse_args()
    import postergenre.recipes.custom_cnn  # noqa: F401, once: each run is forked from here

    context, rng, kills, finished = multiprocessing.get_context("fork"), random.Random(args.seed), Counter(), 0
    args.where.mkdir(parents=True)

    def run(out: str, seconds: float | None) -> bool:  # whether it came to its end by itself
        process = context.Process(target=train, args=(args.data, args.where / out, args.where / "log.txt"))
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
