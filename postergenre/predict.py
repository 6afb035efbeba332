"""Genres of posters or of a table: `python -m postergenre.predict learner.pkl posters/ --csv genres.csv`."""

import argparse
import os
import sys
from pathlib import Path

import pandas as pd

from postergenre.data.files import check_writable, write_whole
from postergenre.data.movies import read_table
from postergenre.data.reading import check_counts
from postergenre.inference.export import load_learner
from postergenre.inference.predict import find_posters, predict_movies
from postergenre.portable.views import VIEWS

TABLES = (".csv", ".tsv", ".parquet", ".xlsx")


def main(argv: list[str] | None = None) -> None:
    "Parse the command line, predict, write the CSV, print the same."
    parser = argparse.ArgumentParser(
        prog="python -m postergenre.predict",
        description="Predict the genres of movie posters with an exported learner or ensemble. "
        "Loading a learner runs code that the file holds: only use files you trust.",
        epilog="example: python -m postergenre.predict runs/densenet/learner.pkl posters/ --csv genres.csv",
    )
    parser.add_argument("learner", help="file that learn.export or a recipe wrote, e.g. runs/densenet/learner.pkl")
    parser.add_argument("posters", nargs="+", help="folders (searched through), pictures, tables of movies (CSV, ...)")
    parser.add_argument("--csv", help="write poster, genres, error and a probability a genre to this file")
    parser.add_argument("--thresh", type=float, help="name genres of a greater probability (default: as it was tuned)")
    parser.add_argument("--top", type=int, help="name this many genres of each poster instead, the most probable ones")
    at_least = "a poster with fewer genres over their thresholds gets this many most probable ones (default: 1)"
    parser.add_argument("--at_least", type=int, default=1, help=at_least)
    views = f"views of a poster to average: {', '.join(VIEWS)}, joined by +, e.g. grid+mirror"
    parser.add_argument("--views", help=f"{views} (default: those with which the learner was judged)")
    parser.add_argument("--bs", type=int, default=64, help="pictures a batch (default: 64)")
    parser.add_argument("--workers", type=int, default=0, help="processes that read posters (default: 0)")
    args = vars(parser.parse_args(argv))
    file, paths, csv = (args.pop(name) for name in ("learner", "posters", "csv"))
    try:
        if csv:
            check_writable(csv)
        check_counts(bs=args["bs"], workers=args["workers"])
        learn = load_learner(file)
        table = predict_paths(learn, paths, **args)
        if csv:
            with write_whole(csv) as whole:
                table.assign(genres=table["genres"].map(", ".join)).to_csv(whole, index=False)
    except (OSError, ValueError, ImportError) as e:
        sys.exit(f"{parser.prog}: {e}")
    say(summary(table) + (f"\n{len(table):,} rows in {csv}" if csv else ""))
    if table["error"].notna().all():
        sys.exit(f"{parser.prog}: nothing could be read of what was named; the reasons stand above")


def predict_paths(
    learn,  # a learner or ensemble
    paths: list[str],  # folders, pictures and tables
    **options,  # of predict_movies
) -> pd.DataFrame:  # from predict_movies
    "Genres of all that stands at some paths, in batches across them; where nothing is found is a row with its error."
    parts, wrong = [], {}
    for path in paths:
        try:
            table = Path(path).suffix.lower() in TABLES
            parts.append(read_table(path) if table else pd.DataFrame({"poster": list(map(str, find_posters(path)))}))
        except (OSError, ValueError, ImportError) as e:
            wrong[sum(map(len, parts))] = path, str(e)
            parts.append(pd.DataFrame({"poster": [None]}))
    found = predict_movies(learn, pd.concat(parts, ignore_index=True), **options)
    for row, path_and_error in wrong.items():
        found.loc[row, ["poster", "error"]] = path_and_error
    return found


def summary(
    table: pd.DataFrame,  # from predict_posters or predict_movies
    most: int = 20,  # rows shown
) -> str:  # lines for a terminal
    "Each poster's genres as text, the most probable first."
    lines = []
    for _, row in table.head(most).iterrows():
        genres = sorted(row["genres"], key=row.get, reverse=True)
        said = ", ".join(f"{genre} {row[genre]:.0%}" for genre in genres) or "no genre is over its threshold"
        name = next((row[c] for c in ("poster", "title", "id") if c in row and pd.notna(row[c])), "?")
        lines.append(f"{name}: {said if pd.isna(row['error']) else row['error']}")
    if len(table) > most:
        lines.append(f"... and {len(table) - most:,} more")
    if errors := int(table["error"].notna().sum()):
        lines.append(f"{errors} of {len(table):,} could not be read")
    return "\n".join(lines)


def say(text: str) -> None:
    "Print, unless nobody listens any more, as behind `| head`."
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains once more when it ends


if __name__ == "__main__":
    main()
