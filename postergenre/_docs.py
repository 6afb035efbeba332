"""What help() and ? show: the docstrings of public names, completed from the comments behind their parameters."""

import inspect
import textwrap
from contextlib import suppress
from functools import cache


def explained(thing):
    "A function, or a class with its public methods, whose docstrings say what each parameter is; all else as it is."
    if inspect.isclass(thing):
        for own in (kind for kind in thing.__mro__ if kind.__module__.startswith("postergenre.")):
            for name, method in vars(own).items():
                method = getattr(method, "__func__", method)  # of a classmethod
                if inspect.isfunction(method) and (name == "__init__" or not name.startswith("_")):
                    _complete(method)
    elif inspect.isfunction(thing):
        _complete(thing)
    return thing


@cache
def _complete(function) -> None:
    from fastcore.docments import docments  # slow to import

    with suppress(OSError, TypeError):  # there is no source, as of what a dataclass makes
        comments = {name: text for name, text in docments(function).items() if text}
        returns = comments.pop("return", None)
        parts = [inspect.cleandoc(function.__doc__ or "")]
        if comments:
            parts.append("\n".join(["Parameters:", *(_wrapped(f"  {n}: {text}") for n, text in comments.items())]))
        if returns:
            parts.append(_wrapped(f"Returns: {returns}"))
        function.__doc__ = "\n\n".join(parts) or None  # an empty first line keeps the indents below it


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 88, subsequent_indent=" " * 6, break_long_words=False, break_on_hyphens=False)
