"""A recipe's `main` as a command: its signature gives the options, its docments the help, a TOML file the defaults."""

import argparse
import inspect
import sys
import textwrap
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import UnionType
from typing import get_args, get_origin

from fastcore.docments import docments

from postergenre.recipes.runs.folder import last_words
from postergenre.recipes.runs.options import shared
from postergenre.recipes.runs.resuming import Finished
from postergenre.recipes.runs.together import together

METAVARS = {int: "N", float: "X"}


class Help(argparse.HelpFormatter):
    "Prose and commands of a module's docstring, as wide as the terminal; what a command shows stands above it."

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        parts = text.strip().replace("\\\n", " ").split("\n\n")
        return "\n\n".join(self._part(part.splitlines(), width) for part in parts if part)

    def _part(self, lines: list[str], width: int) -> str:
        if not lines or not lines[0].startswith("python -m"):
            return textwrap.fill(" ".join(lines), width)
        if max(map(len, lines)) <= width:
            return "\n".join(lines)
        shown = []
        for line in lines:
            command, _, note = (part.strip() for part in line.partition("  #"))
            words = textwrap.wrap(" ".join(command.split()), width - 2, subsequent_indent="    ",
                                  break_long_words=False, break_on_hyphens=False)  # fmt: skip
            shown += [f"# {note}"] * bool(note) + [" \\\n".join(words)]
        return "\n".join(shown)


def command(main: Callable, argv: list[str] | None = None, epilog: str = "") -> None:
    "Run `main` with options from the command line; errors that the user can mend are one line."
    parser = build_parser(main, epilog)
    if file := parser.parse_args(argv).config:
        try:
            parser.set_defaults(**read_config(file, main))
        except (OSError, ValueError) as e:
            parser.error(str(e))
    args = vars(parser.parse_args(argv))
    del args["config"]
    run_main(parser.prog, main, args)


def run_main(prog: str, main: Callable, args: dict) -> None:
    "Run a recipe; however it ends before its time, say what it left and how to go on."
    try:
        with together(args) as own:
            main(**own)
    except Finished as e:
        print(f"\n{e}")
    except (OSError, ValueError, KeyError, ImportError) as e:
        left = last_words()
        sys.exit(f"{prog}: {e.args[0] if isinstance(e, KeyError) and e.args else e}{chr(10) * bool(left)}{left}")
    except KeyboardInterrupt:
        if left := last_words():
            print(f"\n{left}")
        sys.exit(130)
    except Exception:
        print(last_words(), file=sys.stderr)
        raise


def build_parser(main: Callable, epilog: str = "") -> argparse.ArgumentParser:
    "The options of a recipe: one for each parameter of `main`."
    module = inspect.getmodule(main)
    name = module.__spec__.name if module and module.__spec__ else main.__module__
    how = {"prog": f"python -m {name}", "formatter_class": Help}
    parser = argparse.ArgumentParser(description=inspect.getdoc(main), epilog=epilog, **how)
    of_all = parser.add_argument_group("movies and files, as in all recipes")
    help_of = docments(main)
    for p in inspect.signature(main).parameters.values():
        kind, several = _kind(p)
        text = help_of[p.name] or ""
        if p.default not in (None, ()) and not isinstance(p.default, bool):
            text += f" (default: {' '.join(map(str, p.default)) if several else p.default})"
        how = {"type": kind, "nargs": "+" if several else None, "metavar": METAVARS.get(kind, p.name.upper())}
        if kind is bool:
            how = {"action": argparse.BooleanOptionalAction}
        group = of_all if p.name in inspect.signature(shared).parameters else parser
        group.add_argument(f"--{p.name}", default=p.default, help=text.replace("%", "%%"), **how)
    text = "TOML file of options (top level or under [args]): command line over file over defaults"
    parser.add_argument("--config", help=text, metavar="FILE")
    return parser


def read_config(file: str | Path, main: Callable) -> dict:
    "Options of a recipe from TOML. ValueError: broken, an unknown option (the known ones are listed) or a wrong type."
    try:
        table = tomllib.loads(Path(file).read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as e:
        raise ValueError(f"{file} is not valid TOML: {e}") from e
    table = table.get("args", table)  # recorded runs have them there
    known = inspect.signature(main).parameters
    if unknown := sorted(set(table) - set(known)):
        raise ValueError(f"{file} has the unknown option {', '.join(unknown)}; known: {', '.join(known)}")
    for key, value in table.items():
        kind, several = _kind(known[key])
        allowed = {float: (float, int), str: (str, int)}.get(kind, (kind,))
        values = value if several and isinstance(value, list) else [value]
        if any(not isinstance(v, allowed) or (isinstance(v, bool) and kind is not bool) for v in values):
            raise ValueError(f"{file}: {key} = {value!r} should be a {kind.__name__}{' or a list of such' * several}")
        table[key] = [kind(v) for v in values] if several else kind(value)
    return table


def _kind(p: inspect.Parameter) -> tuple[type, bool]:  # of a value, str of list[str] | None; may there be several
    kind = get_args(p.annotation)[0] if isinstance(p.annotation, UnionType) else p.annotation
    several = get_origin(kind) is list
    return (get_args(kind)[0] if several else kind), several
