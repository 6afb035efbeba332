"""Recorded runs: the evidence in recipes/, a TOML file a run, and the table in its README made from them.

python -m postergenre.recipes.recorded add runs/densenet --name densenet_none --note "no balancing"
python -m postergenre.recipes.recorded table recipes
"""

import argparse
import importlib
import inspect
import json
import re
import sys
import tomllib
from pathlib import Path

import pandas as pd

from postergenre.data.files import write_whole
from postergenre.evaluation.tables import markdown_table

START, END = "<!-- runs -->", "<!-- /runs -->"
LOCAL = ("data", "out")  # options that say where things lie on one machine
FIGURES = ("top_n_accuracy", "macro_ap")


def record_run(
    run: str | Path,  # folder of a finished recipe run
    name: str,  # of the record: small letters, digits, _ and -
    folder: str | Path = "recipes",  # where the records stand
    note: str = "",  # what a reader should know of this run
    force: bool = False,  # replace a record of the same name
) -> Path:  # the record. FileNotFoundError: no finished run; FileExistsError: the name is taken; ValueError: no name
    "Write what a run did and reached as a TOML file, which its recipe also takes as --config."
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", name):
        raise ValueError(f"--name {name!r} should be of small letters, digits, _ and -, for example densenet_none")
    source, target = Path(run) / "metrics.json", Path(folder) / f"{name}.toml"
    if not source.is_file():
        raise FileNotFoundError(f"{run} holds no metrics.json; pass the folder of a finished recipe run")
    if target.exists() and not force:
        raise FileExistsError(f"{target} exists; choose another --name, or pass --force to replace it")
    text = toml(record(json.loads(source.read_text(encoding="utf-8")), note))
    with write_whole(target) as file:
        file.write_text(text, encoding="utf-8")
    return target


def record(
    metrics: dict,  # a run's metrics.json
    note: str = "",  # what a reader should know of the run
) -> dict:  # command, recipe, note, args, result
    "What is kept of a run."
    config, data, own = metrics["config"], metrics["data"], next(iter(metrics["test"]))
    notes = [note] if note else []
    if config.get("limit"):
        notes.append(f"only {data['used']:,} of {data['kept']:,} movies (--limit)")
    if metrics["stopped_early"]:
        notes.append("stopped by hand before its last epoch")
    result = {}
    for figure in FIGURES:
        rows = {row: figures[figure] for row, figures in metrics["test"].items()}
        result |= {figure: rows[own]["value"], f"{figure}_interval": [rows[own]["low"], rows[own]["high"]]}
        result |= {f"{figure}_{row}": rows[row]["value"] for row in ("popularity", "random") if row in rows}
        for figures in list(metrics.get("unseen_movies", {}).values())[:1]:  # of a leaky run: the same model, honestly
            result[f"{figure}_unseen_movies"] = figures[figure]["value"]
    same = ("test_movies", "best_epoch", "images_per_second", "device", "threads", "arch", "parameters")
    return {
        "command": metrics["command"],
        "recipe": re.search(r"postergenre\.recipes\.(\w+)", metrics["command"])[1],
        "date": metrics["date"],
        "note": "; ".join(notes),
        "args": {k: v for k, v in config.items() if v is not None and k not in LOCAL},
        "result": result
        | {
            "leaky": config.get("protocol") == "study",
            "data": f"{'demo' if data['demo'] else Path(data['folder']).name}, {data['used']:,} movies",
            "seed": config["seed"],
            "minutes": metrics["total_minutes"],
            "train_minutes": metrics["train_minutes"],
        }
        | {key: metrics[key] for key in same if metrics[key] is not None}  # an ensemble has no epochs
        | {"versions": metrics["versions"]},
    }


def toml(
    table: dict,  # values are texts, numbers, booleans, lists of them, or tables
    path: str = "",  # name of the table
) -> str:
    "A table with the tables in it as TOML."
    # JSON writes texts, numbers, booleans and lists as TOML does.
    plain = [f"{k} = {json.dumps(v, ensure_ascii=False)}" for k, v in table.items() if not isinstance(v, dict)]
    text = "\n".join([f"[{path}]"] * bool(path) + plain) + "\n"
    inner = [toml(v, f"{path}.{k}" if path else k) for k, v in table.items() if isinstance(v, dict)]
    return "\n".join([text, *inner])


def read_records(
    folder: str | Path,  # with TOML files
) -> dict[str, dict]:  # name -> contents, and under "about" its leading comment. ValueError: a broken file
    "All records and configurations of a folder, by name."
    records = {}
    for file in sorted(Path(folder).glob("*.toml")):
        text = file.read_text(encoding="utf-8")
        try:
            records[file.stem] = tomllib.loads(text)
        except tomllib.TOMLDecodeError as e:
            raise ValueError(f"{file} is not valid TOML: {e}; mend it, or record the run again") from e
        comment = [line.removeprefix("#") for line in text.partition("[args]")[0].splitlines() if line.startswith("#")]
        records[file.stem]["about"] = comment
    return records


def tables(
    records: dict[str, dict],  # from read_records
) -> str:  # Markdown: runs, their commands, configurations
    "The recorded runs as tables for the README."
    runs = {name: r for name, r in records.items() if "result" in r}
    head = ["run", "data", "what differs from the defaults", "top-n accuracy [95 %]", "popularity"]
    head += ["macro AP [95 %]", "popularity", "minutes", "images/s", "device"]
    rows = [_run_row(name, r) for name, r in runs.items()]
    parts = [_table(head, rows) if rows else "No run is recorded yet."]
    if runs:
        parts.append("The exact commands:")
        parts.append("\n".join(_command_line(name, r) for name, r in runs.items()))
    if configs := {name: r for name, r in records.items() if "result" not in r}:
        rows = [[_link(name), _about(r), _options(r.get("args", r))] for name, r in configs.items()]
        parts += ["Configurations, to be used with `--config`:", _table(["file", "what it is", "options"], rows)]
    return "\n\n".join(parts)


