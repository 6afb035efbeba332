"""Movies read one after the other, in several processes if asked; what cannot be read is an error and not the end."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

import pandas as pd
import torch
from torch.utils.data import DataLoader

from postergenre.data.lazy import Lazy
from postergenre.data.posters import UNREADABLE
from postergenre.data.progress import progress as progress_bar
from postergenre.data.terminal import first_line


def read_each(
    read: Callable[[Mapping], object], movies: Sequence[Mapping], workers: int = 0, progress: bool | None = None
) -> Iterator[tuple[object, str | None]]:
    "What is read of movies and None, in their order, or None and the error, one of UNREADABLE; workers are processes."
    workers = min(workers, len(movies))
    # without batches it gives each movie to collate_fn, within the process that reads it; with a generator of its own
    # training draws the same at random whether or not its movies were read before
    how = {"batch_size": None, "collate_fn": partial(_try, read), "generator": torch.Generator()}
    loader = DataLoader(movies, num_workers=workers, **how)
    return progress_bar(loader, len(movies), progress)


@contextmanager
def reading_processes() -> Iterator[None]:
    "Say in one sentence that a process that reads died; torch has a signal's handler raise that anywhere."
    try:
        yield
    except RuntimeError as e:
        if "DataLoader worker" not in str(e):
            raise
        raise ChildProcessError(
            f"A process that reads posters has died ({first_line(e).rstrip('. ')}), often for want of memory; read "
            "with fewer of them, or in this process: workers=0, of loaders num_workers=0"
        ) from e


def as_movie(movie) -> dict:  # missing cells are None, whatever pandas calls them
    "A row of a table of movies, or of a bare poster (file, bytes, array, PIL image), of which nothing else is known."
    row = dict(movie) if isinstance(movie, Mapping | pd.Series) else {"poster": movie}
    return {k: None if pd.api.types.is_scalar(v) and pd.isna(v) else v for k, v in row.items()}


def movie_rows(movies: pd.DataFrame) -> Lazy:  # of dicts, as `as_movie` gives them
    "The rows of a table of movies."
    columns = {str(name): movies[name].to_list() for name in movies}
    return Lazy(partial(_row, columns), len(movies))


def poster_of(movie: Mapping):  # file, bytes, array or PIL image; None: there is none
    "The poster of a movie from `as_movie`."
    poster = movie.get("poster")
    return None if isinstance(poster, str) and not poster else poster


def refuse_unreadable(posters: Iterable, errors: Sequence[str | None]) -> None:
    "ValueError: how many posters cannot be read, those with an error, and the first of them."
    if bad := [(p, e) for p, e in zip(posters, errors, strict=True) if e]:
        raise ValueError(
            f"{len(bad)} posters cannot be read, first {bad[0][0]} ({bad[0][1]}); "
            "leave them out with read_movies(..., check_posters=True)"
        )


def _row(columns: Mapping[str, list], i: int) -> dict:
    return as_movie({name: cells[i] for name, cells in columns.items()})


def _try(read: Callable[[Mapping], object], movie: Mapping) -> tuple[object, str | None]:
    try:
        return read(movie), None
    except UNREADABLE as e:
        return None, f"{type(e).__name__}: {e}"
