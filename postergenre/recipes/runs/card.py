"""What a run says of its model on the model's card: data, split, figures, genres, limits."""

from postergenre.data.split import SIDES
from postergenre.evaluation.evaluate import Evaluation
from postergenre.evaluation.tables import markdown_table
from postergenre.portable.card import LIMITS
from postergenre.recipes.runs.run import Data, Run
from postergenre.recipes.runs.training import Training


def about_run(run: Run, data: Data, training: Training, result: Evaluation) -> str:  # Markdown
    "Sections of a model card, from the figures of a run on movies that training never saw."
    counts = ", ".join(f"{data.about[side]:,} {side}" for side in SIDES if side in data.about)
    drawn = "They are demo posters, drawn by the library: the figures say nothing of real ones."
    leaky = "**Leaky on purpose: crops of one poster are in training and in the test, so the figures are too good.**"
    used = f"{data.about['used']:,} movies of {data.about['read']:,} read, split by movie: {counts}."
    genres = result.per_genre()[["support", "frequency", "ap", "ap_low", "ap_high", "f1"]]
    genres = genres.rename(columns={"support": "movies", "ap": "AP", "ap_low": "from", "ap_high": "to", "f1": "F1"})
    text = genres.map("{:.3f}".format).replace("nan", "–").assign(movies=genres["movies"].astype(int))
    return f"""## What it was made from

{used} {drawn if data.about["demo"] else ""} {leaky if data.unseen is not None else ""}

{training.words}

Made by `python -m postergenre.recipes.{run.name}` with the seed {run.config["seed"]}.

## How good it is

On {len(result.ids):,} movies, with 95 % intervals over the movies; popularity gives every movie the genres' training
frequencies, random is what a random order gives on average.

{markdown_table(result.table())}

## Each genre

AP is the average precision of the genre's ranking, with its 95 % interval; F1 is that at the model's threshold.

{markdown_table(text)}

{LIMITS}"""
