"""The vocabulary: raw IMDb genres, the study's merge of them to 20, and labels as 0/1 rows."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

import numpy as np
import pandas as pd

from postergenre.data.columns import fold

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


def merge_all(
    raw: Iterable[Iterable[str]],  # genres of each movie as the source names them
    movies: Iterable[str],  # what to call each movie in the error
    vocab: Sequence[str] = GENRES,  # the genres to end up with, in their order
    mapping: Mapping[str, str | None] | None = None,  # raw name -> name in vocab, "" to drop it; MERGE counts too
) -> list[list[str]]:  # each once, in the order of vocab; none for "N/A". ValueError: unknown genres, with close names
    "Raw genres of many movies as genres of the vocabulary; case and spaces are forgiven where one genre is meant."
    raw = [[str(name).strip() for name in names] for names in raw]
    mapping = _mapping(vocab, mapping)
    merged = {name: _merged(name, vocab, mapping) for name in dict.fromkeys(chain.from_iterable(raw))}
    if unknown := {name: target for name, target in merged.items() if target not in vocab and target is not None}:
        name = next(iter(unknown))
        movie = next(m for names, m in zip(raw, movies, strict=True) if name in names)
        raise ValueError(f"Movie {movie} has the genre {_unknown(unknown, vocab)}")
    found = [{merged[name] for name in names} for names in raw]
    return [[g for g in vocab if g in genres] for genres in found]


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


def _mapping(vocab: Sequence[str], mapping: Mapping[str, str | None] | None) -> dict[str, str | None]:
    "One's own mapping, and for GENRES the study's merge of what it does not name."
    own = dict(mapping or {})
    named = {fold(name) for name in own}
    return {name: g for name, g in MERGE.items() if fold(name) not in named and tuple(vocab) == GENRES} | own


def _merged(name: str, vocab: Sequence[str], mapping: Mapping[str, str | None]) -> str | None:
    "The genre that a raw name means, None if it is to be dropped; a name that is not in vocab if it means none."
    if name.upper() in NO_GENRE:
        return None
    target = name if name in vocab and name not in mapping else _reading(name, mapping)
    target = mapping.get(target, name)
    return _reading(target, vocab) if target else None


def _reading(name: str, known: Iterable[str]) -> str:
    "The one of the known names that is meant, case and spaces aside; the name itself if that is none or several."
    if name in known:
        return name
    close = [k for k in known if fold(k) == fold(name)]
    return close[0] if len(close) == 1 else name


def _unknown(unknown: Mapping[str, str], vocab: Sequence[str]) -> str:
    "What to say of unknown genres (name -> what it was mapped to)."
    (name, target), *more = unknown.items()
    via = f" (mapped to {target!r})" if target != name else ""
    others = f" (unknown too: {', '.join(n for n, _ in more)})" if more else ""
    said = f"{name!r}{via}, which is not in the vocabulary{others}. Known: {', '.join(vocab)}. "
    for delim in "|;/,":
        if all(_reading(part.strip(), vocab) in vocab for part in name.split(delim)):
            return f"{said}If these are several genres, pass delim={delim!r} (--delim {delim!r})."
    folded = {fold(g): g for g in vocab}
    close = [folded[c] for c in difflib.get_close_matches(fold(target), folded, n=3)]
    meant = f"Did you mean {' or '.join(close)}? " if close else ""
    example = f"mapping={{{name!r}: {close[0] if close else 'one of these'!r}}} to merge it"
    also = "or a vocab= that holds it (in a recipe: --mapping FILE, --genres)"
    return f"{said}{meant}Pass {example}, {{{name!r}: ''}} to drop it, {also}."
