"""Posters a second whose words are read, beside RapidOCR as it comes, as ratios in one run.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_reading.py --data posters

Both read the same posters with the same networks, by turns, with one thread; opening and resizing are not counted. How
many words of the movies' titles and casts each finds on them says what the speed costs.
"""

import argparse
import re
import time

import numpy as np
from rapidocr import RapidOCR

from postergenre import read_movies
from postergenre.data.posters import open_poster
from postergenre.portable.reader import READ_SIZE, WordReader, as_read
from postergenre.recipes.runs.movies import find_data


def words_of(text: str) -> set[str]:
    return set(re.findall(r"[a-z]{3,}", text.lower()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="movies; else POSTERGENRE_DATA, else demo posters")
    parser.add_argument("--limit", type=int, default=150, help="posters (default: 150)")
    args = parser.parse_args()
    movies = read_movies(find_data(args.data), verbose=False)
    movies = movies.sample(min(args.limit, len(movies)), random_state=42)
    rapid = RapidOCR(
        params={"Global.log_level": "critical", "Global.use_cls": False, "Det.limit_type": "max",
                "Det.limit_side_len": max(READ_SIZE), "EngineConfig.onnxruntime.intra_op_num_threads": 1,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1}
    )  # fmt: skip
    reader = WordReader()
    ways = {
        "RapidOCR": lambda picture: rapid(np.ascontiguousarray(picture[:, :, ::-1])).txts or (),
        "WordReader": lambda picture: [line.text for line in reader(picture)],
    }
    known = movies.reindex(columns=["title", "actors"]).fillna("").astype(str).agg(" ".join, axis=1)
    seconds, lines, found = (dict.fromkeys(ways, 0) for _ in range(3))
    for i, (poster, text) in enumerate(zip(movies["poster"], known, strict=True)):
        picture = as_read(open_poster(poster))
        for name, read in ways.items():
            if not i:
                read(picture)
            begun = time.perf_counter()
            said = read(picture)
            seconds[name] += time.perf_counter() - begun
            lines[name] += len(said)
            found[name] += len(words_of(" ".join(said)) & words_of(text))
    print(f"{len(movies)} posters, 1 thread")
    for name in ways:
        ratio = seconds["RapidOCR"] / seconds[name]
        print(
            f"{name:<12}{len(movies) / seconds[name]:5.2f} posters/s   this / RapidOCR = {ratio:.2f}   "
            f"{lines[name]:,} lines, {found[name]:,} words of titles and casts"
        )


if __name__ == "__main__":
    main()
