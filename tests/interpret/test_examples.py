"""Figures: complete, nothing clipped, pyplot's current ones or on axes passed; and the colours of a genre's posters."""

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.text import Text
from PIL import Image

from postergenre.data.axes import figure_of
from postergenre.data.balance import plot_balance
from postergenre.data.genres import GENRES
from postergenre.evaluation.evaluate import Evaluation
from postergenre.interpret.charts import (
    plot_confusions,
    plot_cooccurrence,
    plot_curves,
    plot_per_genre,
    plot_reliability,
)
from postergenre.interpret.confusions import confusions, cooccurrence, reliability
from postergenre.interpret.examples import plot_examples
from postergenre.interpret.palette import genre_palette, palette, plot_genre_look

COLORS = {"Action": (200, 30, 30), "Drama": (30, 30, 200), "Family": (250, 250, 250), "Horror": (0, 0, 0)}


@pytest.fixture(scope="module")
def movies(tmp_path_factory):
    "24 posters of one colour, of several sizes; every third movie has three genres."
    folder, rows = tmp_path_factory.mktemp("posters"), []
    for i in range(24):
        genre = list(COLORS)[i % 4]
        size = [(30, 45), (45, 30), (20, 60)][i % 3]
        Image.new("RGB", size, COLORS[genre]).save(folder / f"{i}.png")
        genres = sorted([genre, "Comedy", "Thriller"]) if i % 3 == 0 else [genre]
        title = f"A Very Long Title of a Movie That Costs $5 or $6, Part {i}" if i % 2 else f"Movie {i}"
        rows.append({"id": f"tt{i}", "title": title, "poster": folder / f"{i}.png", "genres": genres})
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def result(movies):
    targets = np.array([[g in names for g in GENRES] for names in movies["genres"]])
    rng = np.random.default_rng(0)
    probs = 1 / (1 + np.exp(3 - 2 * targets - rng.normal(size=targets.shape)))
    return Evaluation(probs, targets, GENRES, ids=movies["id"], titles=movies["title"])


def texts(fig):
    return [t for t in fig.findobj(Text) if t.get_text() and t.get_visible()]


def complete(fig):
    "Whether all that is drawn lies in the figure."
    canvas = FigureCanvasAgg(fig)
    canvas.draw()
    box, (width, height) = fig.get_tightbbox(canvas.get_renderer()), fig.get_size_inches()
    return min(box.x0, box.y0, width - box.x1, height - box.y1) > -0.02


def test_curves_show_every_figure_of_the_history():
    history = pd.DataFrame(
        {"epoch": [0, 1], "train_loss": [1, 0.5], "valid_loss": [1, 0.6], "top_n_accuracy": [0.2, 0.3]}
    )
    fig = figure_of(plot_curves(history))
    assert [len(ax.lines) for ax in fig.axes] == [2, 1]
    assert complete(fig) and plt.gcf() is fig


@pytest.mark.parametrize(
    ("by", "values", "label", "scale", "ticks"),
    [
        ("epoch", [0, 1, 2], "epoch", "linear", {"0", "1", "2"}),
        ("strength", [3.0, 1.0, 0.3], "strength of the penalty", "log", {"3", "1", "0.3"}),
        ("hours", [0.5, 1.0, 1.5], "hours", "linear", {"0.6", "1.2"}),
    ],
)
def test_curves_go_by_the_first_column_of_the_history(by, values, label, scale, ticks):
    "A history of a probe held strengths in its second column, and the chart asked for it by name."
    columns = {"train_loss": [1, 0.5, 0.4], "valid_loss": [1, 0.6, 0.5], "top_n_accuracy": [0.2, 0.3, 0.3]}
    history = pd.DataFrame({by: values} | columns)
    ax = plot_curves(history)[0]
    assert (ax.get_xlabel(), ax.get_xscale(), ax.xaxis_inverted()) == (label, scale, scale == "log")
    assert ax.lines[0].get_xdata().tolist() == values
    FigureCanvasAgg(ax.figure).draw()
    assert ticks <= {t.get_text() for t in ax.get_xticklabels()}


@pytest.mark.parametrize("epochs", [1, 2, 7])
def test_epochs_are_whole_numbers_on_their_axis(epochs):
    "One epoch stood on an axis from -0.045 to 0.045."
    history = pd.DataFrame({"epoch": range(epochs), "train_loss": 1.0, "valid_loss": 0.9, "macro_ap": 0.3})
    for ax in plot_curves(history):
        low, high = ax.get_xlim()
        ticks = [t for t in ax.get_xticks() if low <= t <= high]
        assert -0.5 < low < 0 and high < epochs - 0.5 and ticks and all(t == round(t) for t in ticks)


# ---- where plots are drawn


