"""Posters by the million: `python -m postergenre.bulk MODEL posters/ --out scores/`."""

import argparse
import sys
from importlib.util import find_spec
from pathlib import Path

from postergenre.portable.light import ENGINES as COMPUTED
from postergenre.portable.views import VIEWS
from postergenre.predict import model_at, note

SHIPPED = "pretrained"  # the name of the model that comes with the library
EXAMPLES = """examples:
  python -m postergenre.bulk pretrained posters/ --out scores/
  python -m postergenre.bulk runs/densenet/model movies.csv --poster_col file --out scores/
  python -m postergenre.bulk model/ s3://bucket/posters/ --out scores/ --engine ray --address auto

It writes scores/part-000000.parquet, part-000001.parquet, ... with the
columns id, genres, a probability a genre, error: pandas.read_parquet("scores/")
reads them. Each poster of the input is there exactly once, in the input's order;
one that cannot be read is a row with its error. Stopped, killed, without power:
type the same command, and it goes on. With another model, another input or other
options it refuses; --engine, --workers, --address and --bs may change.

A table (CSV, Parquet) has a column of posters: paths (relative ones start at the
table's folder), addresses, or in Parquet the bytes of pictures. A poster is called
by the column id, else by its path. Addresses are those that fsspec and pyarrow
know: s3, gs, https, ... Memory is the model's, once a worker, and that of a part
each, which counts where a table holds the pictures: then make --part smaller."""


def main(argv: list[str] | None = None) -> None:
    "Parse the command line, score, say what came of it."
    parser = argparse.ArgumentParser(
        prog="python -m postergenre.bulk",
        description="Score movie posters, by the million if need be, into Parquet parts; what was stopped goes on.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    model = f"folder of save_pretrained, user/name on the hub, {SHIPPED} (the model that comes with postergenre), or a "
    model += "file of learn.export, which runs code when it is loaded: only use files you trust"
    parser.add_argument("model", metavar="MODEL", help=model)
    parser.add_argument("input", metavar="INPUT", help="folder (searched through), CSV, Parquet, or the address of one")
    parser.add_argument("--out", required=True, metavar="FOLDER", help="where the parts are written, or gone on with")
    engine = "local: processes of this machine (default); ray: Ray Data, pip install 'postergenre[ray]'"
    parser.add_argument("--engine", default="local", choices=("local", "ray"), help=engine)
    workers = "processes, or actors of Ray, each with one thread (default: one a core)"
    parser.add_argument("--workers", type=int, default=0, help=workers)
    parser.add_argument("--address", help="of a Ray cluster that runs, e.g. auto, or host:6379 (default: none)")
    parser.add_argument("--id_col", default="id", help="column of ids in tables (default: id)")
    parser.add_argument("--poster_col", default="poster", help="column of posters in tables (default: poster)")
    parser.add_argument("--part", type=int, default=500, help="rows a part (default: 500)")
    compute = "onnx: the graphs of a folder; torch; auto: graphs where there are some (default)"
    parser.add_argument("--compute", default="auto", choices=COMPUTED, help=compute)
    parser.add_argument("--bs", type=int, default=64, help="pictures a batch (default: 64)")
    views = f"views of a poster to average: {', '.join(VIEWS)}, joined by +, e.g. grid+mirror"
    parser.add_argument("--views", help=f"{views} (default: those with which the learner was judged)")
    parser.add_argument("--thresh", type=float, help="name genres of a greater probability (default: as it was tuned)")
    parser.add_argument("--top", type=int, help="name this many genres of each poster instead, the most probable ones")
    at_least = "a poster with fewer genres over their thresholds gets this many most probable ones (default: 1)"
    parser.add_argument("--at_least", type=int, default=1, help=at_least)
    args = vars(parser.parse_args(argv))
    columns = args.pop("id_col"), args.pop("poster_col")
    named = {name: args.pop(name) for name in ("compute", "views", "bs", "thresh", "top", "at_least")}
    name, source, out = (args.pop(key) for key in ("model", "input", "out"))
    try:
        if find_spec("pyarrow") is None:
            raise ImportError("Bulk scoring needs the package pyarrow: pip install 'postergenre[tables]'")
        from postergenre.bulk.run import score_posters
        from postergenre.bulk.scorer import ask

        shown, place = model_at(None if name == SHIPPED and not Path(name).exists() else name)
        asked, why = ask(place, **named)
        note(f"{shown}, computed by {'ONNX Runtime' if asked.compute == 'onnx' else f'torch ({why})'}")
        scored = score_posters(asked, source, out, columns=columns, name=shown, **args)
    except (OSError, ValueError, ImportError, RuntimeError) as e:
        sys.exit(f"{parser.prog}: {e}")
    except KeyboardInterrupt:
        print(f"\nStopped; what is done stays in {out}: type the same command to go on", file=sys.stderr)
        sys.exit(130)
    print(f"{scored.rows:,} posters in {scored.parts:,} parts in {out}; {scored.errors:,} of them could not be read")
    if scored.errors == scored.rows:
        sys.exit(f"{parser.prog}: none of the posters could be read; the column error of the parts says why")


if __name__ == "__main__":
    main()
