"""What the report of a run says: the run's numbers as sentences, rows and pictures, ready for the template."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from postergenre.data.balance import plot_balance
from postergenre.data.movies import left_out_table
from postergenre.evaluation.compare import compare
from postergenre.evaluation.evaluate import Evaluation
from postergenre.evaluation.figures import METRICS
from postergenre.evaluation.predictions import FEW
from postergenre.evaluation.tables import text_table
from postergenre.inference.ensemble import PosterEnsemble
from postergenre.interpret.charts import plot_curves, rows_go_by
from postergenre.interpret.interpretation import GenreInterpretation
from postergenre.report.pictures import Picture, cards, chart, heat_cards
from postergenre.training.learner import PosterLearner

EXAMPLES = {
    "best": ("Best", "Those with the largest share of their genres on top; of equal ones, the lowest loss first."),
    "worst": ("Worst", "Those with the smallest share of their genres on top; of equal ones, the highest loss first."),
    "random": ("At random", "Drawn without looking: what to expect of it."),
}
SHOWN = ("top_n_accuracy", "macro_ap")
LINES = {"train_loss": "training loss", "valid_loss": "validation loss"}
LINES |= {figure: f"validation {METRICS[figure].heading}" for figure in SHOWN}


@dataclass
class Record:
    "What a run left in its folder."

    folder: Path
    metrics: dict  # metrics.json
    history: pd.DataFrame | None  # history.csv, as in plot_curves; None: nothing was trained
    balance: pd.DataFrame  # genres x (posters, ways of balancing), as balance_table has it
    result: Evaluation  # on the test movies; of an ablation's run on the validation movies

    @property
    def leaky(self) -> bool:
        "Whether crops of one poster stood in training and in the test; see postergenre.data.leaky."
        return self.metrics["config"].get("protocol") == "study"


def contents(
    record: Record,
    movies: pd.DataFrame,  # of the run, with the column split
    learn: PosterLearner | PosterEnsemble,  # trained
) -> dict:  # ValueError: a test movie is not among the movies
    "Everything that the page says and shows."
    result, run, balance, history = record.result, record.metrics, record.balance, record.history
    interp = GenreInterpretation(result, movies, learn)
    figures, genres = result.metrics, result.per_genre()
    seed, confusions = run["config"]["seed"], confusions_words(interp)
    distance = f"the mean distance from the diagonal is {figures.iloc[0]['ece', 'value']:.3f}"
    reliability = f"Predicted probability against the share that came true; {distance}."
    return {
        "run": run,
        "result": result,
        "leaky": record.leaky,
        "side": {"valid": "validation"}.get(run["judged"], run["judged"]),
        "kept": len(movies),
        "left_out": left_out_table(movies).to_dict("split")["data"],
        "balance": balance,
        "balance_figure": balance_chart(balance),
        "history": history,
        "curves": None if history is None else chart(plot_curves(history), curves_alt(history), stack=True),
        "members": member_rows(run) if "members" in run else None,
        "headline": headline(result, figures),
        "results": results_rows(with_before_release(figures, run)),
        "genres": genre_rows(genres),
        "genre_words": genre_words(genres),
        "genre_figure": chart(interp.plot_per_genre(), genre_alt(genres)),
        "confusions": chart(interp.plot_confusions(), f"Grid of missed genres and those in their place. {confusions}"),
        "confusion_words": confusions,
        "examples": [
            (*said, cards(interp.movies, result.probs, result.vocab, interp.examples(kind, 8, seed)))
            for kind, said in EXAMPLES.items()
        ],
        "heat": heat_cards(learn, interp.movies.iloc[interp.examples("random", len(result.ids), seed)[-6:]]),
        "reliability": chart(interp.plot_reliability(), reliability),
    }


def member_rows(run: dict) -> list[tuple[str, ...]]:
    "The members of an ensemble, then itself: name, file, views, weight, top-n accuracy and macro AP on valid and test."

    def figures(*sides: dict) -> list[str]:
        return [METRICS[k].text(side[k]["value"]) for side in sides for k in SHOWN]

    rows = []
    for m in run["members"]:
        rows.append((m["name"], m["file"], m["views"], f"{m['weight']:.3f}", *figures(m["valid"], m["test"])))
    own = (next(iter(run[side].values())) for side in ("valid", "test"))
    return [*rows, ("together", "", "", "", *figures(*own))]


def curves_alt(history: pd.DataFrame) -> str:
    "The curves of plot_curves in words."
    first, last = history.bfill().iloc[0], history.iloc[-1]  # a start before training has no training loss
    said = [f"{label} from {first[name]:.3f} to {last[name]:.3f}" for name, label in LINES.items() if name in history]
    return f"Lines by {rows_go_by(history)[0]}, {first.iloc[0]:g} to {last.iloc[0]:g}: {', '.join(said)}."


def headline(result: Evaluation, figures: pd.DataFrame) -> dict:
    "The two figures that matter, each beside popularity and chance, and a verdict in words."
    tiles = []
    for key in SHOWN:
        own, text = figures.loc[result.name, key], METRICS[key].text
        others = [(r, text(figures.loc[r, (key, "value")])) for r in ("popularity", "random") if r in figures.index]
        tiles.append((METRICS[key].heading, text(own["value"]), f"{text(own['low'])} to {text(own['high'])}", others))
    return {"tiles": tiles, "verdict": verdict(result, figures)}


def verdict(result: Evaluation, figures: pd.DataFrame) -> str:
    "Whether the model beats popularity, from the paired difference."
    if result.popularity is None:
        return ""
    row = compare([result, result.popularity]).metrics.loc["popularity", "top_n_accuracy difference"] * -100
    lead, low, high = (signed(x) for x in (row["value"], row["high"], row["low"]))
    if row["high"] <= 0 <= row["low"]:
        meaning = "may be chance: this model cannot be told apart from popularity"
    else:
        meaning = "is more than the choice of movies" if row["value"] > 0 else "says that the model is worse"
    popularity = figures.loc["popularity", ("top_n_accuracy", "value")]
    difference = f"The difference of {lead} points (95 % interval {low} to {high}, movie by movie) {meaning}."
    return f"Always naming the most frequent genres gets {popularity:.1%}. {difference}"


def signed(points: float) -> str:  # e.g. +1.2, −0.3, 0.0
    "A difference as it is read: one that is rounded to nothing has no sign."
    return f"{round(points, 1) or 0:+.1f}".replace("-", "−").replace("+0.0", "0.0")


def with_before_release(figures: pd.DataFrame, run: dict) -> pd.DataFrame:
    "The figures, below the model's own those of one that knows only what is known before release, if there is one."
    rows = list(run.get("before_release", {}).items())[:1]
    early = [[of.get(figure, {}).get(side) for figure, side in figures] for _, of in rows]
    early = pd.DataFrame(early, [name for name, _ in rows], figures.columns, dtype=float)
    return pd.concat([figures.iloc[:1], early, figures.iloc[1:]]) if rows else figures


def results_rows(figures: pd.DataFrame) -> dict:
    "The results table: a row a figure, with what it means."
    table = text_table(figures)
    rows = []
    for figure in METRICS.values():
        cells = [cell.partition(" [") for cell in table[figure.heading]]
        rows.append((figure.heading, figure.meaning, [(value, mark.strip() + rest) for value, mark, rest in cells]))
    return {"columns": list(table.index), "rows": rows}


def genre_rows(genres: pd.DataFrame) -> list[tuple]:
    "The table by genre, best average precision first."
    rows = []
    for r in genres.sort_values("ap", ascending=False, na_position="last", kind="stable").itertuples():
        ap, lift = ("–" if np.isnan(x) else f"{x:{form}}" for x, form in ((r.ap, ".3f"), (r.lift, ".1f")))
        interval = "" if np.isnan(r.ap_low) else f"[{r.ap_low:.3f}, {r.ap_high:.3f}]"
        shares = f"{r.precision_at_n:.0%}", f"{r.recall_at_n:.0%}"
        rows.append((r.Index, f"{r.support:,}", ap, interval, lift, *shares, f"{r.in_top_n:,}"))
    return rows


def genre_words(genres: pd.DataFrame) -> str:
    "The genres with the greatest and the least lift, of those with movies enough for it to say anything."
    many = genres[genres["support"] >= FEW]
    if len(many) < 2:
        return f"No two genres have {FEW} movies here: single movies decide these figures."
    lift = many["lift"].sort_values(ascending=False, kind="stable")
    n = min(3, len(lift) // 2)
    first, last = ([f"{g} ({x:.1f})" for g, x in part.items()] for part in (lift[:n], lift[-n:]))
    of = "" if len(many) == len(genres) else f"Of the genres with {FEW} movies or more, most"
    return f"{of or 'Most'} is gained for {listed(first)}, least for {listed(last)}."


def balance_chart(balance: pd.DataFrame) -> Picture:
    "The balance table, read from a file as texts, as bars."
    ratio = "; ".join(f"{column}: {ratio}" for column, ratio in balance.loc["most / least"].items())
    bars = f"Bars: training rows of each genre, from {balance.index[0]} (most) down."
    alt = f"{bars} Ratio of the most to the least frequent genre – {ratio}."
    numbers = balance.T.apply(pd.to_numeric).astype(object).T  # counts stay whole numbers beside the ratio
    return chart(plot_balance(numbers), alt, stack=True)


def genre_alt(genres: pd.DataFrame) -> str:
    ap = genres["ap"].dropna().sort_values(ascending=False, kind="stable")
    first, last = (f"{ap.index[i]} ({ap.iloc[i]:.2f})" for i in (0, -1))
    shown = f"Average precision of each genre with its 95 % interval, from {first} to {last}"
    return f"{shown}; the table below has the numbers."


def confusions_words(interp: GenreInterpretation) -> str:
    "The most frequent confusions as a sentence."
    pairs = interp.most_confused()[:3]
    if pairs.empty:
        return "No genre was missed."
    said = [
        f"{p.missed} missed with {p.instead} in its place ({p.movies:,} movie{'s' * (p.movies != 1)})"
        for p in pairs.itertuples()
    ]
    return f"Most frequent: {', '.join(said)}."


def listed(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
