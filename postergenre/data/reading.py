"""Movies read one after the other, in several processes if asked; what cannot be read is an error and not the end."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import pandas as pd
from torch.utils.data import DataLoader, Dataset

from postergenre.data.progress import progress as progress_bar

UNREADABLE = (OSError, ValueError, SyntaxError)  # Pillow's plugins raise all three on broken files


def read_each(
    read: Callable[[Mapping], object],  # of one movie; errors of UNREADABLE are noted
    movies: Sequence[Mapping],  # rows of a table
    workers: int = 0,  # processes; 0: none beside this one
    progress: bool | None = None,  # a bar; None: in a terminal or notebook
) -> Iterator[tuple[object, str | None]]:  # what was read and None, or None and the error
    "What is read of movies, in their order."
    workers = min(workers, len(movies))
    # as_it_is: torch's own conversion would take tuples apart
    loader = DataLoader(_Movies(read, movies), batch_size=None, collate_fn=as_it_is, num_workers=workers)
    return iter(progress_bar(loader, len(movies), progress))


def as_movie(
    movie,  # a row of a table of movies, or a poster: file, bytes, array, PIL image
) -> dict:  # missing cells are None, whatever pandas calls them
    "A movie as a row: of a bare poster nothing else is known."
    row = dict(movie) if isinstance(movie, Mapping | pd.Series) else {"poster": movie}
    return {k: None if pd.api.types.is_scalar(v) and pd.isna(v) else v for k, v in row.items()}


def poster_of(
    movie: Mapping,  # from `as_movie`
):  # file, bytes, array or PIL image; None: there is none
    "The poster of a movie."
    poster = movie.get("poster")
    return None if isinstance(poster, str) and not poster else poster


def refuse_unreadable(
    posters: Iterable,  # files
    errors: Sequence[str | None],  # an error or None each
) -> None:  # ValueError: how many posters cannot be read, and the first of them
    "Make sure that all posters were read."
    bad = [(p, e) for p, e in zip(posters, errors, strict=True) if e]
    if bad:
        raise ValueError(
            f"{len(bad)} posters cannot be read, first {bad[0][0]} ({bad[0][1]}); "
            "leave them out with read_movies(..., check_posters=True)"
        )


def as_it_is(x):
    "The same."
    return x


class _Movies(Dataset):
    def __init__(self, read: Callable, movies: Sequence[Mapping]):
        self.read, self.movies = read, movies

    def __len__(self) -> int:
        return len(self.movies)

    def __getitem__(self, i: int) -> tuple[object, str | None]:
        try:
            return self.read(self.movies[i]), None
        except UNREADABLE as e:
            return None, f"{type(e).__name__}: {e}"
