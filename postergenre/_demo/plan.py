"""Which movies the demo holds: their genres, in the frequencies of the study, and their metadata."""

from collections import Counter
from dataclasses import dataclass, field
from random import Random

import numpy as np

from postergenre._demo import words
from postergenre.genres import GENRES

# tuned so that a drawn plan comes near the share of movies each genre has in the study
FIRST = {
    "Drama": 270, "Comedy": 240, "Action": 120, "Documentary": 95, "Crime": 60, "Horror": 60, "Adventure": 35,
    "Romance": 30, "Biography": 28, "Thriller": 22, "Family": 18, "Music": 20, "Animation": 22, "Fantasy": 16, "Sci-Fi": 20,
    "Sport": 11, "Other": 11, "Mystery": 12, "War": 6, "History": 8,
}  # fmt: skip
# how much likelier than by chance two genres stand together
TOGETHER = {
    "Action": "Adventure 4 Crime 3 Sci-Fi 4 Thriller 3 Fantasy 2 War 2",
    "Adventure": "Action 4 Family 4 Fantasy 3 Animation 5 Sci-Fi 3 Comedy 1.5",
    "Animation": "Family 8 Adventure 6 Comedy 2 Fantasy 2",
    "Biography": "History 6 Drama 2 Documentary 2 Sport 4 Music 4 War 2",
    "Comedy": "Romance 3 Family 3 Drama 1 Crime 1.2 Music 2 Adventure 1.5 Fantasy 1.5",
    "Crime": "Thriller 3 Mystery 4 Action 2 Drama 1.6 Comedy 0.8",
    "Documentary": "Biography 4 Music 4 History 5 Sport 3 Other 5 War 2",
    "Drama": "Romance 2 Biography 2 Crime 1.5 History 2 War 3 Sport 2 Music 2 Comedy 1 Thriller 1.3 Mystery 1.5",
    "Family": "Animation 6 Comedy 2 Adventure 3 Fantasy 4",
    "Fantasy": "Adventure 3 Family 3 Horror 2 Romance 1 Action 1.5",
    "History": "Drama 2 War 6 Biography 5 Documentary 3",
    "Horror": "Thriller 4 Mystery 4 Sci-Fi 3 Fantasy 2",
    "Music": "Drama 2 Comedy 1.5 Documentary 2 Romance 2",
    "Mystery": "Thriller 4 Crime 3 Drama 1.5 Horror 3",
    "Other": "Drama 1.5 Action 2 Documentary 2 Comedy 1",
    "Romance": "Comedy 2.5 Drama 2.5 Music 1.5 Fantasy 1",
    "Sci-Fi": "Action 4 Adventure 3 Thriller 2.5 Horror 3",
    "Sport": "Drama 2.5 Comedy 1.5 Biography 3",
    "Thriller": "Crime 3 Mystery 4 Action 2.5 Drama 1.6 Horror 3 Sci-Fi 2",
    "War": "Drama 2.5 History 6 Action 2.5",
}
SELDOM = 0.25  # the weight of a pair that TOGETHER does not name
SHARE = {
    "Drama": 3755, "Comedy": 3007, "Action": 1382, "Romance": 1358, "Crime": 1203, "Thriller": 952, "Adventure": 914,
    "Documentary": 689, "Horror": 541, "Fantasy": 478, "Biography": 470, "Mystery": 469, "Family": 446, "Music": 411,
    "Sci-Fi": 408, "Animation": 254, "History": 242, "Sport": 231, "War": 149, "Other": 138,
}  # fmt: skip
RAW = {
    "Other": "Western Western Western Short Short Short News Talk-Show Game-Show Reality-TV",
    "Music": "Music Music Musical",
}
IN_FRONT = ("Documentary", "Short", "Animation")  # the source names these before the rest, which stand in order
RATED = {
    "Family": "G PG PG", "Animation": "G PG PG", "Horror": "R R R PG-13", "Crime": "R R PG-13", "Thriller": "R R PG-13",
    "War": "R R PG-13", "Documentary": "N/A N/A UNRATED PG", "Adventure": "PG-13 PG", "Fantasy": "PG-13 PG",
    "Sport": "PG PG-13", "Music": "PG PG-13 R", "Comedy": "PG-13 R PG", "Romance": "PG-13 R PG", "Action": "R PG-13",
}  # fmt: skip
MINUTES = {
    "Animation": 86,
    "Family": 92,
    "Horror": 93,
    "Documentary": 90,
    "Comedy": 97,
    "History": 128,
    "War": 124,
    "Drama": 112,
}
LIKED = {"Documentary": 7.3, "Horror": 5.3, "Biography": 7.1, "War": 7.0, "History": 6.9, "Drama": 6.7, "Sci-Fi": 5.8}
LANGUAGES = (
    "English",
    "English",
    "English",
    "English, Spanish",
    "English, French",
    "French",
    "German",
    "Japanese",
    "Hindi",
)
COUNTRIES = ("USA", "USA", "USA", "UK", "USA, UK", "Canada", "France", "Germany", "Japan", "India")
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


