"""The hostile picture of a seed: the same seed, the same bytes. None is kept in a file."""

import random
from pathlib import Path

from hostile.broken import broken
from hostile.crafted import crafted
from hostile.drawn import SUFFIXES, drawn


def hostile(seed: int) -> tuple[str, bytes, str]:  # its suffix, its bytes, how it was made
    "A picture that is valid, broken, made to do harm, or all of these in one."
    rng = random.Random(seed)
    how = rng.choices(("valid", "broken", "crafted"), (1, 7, 2))[0]
    if how == "crafted":
        how, kind, raw = crafted(rng)
        if rng.random() < 0.1:
            how, raw = f"{how}, broken", broken(rng, kind, raw)
    else:
        kind, raw = drawn(rng)
        if how == "broken":
            raw = broken(rng, kind, raw)
    suffix = SUFFIXES[kind] if rng.random() < 0.9 else rng.choice(list(SUFFIXES.values()))
    return suffix, raw, f"{how} {kind}"


def write_hostile(folder: Path, seeds) -> list[Path]:
    "The pictures of some seeds as files, in their order."
    files = []
    for seed in seeds:
        suffix, raw, _ = hostile(seed)
        files.append(folder / f"{seed:06d}{suffix}")
        files[-1].write_bytes(raw)
    return files
