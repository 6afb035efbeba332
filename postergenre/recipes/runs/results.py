"""How good a run's model is on movies that it never saw, and what the run writes of it."""

import json
from pathlib import Path

from postergenre.data.balance import plot_balance
from postergenre.data.files import write_text
from postergenre.evaluation.evaluate import Evaluation, evaluate
from postergenre.evaluation.figures import METRICS
from postergenre.interpret.charts import plot_curves
from postergenre.interpret.examples import plot_examples
from postergenre.portable.card import card_of
from postergenre.portable.folder import CARD, read_config
from postergenre.recipes.runs.card import about_run
from postergenre.recipes.runs.folder import CHECKPOINT, RESULT
from postergenre.recipes.runs.run import Data, Run, about, section
from postergenre.recipes.runs.training import MONITOR, Training
from postergenre.report.page import write_report
from postergenre.training.learner import PosterLearner


def judge(
    run: Run, data: Data, learn: PosterLearner, trained: str = "training"
) -> list[Evaluation]:  # on the test movies; under the leaky protocol on leaky crops, then on crops of unseen movies
    "Score on the test movies and show it; trained: what never saw them."
    train, test, unseen, results = data.side("train"), data.side("test"), data.unseen, []
    parts = [(run.name, test, f"Test: {len(test):,} movies that {trained} never saw")]
    if unseen is not None:
        title = f"LEAKY test: {len(test):,} crops, most of posters that are in training too"
        honest = f"The same model on {len(unseen):,} crops of movies that it never saw"
        parts = [(f"{run.name} (leaky)", test, title), (f"{run.name} (unseen movies)", unseen, honest)]
    for name, movies, title in parts:
        section(title)
        results.append(evaluate(learn, movies, train, name))
        print(results[-1])
    if unseen is not None:
        shown, true = (r.metrics.loc[r.name, (MONITOR, "value")] for r in results)
        print(f"\nThe leak: top-n accuracy {shown:.1%} (leaky) against {true:.1%} on movies never seen.")
    return results


def finish(
    run: Run,
    data: Data,
    learn: PosterLearner,
    training: Training,
    results: list[Evaluation],
    model: Path | None = None,  # folder in which the learner was saved, and judged, before; None: it is saved now
    table: bool = False,  # whether the learner looks at a table of movies and at no poster
    **more,
) -> None:
    "Write figures, numbers (with more in metrics.json) and the report, say how to go on; the results are of judge."
    source, call = (
        ("movies.csv", 'predict_movies(learn, "movies.csv")') if table else ("posters/", 'learn.predict("poster.jpg")')
    )
    run.open()  # if nothing was trained
    result, *unseen = results
    for honest in unseen:
        honest.save(run.folder / "predictions_unseen.csv")
        more["unseen_movies"] = figures(honest)
    card = about_run(run, data, training, result)
    if model is None:
        model = keep(run, learn, card)
    else:
        write_text(model / CARD, card_of(read_config(model), card, name=""))
    write_results(run, data, learn, training, result, **more)
    load = "from_pretrained" if model.is_dir() else "load_learner"
    print(f"""
Done in {run.minutes:.1f} minutes. Everything is in {run.folder}.
The report, to open in a browser: {run.folder / "report.html"}
To use the learner:

  python -m postergenre.predict {model} {source} --csv genres.csv

  >>> from postergenre import *
  >>> learn = {load}("{model}")
  >>> {call}""")


def keep(run: Run, learn: PosterLearner, card: str) -> Path:  # learner.pkl where there is no folder
    "Write the model as a folder that runs no code, with a card; where a part has no such form, say so."
    section("The model as a folder that runs no code")
    try:
        folder = learn.save_pretrained(run.folder / "model", about=card)
    except ValueError as e:
        print(f"Not written: {e}")
        return run.folder / "learner.pkl"
    print(f"{folder}: {', '.join(sorted(f.name for f in folder.iterdir()))}")
    return folder


def write_results(
    run: Run, data: Data, learn: PosterLearner, training: Training, result: Evaluation, side: str = "test", **more
) -> None:
    "Write tables, pictures, metrics.json (with more in it) and report.html; side: which was judged."
    run.open()  # if nothing was trained
    genres = data.genres_in_epoch(run)
    run.write("breakdown.csv", genres.to_csv())
    run.save_figure(plot_balance(genres), "breakdown.png")
    result.save(run.folder / "predictions.csv")
    examples = plot_examples(data.side(side), result.probs, result.vocab, seed=run.config["seed"])
    run.save_figure(examples, "examples.png")
    if training.history is not None:
        run.write("history.csv", training.history.to_csv(index=False))
        run.save_figure(plot_curves(training.history), "curves.png")
    speed = training.images_per_second
    metrics = about(run, data) | {
        "arch": training.arch,
        "parameters": training.parameters,
        "stopped_early": training.stopped,
        "best_epoch": training.best,
        "train_minutes": round(training.minutes, 2),
        "images_per_second": None if speed is None else round(speed, 1),
        "training": {"heading": training.heading, "words": training.words},
        "judged": side,
        f"{side}_movies": len(result.ids),
        side: figures(result),
        **more,
    }
    text = json.dumps(metrics, indent=2) + "\n"
    try:
        write_report(run.folder, data.movies, learn, metrics=json.loads(text))
    finally:  # last, as a run with figures is finished; a report that fails keeps them from nobody
        run.write(RESULT, text)
        (run.folder / CHECKPOINT).unlink(missing_ok=True)


def figures(result: Evaluation) -> dict:  # row -> figure -> value, low, high; None: not defined
    "Each row's figures with their intervals."
    table = result.metrics.round(6).astype(object).where(result.metrics.notna(), None)
    return {row: {name: table.loc[row, name].to_dict() for name in METRICS} for row in table.index}
