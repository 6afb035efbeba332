"""GenreInterpretation with and without model and posters."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from sklearn.metrics import multilabel_confusion_matrix

from postergenre.data.loaders import PosterDataLoaders
from postergenre.evaluation.evaluate import Evaluation
from postergenre.inference.export import load_learner
from postergenre.inference.probs import movie_probs
from postergenre.interpret.confusions import movie_losses
from postergenre.interpret.interpretation import GenreInterpretation
from postergenre.training.networks import poster_learner

VOCAB = ("Action", "Comedy", "Drama", "War")

# Three movies. 1: Action and Drama; top 2 are Comedy and Drama. 2: Action; top 1 is Comedy. 3: Action and War, both
# missed for Comedy and Drama.
PROBS = np.array([[0.1, 0.9, 0.8, 0.2], [0.3, 0.7, 0.2, 0.1], [0.1, 0.6, 0.5, 0.2]])
TARGETS = np.array([[1, 0, 1, 0], [1, 0, 0, 0], [1, 0, 0, 1]])


@pytest.fixture(scope="module")
def movies(tmp_path_factory):
    folder, rng, rows = tmp_path_factory.mktemp("posters"), np.random.default_rng(0), []
    for i in range(30):
        Image.fromarray(rng.integers(0, 255, (60, 40, 3), dtype=np.uint8)).save(folder / f"tt{i}.png")
        genres = [[VOCAB[0]], [VOCAB[1], VOCAB[2]], [VOCAB[3]]][i % 3]
        side = ["train", "valid", "test"][i // 10]
        rows.append(
            {"id": f"tt{i}", "title": f"T{i}", "poster": folder / f"tt{i}.png", "genres": genres, "split": side}
        )
    movies = pd.DataFrame(rows)
    movies.attrs["vocab"] = list(VOCAB)
    return movies


@pytest.fixture(scope="module")
def learn(movies):
    torch.manual_seed(0)
    dls = PosterDataLoaders.from_movies(movies, size=64, crop="whole", bs=4, num_workers=0)
    return poster_learner(dls, "custom_cnn")


@pytest.fixture(scope="module")
def interp(learn, movies):
    return GenreInterpretation.from_learner(learn, movies.query("split == 'test'"), progress=False)


@pytest.fixture
def small():
    "The three movies of above, without posters and model."
    return GenreInterpretation(Evaluation(PROBS, TARGETS, VOCAB, thresh=[0.2, 0.65, 0.5, 0.15], titles=["A", "B", "C"]))


def test_from_learner_judges_the_movies_passed(interp, learn, movies):
    test = movies.query("split == 'test'")
    np.testing.assert_allclose(interp.evaluation.probs, movie_probs(learn, test, progress=False), atol=1e-6)
    assert (
        interp.movies["id"].tolist() == test["id"].tolist()
        and interp.movies["title"].tolist() == test["title"].tolist()
    )
    assert repr(interp) == "GenreInterpretation of 'model': 10 movies (test), 4 genres"


def test_from_learner_alone_takes_the_validation_posters(learn, movies):
    found = GenreInterpretation.from_learner(learn, progress=False)
    valid = movies.query("split == 'valid'")
    assert found.movies["id"].tolist() == valid["id"].tolist()
    assert found.movies["genres"].tolist() == valid["genres"].tolist()


def test_a_loaded_learner_has_no_posters_and_says_so(learn, movies, tmp_path):
    learn.export(tmp_path / "learner.pkl")
    loaded = load_learner(tmp_path / "learner.pkl")
    with pytest.raises(ValueError, match=r"holds no posters .* pass movies, for example from_learner\(learn, movies"):
        GenreInterpretation.from_learner(loaded)
    found = GenreInterpretation.from_learner(loaded, movies.query("split == 'test'"), progress=False)
    assert found.plot_gradcam("tt21")[0].get_title() == f"T21\n{VOCAB[0]}"


def test_saved_predictions_do_without_a_model(interp, movies, tmp_path):
    interp.evaluation.save(tmp_path / "predictions.csv")
    again = GenreInterpretation(Evaluation.load(tmp_path / "predictions.csv"), movies[::-1])
    pd.testing.assert_frame_equal(again.movies, interp.movies)
    pd.testing.assert_frame_equal(again.confusions(), interp.confusions())
    assert len(again.plot_top_losses(3)) == 3
    with pytest.raises(ValueError, match="needs the model: pass it"):
        again.plot_gradcam("tt21")


def test_without_posters_the_tables_work_and_pictures_say_what_is_missing(small):
    assert small.most_confused(2).values.tolist() == [["Action", "Comedy", 3, 1.0]]
    assert small.cooccurrence()[0].loc["Action", "Drama"] == 1
    assert small.per_genre().loc["Action", "support"] == 3
    for plot in (small.plot_per_genre, small.plot_confusions, small.plot_cooccurrence, small.plot_reliability):
        assert np.size(plot())
    for plot in (small.plot_examples, small.plot_top_losses, small.plot_look):
        with pytest.raises(ValueError, match=r"pass their movies, GenreInterpretation\(evaluation, movies\)"):
            plot()


def test_movies_must_be_those_evaluated(interp, movies):
    with pytest.raises(ValueError, match="movies lacks 5 of 10 movies, first tt20; use the movies that were evaluated"):
        GenreInterpretation(interp.evaluation, movies[25:])
    with pytest.raises(ValueError, match="no column poster"):
        GenreInterpretation(interp.evaluation, movies[["id", "title"]])


def test_integer_ids_and_missing_titles(interp, movies):
    test = movies.query("split == 'test'").drop(columns="title")
    result = interp.evaluation
    numbered = Evaluation(result.probs, result.targets, VOCAB, ids=range(20, 30))
    found = GenreInterpretation(numbered, test.assign(id=[str(i) for i in range(20, 30)])).movies
    assert found["id"].tolist() == found["title"].tolist() == [str(i) for i in range(20, 30)]


def test_matrices_are_those_of_scikit_learn_at_the_thresholds(small):
    predicted = PROBS > [0.2, 0.65, 0.5, 0.15]
    expected = multilabel_confusion_matrix(TARGETS, predicted)
    assert small.confusion_matrix().tolist() == expected.tolist() and expected.shape == (4, 2, 2)


def test_the_report_has_a_row_a_genre(small, capsys):
    small.print_classification_report()
    rows = {line.split()[0]: line.split()[1:] for line in capsys.readouterr().out.splitlines() if line.strip()}
    assert rows["Action"] == ["1.00", "0.33", "0.50", "3"]
    assert rows["Comedy"] == ["0.00", "0.00", "0.00", "0"]


def test_results_with_little_in_them_give_tables_and_charts():
    one = GenreInterpretation(Evaluation([[0.2], [0.9]], [[1], [0]], ["War"]))
    assert one.confusion_matrix().tolist() == [[[0, 1], [1, 0]]]
    one.print_classification_report()
    for probs, targets in (([[0.2, 0.8]], [[0, 0]]), (np.eye(2), np.eye(2))):
        found = GenreInterpretation(Evaluation(probs, targets, ["Drama", "War"]))
        assert found.most_confused().empty
        for plot in (found.plot_per_genre, found.plot_confusions, found.plot_cooccurrence, found.plot_reliability):
            assert np.size(plot())
    assert len(one.plot_cooccurrence()) == 2


def test_a_single_confusion_matrix_is_refused(small):
    with pytest.raises(NotImplementedError, match=r"several genres.*use plot_confusions\(\)"):
        small.plot_confusion_matrix(normalize=True)


def test_top_losses_are_sorted(small):
    table, losses = small.top_losses(), movie_losses(PROBS, TARGETS)
    assert table["loss"].tolist() == sorted(losses, reverse=True)
    assert table["title"].tolist() == [["A", "B", "C"][i] for i in np.argsort(-losses)]
    assert small.top_losses(1, largest=False)["loss"].tolist() == [min(losses)]
    row = table.set_index("title").loc["A"]
    assert row["truth"] == ["Action", "Drama"] and row["top_n"] == ["Comedy", "Drama"]


def test_best_and_worst_examples_follow_hits_then_loss(movies):
    probs = np.array([[0.9, 0.1, 0.1, 0.1], [0.6, 0.2, 0.2, 0.1], [0.2, 0.9, 0.1, 0.1], [0.3, 0.4, 0.1, 0.1]])
    targets = np.array([[1, 0, 0, 0]] * 4)
    interp = GenreInterpretation(Evaluation(probs, targets, VOCAB, ids=["tt0", "tt3", "tt6", "tt9"]), movies)

    def titles(kind, n=4):
        return [ax.texts[1].get_text() for ax in interp.plot_examples(kind, n)]

    assert titles("best") == ["T0", "T3", "T9", "T6"] and titles("worst") == ["T6", "T9", "T3", "T0"]
    assert sorted(titles("random")) == sorted(titles("best")) and len(titles("random", 2)) == 2
    assert interp.examples("worst", 2).tolist() == [2, 3]
    with pytest.raises(ValueError, match="Unknown kind 'good'; choose one of: best, worst, random"):
        interp.plot_examples("good")


def test_plots_of_training_movies_are_marked(interp, movies):
    own = interp.evaluation
    sides = {"train": len(own.ids)}
    seen = Evaluation(own.probs, own.targets, VOCAB, ids=own.ids, titles=own.titles, sides=sides)

    def marked(of):
        found = GenreInterpretation(of, movies)
        plots = (found.plot_per_genre, found.plot_confusions, found.plot_cooccurrence, found.plot_reliability)
        for plot in (*plots, partial(found.plot_examples, n=1), partial(found.plot_look, k=1)):
            yield "TRAINING" in [t.get_text() for t in np.ravel(plot())[0].texts]

    assert all(marked(seen)) and not any(marked(own)) and "'model (TRAINING)'" in repr(GenreInterpretation(seen))


def test_gradcam_takes_ids_rows_files_and_images(interp, movies):
    poster = movies["poster"][21]
    heat = interp.gradcam("tt21", "Action")
    assert heat.shape == (60, 40)
    for same in (movies.iloc[21], poster, str(poster), Image.open(poster)):
        np.testing.assert_array_equal(interp.gradcam(same, "Action"), heat)
    with pytest.raises(ValueError, match="tt99 is neither the id of one of these movies nor a file"):
        interp.gradcam("tt99", "Action")


def test_the_look_of_the_evaluated_movies(interp):
    marks = [t.get_text() for ax in interp.plot_look(k=2).flat for t in ax.texts if t.get_text()[0] in "✓✗"]
    assert len(marks) == 2 * 4
