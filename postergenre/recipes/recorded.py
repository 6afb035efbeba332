"""Recorded runs: the evidence in recipes/, a TOML file a run, and the table in its README made from them.

python -m postergenre.recipes.recorded add runs/densenet --name densenet_none --note "no balancing"
python -m postergenre.recipes.recorded table recipes
python -m postergenre.recipes.recorded curves custom_cnn_balanced custom_cnn_study_1000 --out curves.png
"""

import argparse
import importlib
import inspect
import json
import re
import shlex
import sys
import tomllib
from pathlib import Path, PurePosixPath, PureWindowsPath

import pandas as pd

from postergenre.data.files import write_text
from postergenre.evaluation.figures import METRICS
from postergenre.evaluation.predictions import TRAINING
from postergenre.evaluation.tables import markdown_table
from postergenre.recipes.runs.cli import Help
from postergenre.recipes.runs.curves import draw_curves
from postergenre.recipes.runs.folder import HISTORY

START, END = "<!-- runs -->", "<!-- /runs -->"
LOCAL = ("data", "out", "shards")  # options that say where things lie on one machine
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
    kept = record(json.loads(source.read_text(encoding="utf-8")), note)
    if (history := source.with_name(HISTORY)).is_file():
        kept["history"] = pd.read_csv(history).drop(columns="time", errors="ignore").round(4).to_dict("list")
    return write_text(target, toml(kept))


def record(metrics: dict, note: str = "") -> dict:
    "What is kept of a run, from its metrics.json: command, recipe, note, args, result."
    config, data, own = metrics["config"], metrics["data"], next(iter(metrics["test"]))
    if TRAINING in own:
        raise ValueError(
            "Figures of training movies are no evidence; judge the run on its test movies, and record that"
        )
    limit = f"only {data['used']:,} of {data['kept']:,} movies (--limit)" if config.get("limit") else ""
    stopped = "stopped by hand before its last epoch" if metrics["stopped_early"] else ""
    result = {}
    for figure in FIGURES:
        rows = {row: figures[figure] for row, figures in metrics["test"].items()}
        result |= {figure: rows[own]["value"], f"{figure}_interval": [rows[own]["low"], rows[own]["high"]]}
        result |= {f"{figure}_{row}": rows[row]["value"] for row in ("popularity", "random") if row in rows}
        for unseen in metrics.get("unseen_movies", {}).values():  # of a leaky run: the same model, honestly
            result.setdefault(f"{figure}_unseen_movies", unseen[figure]["value"])
    result |= {
        "leaky": config.get("protocol") == "study",
        "data": f"{'demo' if data['demo'] else Path(data['folder']).name}, {data['used']:,} movies",
        "seed": config["seed"],
        "minutes": metrics["total_minutes"],
    }
    same = ("train_minutes", "test_movies", "best_epoch", "images_per_second", "device", "threads", "arch")
    same += ("precision", "parameters", "versions")
    return {
        "command": _portable_command(metrics["command"]),
        "recipe": re.search(r"postergenre\.recipes\.(\w+)", metrics["command"])[1],
        "date": metrics["date"],
        "note": "; ".join(filter(None, (note, limit, stopped))),
        "args": {k: _portable(v) for k, v in config.items() if v is not None and k not in LOCAL},
        "result": result | {k: metrics[k] for k in same if metrics.get(k) is not None},  # an ensemble has no epochs
    }


def toml(table: dict, path: str = "") -> str:
    "A table of texts, numbers, booleans, lists of them and tables as TOML, under its name."
    # JSON writes texts, numbers, booleans and lists as TOML does.
    plain = [f"{k} = {json.dumps(v, ensure_ascii=False)}" for k, v in table.items() if not isinstance(v, dict)]
    text = "\n".join([f"[{path}]"] * bool(path) + plain) + "\n"
    inner = [toml(v, f"{path}.{k}" if path else k) for k, v in table.items() if isinstance(v, dict)]
    return "\n".join([text, *inner])


def read_records(folder: str | Path) -> dict[str, dict]:  # ValueError: a broken file
    "All records and configurations of a folder by name; `about` is their leading comment in words."
    records = {}
    for file in sorted(Path(folder).glob("*.toml")):
        text = file.read_text(encoding="utf-8")
        try:
            records[file.stem] = tomllib.loads(text)
        except tomllib.TOMLDecodeError as e:
            raise ValueError(f"{file} is not valid TOML: {e}; mend it, or record the run again") from e
        comment = [line.strip("# ") for line in text.partition("[args]")[0].splitlines() if line.startswith("#")]
        records[file.stem]["about"] = " ".join(line for line in comment if not line.startswith("python "))
    return records


def tables(records: dict[str, dict]) -> str:
    "The recorded runs as Markdown tables for the README: runs, their commands, configurations."
    runs = {name: r for name, r in records.items() if "result" in r}
    configs = {name: r for name, r in records.items() if "result" not in r}
    parts = ["No run is recorded yet."]
    if runs:
        commands = "\n".join(_command_line(name, r) for name, r in runs.items())
        parts = [_table([_run_row(name, r) for name, r in runs.items()]), "The exact commands:", commands]
    if configs:
        rows = [{"file": _link(name), "what it is": r["about"], "options": _options(r)} for name, r in configs.items()]
        parts += ["Configurations, to be used with `--config`:", _table(rows)]
    return "\n\n".join(parts)


