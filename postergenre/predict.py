"""Genres of posters or of a table: `python -m postergenre.predict learner.pkl posters/ --csv genres.csv`."""

import argparse
import sys

import pandas as pd

from postergenre.data.files import write_whole
from postergenre.inference.export import load_learner
from postergenre.inference.predict import predict_movies, predict_posters
from postergenre.portable.views import VIEWS, parse_views


def main(argv: list[str] | None = None) -> None:
    "Parse the command line, predict, print a table, write the CSV."
    parser = argparse.ArgumentParser(
        prog="python -m postergenre.predict",
        description="Predict the genres of movie posters with an exported learner or ensemble. "
        "Loading a learner runs code that the file holds: only use files you trust.",
        epilog="example: python -m postergenre.predict runs/densenet/learner.pkl posters/ --csv genres.csv",
    )
    parser.add_argument("learner", help="file that learn.export or a recipe wrote, e.g. runs/densenet/learner.pkl")
    parser.add_argument("posters", nargs="+", help="folders (searched through), picture files, or CSV tables of movies")
    parser.add_argument("--csv", help="write poster, genres, error and a probability a genre to this file")
    parser.add_argument("--bs", type=int, default=64, help="pictures a batch (default: 64)")
    views = f"views of a poster to average: {', '.join(VIEWS)}, joined by +, e.g. grid+mirror (default: auto)"
    parser.add_argument("--views", default="auto", help=views)
    parser.add_argument("--workers", type=int, default=0, help="processes that read posters (default: 0)")
    parser.add_argument("--top", type=int, default=3, help="genres to print with their probability (default: 3)")
    args = parser.parse_args(argv)
    try:
        parse_views(args.views)
        learn = load_learner(args.learner)
        options = {"bs": args.bs, "views": args.views, "workers": args.workers}
        parts = [(predict_movies if p.endswith(".csv") else predict_posters)(learn, p, **options) for p in args.posters]
        table = pd.concat(parts, ignore_index=True)
        if args.csv:
            with write_whole(args.csv) as whole:
                table.assign(genres=table["genres"].map(", ".join)).to_csv(whole, index=False)
    except (OSError, ValueError, ImportError) as e:
        sys.exit(f"{parser.prog}: {e}")
    print(summary(table, args.top, list(learn.dls.vocab)))
    if args.csv:
        print(f"{len(table):,} rows in {args.csv}")


def summary(
    table: pd.DataFrame,  # from predict_posters or predict_movies
    top: int,  # genres to name
    vocab: list[str],  # its probability columns
    most: int = 20,  # rows shown
) -> str:  # lines for a terminal
    "Each poster's most probable genres as text."
    lines = []
    for _, row in table.head(most).iterrows():
        best = row[vocab].astype(float).sort_values(ascending=False, kind="stable").head(top)
        name = next((row[c] for c in ("poster", "title", "id") if c in row and pd.notna(row[c])), "?")
        said = row["error"] if pd.notna(row["error"]) else ", ".join(f"{g} {p:.0%}" for g, p in best.items())
        lines.append(f"{name}: {said}")
    if len(table) > most:
        lines.append(f"... and {len(table) - most:,} more")
    errors = int(table["error"].notna().sum())
    if errors:
        lines.append(f"{errors} of {len(table):,} could not be read")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