@pytest.fixture(scope="module")
def plots(movies, result):
    "Each plot as a function of the axes passed, and how many it takes."
    tables = [t.iloc[:4, :4] for t in cooccurrence(result.probs, result.targets, GENRES, normalize=True)]
    counts = pd.Series(result.targets.sum(0), GENRES)[:4]
    history = pd.DataFrame({"epoch": [0, 1], "train_loss": [1, 0.5], "top_n_accuracy": [0.2, 0.3]})
    balance = pd.DataFrame({"posters": [3, 1, 4, 3.0]}, index=["Drama", "War", "total rows", "most / least"])
    shown, look = (movies, result.probs, result.vocab), genre_palette(movies)
    return {
        "per_genre": (lambda axes: plot_per_genre(result.per_genre(resamples=20), axes), 1),
        "confusions": (lambda axes: plot_confusions(tables[0], counts, counts, axes), 1),
        "cooccurrence": (lambda axes: plot_cooccurrence(*tables, axes), 2),
        "reliability": (lambda axes: plot_reliability(reliability(result.probs, result.targets), 0.1, axes), 2),
        "curves": (lambda axes: plot_curves(history, axes), 2),
        "balance": (lambda axes: plot_balance(balance, axes), 1),
        "examples": (lambda axes: plot_examples(*shown, rows=[0, 1, 2], axes=axes), 3),
        "look": (lambda axes: plot_genre_look(movies, result, ["Action"], 2, look, axes), 4),
    }


NAMES = ["per_genre", "confusions", "cooccurrence", "reliability", "curves", "balance", "examples", "look"]


@pytest.mark.parametrize("name", NAMES)
def test_a_plot_is_pyplots_current_figure_or_on_the_axes_passed(plots, name, tmp_path):
    "plt.savefig after a plot saved a blank picture, and of two plots in a notebook's cell only the second was shown."
    plot, n = plots[name]
    first, second = plot(None), plot(None)
    assert len(plt.get_fignums()) == 2 and plt.gcf() is figure_of(second) is not figure_of(first)
    plt.savefig(tmp_path / "plot.png")
    assert len(Image.open(tmp_path / "plot.png").convert("RGB").getcolors(10**7)) > 5
    mine = plt.subplots(1, n)[1]
    drawn = np.ravel(plot(mine))
    assert len(plt.get_fignums()) == 3 and set(drawn) <= set(np.ravel(mine)) and all(ax.has_data() for ax in drawn)
    with pytest.raises(ValueError, match=rf"9 axes were passed, but {n} are needed, .* plt.subplots\(1, {n}\)"):
        plot(plt.subplots(3, 3)[1])


# ---- posters with predictions


def test_examples_say_title_truth_and_top_n_and_clip_nothing(movies, result):
    "The third prediction of the last row used to lie below the figure."
    fig = figure_of(plot_examples(movies, result.probs, result.vocab, rows=range(12)))
    assert complete(fig)
    written = [[t.get_text() for t in ax.texts] for ax in fig.axes]
    assert len(written) == 12
    for i, lines in enumerate(written):
        predictions = [line for line in lines if line[0] in "✓✗"]
        assert len(predictions) == len(movies["genres"][i])
        for line in predictions:
            genre = line[2:].rsplit(" ", 1)[0]
            assert (line[0] == "✓") == (genre in movies["genres"][i])
            assert line.endswith(f" {result.probs[i, GENRES.index(genre)]:.0%}")
        assert ", ".join(movies["genres"][i]) in " ".join(lines[: -len(predictions)])
    assert written[0][-3:] == sorted(written[0][-3:], key=lambda s: -float(s.rsplit(" ", 1)[1][:-1]))


def test_a_dollar_sign_in_a_title_stays_one(movies, result):
    fig = figure_of(plot_examples(movies, result.probs, result.vocab, rows=[1]))
    shown = [t for t in texts(fig) if "$" in t.get_text()]
    assert shown and not any(t.get_parse_math() for t in shown)


def test_examples_at_random_repeat_with_the_seed(movies, result):
    def titles(seed):
        return [
            t.get_text() for t in texts(figure_of(plot_examples(movies, result.probs, result.vocab, n=4, seed=seed)))
        ]

    assert titles(1) == titles(1) != titles(2)


def test_notes_stand_below_the_predictions_and_no_poster_is_an_error(movies, result):
    fig = figure_of(plot_examples(movies, result.probs, result.vocab, rows=[0, 1], notes=["loss 1.5", "loss 0.5"]))
    assert [ax.texts[-1].get_text() for ax in fig.axes] == ["loss 1.5", "loss 0.5"] and complete(fig)
    with pytest.raises(ValueError, match="no posters to show"):
        plot_examples(movies, result.probs, result.vocab, n=0)


# ---- charts


