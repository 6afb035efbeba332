"""Invented names and titles: every word list here is the project's own."""

from random import Random

FIRST = [
    "Mara",
    "Ilsa",
    "Otto",
    "Priya",
    "Tomas",
    "Lena",
    "Kofi",
    "Ines",
    "Bruno",
    "Wanda",
    "Felix",
    "Noor",
    "Edda",
    "Rafe",
    "Suki",
    "Viggo",
    "Dela",
    "Milos",
    "Anouk",
    "Jory",
    "Petra",
    "Silas",
    "Yara",
    "Enzo",
    "Thea",
    "Boris",
    "Leila",
    "Casper",
    "Odile",
    "Ravi",
    "Greta",
    "Amos",
    "Zofia",
    "Hugo",
    "Imke",
    "Dario",
    "Nell",
    "Osman",
    "Pilar",
    "Quinn",
]
LAST = [
    "Voss",
    "Halloway",
    "Brandt",
    "Okoro",
    "Lindqvist",
    "Marchetti",
    "Duval",
    "Sorensen",
    "Petrov",
    "Ashdown",
    "Kimura",
    "Vance",
    "Rosso",
    "Thorne",
    "Achterberg",
    "Bellweather",
    "Castellan",
    "Dray",
    "Everhart",
    "Fenwick",
    "Gallo",
    "Hartigan",
    "Ivarsson",
    "Jessop",
    "Kessler",
    "Lorimer",
    "Montague",
    "Novak",
    "Oyelaran",
    "Pemberton",
    "Quist",
    "Ravenel",
    "Stavros",
    "Tillman",
    "Umber",
    "Vasquez",
    "Winslow",
    "Yardley",
    "Zeller",
    "Abernathy",
]
STUDIOS = [
    "Northlight",
    "Bluegate",
    "Ninth_Lantern",
    "Paper_Crane",
    "Old_Harbour",
    "Silver_Otter",
    "Tall_Pine",
    "Grand_Arcade",
]
ADJECTIVES = [
    "Last",
    "Silent",
    "Golden",
    "Broken",
    "Second",
    "Hidden",
    "Burning",
    "Little",
    "Wild",
    "Lost",
    "Distant",
    "Perfect",
    "Crooked",
    "Long",
    "Bright",
    "Hollow",
    "Restless",
    "Northern",
    "Paper",
    "Invisible",
]
PLACES = [
    "Harlow",
    "Bay",
    "Saint_Orla",
    "Kestrel_Street",
    "Marlow_County",
    "Vantaa",
    "Redwater",
    "Port_Amber",
    "Dunmore",
    "Halcyon",
    "Eastfold",
]
NOUNS = {
    "Drama": "Winter Silence Mothers Harvest Letters Shore Daughters Rain Promise Rooms",
    "Comedy": "Wedding Neighbours Uncles Vacation Pancakes Roommates Trouble Babysitters Office Holiday",
    "Action": "Strike Fury Impact Overdrive Vengeance Steel Ambush Firepower Payback Velocity",
    "Romance": "Kiss Hearts Summer Valentine Lovers Roses Sweetheart Waltz Honeymoon Embrace",
    "Crime": "Heist Syndicate Witness Precinct Alibi Verdict Informant Racket Detective Larceny",
    "Thriller": "Deadline Pursuit Stranger Stairwell Hostage Suspect Midnight Corridor Threat Trap",
    "Adventure": "Expedition Voyage Summit Treasure River Island Compass Caravan Frontier Passage",
    "Documentary": "Archive Portraits Factory Testimony Glacier Harvesters Newsroom Atlas Commune Workers",
    "Horror": "Curse Coven Cellar Scream Graves Possession Teeth Slaughter Crypt Haunting",
    "Fantasy": "Dragon Kingdom Sorcerer Prophecy Throne Realm Enchantment Unicorn Amulet Spell",
    "Biography": "Life Years Genius Legacy Portrait Memoir Painter Inventor Maestro Confessions",
    "Mystery": "Secret Riddle Clue Disappearance Enigma Keyhole Cipher Manor Vanishing Puzzle",
    "Family": "Puppy Balloon Treehouse Grandpa Picnic Birthday Kite Pony Snowman Backyard",
    "Music": "Song Encore Rhythm Ballad Band Chorus Melody Jukebox Symphony Groove",
    "Sci-Fi": "Orbit Android Nebula Colony Starship Singularity Clone Galaxy Signal Quantum",
    "Animation": "Critters Robots Monsters Penguins Acorn Gadgets Bugs Ducklings Doodles Toys",
    "History": "Empire Queen Revolution Dynasty Crown Senate Century Republic Siege Cathedral",
    "Sport": "Champion League Season Rookies Overtime Goalkeeper Title Sprint Coach Underdogs",
    "War": "Battalion Trenches Platoon Front Armistice Bunker Bombers Ceasefire Soldiers Regiment",
    "Other": "Saddle Outlaw Prairie Broadcast Sheriff Desert Stagecoach Canyon Sketches Tonight",
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
    return rng.choice(PLACES).replace("_", " ")


def movie_title(
    rng: Random,  # draws the title
    genres: list[str],  # one noun in most titles belongs to one of these
) -> str:
    "An invented title that hints at a genre."
    noun = rng.choice(NOUNS[rng.choice(genres)].split())
    other = rng.choice(NOUNS[rng.choice(list(NOUNS))].split())
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
