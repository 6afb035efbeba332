"""How many crops each training poster gives, so that the genres come nearer to each other."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from scipy.optimize import linprog

from postergenre.data.genres import multi_hot, vocab_of

METHODS = ("study", "even")
TARGET = 3000


def balanced_crops(
    movies: pd.DataFrame,  # with the column split; only training movies give crops
    target: int = TARGET,  # crops wanted of each genre
    method: str = "study",  # "study": rarest genre first; "even": the lowest ratio that overlap allows
    max_copies: int
    | None = None,  # most crops of one poster; None: no cap for "study", the study's own maximum for "even"
) -> pd.DataFrame:  # one row a crop: the training movies, each repeated. ValueError: no training movies, unknown method
    "A plan of crops: one row for each time a training poster is cropped in an epoch."
    train = training_movies(movies)
    labels = multi_hot(train["genres"], vocab_of(movies))
    copies = copies_by_method(labels, target, method, max_copies)
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
    return study_copies(labels, target, max_copies) if method == "study" else even_copies(labels, target, max_copies)


def study_copies(
    labels: np.ndarray,  # (posters, genres) of 0 and 1
    target: int = TARGET,  # crops wanted of each genre
    max_copies: int | None = None,  # most copies of one poster; None: no cap
) -> np.ndarray:  # (posters,) int, at least 1
    """The study's way: genres from the rarest to the most frequent, each poster copied for the first that comes up.

    Each of its posters gets max(1, target // posters of the genre) copies and is then left alone.
    """
    support = labels.sum(0).astype(int)
    copies = np.zeros(len(labels), dtype=int)
    for genre in np.argsort(support, kind="stable"):
        if support[genre]:
            copies[(copies == 0) & (labels[:, genre] > 0)] = max(1, target // support[genre])
    copies = np.maximum(copies, 1)
    return copies if max_copies is None else np.minimum(copies, max_copies)


def even_copies(
    labels: np.ndarray,  # (posters, genres) of 0 and 1
    target: int = TARGET,  # crops wanted of each genre in the study's way, which sets the total and the cap
    max_copies: int | None = None,  # most copies of one poster; None: the most that the study's way gives any poster
) -> np.ndarray:  # (posters,) int from 1 to max_copies; their sum is at most the study's
    """Copies that bring the genre counts as near to each other as overlap allows.

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
    # Unknowns: copies * scale, scale, ratio. Each row of the system is "<= right".
    system = np.block(
        [
            [-per_genre, np.zeros((len(per_genre), 2))],
            [per_genre, np.zeros((len(per_genre), 1)), -np.ones((len(per_genre), 1))],
            [-unit, np.ones((n, 1)), np.zeros((n, 1))],
            [unit, np.full((n, 1), -cap), np.zeros((n, 1))],
            [posters[None], np.array([[-budget, 0]])],
        ]
    )
    right = np.concatenate([-np.ones(len(per_genre)), np.zeros(len(system) - len(per_genre))])
    ratio = _solve(np.r_[np.zeros(n + 1), 1], system, right, (0, None))[-1]

    # Unknowns: copies, count of the least frequent genre.
    system = np.block(
        [
            [-per_genre, np.ones((len(per_genre), 1))],
            [per_genre, np.full((len(per_genre), 1), -1.02 * ratio)],
            [posters[None], np.zeros((1, 1))],
        ]
    )
    right = np.r_[np.zeros(2 * len(per_genre)), budget]
    mean = _solve(np.r_[posters, 0], system, right, [(1, cap)] * n + [(0, None)])[:-1]
    return _whole_copies(mean, member.ravel(), posters)


def _solve(cost: np.ndarray, system: np.ndarray, right: np.ndarray, bounds) -> np.ndarray:
    solution = linprog(cost, A_ub=system, b_ub=right, bounds=bounds)
    if not solution.success:
        raise RuntimeError(f"Even balancing found no plan ({solution.message}); use method='study'")
    return solution.x


def _whole_copies(mean: np.ndarray, member: np.ndarray, posters: np.ndarray) -> np.ndarray:
    "Round down, then one more for the first posters of each combination, never over the mean plan in total."
    copies = np.floor(mean + 1e-9).astype(int)
    extra = np.floor((mean - copies) * posters + 1e-9).astype(int)
    order = np.argsort(member, kind="stable")
    first = np.searchsorted(member[order], np.arange(len(posters)))
    rank = np.empty(len(member), dtype=int)
    rank[order] = np.arange(len(member)) - first[member[order]]
    return copies[member] + (rank < extra[member])


def balance_table(
    movies: pd.DataFrame,  # with the column split
    target: int = TARGET,  # as in balanced_crops
    methods: Sequence[str] = METHODS,  # the ways to compare
    max_copies: int | None = None,  # as in balanced_crops
) -> pd.DataFrame:  # genres x (posters, one column a method), then the rows total and ratio (most to least frequent)
    "Training rows a genre before balancing and after it."
    train, vocab = training_movies(movies), vocab_of(movies)
    labels = multi_hot(train["genres"], vocab)
    copies = {"posters": np.ones(len(train), dtype=int)}
    copies |= {m: copies_by_method(labels, target, m, max_copies) for m in methods}
    counts = pd.DataFrame({name: c @ labels for name, c in copies.items()}, index=list(vocab)).astype(int)
    counts = counts.sort_values("posters", ascending=False, kind="stable")
    present = counts[counts["posters"] > 0]
    counts.loc["total rows"] = [int(c.sum()) for c in copies.values()]
    return pd.concat([counts.astype("object"), (present.max() / present.min()).round(1).to_frame("most / least").T])


def plot_balance(
    table: pd.DataFrame,  # from balance_table
) -> Figure:  # one panel a column
    "Bars of training rows a genre, before balancing and after it."
    genres = table.drop(index=["total rows", "most / least"]).astype(int)[::-1]
    fig, axes = plt.subplots(1, genres.shape[1], figsize=(4 * genres.shape[1], 5.2), sharey=True, layout="constrained")
    for ax, column in zip(np.atleast_1d(axes), genres.columns, strict=True):
        bars = ax.barh(genres.index, genres[column], color="#4c72b0" if column == "posters" else "#dd8452")
        ax.bar_label(bars, fmt="{:,.0f}", padding=2, fontsize=8)
        title = "Posters" if column == "posters" else f'Crops, method "{column}"'
        ax.set_title(
            f"{title}\n{table.loc['total rows', column]:,} rows, most / least {table.loc['most / least', column]}"
        )
        ax.margins(x=0.18)
        ax.spines[["top", "right"]].set_visible(False)
        ax.xaxis.set_major_locator(plt.MaxNLocator(4))
    fig.suptitle("Training rows of each genre in an epoch")
    plt.close(fig)  # the caller shows or saves it; an open figure would be drawn twice in a notebook
    return fig
