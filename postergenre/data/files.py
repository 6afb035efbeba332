"""Files that are either whole or not there."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def write_whole(
    path: str | Path,  # where the file stands once it is whole; its folder is made
) -> Iterator[Path]:  # a temporary file beside it, with the same suffix, to write to
    "Write to a temporary file that takes its real name only when all went well."
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)  # mkstemp gives 0600, which other readers of a shared folder could not open
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
