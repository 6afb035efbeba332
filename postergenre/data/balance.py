"""How many crops each training poster gives, so that the genres come nearer to each other."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from scipy.optimize import linprog

from postergenre.data.axes import figure_of, no_frame, panels
from postergenre.data.genres import multi_hot, vocab_of

METHODS = ("study", "even")
TARGET = 3000


def balanced_crops(
    movies: pd.DataFrame,  # with the column split; only training movies give crops
    target: int = TARGET,  # crops wanted of each genre
    method: str = "study",  # "study": rarest genre first; "even": the lowest ratio that overlap allows
    max_copies: int | None = None,  # most crops of one poster; None: no cap for "study", the study's most for "even"
) -> pd.DataFrame:  # one row a crop: the training movies, each repeated. ValueError: no training movies, unknown method
    "A plan of crops: one row for each time a training poster is cropped in an epoch."
    train = training_movies(movies)
    copies = copies_by_method(multi_hot(train["genres"], vocab_of(movies)), target, method, max_copies)
    plan = train.loc[train.index.repeat(copies)].reset_index(drop=True)
    plan.attrs = dict(movies.attrs)
    return plan


def training_movies(movies: pd.DataFrame) -> pd.DataFrame:
    "The movies on the training side. ValueError: there is no split, or nothing to train on."
    if "split" not in movies.columns:
        raise ValueError("The movies are not split yet; call movies = split_movies(movies) first")
    train = movies[movies["split"] == "train"]
    if train.empty:
        raise ValueError("No movie is on the training side; split with smaller valid= and test=")
    return train


def copies_by_method(labels: np.ndarray, target: int, method: str, max_copies: int | None = None) -> np.ndarray:
    "Copies of each poster by the name of the method. ValueError: unknown method, target or cap below 1."
    if method not in METHODS:
        raise ValueError(f"Unknown balancing {method!r}; choose one of: {', '.join(METHODS)}")
    if target < 1 or (max_copies is not None and max_copies < 1):
        raise ValueError(f"target={target} and max_copies={max_copies} must be at least 1")
    return {"study": study_copies, "even": even_copies}[method](labels, target, max_copies)


def study_copies(labels: np.ndarray, target: int = TARGET, max_copies: int | None = None) -> np.ndarray:
    """The study's way: genres from the rarest to the most frequent, each poster copied for the first that comes up.

    Each of its posters gets max(1, target // posters of the genre) copies and is then left alone.
    (posters, genres) of 0 and 1 -> (posters,) int.
    """
    support = labels.sum(0).astype(int)
    copies = np.zeros(len(labels), dtype=int)
    for genre in np.argsort(support, kind="stable"):
        if support[genre]:
            copies[(copies == 0) & (labels[:, genre] > 0)] = max(1, target // support[genre])
    return copies.clip(1, max_copies)


def even_copies(labels: np.ndarray, target: int = TARGET, max_copies: int | None = None) -> np.ndarray:
    """Copies, as of `study_copies`, that bring the genre counts as near to each other as overlap allows.

    The study's way with that target sets the total, which they do not surpass, and the most copies of one poster.

    Posters with the same genres share one unknown (their mean copies). One linear program (SciPy's HiGHS) finds the
    lowest ratio of the most to the least frequent genre that the cap and the study's total allow; a second one the
    plan with the fewest rows that stays within 2 % of that ratio.
    """
    study = study_copies(labels, target)
    cap = int(study.max()) if max_copies is None else max_copies
    combos, member, posters = np.unique(labels > 0, axis=0, return_inverse=True, return_counts=True)
    combos = combos[:, combos.any(0)]
    if combos.shape[1] < 2 or cap == 1:
        return np.ones(len(labels), dtype=int)
    budget = max(int(study.sum()), len(labels))
    per_genre, unit, n = combos.T * posters.astype(float), np.eye(len(posters)), len(posters)

    # The ratio is linear after scaling the least frequent genre to 1 (Charnes and Cooper 1962).
    # Unknowns: copies * scale, scale, ratio. A row: the factors of these, and what their sum is at most.
    rows = [(-per_genre, 0, 0, -1), (per_genre, 0, -1, 0), (-unit, 1, 0, 0), (unit, -cap, 0, 0)]
    ratio = _solve(np.r_[np.zeros(n + 1), 1], [*rows, (posters[None], -budget, 0, 0)], (0, None))[-1]

    # Unknowns: copies, count of the least frequent genre.
    rows = [(-per_genre, 1, 0), (per_genre, -1.02 * ratio, 0), (posters[None], 0, budget)]
    mean = _solve(np.r_[posters, 0], rows, [(1, cap)] * n + [(0, None)])[:-1]

    # Rounded down, then one more for the first posters of each combination: never over the mean plan in total.
    copies, member = np.floor(mean + 1e-9).astype(int), pd.Series(member.ravel())
    extra = np.floor((mean - copies) * posters + 1e-9).astype(int)
    return copies[member] + (member.groupby(member).cumcount().to_numpy() < extra[member])


def _solve(cost: np.ndarray, rows: list[tuple], bounds) -> np.ndarray:
    system = np.vstack([np.c_[copies, np.tile(rest, (len(copies), 1))] for copies, *rest in rows])
    solution = linprog(cost, A_ub=system[:, :-1], b_ub=system[:, -1], bounds=bounds)
    if not solution.success:
        raise RuntimeError(f"Even balancing found no plan ({solution.message}); use method='study'")
    return solution.x


def balance_table(
    movies: pd.DataFrame,  # with the column split
    target: int = TARGET,  # as in balanced_crops
    methods: Sequence[str] = METHODS,  # the ways to compare
    max_copies: int | None = None,  # as in balanced_crops
) -> pd.DataFrame:  # genres x (posters, one column a method), then the rows total and ratio (most to least frequent)
    "Training rows a genre before balancing and after it."
    train, vocab = training_movies(movies), vocab_of(movies)
    labels = multi_hot(train["genres"], vocab)
    copies = {m: copies_by_method(labels, target, m, max_copies) for m in methods}
    copies = {"posters": np.ones(len(train), dtype=int)} | copies
    counts = pd.DataFrame({name: c @ labels for name, c in copies.items()}, index=list(vocab)).astype(int)
    counts = counts.sort_values("posters", ascending=False, kind="stable")
    present = counts[counts["posters"] > 0]
    counts.loc["total rows"] = [int(c.sum()) for c in copies.values()]
    return pd.concat([counts.astype("object"), (present.max() / present.min()).round(1).to_frame("most / least").T])


def balance_words(
    table: pd.DataFrame,  # from balance_table
    method: str,  # one of its columns
    target: int,  # as in balanced_crops
) -> str:
    "What a balancing reaches, and why that is not the target, in a sentence."
    reached = table.loc[table["posters"].gt(0), method].drop(["total rows", "most / least"]).astype(int)
    least, most = (f"{reached[genre]:,} ({genre})" for genre in (reached.idxmin(), reached.idxmax()))
    why = {
        "study": "a poster's copies are set by its rarest genre and count for all of its genres",
        "even": "as near to each other as posters of several genres allow, with as few crops as that takes; "
        f"{target:,} is a bound: neither the total nor the copies of a poster surpass those of study:{target}",
    }
    return f"{method}:{target} gives {least} to {most} crops a genre: {why[method]}."


def plot_balance(
    table: pd.DataFrame,  # from balance_table
    axes: Sequence[Axes] | None = None,  # one a column, to draw on; None: on a new figure
) -> np.ndarray:  # the axes
    "Bars of training rows a genre, before balancing and after it."
    genres = table.drop(index=["total rows", "most / least"]).astype(int)[::-1]
    n, own = genres.shape[1], axes is None
    axes = panels(axes, 1, n, figsize=(4 * n, 5.2), sharey=True)
    for ax, column in zip(axes, genres.columns, strict=True):
        bars = ax.barh(genres.index, genres[column], color="#4c72b0" if column == "posters" else "#dd8452")
        ax.bar_label(bars, fmt="{:,.0f}", padding=2, fontsize=8)
        title, (rows, ratio) = "Posters" if column == "posters" else f'Crops, method "{column}"', table[column][-2:]
        ax.set_title(f"{title}\n{rows:,} rows, most / least {ratio}")
        ax.margins(x=0.18)
        no_frame(ax)
        ax.xaxis.set_major_locator(plt.MaxNLocator(4))
    if own:
        figure_of(axes).suptitle("Training rows of each genre in an epoch")
    return axes
