"""The report of a run: one page with its figures inside, to read, print and send.

python -m postergenre.report runs/densenet          # makes runs/densenet/report.html again
"""

import argparse
import json
import sys
from pathlib import Path

import pandas as pd
from fastai.learner import Learner
from jinja2 import Environment, PackageLoader, StrictUndefined

from postergenre.data.files import write_text
from postergenre.data.movies import UNREADABLE, read_movies
from postergenre.evaluation.evaluate import Evaluation
from postergenre.evaluation.predictions import rows_of
from postergenre.inference.export import load_learner
from postergenre.report.contents import Record, contents

FILES = ("metrics.json", "breakdown.csv", "predictions.csv", "split.csv")


def write_report(
    folder: str | Path,  # of a finished recipe run; the page is its report.html
    movies: pd.DataFrame | None = None,  # the run's movies with the column split; None: read again
    learn: Learner | None = None,  # trained; None: the folder's learner.pkl, which is run: only trusted files
    data: str | Path | None = None,  # where to read the movies from; None: where the run had them
    metrics: dict | None = None,  # what metrics.json is to hold, of a run that has written all else; None: it is read
) -> Path:  # the page. FileNotFoundError: a file of the run or its data is missing
    "Write the report of a run: a page that needs no network and no other file."
    record = read_record(folder, metrics)
    movies = movies_of(record, data) if movies is None else movies
    learn = load_learner(record.folder / "learner.pkl") if learn is None else learn
    return write_text(record.folder / "report.html", render(contents(record, movies, learn)))


def read_record(
    folder: str | Path,
    metrics: dict | None = None,  # as in write_report
) -> Record:  # FileNotFoundError: not the folder of a finished run
    "Everything that a finished run wrote about itself."
    folder = Path(folder)
    for file in FILES:
        if not ((folder / file).is_file() or (metrics and file == FILES[0])):
            raise FileNotFoundError(f"{folder} holds no {file}; pass the folder of a finished recipe run")
    metrics = metrics or json.loads((folder / FILES[0]).read_text(encoding="utf-8"))
    history = pd.read_csv(folder / "history.csv") if (folder / "history.csv").is_file() else None
    balance = pd.read_csv(folder / "breakdown.csv", index_col=0, dtype="str")
    return Record(folder, metrics, history, balance, Evaluation.load(folder / "predictions.csv"))


def movies_of(record: Record, data: str | Path | None = None) -> pd.DataFrame:  # FileNotFoundError: the data is gone
    "The movies of a run, read again (None: where the run had them), on the sides that they had: with the column split."
    about = record.metrics["data"]
    movies = read_movies(data or about["folder"], **about.get("reading", {}), verbose=False)
    movies.attrs["left_out"][UNREADABLE] = about.get("unreadable", [])
    split = pd.read_csv(record.folder / "split.csv", dtype="str", keep_default_na=False)
    ids = split["id"].str.rpartition("#")[0] if record.leaky else split["id"]
    rows = movies.iloc[rows_of(movies["id"], ids, "the data")].reset_index(drop=True)
    rows = rows.assign(split=split["split"])
    rows.attrs = movies.attrs
    return rows.assign(id=split["id"]) if record.leaky else rows


def render(context: dict) -> str:  # HTML
    "The page of `contents`; whatever comes from the data is escaped."
    loader, options = PackageLoader("postergenre.report", "."), {"trim_blocks": True, "lstrip_blocks": True}
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, **options)
    return environment.get_template("report.html.j2").render(context)


def main(argv: list[str] | None = None) -> None:
    "The command line."
    parser = argparse.ArgumentParser(
        prog="python -m postergenre.report",
        description="Write report.html into the folder of a finished recipe run, or write it again. The learner of the "
        "folder is loaded, which runs code that it holds: only use runs you trust.",
        epilog="example: python -m postergenre.report runs/densenet",
    )
    parser.add_argument("run", nargs="+", help="folders of finished runs, e.g. runs/densenet")
    parser.add_argument("--data", help="folder or CSV of the movies, where it is not what the run noted")
    args = parser.parse_args(argv)
    try:
        for folder in args.run:
            print(write_report(folder, data=args.data))
    except (OSError, ValueError, ImportError) as e:
        sys.exit(f"{parser.prog}: {e}")
