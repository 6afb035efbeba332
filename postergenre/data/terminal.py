"""Text as wide as the terminal, and what libraries say as one line."""

import shutil
import textwrap
from collections.abc import Mapping


def terminal_width() -> int:
    "Characters in a line of the terminal; 80 where there is none, as in a file."
    return min(max(shutil.get_terminal_size((80, 24)).columns, 40), 180)


def first_line(error: BaseException) -> str:
    "What an error says, without what some libraries add in further lines."
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def wrapped(text: str) -> str:
    "Each line of a text as lines of the terminal; a path or another long word stays whole."
    how = {"width": terminal_width(), "break_long_words": False, "break_on_hyphens": False}
    return "\n".join(textwrap.fill(line, **how) for line in text.splitlines())


def beside(texts: Mapping[str, str], first: int = 0) -> list[str]:  # lines
    "Names and a text beside each, as wide as the terminal; names take as many characters as they need, or `first`."
    first = max([first, *map(len, texts)])
    how = {"width": terminal_width(), "subsequent_indent": " " * (first + 2), "break_on_hyphens": False}
    return [line for name, text in texts.items() for line in textwrap.wrap(f"{name:<{first}}  {text}", **how)]
