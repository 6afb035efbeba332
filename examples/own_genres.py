"""A table of your own: other columns, other genres.

python examples/own_genres.py movies.csv
"""

import sys

from postergenre import PosterDataLoaders, poster_learner, read_movies, split_movies


def main():
    movies = read_movies(
        sys.argv[1],  # a table with the columns file ("art/1.jpg", beside it) and tags ("noir | thriller")
        poster_col="file",
        genre_col="tags",
        delim="|",
        vocab=["noir", "thriller", "comedy"],
        mapping={"neo-noir": "noir"},
        check_posters=True,
    )
    movies = split_movies(movies, valid=0.15, test=0.15)
    dls = PosterDataLoaders.from_movies(movies, size=(192, 128), crop="whole", balance="even:500", bs=16)
    learn = poster_learner(dls, "resnet18", pretrained=True)  # needs the network once; or weights="resnet18.pth"
    learn.fit_one_cycle(5, slice(1e-4, 1e-3))
    learn.export("own_genres.pkl")


if __name__ == "__main__":  # processes that read posters import this file where they are spawned: macOS, Windows
    main()