def readme_with_tables(folder: str | Path) -> str:  # FileNotFoundError: no README.md; ValueError: no markers in it
    "The text of a folder's README with the tables made anew; what stands outside the markers stays."
    file = Path(folder) / "README.md"
    if not file.is_file():
        raise FileNotFoundError(f"There is no {file}; write one with the lines {START} and {END}")
    before, start, rest = file.read_text(encoding="utf-8").partition(START)
    _, end, after = rest.partition(END)
    if not (start and end):
        raise ValueError(f"{file} needs the lines {START} and {END} where the table should stand, in this order")
    return f"{before}{START}\n\n{tables(read_records(folder))}\n\n{END}{after}"


def write_tables(folder: str | Path = "recipes") -> Path:
    "Bring the tables of a folder's README in step with the records beside it."
    return write_text(Path(folder) / "README.md", readme_with_tables(folder))


def _portable_command(command: str) -> str:
    "A recipe's command as anyone can type it: --data posters, and names where paths of one machine stood."
    words = shlex.join(_portable(word) for word in shlex.split(command))
    return re.sub(r"--data[ =]('[^']*'|\S+)", "--data posters", words)


def _portable(value: object) -> object:
    "A path that holds on one machine only by its last part, a file's with its folder; all else as it is."
    if isinstance(value, list):
        return [_portable(v) for v in value]
    option, text = re.fullmatch(r"(--\w+=)?(.*)", str(value), re.S).groups(default="")
    for path in (PurePosixPath(text), PureWindowsPath(text)):
        if path.is_absolute() or path.parts[:1] in (("..",), ("~",)):
            names = [part for part in path.parts if part not in (path.anchor, "..", "~")]
            return option + "/".join(names[-2 if path.suffix else -1 :])
    return value


def _changed_options(recipe: str, args: dict) -> dict:
    "What a run did differently from its recipe's defaults."
    known = inspect.signature(importlib.import_module(f"postergenre.recipes.{recipe}").main).parameters
    # TOML has lists where signatures have tuples.
    defaults = {k: list(p.default) if isinstance(p.default, tuple) else p.default for k, p in known.items()}
    return {k: v for k, v in args.items() if k not in known or v != defaults[k]}


def _run_row(name: str, r: dict) -> dict[str, str]:
    result, leak = r["result"], " **leaky**" * r["result"]["leaky"]
    row = {"run": _link(name) + leak, "data": result["data"]}
    differs = _options(_changed_options(r["recipe"], r["args"])) or "nothing"
    row["what differs from the defaults"] = "; ".join(filter(None, (differs, r["note"])))
    for figure in FIGURES:
        heading, text = METRICS[figure].heading, METRICS[figure].text
        low, high = map(text, result[f"{figure}_interval"])
        unseen, popularity = (result.get(f"{figure}_{kind}") for kind in ("unseen_movies", "popularity"))
        honest = "" if unseen is None else f"; {text(unseen)} on movies never seen"
        row[f"{heading} [95 %]"] = f"{text(result[figure])} [{low}, {high}]{leak}{honest}"
        row[f"popularity's {heading}"] = "–" if popularity is None else text(popularity)
    minutes, speed = result["minutes"], result.get("images_per_second")
    row["minutes"] = f"{minutes:.0f}" if minutes >= 10 else f"{minutes:.1f}"
    row["images/s"] = "–" if speed is None else f"{speed:,.0f}"
    return row | {"device": result["device"]}


def _command_line(name: str, r: dict) -> str:
    versions = ", ".join(f"{p} {r['result']['versions'][p]}" for p in ("postergenre", "fastai", "torch"))
    return f"- {_link(name)} ({r['date']}, seed {r['result']['seed']}, {versions}): `{r['command']}`"


def _options(args: dict) -> str:
    args = {k: v for k, v in args.get("args", args).items() if k != "about"}
    return ", ".join(f"{k} {' '.join(map(str, v)) if isinstance(v, list) else v}" for k, v in args.items())


def _link(name: str) -> str:
    return f"[{name}]({name}.toml)"


def _table(rows: list[dict[str, str]]) -> str:
    table = pd.DataFrame(rows)
    return markdown_table(table.set_index(table.columns[0]))


def main(argv: list[str] | None = None) -> None:
    "The command line."
    parser = argparse.ArgumentParser(
        prog="python -m postergenre.recipes.recorded",
        description="Keep the evidence of runs: a TOML file each, and the table made from them.",
        epilog="examples:\n\n" + __doc__.partition("\n\n")[2],
        formatter_class=Help,
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
    curves = commands.add_parser("curves", help="draw how recorded runs learned: validation figures by epoch")
    curves.add_argument("names", nargs="+", help="records of networks that were trained, e.g. custom_cnn_balanced")
    curves.add_argument("--out", default="curves.png", help="picture to write (default: %(default)s)")
    curves.add_argument("--of", default="recipes", help="folder of the records (default: %(default)s)")
    args = parser.parse_args(argv)
    try:
        if args.action == "curves":
            print(draw_curves(read_records(args.of), args.names, args.out))
            return
        if args.action == "add":
            readme_with_tables(args.to)  # what is wrong with the README is said before a record is written
            print(record_run(args.run, args.name, args.to, args.note, args.force))
        print(write_tables(args.to if args.action == "add" else args.folder))
    except (OSError, ValueError) as e:
        sys.exit(f"{parser.prog}: {e}")


if __name__ == "__main__":
    main()
