"""Whether progress bars make sense where the output goes."""

import sys

from fastcore.imports import IN_NOTEBOOK


def show_progress() -> bool:
    "True in a terminal or a notebook; False where a bar would fill a log file."
    return bool(IN_NOTEBOOK) or sys.stdout.isatty()
