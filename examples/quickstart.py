"""From posters to a model and back, in the order of a first session.

python examples/quickstart.py            # demo posters; pass a folder or table of your own
"""

import sys

from postergenre import (
    PosterDataLoaders,
    custom_cnn_learner,
    evaluate,
    load_learner,
    make_demo,
    predict_posters,
    read_movies,
    split_movies,
)


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else make_demo("demo_quickstart", n=150)

    movies = split_movies(read_movies(folder))  # one row a movie, then train / valid / test by movie
    dls = PosterDataLoaders.from_movies(movies, size=96, crop="whole", bs=16)
    learn = custom_cnn_learner(dls)  # small and quick; densenet_learner(dls) is stronger
    learn.fit_one_cycle(3, 3e-3)

    test = movies[movies["split"] == "test"]
    print(evaluate(learn, test, train=movies[movies["split"] == "train"]))

    learn.export("quickstart.pkl")
    again = load_learner("quickstart.pkl")
    print(predict_posters(again, test["poster"].head(3)).iloc[:, :6])


if __name__ == "__main__":  # processes that read posters import this file where they are spawned: macOS, Windows
    main()
