"""Which movies the demo holds: their genres, in the frequencies of the study, and their metadata."""

from collections import Counter
from dataclasses import dataclass, field
from random import Random

import numpy as np

from postergenre.data.demo.metadata import Studio
from postergenre.data.genres import GENRES

# tuned so that a drawn plan comes near the share of movies each genre has in the study
FIRST = {
    "Drama": 330, "Comedy": 255, "Action": 125, "Documentary": 85, "Crime": 55, "Horror": 62, "Adventure": 37,
    "Romance": 28, "Biography": 18, "Thriller": 18, "Family": 17, "Music": 17, "Animation": 22, "Fantasy": 20,
    "Sci-Fi": 20, "Sport": 9, "Other": 12, "Mystery": 11, "War": 3, "History": 4,
}  # fmt: skip
# how much likelier than by chance two genres stand together
TOGETHER = {
    "Action": "Adventure 4 Crime 3 Sci-Fi 4 Thriller 3 Fantasy 2 War 2",
    "Adventure": "Action 4 Family 4 Fantasy 3 Animation 5 Sci-Fi 3 Comedy 1.5",
    "Animation": "Family 8 Adventure 6 Comedy 2 Fantasy 2",
    "Biography": "History 6 Drama 2 Documentary 2 Sport 3 Music 2 War 1.5",
    "Comedy": "Romance 3 Family 3 Drama 1 Crime 1.2 Music 1.1 Adventure 1.5 Fantasy 1.5",
    "Crime": "Thriller 3 Mystery 4 Action 2 Drama 1.6 Comedy 0.8",
    "Documentary": "Biography 3.5 Music 3 History 4 Sport 3 Other 5 War 2",
    "Drama": "Romance 2 Biography 2 Crime 1.5 History 1.6 War 2.2 Sport 2 Music 0.9 Comedy 1 Thriller 1.3 Mystery 1.5",
    "Family": "Animation 6 Comedy 2 Adventure 3 Fantasy 4",
    "Fantasy": "Adventure 3 Family 3 Horror 2 Romance 1 Action 1.5",
    "History": "Drama 2 War 6 Biography 5 Documentary 3",
    "Horror": "Thriller 4 Mystery 4 Sci-Fi 3 Fantasy 2",
    "Music": "Drama 1.5 Comedy 1.2 Documentary 2 Romance 1.5",
    "Mystery": "Thriller 4 Crime 3 Drama 1.5 Horror 3",
    "Other": "Drama 1.5 Action 2 Documentary 2 Comedy 1",
    "Romance": "Comedy 2.5 Drama 2.5 Music 1 Fantasy 1",
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
    studio = Studio(SHARE, total, rng)
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
