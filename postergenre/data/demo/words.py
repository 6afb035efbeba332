"""Invented names and titles: every word list here is the project's own."""

from random import Random


def _words(text: str) -> tuple[str, ...]:
    "Words at spaces; an underscore is a space within one."
    return tuple(w.replace("_", " ") for w in text.split())


FIRST = _words(
    "Mara Ilsa Otto Priya Tomas Lena Kofi Ines Bruno Wanda Felix Noor Edda Rafe Suki Viggo Dela Milos Anouk Jory "
    "Petra Silas Yara Enzo Thea Boris Leila Casper Odile Ravi Greta Amos Zofia Hugo Imke Dario Nell Osman Pilar Quinn"
)
LAST = _words(
    "Voss Halloway Brandt Okoro Lindqvist Marchetti Duval Sorensen Petrov Ashdown Kimura Vance Rosso Thorne "
    "Achterberg Bellweather Castellan Dray Everhart Fenwick Gallo Hartigan Ivarsson Jessop Kessler Lorimer Montague "
    "Novak Oyelaran Pemberton Quist Ravenel Stavros Tillman Umber Vasquez Winslow Yardley Zeller Abernathy"
)
STUDIOS = _words("Northlight Bluegate Ninth_Lantern Paper_Crane Old_Harbour Silver_Otter Tall_Pine Grand_Arcade")
ADJECTIVES = _words(
    "Last Silent Golden Broken Second Hidden Burning Little Wild Lost Distant Perfect Crooked Long Bright Hollow "
    "Restless Northern Paper Invisible"
)
PLACES = _words(
    "Harlow Bay Saint_Orla Kestrel_Street Marlow_County Vantaa Redwater Port_Amber Dunmore Halcyon Eastfold"
)
NOUNS = {
    "Drama": _words("Winter Silence Mothers Harvest Letters Shore Daughters Rain Promise Rooms"),
    "Comedy": _words("Wedding Neighbours Uncles Vacation Pancakes Roommates Trouble Babysitters Office Holiday"),
    "Action": _words("Strike Fury Impact Overdrive Vengeance Steel Ambush Firepower Payback Velocity"),
    "Romance": _words("Kiss Hearts Summer Valentine Lovers Roses Sweetheart Waltz Honeymoon Embrace"),
    "Crime": _words("Heist Syndicate Witness Precinct Alibi Verdict Informant Racket Detective Larceny"),
    "Thriller": _words("Deadline Pursuit Stranger Stairwell Hostage Suspect Midnight Corridor Threat Trap"),
    "Adventure": _words("Expedition Voyage Summit Treasure River Island Compass Caravan Frontier Passage"),
    "Documentary": _words("Archive Portraits Factory Testimony Glacier Harvesters Newsroom Atlas Commune Workers"),
    "Horror": _words("Curse Coven Cellar Scream Graves Possession Teeth Slaughter Crypt Haunting"),
    "Fantasy": _words("Dragon Kingdom Sorcerer Prophecy Throne Realm Enchantment Unicorn Amulet Spell"),
    "Biography": _words("Life Years Genius Legacy Portrait Memoir Painter Inventor Maestro Confessions"),
    "Mystery": _words("Secret Riddle Clue Disappearance Enigma Keyhole Cipher Manor Vanishing Puzzle"),
    "Family": _words("Puppy Balloon Treehouse Grandpa Picnic Birthday Kite Pony Snowman Backyard"),
    "Music": _words("Song Encore Rhythm Ballad Band Chorus Melody Jukebox Symphony Groove"),
    "Sci-Fi": _words("Orbit Android Nebula Colony Starship Singularity Clone Galaxy Signal Quantum"),
    "Animation": _words("Critters Robots Monsters Penguins Acorn Gadgets Bugs Ducklings Doodles Toys"),
    "History": _words("Empire Queen Revolution Dynasty Crown Senate Century Republic Siege Cathedral"),
    "Sport": _words("Champion League Season Rookies Overtime Goalkeeper Title Sprint Coach Underdogs"),
    "War": _words("Battalion Trenches Platoon Front Armistice Bunker Bombers Ceasefire Soldiers Regiment"),
    "Other": _words("Saddle Outlaw Prairie Broadcast Sheriff Desert Stagecoach Canyon Sketches Tonight"),
}
TAGLINES = (
    "Some doors never close.",
    "This summer, nobody sleeps.",
    "Everything has a price.",
    "They never saw it coming.",
    "One night changes everything.",
    "The story you were not told.",
    "Nothing is what it seems.",
    "Home is where it starts.",
    "Hold on tight.",
    "Every ending begins somewhere.",
    "Believe in the impossible.",
    "The truth was there all along.",
)


def person(
    rng: Random,  # draws the name
) -> str:
    "An invented person's name."
    return f"{rng.choice(FIRST)} {rng.choice(LAST)}"


def place(
    rng: Random,  # draws the place
) -> str:
    "An invented place."
    return rng.choice(PLACES)


def movie_title(
    rng: Random,  # draws the title
    genres: list[str],  # one noun in most titles belongs to one of these
) -> str:
    "An invented title that hints at a genre."
    noun = rng.choice(NOUNS[rng.choice(genres)])
    other = rng.choice([w for w in NOUNS[rng.choice(list(NOUNS))] if w != noun])
    adjective = rng.choice(ADJECTIVES)
    return rng.choice(
        (
            f"The {adjective} {noun}",
            f"{adjective} {noun}",
            f"{noun} of {place(rng)}",
            f"{noun} and {other}",
            f"The {noun}",
            f"{place(rng)} {noun}",
            f"A {adjective} {other}",
            f"{rng.choice(FIRST)}'s {noun}",
            f"The {other} {noun}",
        )
    )
