"""The commands there are: `python -m postergenre`."""

import ast
import shutil
import sys
import textwrap
from pathlib import Path

import postergenre

HERE = Path(__file__).parent


def commands() -> dict[str, str]:  # e.g. recipes.densenet -> the first line of its docstring
    "The modules of the package that run as commands; nothing of them is imported."
    found = {}
    for file in sorted(HERE.rglob("*.py"), key=lambda file: (len(file.parts), file)):
        text = file.read_text(encoding="utf-8")
        if file.name == "__main__.py" or '\nif __name__ == "__main__":\n' in text:
            name = ".".join(file.relative_to(HERE).with_suffix("").parts).removesuffix("__main__").rstrip(".")
            line = (ast.get_docstring(ast.parse(text)) or "").partition("\n")[0]
            found[name] = line.partition(": `python -m ")[0]  # the command stands beside it
    found.pop("")  # this one
    return found


def main() -> None:
    "List the commands."
    if len(sys.argv) > 1 and sys.argv[1] not in ("-h", "--help"):
        sys.exit(f"python -m postergenre takes nothing; type python -m postergenre.{sys.argv[1]}, or leave it out")
    width, found = shutil.get_terminal_size().columns, commands()
    print(f"postergenre {postergenre.__version__}. The commands, each with --help: python -m postergenre.NAME\n")
    column = 4 + max(map(len, found))
    for name, text in found.items():
        start = f"  {name}".ljust(column)
        print(textwrap.fill(text, width, initial_indent=start, subsequent_indent=" " * column, break_on_hyphens=False))


if __name__ == "__main__":
    main()
