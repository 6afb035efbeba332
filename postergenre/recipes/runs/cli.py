"""A recipe's `main` as a command: its signature gives the options, its docments the help, a TOML file the defaults."""

import argparse
import inspect
import sys
import tomllib
import types
from collections.abc import Callable
from pathlib import Path
from typing import get_args, get_origin

from fastcore.docments import docments

CONFIG_HELP = "TOML file of options (top level or under [args]): command line over file over defaults"


def command(main: Callable, argv: list[str] | None = None, epilog: str = "") -> None:
    "Run `main` with options from the command line; errors that the user can mend are one line."
    parser = build_parser(main, epilog)
    args = vars(parser.parse_args(argv))
    if file := args.pop("config"):
        try:
            parser.set_defaults(**read_config(file, main))
        except (OSError, ValueError) as e:
            parser.error(str(e))
        args = vars(parser.parse_args(argv))
        args.pop("config")
    try:
        main(**args)
    except (OSError, ValueError, KeyError, ImportError) as e:
        message = e.args[0] if isinstance(e, KeyError) and e.args else e
        sys.exit(f"{parser.prog}: {message}")
    except KeyboardInterrupt:
        sys.exit(130)


def build_parser(main: Callable, epilog: str = "") -> argparse.ArgumentParser:
    "The options of a recipe: one for each parameter of `main`."
    module = inspect.getmodule(main)
    name = module.__spec__.name if module and module.__spec__ else main.__module__
    parser = argparse.ArgumentParser(
        prog=f"python -m {name}",
        description=inspect.getdoc(main),
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    help_of = docments(main)
    for p in inspect.signature(main).parameters.values():
        flag, text = f"--{p.name}", help_of[p.name] or ""
        several = get_origin(p.annotation) is list
        if p.default not in (None, ()) and not isinstance(p.default, bool):
            text += f" (default: {' '.join(map(str, p.default)) if several else p.default})"
        text = text.replace("%", "%%")
        if p.annotation is bool:
            parser.add_argument(flag, action=argparse.BooleanOptionalAction, default=p.default, help=text)
        else:
            kind, nargs = _plain_type(p.annotation), "+" if several else None
            parser.add_argument(flag, type=kind, nargs=nargs, default=p.default, help=text, metavar=_metavar(p))
    parser.add_argument("--config", help=CONFIG_HELP, metavar="FILE")
    return parser


def read_config(
    file: str | Path,  # TOML: options at the top level, or in [args] as recorded runs have them
    main: Callable,  # whose parameters are known
) -> dict:  # ValueError: broken TOML, an unknown option (the known ones are listed) or a value of the wrong type
    "Options of a recipe from a TOML file."
    file = Path(file)
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as e:
        raise ValueError(f"{file} is not valid TOML: {e}") from e
    table = table.get("args", table)
    known = inspect.signature(main).parameters
    unknown = sorted(set(table) - set(known))
    if unknown:
        raise ValueError(f"{file} has the unknown option {', '.join(unknown)}; known: {', '.join(known)}")
    for key, value in table.items():
        wanted = known[key].annotation
        several = get_origin(wanted) is list
        fits = bool if wanted is bool else _plain_type(wanted)
        allowed = {float: (float, int), str: (str, int)}.get(fits, (fits,))
        values = value if several and isinstance(value, list) else [value]
        if any(not isinstance(v, allowed) or (isinstance(v, bool) and fits is not bool) for v in values):
            raise ValueError(f"{file}: {key} = {value!r} should be a {fits.__name__}{' or a list of such' * several}")
        table[key] = [fits(v) for v in values] if several else fits(value)
    return table


def _plain_type(annotation) -> type:
    if get_origin(annotation) is list:
        annotation = get_args(annotation)[0]
    if isinstance(annotation, types.UnionType):
        annotation = next(a for a in get_args(annotation) if a is not type(None))
    return annotation


def _metavar(p: inspect.Parameter) -> str:
    return {int: "N", float: "X"}.get(_plain_type(p.annotation), p.name.upper())
