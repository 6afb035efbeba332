"""Where hostile pictures go: opened, read as movies, predicted, scored in bulk; what became of each."""

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from hostile.watched import MB, SECONDS, watched

PIXELS, FEW = "pixels", 16


class Stage(NamedTuple):
    "What became of some pictures in one of the ways through the library."

    outcomes: list[str]  # of each: PIXELS, or its error
    seconds: float  # the most that one took, or several together
    mb: float  # the most that a process held

    def check(self) -> None:
        faults = [said for said in self.outcomes if said.startswith("FAULT")]
        assert not faults, faults[:3]
        assert not (empty := [said for said in self.outcomes if not said.strip()]), empty
        assert self.seconds < SECONDS and self.mb < MB, self[1:]

    def counts(self) -> Counter:
        "Of each outcome; names, numbers and bytes aside."
        return Counter(re.sub(r"b(['\"]).*?\1|\d[\d,.]*", "N", re.sub(r"/\S+", "FILE", said)) for said in self.outcomes)


def opening(files: Sequence[Path]) -> Stage:
    return _stage(watched(_opened, files), [1] * len(files))


def reading(files: Sequence[Path]) -> Stage:
    "All at once; the seconds are those of one process, a picture's are those of opening."
    [seen] = watched(_read, [list(files)], len(files))
    return _stage([seen._replace(seconds=0)], [len(files)])


def predicting(files: Sequence[Path]) -> Stage:
    pieces = [files[i : i + FEW] for i in range(0, len(files), FEW)]
    return _stage(watched(_predicted, pieces), map(len, pieces))


def bulk(files: Sequence[Path]) -> Stage:
    "All files of their folder, which takes what predicting takes."
    [seen] = watched(_scored, [files[0].parent], len(files))
    if seen.fault:
        return _stage([seen], [len(files)])
    assert sorted(seen.answer) == sorted(file.name for file in files)
    return Stage([seen.answer[file.name] for file in files], 0, seen.mb)


def _stage(seen, sizes) -> Stage:
    outcomes, seconds, mb = [], 0.0, 0.0
    for one, size in zip(seen, sizes, strict=True):
        outcomes += [f"FAULT {one.fault}"] * size if one.fault else one.answer
        seconds, mb = max(seconds, one.seconds), max(mb, one.mb)
    return Stage(outcomes, seconds, mb)


def _opened(file: Path) -> list[str]:
    from postergenre.data.posters import UNREADABLE, open_poster

    try:
        image = open_poster(file)
    except UNREADABLE as e:
        return [f"{type(e).__name__}: {e}"]
    image.load()
    assert image.mode == "RGB" and min(image.size) > 0
    return [PIXELS]


def _read(files: list[Path]) -> list[str]:
    import pandas as pd

    from postergenre.data.movies import UNREADABLE, read_movies

    table = pd.DataFrame({"id": [file.name for file in files], "poster": files, "genres": "Drama"})
    movies = read_movies(table, check_posters=True, verbose=False)
    left_out = movies.attrs["left_out"]
    kept, bad = set(movies["id"]), set(left_out[UNREADABLE])
    assert sum(map(len, left_out.values())) == len(bad) and len(kept) + len(bad) == len(files)
    return [PIXELS if file.name in kept else UNREADABLE for file in files]


@cache
def _model():
    from postergenre.portable.light import LightModel
    from postergenre.portable.shipped import PICTURE, SHIPPED

    return LightModel(SHIPPED / PICTURE)


def _predicted(files: Sequence[Path]) -> list[str]:
    from postergenre.inference.predict import predict_posters

    table = predict_posters(_model(), list(files))
    probs = table[_model().genres]
    assert (
        (probs.notna().all(axis=1) == table["error"].isna()).all()
        and probs.dropna().ge(0).all(axis=None)
        and probs.dropna().le(1).all(axis=None)
    )
    return table["error"].fillna(PIXELS).tolist()


def _scored(folder: Path) -> dict[str, str]:
    import pandas as pd

    from postergenre.bulk.__main__ import main
    from postergenre.portable.shipped import PICTURE, SHIPPED

    with TemporaryDirectory() as out:
        main([str(SHIPPED / PICTURE), str(folder), "--out", out, "--part", "50", "--workers", "2"])
        table = pd.read_parquet(out)
    assert table["id"].is_unique
    return dict(zip(table["id"], table["error"].fillna(PIXELS), strict=True))