def readme_with_tables(
    folder: str | Path,  # with a README.md that holds the two markers
) -> str:  # its text with the tables made anew. FileNotFoundError: no README.md; ValueError: no markers
    "The README as it should be; what stands outside the markers stays."
    file = Path(folder) / "README.md"
    if not file.is_file():
        raise FileNotFoundError(f"There is no {file}; write one with the lines {START} and {END}")
    before, start, rest = file.read_text(encoding="utf-8").partition(START)
    _, end, after = rest.partition(END)
    if not (start and end):
        raise ValueError(f"{file} needs the lines {START} and {END} where the table should stand, in this order")
    return f"{before}{START}\n\n{tables(read_records(folder))}\n\n{END}{after}"


def write_tables(
    folder: str | Path = "recipes",  # with README.md and TOML files
) -> Path:  # the README
    "Bring the tables of the README in step with the records."
    file, text = Path(folder) / "README.md", readme_with_tables(folder)
    with write_whole(file) as whole:
        whole.write_text(text, encoding="utf-8")
    return file


def changed_options(
    recipe: str,  # name of a module in postergenre.recipes
    args: dict,  # options of a run
) -> dict:  # those that are not the recipe's defaults
    "What a run did differently from its recipe's defaults."
    main = importlib.import_module(f"postergenre.recipes.{recipe}").main
    known = inspect.signature(main).parameters
    # TOML has lists where signatures have tuples.
    defaults = {k: list(p.default) if isinstance(p.default, tuple) else p.default for k, p in known.items()}
    return {k: v for k, v in args.items() if k not in known or v != defaults[k]}


def _run_row(name: str, r: dict) -> list[str]:
    result = r["result"]
    leak = " **leaky**" if result["leaky"] else ""
    differs = _options(changed_options(r["recipe"], r["args"])) or "nothing"
    own = {"top_n_accuracy": "{:.1%}", "macro_ap": "{:.3f}"}
    cells = [_link(name) + leak, result["data"], f"{differs}{'; ' + r['note'] if r['note'] else ''}"]
    for figure, form in own.items():
        low, high = (form.format(x) for x in result[f"{figure}_interval"])
        popularity = result.get(f"{figure}_popularity")
        unseen = result.get(f"{figure}_unseen_movies")
        honest = "" if unseen is None else f"; {form.format(unseen)} on movies never seen"
        cells += [f"{form.format(result[figure])} [{low}, {high}]{leak}{honest}"]
        cells += ["–" if popularity is None else form.format(popularity)]
    minutes, speed = result["minutes"], result.get("images_per_second")
    return [
        *cells,
        f"{minutes:.0f}" if minutes >= 10 else f"{minutes:.1f}",
        "–" if speed is None else f"{speed:,.0f}",
        result["device"],
    ]


def _command_line(name: str, r: dict) -> str:
    versions = ", ".join(f"{p} {r['result']['versions'][p]}" for p in ("postergenre", "fastai", "torch"))
    return f"- {_link(name)} ({r['date']}, seed {r['result']['seed']}, {versions}): `{r['command']}`"


def _about(r: dict) -> str:
    return " ".join(line.strip() for line in r["about"] if not line.strip().startswith("python "))


def _options(args: dict) -> str:
    texts = {k: " ".join(map(str, v)) if isinstance(v, list) else v for k, v in args.items() if k != "about"}
    return ", ".join(f"{k} {text}" for k, text in texts.items())


def _link(name: str) -> str:
    return f"[{name}]({name}.toml)"


def _table(head: list[str], rows: list[list[str]]) -> str:
    return markdown_table(pd.DataFrame(rows, columns=head).set_index(head[0]))


def main(argv: list[str] | None = None) -> None:
    "The command line."
    parser = argparse.ArgumentParser(
        prog="python -m postergenre.recipes.recorded",
        description="Keep the evidence of runs: a TOML file each, and the table made from them.",
        epilog="examples:\n" + __doc__.partition("\n\n")[2],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="action", required=True)
    add = commands.add_parser("add", help="record a finished run and bring the table in step")
    add.add_argument("run", help="the run's folder, e.g. runs/densenet")
    add.add_argument("--name", required=True, help="of the record, e.g. densenet_none for recipes/densenet_none.toml")
    add.add_argument("--note", default="", help="what a reader should know of the run")
    add.add_argument("--to", default="recipes", help="folder of the records (default: %(default)s)")
    add.add_argument("--force", action="store_true", help="replace a record of the same name")
    table = commands.add_parser("table", help="make the table in README.md anew, between its markers")
    table.add_argument("folder", nargs="?", default="recipes", help="folder of the records (default: %(default)s)")
    args = parser.parse_args(argv)
    try:
        if args.action == "add":
            readme_with_tables(args.to)  # what is wrong with the README is said before a record is written
            print(record_run(args.run, args.name, args.to, args.note, args.force))
        print(write_tables(args.to if args.action == "add" else args.folder))
    except (OSError, ValueError) as e:
        sys.exit(f"{parser.prog}: {e}")


if __name__ == "__main__":
    main()
