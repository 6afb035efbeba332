"""The vocabulary: raw IMDb genres, the study's merge of them to 20, and labels as 0/1 rows."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

_NAMES = (
    "Action Adventure Animation Biography Comedy Crime Documentary Drama Family Fantasy History Horror Music Mystery "
    "Other Romance Sci-Fi Sport Thriller War"
)
GENRES = tuple(_NAMES.split())
RARE = ("Adult", "Game-Show", "News", "Reality-TV", "Short", "Talk-Show", "Western")
MERGE = dict.fromkeys(RARE, "Other") | {"Musical": "Music"}
NO_GENRE = frozenset({"", "N/A"})


def check_vocab(vocab: Sequence[str]) -> tuple[str, ...]:
    """The vocabulary as a tuple, once it is sure that it is a list of different, non-empty names."""
    if isinstance(vocab, str):
        raise ValueError(f"vocab is the text {vocab!r}; pass a list of genre names, for example vocab=['Drama', 'War']")
    vocab = tuple(vocab)
    if not vocab:
        raise ValueError("vocab is empty; pass the genre names, for example vocab=['Drama', 'War']")
    if wrong := [g for g in vocab if not isinstance(g, str) or not g.strip()]:
        raise ValueError(f"vocab holds {wrong[0]!r}, which is not a genre name; pass non-empty texts")
    if twice := sorted({g for g in vocab if vocab.count(g) > 1}):
        raise ValueError(f"vocab lists {', '.join(twice)} more than once; list every genre once")
    return vocab


def merge_genres(
    raw: Iterable[str],  # genres of one movie as the source names them, e.g. ["Western", "Drama"]
    vocab: Sequence[str] = GENRES,  # the genres to end up with, in their order
    mapping: Mapping[str, str] | None = None,  # raw name -> name in vocab; None: MERGE for GENRES, else no mapping
    movie: str = "?",  # named in the error
) -> list[str]:  # the merged genres, each once, in the order of vocab; empty for "N/A". ValueError: a genre is unknown
    "Raw genres of one movie as genres of the vocabulary."
    if mapping is None:
        mapping = MERGE if tuple(vocab) == GENRES else {}
    found = set()
    for name in (g.strip() for g in raw):
        if name in NO_GENRE:
            continue
        merged = mapping.get(name, name)
        if merged not in vocab:
            via = f" (mapped to {merged!r})" if merged != name else ""
            raise ValueError(
                f"Movie {movie} has the genre {name!r}{via}, which is not in the vocabulary. Known: {', '.join(vocab)}"
                f". Pass mapping={{{name!r}: {vocab[0]!r}}} to merge it, or a vocab= that holds it."
            )
        found.add(merged)
    return [g for g in vocab if g in found]


def multi_hot(
    genres: Iterable[Sequence[str]],  # one list of genre names a movie
    vocab: Sequence[str] = GENRES,  # the columns
) -> np.ndarray:  # (movies, genres) float32 of 0 and 1. ValueError: a genre is not in vocab
    "Lists of genres as rows of 0 and 1."
    genres = list(genres)
    column = {g: i for i, g in enumerate(vocab)}
    rows = np.zeros((len(genres), len(vocab)), dtype=np.float32)
    for i, names in enumerate(genres):
        for name in names:
            if name not in column:
                raise ValueError(f"Row {i} has the genre {name!r}, which is not in the vocabulary: {', '.join(vocab)}.")
            rows[i, column[name]] = 1
    return rows


def genre_names(
    row: Iterable,  # (genres,) true/false or 0/1
    vocab: Sequence[str] = GENRES,  # the names, in the same order
) -> list[str]:
    "The names of the genres that are set in a 0/1 row."
    return [g for g, on in zip(vocab, row, strict=True) if on]


def vocab_of(movies: pd.DataFrame) -> tuple[str, ...]:
    "The vocabulary the movies were read with (GENRES for a table that did not come from read_movies)."
    return tuple(movies.attrs.get("vocab", GENRES))


def check_genres(
    genres: str | Sequence[str],  # one name or several
    vocab: Sequence[str],  # those that are known
) -> list[str]:  # ValueError: a name is unknown, or there is none
    "The genres asked for as a list, once it is sure that the vocabulary holds them."
    genres = [genres] if isinstance(genres, str) else list(genres)
    if not genres:
        raise ValueError(f"No genre given; pass one or more of: {', '.join(vocab)}")
    if unknown := [g for g in genres if g not in vocab]:
        raise ValueError(f"Unknown genre {unknown[0]!r}; known: {', '.join(vocab)}")
    return genres
