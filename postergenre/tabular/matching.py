"""People whose names stand among lines of text, as an OCR network reads them: joined, torn, misread by a letter."""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise

LETTERS = 8  # of a full name, first and last together; shorter ones stand in other words
MISREAD = 10  # letters of a name in which one may be read wrongly
SURNAME = 6  # letters of a surname that stands for its star
FILMS, SHARE = 4, 0.75  # films of a star, and the share of all films of that surname
GRAM = 4  # letters that a line has in common with a name before the two are compared
ALIKE = 75  # rapidfuzz's ratio from which two names are one that was read twice

_WORD = re.compile(r"[^\W\d_]+")


def letters(text: str) -> str:
    "The letters of a text in upper case, without accents: 'Penélope Cruz' -> 'PENELOPECRUZ'."
    return re.sub("[^A-Z]", "", unicodedata.normalize("NFKD", text.upper()))


class NameMatcher:
    """Finds known people in lines of text.

    By their full name within a line, or within two lines that follow each other; else by all but one of its letters,
    where no name like it is there; else by the surname alone, if nearly all films of that surname are one star's and
    nothing else stands on the line.
    """

    def __init__(self, people: Sequence[str], films: Mapping[str, int]):  # names; how many films each actor is in
        self.names = {letters(p): p for p in people if " " in p and len(letters(p)) >= LETTERS}
        self.stars = surnames_of_stars(films)
        self.grams: dict[str, set[str]] = defaultdict(set)
        for name in self.names:
            for gram in grams(name):
                self.grams[gram].add(name)

    def __call__(self, lines: Sequence[str]) -> dict[str, list[int]]:  # person -> places of the lines
        "Who is named, and where."
        plain = [letters(line) for line in lines]
        spans = [(text, [i]) for i, text in enumerate(plain)]
        spans += [(a + b, [i, i + 1]) for i, (a, b) in enumerate(pairwise(plain))]
        found: dict[str, list[int]] = {}
        near = []
        for text, places in spans:
            common = Counter(name for gram in grams(text) for name in self.grams.get(gram, ()))
            for name, n in common.items():
                if name in text:
                    found.setdefault(name, places)
                elif len(name) >= MISREAD and n >= len(name) - 2 * GRAM:  # one letter spoils as many as GRAM of them
                    near.append((name, text, places))
        found |= misread(near, found)
        people = {self.names[name]: places for name, places in found.items()}
        for i, line in enumerate(lines):
            for star in (self.stars.get(letters(word)) for word in _WORD.findall(line)):
                if star is not None and len(plain[i]) <= len(letters(star.split()[-1])) + 2:
                    people.setdefault(star, [i])
        return people


def misread(near: Sequence[tuple[str, str, list[int]]], exact: Mapping) -> dict[str, list[int]]:
    "Of names that a text may hold (name, text, places) those of which it holds all letters but one."
    from rapidfuzz import fuzz  # of an extra
    from rapidfuzz.distance import Levenshtein

    found = {}
    for name, text, places in near:
        if name in exact:
            continue
        at = fuzz.partial_ratio_alignment(name, text)
        starts, ends = (range(max(0, i - 1), i + 2) for i in (at.dest_start, at.dest_end))
        nearest = min(Levenshtein.distance(name, text[a:b]) for a in starts for b in ends if b > a)
        if nearest <= 1 and not any(fuzz.ratio(name, other) > ALIKE for other in exact):
            found.setdefault(name, places)
    return found


def surnames_of_stars(films: Mapping[str, int]) -> dict[str, str]:  # actor -> films; gives SURNAME -> actor
    "Surnames of which nearly all films are one actor's."
    families: dict[str, list[str]] = defaultdict(list)
    for actor in films:
        families[letters(actor.split()[-1])].append(actor)
    stars = {}
    for surname, actors in families.items():
        star = max(actors, key=films.__getitem__)
        if len(surname) >= SURNAME and films[star] >= max(FILMS, SHARE * sum(map(films.__getitem__, actors))):
            stars[surname] = star
    return stars


def grams(text: str) -> set[str]:
    return {text[i : i + GRAM] for i in range(len(text) - GRAM + 1)}