@dataclass
class Movie:
    "A movie of the demo."

    year: int
    document: dict[str, str]  # its fields, in the order in which the study's files have them
    genres: list[str]  # merged; what the poster shows even if the document does not say so
    key: str | None  # what its poster is drawn from; None: it has no poster
    again: bool = field(default=False)  # listed a second time

    @property
    def usable(self) -> bool:
        "Whether a reader keeps it: it has a poster and a genre."
        return self.key is not None and self.document["Genre"] != "N/A"


def plan_movies(
    n: int,  # usable movies
    seed: int,  # the same seed, the same movies
) -> list[Movie]:  # n usable ones, and a few with no poster, no genre or a second entry
    "Decide everything about the demo but the pixels."
    rng = Random(f"postergenre demo {seed} {n}")
    without_poster, without_genre, twice = max(1, n // 100), max(1, n // 300), 1 + (n >= 500)
    total = n + without_poster + without_genre
    all_genres = draw_genres(total, rng)
    studio = _Studio(all_genres, rng)
    ids = rng.sample(range(9_000_000, 9_000_000 + 20 * total), total)  # above those of the study's movies
    fate = ["usable"] * n + ["no poster"] * without_poster + ["no genre"] * without_genre
    rng.shuffle(fate)
    movies = []
    for i, (genres, outcome) in enumerate(zip(all_genres, fate, strict=True)):
        year = 1980 + round(35 * rng.triangular(0, 1, 0.95))
        document = studio.document(f"tt{ids[i]}", year, genres)
        if outcome == "no genre":
            document["Genre"] = "N/A"
        key = None if outcome == "no poster" else str(np.random.default_rng([seed, i]).integers(2**62))
        movies.append(Movie(year, document, genres, key))
    for movie in rng.sample([m for m in movies if m.usable], min(twice, n)):
        movie.again = True
    return movies


def draw_genres(
    total: int,  # movies
    rng: Random,  # source of the choices
) -> list[list[str]]:  # one to three merged genres each
    "Genres for every movie, with the study's frequencies and companions."
    pair = {g: dict.fromkeys(GENRES, SELDOM) for g in GENRES}
    for a, text in TOGETHER.items():
        parts = text.split()
        for b, weight in zip(parts[::2], map(float, parts[1::2]), strict=True):
            pair[a][b] = weight
    movies = []
    for _ in range(total):
        genres = rng.choices(list(FIRST), FIRST.values())
        for _ in range(rng.choices((0, 1, 2), (20, 32, 48))[0]):
            weights = [0.0 if g in genres else _companion(g, genres, pair) for g in GENRES]
            genres += rng.choices(GENRES, weights)
        movies.append(sorted(genres))
    # a genre that chance forgot takes the place of a common one
    counts = Counter(g for genres in movies for g in genres)
    for genre in GENRES:
        while counts[genre] < total // 80:
            genres = rng.choice([m for m in movies if genre not in m])
            common = max(genres, key=lambda g: counts[g])
            if len(genres) == 3:
                genres.remove(common)
                counts[common] -= 1
            genres.append(genre)
            genres.sort()
            counts[genre] += 1
    return movies


def _companion(genre: str, genres: list[str], pair: dict[str, dict[str, float]]) -> float:
    "The weight of one more genre beside those a movie has."
    weight = float(SHARE[genre])
    for g in genres:
        weight *= pair[g][genre]
    return weight


class _Studio:
    "Directors, writers and actors who keep to their genres, and the documents of their movies."

    def __init__(self, all_genres: list[list[str]], rng: Random):
        self.rng = rng
        seen = set()
        while len(seen) < max(12, len(all_genres) // 3):
            seen.add(words.person(rng))
        people = sorted(seen)
        rng.shuffle(people)
        weights = list(SHARE.values())
        self.leaning: dict[str, list[str]] = {g: [] for g in GENRES}
        for person in people:
            for g in set(rng.choices(list(SHARE), weights, k=2)):
                self.leaning[g].append(person)
        self.people = people

    def someone(self, genres: list[str], loyal: float) -> str:
        "A person who works in one of these genres, or anyone."
        pool = self.leaning[self.rng.choice(genres)] if self.rng.random() < loyal else []
        return self.rng.choice(pool or self.people)

    def several(self, genres: list[str], loyal: float, count: int) -> list[str]:
        "Different people."
        out: list[str] = []
        while len(out) < count:
            person = self.someone(genres, loyal)
            if person not in out:
                out.append(person)
        return out

    def document(self, imdb_id: str, year: int, genres: list[str]) -> dict[str, str]:
        'All that the metadata says about a movie, "N/A" where it does not know.'
        rng, g = self.rng, self.rng.choice(genres)
        director, (first, second) = self.someone(genres, 0.8), self.several(genres, 0.5, 2)
        score = min(9.4, max(1.6, rng.gauss(sum(LIKED.get(x, 6.2) for x in genres) / len(genres), 0.8)))
        popular = {"Documentary": 6.0, "Other": 6.0, "Action": 10.0, "Sci-Fi": 10.0, "Adventure": 10.2}.get(g, 8.8)
        votes = int(rng.lognormvariate(popular, 1.6)) + 5
        minutes = round(rng.gauss(sum(MINUTES.get(x, 104) for x in genres) / len(genres), 10))
        english = rng.random() < 0.75
        document = {
            "_id": f"{rng.getrandbits(96):024x}",
            "Type": "movie",
            "Box_office": f"{int(votes * rng.uniform(100, 900)):,}",
            "Language": LANGUAGES[0] if english else rng.choice(LANGUAGES),
            "imdbRating": f"{score:.1f}",
            "Awards": rng.choice(
                ("N/A", "N/A", f"{rng.randint(1, 9)} wins & {rng.randint(2, 12)} nominations.", "1 win.")
            ),
            "Country": COUNTRIES[0] if english else rng.choice(COUNTRIES),
            "Director": director,
            "Title": words.movie_title(rng, genres),
            "Writer": rng.choice((first, f"{first} (screenplay), {second} (story)", f"{first}, {second}")),
            "Runtime": f"{max(min(minutes, 240), 8)} min",
            "Response": "True",
            "Metascore": str(round(min(98, max(9, rng.gauss(score * 9, 9))))),
            "Poster": f"http://posters.invalid/{imdb_id}.jpg",
            "Actors": ", ".join(self.several(genres, 0.4, 4)),
            "imdbID": imdb_id,
            "Released": f"{rng.randint(1, 28):02d} {rng.choice(MONTHS)} {year}",
            "Genre": ", ".join(raw_genres(genres, rng)),
            "Rated": rng.choice(RATED.get(g, "R PG-13 PG-13 PG").split()),
            "imdbVotes": f"{votes:,}",
        }
        for name, chance in {"Metascore": 0.45, "Rated": 0.1, "Released": 0.03, "Awards": 0.1, "Writer": 0.02}.items():
            if rng.random() < chance:
                document[name] = "N/A"
        if rng.random() < 0.33:
            del document["Box_office"]
        return document


def raw_genres(
    genres: list[str],  # merged
    rng: Random,  # picks among the names that are merged
) -> list[str]:
    "Genres as the source writes them, before any merge."
    raw = [rng.choice(RAW.get(g, g).split()) for g in genres]
    return sorted(raw, key=lambda g: (IN_FRONT.index(g) if g in IN_FRONT else len(IN_FRONT), g))
