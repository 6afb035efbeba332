"""How a model came about, in a sentence or two."""

from postergenre.recipes.runs.training import fitted_words, pooled_words, trained_words


def test_training_names_epochs_time_and_speed():
    said = trained_words("densenet121", 6_974_356, 5, 3, 12.34, "CPU", 41.6)
    assert said.startswith("Loss and validation figures of 5 epochs. The epoch with the best validation top-n accuracy")
    assert "number 3 (the first is 0)" in said
    assert said.endswith("densenet121, 6,974,356 parameters; 12.3 minutes on CPU, 42 posters a second.")


def test_a_fit_names_the_strength_and_no_speed_where_nothing_was_looked_at():
    said = fitted_words("lite0", 1000, 7, 0.25, 0.04, "CPU", None)
    assert "fitted with 7 strengths" in said and "0.25, is kept. lite0, 1,000 parameters; " in said
    assert said.endswith("the fit took 0.0 minutes on CPU.") and "posters a second" not in said


def test_members_are_averaged_or_put_together_by_their_odds():
    assert "of 2 learners are averaged, with weights chosen on the validation movies (a + b, " in pooled_words(
        "a + b", 1000, 2
    )
    assert "adding their log-odds" in pooled_words("a + b", 1000, 2, "odds")
