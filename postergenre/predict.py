"""Genres of posters: `python -m postergenre.predict posters/`, or by a model of yours: `... model/ posters/`.

A folder with graphs answers without torch: this file imports it, and pandas, only where they are needed.
"""

import argparse
import csv
import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from postergenre.data.counts import check_counts
from postergenre.data.files import check_writable, write_whole
from postergenre.data.posters import POSTER_SUFFIXES, posters_at
from postergenre.portable.folder import CONFIG, is_folder
from postergenre.portable.hub import model_folder
from postergenre.portable.light import ENGINES, LightModel, light_model
from postergenre.portable.naming import name_genres
from postergenre.portable.shipped import shipped_folder
from postergenre.portable.views import VIEWS

TABLES = (".csv", ".tsv", ".parquet", ".xlsx")
FIRST = ("id", "title", "poster", "genres", "error")  # columns before those of the genres


def main(argv: list[str] | None = None) -> None:
    "Parse the command line, predict, write the CSV, print the same."
    parser = argparse.ArgumentParser(
        prog="python -m postergenre.predict",
        usage="%(prog)s [MODEL] POSTERS [POSTERS ...]\n       [--csv FILE] [--thresh X | --top N] [...]",
        description="Predict the genres of movie posters, with the model that comes with postergenre or with one that "
        "you name: a folder, which runs no code when it is loaded, or a file of learn.export, which does: only use "
        "files you trust.",
        epilog="examples: python -m postergenre.predict posters/   "
        "python -m postergenre.predict runs/densenet/model posters/ --csv genres.csv",
    )
    posters = "folders (searched through), pictures, tables of movies (CSV, ...); before them, if you have one, the "
    posters += "model: a folder of save_pretrained, e.g. runs/densenet/model, user/name on the hub, or a file of "
    parser.add_argument("posters", nargs="+", metavar="POSTERS", help=posters + "learn.export")
    parser.add_argument("--poster_col", default="poster", help="column of posters in tables (default: poster)")
    parser.add_argument("--csv", help="write poster, genres, error and a probability a genre to this file")
    parser.add_argument("--thresh", type=float, help="name genres of a greater probability (default: as it was tuned)")
    parser.add_argument("--top", type=int, help="name this many genres of each poster instead, the most probable ones")
    at_least = "a poster with fewer genres over their thresholds gets this many most probable ones (default: 1)"
    parser.add_argument("--at_least", type=int, default=1, help=at_least)
    views = f"views of a poster to average: {', '.join(VIEWS)}, joined by +, e.g. grid+mirror"
    parser.add_argument("--views", help=f"{views} (default: those with which the learner was judged)")
    parser.add_argument("--bs", type=int, default=64, help="pictures a batch (default: 64)")
    parser.add_argument("--workers", type=int, default=0, help="processes that read posters (default: 0)")
    engine = "what computes: onnx answers in a second where a folder has graphs; torch; auto (default) chooses"
    parser.add_argument("--engine", default="auto", choices=ENGINES, help=engine)
    args = vars(parser.parse_args(argv))
    paths, out, engine = (args.pop(name) for name in ("posters", "csv", "engine"))
    try:
        file, paths = split_model(paths)
        if out:
            check_writable(out)
        check_counts(bs=args["bs"], workers=args["workers"])
        rows, genres = predict_rows(file, paths, engine, **args)
        if out:
            write_rows(rows, genres, out)
    except (OSError, ValueError, ImportError) as e:
        sys.exit(f"{parser.prog}: {e}")
    say(summary(rows) + (f"\n{len(rows):,} rows in {out}" if out else ""))
    if all(row["error"] for row in rows):
        sys.exit(f"{parser.prog}: nothing could be read of what was named; the reasons stand above")


def split_model(paths: Sequence[str]) -> tuple[str | None, Sequence[str]]:  # ValueError: a model and no posters
    "The model that is named before the posters, None if there is none; the posters."
    first, *others = paths
    file, shown = Path(first).expanduser(), (*POSTER_SUFFIXES, *TABLES)
    named = (file / CONFIG).is_file() or file.suffix == ".pkl"
    if not named and (not others or file.is_dir() or file.suffix.lower() in shown):
        return None, paths
    if file.is_file() and file.suffix != ".pkl":
        raise ValueError(
            f"{first} is no picture, table or model by its name; a file of learn.export, which runs code when it is "
            f"loaded, is called *.pkl: rename it if you trust it, else leave it out"
        )
    if not others:
        raise ValueError(f"{first} is a model; name posters behind it: python -m postergenre.predict {first} posters/")
    return first, others