def test_per_genre_is_sorted_and_names_absent_genres(result):
    table = result.per_genre(resamples=50)
    fig = figure_of(plot_per_genre(table))
    names = [t.get_text() for t in fig.axes[0].get_yticklabels()]
    best = table["ap"].idxmax()
    assert names[-1].startswith(f"{best} (") and names[0].endswith("absent)") and len(names) == 20
    assert complete(fig) and plt.gcf() is fig


def test_confusions_leave_the_diagonal_empty_and_write_percentages(result):
    shares = confusions(result.probs, result.targets, GENRES, normalize=True)
    counts = pd.Series(result.targets.sum(0), GENRES)
    fig = figure_of(plot_confusions(shares, counts, counts))
    image = fig.axes[0].images[0].get_array()
    assert np.ma.getmaskarray(image).diagonal().all()
    written = {(t.get_position()[1], t.get_position()[0]): t.get_text() for t in fig.axes[0].texts}
    cells = {(r, c): f"{100 * shares.iloc[r, c]:.0f}" for r, c in np.argwhere(shares.fillna(0).to_numpy() >= 0.05)}
    assert written == cells and complete(fig)


def test_cooccurrence_shows_truth_and_prediction_on_one_scale(result):
    fig = figure_of(plot_cooccurrence(*cooccurrence(result.probs, result.targets, GENRES, normalize=True)))
    assert len({ax.images[0].get_clim() for ax in fig.axes}) == 1 and len(fig.axes) == 2 and complete(fig)


def test_reliability_shows_points_and_counts(result):
    table = reliability(result.probs, result.targets)
    fig = figure_of(plot_reliability(table, 0.123))
    assert "0.123" in fig.axes[0].get_title(loc="left") and complete(fig)
    assert [p.get_height() for p in fig.axes[1].patches] == table["pairs"].tolist()
    assert fig.axes[0].get_position().x1 == pytest.approx(fig.axes[1].get_position().x1)


# ---- the look of genres


def test_a_palette_finds_the_colours_and_their_shares():
    pixels = np.repeat(np.array([[255, 0, 0], [0, 0, 255], [10, 200, 10]], np.uint8), [60, 30, 10], axis=0)
    colors, shares = palette(pixels, 3)
    assert colors.round().tolist() == [[255, 0, 0], [0, 0, 255], [10, 200, 10]]
    assert shares.tolist() == pytest.approx([0.6, 0.3, 0.1])
    assert len(palette(pixels, 8)[0]) == 3  # no more colours than there are


def test_genre_palette_gives_the_look_of_each_genre(movies):
    look = genre_palette(movies, n_colors=3)
    assert list(look.index) == ["Action", "Comedy", "Drama", "Family", "Horror", "Thriller"]
    assert look["movies"].to_dict() == {"Action": 6, "Comedy": 8, "Drama": 6, "Family": 6, "Horror": 6, "Thriller": 8}
    assert np.allclose(to_rgb(look["palette"]["Action"][0]), np.array(COLORS["Action"]) / 255, atol=0.01)
    assert look["brightness"]["Horror"] == 0 and look["brightness"]["Family"] > 0.95
    assert look["saturation"]["Family"] == 0 and look["saturation"]["Drama"] == pytest.approx(170 / 200, abs=0.02)
    pd.testing.assert_frame_equal(look, genre_palette(movies, n_colors=3))
    assert genre_palette(movies, most=2)["posters"].tolist() == [2] * 6


def test_the_look_shows_the_most_probable_posters(movies, result):
    fig = figure_of(plot_genre_look(movies, result, ["Action", "Comedy"], k=3))
    lines = [t.get_text() for ax in fig.axes for t in ax.texts if t.get_text()[0] in "✓✗"]
    best = np.sort(result.probs[:, GENRES.index("Action")])[::-1][:3]
    assert len(lines) == 6 and [s[2:] for s in lines[:3]] == [f"{p:.0%}" for p in best]
    assert complete(fig) and plt.gcf() is fig
    same = figure_of(
        plot_genre_look(movies[::-1].reset_index(drop=True), result.probs[::-1], ["Action", "Comedy"], k=3)
    )
    assert [t.get_text() for ax in same.axes for t in ax.texts if t.get_text()[0] in "✓✗"] == lines


def test_the_look_says_what_does_not_fit(movies, result):
    with pytest.raises(ValueError, match="None of these movies has a genre"):
        plot_genre_look(movies.assign(genres=[[]] * len(movies)), result)
    with pytest.raises(ValueError, match="No movie here has the genre 'War'; there are: Action, Comedy"):
        plot_genre_look(movies, result, "War")
    with pytest.raises(ValueError, match=r"shape \(24, 3\), not \(24, 20\)"):
        plot_genre_look(movies, result.probs[:, :3], "Action")
    with pytest.raises(ValueError, match="the result lacks 1 of 24 movies, first new"):
        plot_genre_look(movies.replace({"id": {"tt3": "new"}}), result, "Action")
