"""Plausible metadata: people who keep to their genres, ratings, dates, votes."""

from random import Random

from postergenre.data.demo import words

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
    "Animation": 86, "Family": 92, "Horror": 93, "Documentary": 90, "Comedy": 97, "History": 128, "War": 124,
    "Drama": 112,
}  # fmt: skip
LIKED = {"Documentary": 7.3, "Horror": 5.3, "Biography": 7.1, "War": 7.0, "History": 6.9, "Drama": 6.7, "Sci-Fi": 5.8}
LANGUAGES = ("English", "English, Spanish", "English, French", "French", "German", "Japanese", "Hindi")
COUNTRIES = ("USA", "UK", "USA, UK", "Canada", "France", "Germany", "Japan", "India")
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


class Studio:
    "Directors, writers and actors who keep to their genres, and the documents of their movies."

    def __init__(
        self,
        share: dict[str, int],  # how common each genre is
        movies: int,  # how many will be made
        rng: Random,  # source of every choice
    ):
        self.rng = rng
        names: dict[str, None] = {}
        while len(names) < min(900, max(12, movies // 3)):
            names[words.person(rng)] = None
        self.people = list(names)
        self.leaning: dict[str, list[str]] = {g: [] for g in share}
        for person in self.people:
            for g in set(rng.choices(list(share), share.values(), k=2)):
                self.leaning[g].append(person)

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