def predict_rows(
    file: str | None,  # folder of save_pretrained, user/name on the hub, file of learn.export; None: what comes with us
    paths: list[str],  # folders, pictures and tables
    engine: str = "auto",  # of ENGINES
    poster_col: str = "poster",  # of tables
    **options,  # of predict_movies
) -> tuple[list[dict], list[str]]:  # a row a movie, as of predict_movies; the genres that it may name
    "Genres of all that stands at some paths, by what the model can be computed with; said on the error output."
    tables = [path for path in paths if Path(path).suffix.lower() in TABLES]
    if tables and engine == "onnx":
        raise ValueError(f"Graphs look at posters alone, and {tables[0]} is a table; leave out --engine onnx")
    name, model = model_at(file)
    light, why = light_model(model, "torch" if tables else engine, options["views"])
    if light is not None:
        note(f"{name} runs no code when it is loaded; computed by ONNX Runtime")
        return light_rows(light, paths, **options), light.genres
    learn = learner_of(name, model, "a table is read" if tables else why)
    from postergenre.inference.paths import predict_paths

    table = predict_paths(learn, paths, TABLES, poster_col, **options)
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    return rows, list(learn.dls.vocab)


def model_at(file: str | None) -> tuple[str, str | Path]:  # ImportError, FileNotFoundError, ValueError: what is wrong
    "What a model is called, as in predict_rows; the folder or file that holds it."
    if file is None:
        return "The model that comes with postergenre", shipped_folder()
    return file, file if Path(file).is_file() or Path(file).suffix == ".pkl" else model_folder(file)


def learner_of(
    name: str,  # what the model is called
    model: str | Path,  # the folder or file that holds it
    why: str,  # torch computes
):  # a PosterLearner or PosterEnsemble. FileNotFoundError, ValueError, ImportError: what is wrong with it
    "A model for torch; whether it may run code is said on the error output."
    if is_folder(model):
        from postergenre.inference.pretrained import from_pretrained

        note(f"{name} runs no code when it is loaded; computed by torch ({why})")
        return from_pretrained(model)
    from postergenre.inference.export import load_learner

    note(f"{name} may run code when it is loaded: only use files you trust (a folder of save_pretrained runs none)")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "load_learner unpickles")  # as was said
        return load_learner(model)


def light_rows(
    light: LightModel,
    paths: Sequence[str],  # folders and pictures
    views: str | None,
    bs: int,
    workers: int,
    **named,  # of name_genres
) -> list[dict]:  # as of predict_movies
    "Genres of posters by graphs; where nothing is found is a row with its error."
    name_genres(light, np.zeros((0, len(light.genres))), **named)  # says what is wrong before posters are read
    posters, wrong = [], {}
    for path in paths:
        try:
            posters += map(str, posters_at(path))
        except OSError as e:
            wrong[len(posters)] = str(e)
            posters.append(path)
    asked = [None if i in wrong else poster for i, poster in enumerate(posters)]
    probs, errors = light.probs({"poster": asked}, views, bs, workers)
    rows = []
    for i, (row, over) in enumerate(zip(probs, name_genres(light, probs, **named), strict=True)):
        genres = [genre for genre, on in zip(light.genres, over, strict=True) if on]
        said = {"poster": posters[i], "genres": genres, "error": wrong.get(i, errors[i])}
        rows.append(said | dict(zip(light.genres, row, strict=True)))
    return rows


def write_rows(rows: list[dict], genres: list[str], file: str) -> None:
    "Write rows as a CSV: the genres named as one text, a probability each, nothing where it is not known."
    with write_whole(file) as whole, whole.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.writer(opened, lineterminator="\n")
        columns = [c for c in FIRST if any(c in row for row in rows)] + genres
        writer.writerow(columns)
        for row in rows:
            cells = row | {"genres": ", ".join(row["genres"])} | {g: _known(row[g]) for g in genres}
            writer.writerow(["" if cells[c] is None else cells[c] for c in columns])


def summary(
    rows: list[dict],  # from predict_rows
    most: int = 20,  # rows shown
) -> str:  # lines for a terminal
    "Each poster's genres as text, the most probable first."
    lines = []
    for row in rows[:most]:
        genres = sorted(row["genres"], key=row.get, reverse=True)
        said = ", ".join(f"{genre} {row[genre]:.0%}" for genre in genres) or "no genre is over its threshold"
        name = next((row[c] for c in ("poster", "title", "id") if row.get(c) is not None), "?")
        lines.append(f"{name}: {row['error'] or said}")
    if len(rows) > most:
        lines.append(f"... and {len(rows) - most:,} more")
    if errors := sum(bool(row["error"]) for row in rows):
        lines.append(f"{errors} of {len(rows):,} could not be read")
    return "\n".join(lines)


def say(text: str) -> None:
    "Print, unless nobody listens any more, as behind `| head`."
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains once more when it ends


def note(text: str) -> None:
    "Say on the error output how the answer comes about, so that the answer can be piped on."
    print(text, file=sys.stderr, flush=True)


def _known(prob) -> str:
    "A probability as float32 numbers are written."
    return "" if prob is None or prob != prob else str(np.float32(prob))


if __name__ == "__main__":
    main()
