"""What a model knows and where it fails: tables and pictures of a result, and Grad-CAM where the model is at hand."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from fastcore.meta import delegates
from matplotlib.axes import Axes
from sklearn.metrics import classification_report, multilabel_confusion_matrix

from postergenre.data.genres import genre_names
from postergenre.data.loaders import validation_movies
from postergenre.evaluation.evaluate import Evaluation, evaluate
from postergenre.evaluation.predictions import evaluated_movies, judged_on
from postergenre.inference.ensemble import PosterEnsemble
from postergenre.interpret.charts import badge, plot_confusions, plot_cooccurrence, plot_per_genre, plot_reliability
from postergenre.interpret.confusions import confusions, cooccurrence, most_confused, movie_losses, reliability
from postergenre.interpret.examples import plot_examples
from postergenre.interpret.gradcam import gradcam, plot_gradcam
from postergenre.interpret.palette import plot_genre_look
from postergenre.metrics import expected_calibration_error, top_n_hits
from postergenre.training.learner import PosterLearner


class GenreInterpretation:
    "A result with its movies, and its learner if at hand; fastai's ClassificationInterpretation for several genres."

    def __init__(
        self,
        evaluation: Evaluation,  # from evaluate or Evaluation.load
        movies: pd.DataFrame | None = None,  # columns id, poster, title; may hold more; None: no posters are shown
        learn: PosterLearner | PosterEnsemble | None = None,  # for Grad-CAM
    ):
        self.evaluation, self.learn = evaluation, learn
        self.movies = None if movies is None else evaluated_movies(evaluation, movies)

    @classmethod
    @delegates(evaluate)
    def from_learner(
        cls,
        learn: PosterLearner | PosterEnsemble,  # trained or loaded
        movies: pd.DataFrame | None = None,  # from read_movies; None: the validation posters of learn.dls
        train: pd.DataFrame | None = None,  # training movies, for popularity; None: learn.genre_freq
        **kwargs,
    ) -> "GenreInterpretation":  # ValueError: a loaded learner holds no posters, or as in `evaluate`
        "Run the learner over movies. Validation posters chose the best epoch, so the test side is the honest one."
        movies = validation_movies(learn) if movies is None else movies
        return cls(evaluate(learn, movies, train, **kwargs), movies, learn)

    def __repr__(self) -> str:
        result = self.evaluation
        return f"GenreInterpretation of {result.name!r}: {judged_on(result)}, {len(result.vocab)} genres"

    # ---- tables and charts

    def per_genre(self) -> pd.DataFrame:
        "How well each genre is found, as `Evaluation.per_genre`."
        return self.evaluation.per_genre()

    def plot_per_genre(self, ax: Axes | None = None) -> Axes:
        "Average precision of each genre with its interval, beside the genre's frequency."
        return plot_per_genre(self.per_genre(), ax)

    def confusions(self, normalize: bool = False) -> pd.DataFrame:  # genres x genres
        "When true genre X (row) is not in a movie's top n, which wrong genres stand there: movies, or shares of those."
        return confusions(*self._arrays, normalize)

    def plot_confusions(self, ax: Axes | None = None) -> Axes:
        "`confusions(normalize=True)` as a heat map."
        result = self.evaluation
        misses, support = (pd.Series(x.sum(0), result.vocab) for x in (result.targets & ~result.top_n, result.targets))
        return self._marked(plot_confusions(self.confusions(normalize=True), misses, support, ax))

    def most_confused(self, min_val: int = 1) -> pd.DataFrame:  # missed, instead, movies, share
        "The pairs of `confusions` of at least `min_val` movies as a list, the most frequent first."
        return most_confused(*self._arrays, min_val)

    def cooccurrence(self, normalize: bool = False) -> tuple[pd.DataFrame, pd.DataFrame]:  # genres x genres each
        "How often two genres stand together, in truth and in the top n: movies, or shares of the row's."
        return cooccurrence(*self._arrays, normalize)

    def plot_cooccurrence(self, axes: Sequence[Axes] | None = None) -> np.ndarray:
        "`cooccurrence(normalize=True)` as two heat maps."
        return self._marked(plot_cooccurrence(*self.cooccurrence(normalize=True), axes))

    def plot_reliability(self, n_bins: int = 15, axes: Sequence[Axes] | None = None) -> np.ndarray:
        "How often genres of a given probability are true, in bins of equal width."
        probs, targets, _ = self._arrays
        ece = expected_calibration_error(probs, targets, n_bins)
        return self._marked(plot_reliability(reliability(probs, targets, n_bins), ece, axes))

    def confusion_matrix(
        self,
    ) -> np.ndarray:  # (genres, 2, 2): [[true negatives, false positives], [false n., true p.]]
        "A 2 x 2 table for each genre at the thresholds; scikit-learn's multilabel_confusion_matrix."
        result = self.evaluation
        return multilabel_confusion_matrix(result.targets, result.predicted, labels=self._labels)

    def plot_confusion_matrix(self, *_, **__) -> None:
        "Refused: movies have several genres."
        instead = "use plot_confusions(), or confusion_matrix() for a 2 x 2 table a genre"
        why = "A movie has several genres, so no single matrix says which was taken for which"
        raise NotImplementedError(f"{why}; {instead}")

    def print_classification_report(self) -> None:
        "Precision, recall and F1 of each genre at the thresholds; scikit-learn's classification_report."
        result = self.evaluation
        options = {"labels": self._labels, "target_names": list(result.vocab), "zero_division": 0}
        print(classification_report(result.targets, result.predicted, **options))

    # ---- posters

    def top_losses(self, k: int | None = None, largest: bool = True) -> pd.DataFrame:  # id, title, loss, truth, top_n
        "The k movies (None: all) of the largest or smallest loss, which is binary cross-entropy."
        result = self.evaluation
        rows = {"id": result.ids, "title": result.titles, "loss": movie_losses(result.probs, result.targets)}
        for name, labels in (("truth", result.targets), ("top_n", result.top_n)):
            rows[name] = [genre_names(row, result.vocab) for row in labels]
        return pd.DataFrame(rows).sort_values("loss", ascending=not largest, kind="stable")[:k]

    def plot_top_losses(self, k: int = 12, axes: Sequence[Axes] | None = None) -> np.ndarray:
        "The k posters with the largest loss."
        table = self.top_losses(k)
        return self._plot(table.index, axes, [f"loss {loss:.2f}" for loss in table["loss"]])

    def examples(
        self,
        kind: str = "random",  # "best", "worst" or "random"
        n: int = 12,  # movies
        seed: int = 42,  # which random ones
    ) -> np.ndarray:  # rows of `movies`, in order. ValueError: unknown kind
        "Which movies are best (largest share of genres in the top n, then least loss), worst (opposite), or random."
        if kind not in ("best", "worst", "random"):
            raise ValueError(f"Unknown kind {kind!r}; choose one of: best, worst, random")
        probs, targets, _ = self._arrays
        if kind == "random":
            return np.random.default_rng(seed).permutation(len(probs))[:n]
        sign = -1 if kind == "best" else 1
        # a movie without genres has no share of hits, NaN, and comes last
        return np.lexsort((-sign * movie_losses(probs, targets), sign * top_n_hits(probs, targets)))[:n]

    def plot_examples(
        self,
        kind: str = "random",  # these three as in `examples`
        n: int = 12,
        seed: int = 42,
        axes: Sequence[Axes] | None = None,  # one a poster, to draw on; None: on a new figure
    ) -> np.ndarray:
        "The posters of `examples` with their true genres and predictions."
        return self._plot(self.examples(kind, n, seed), axes)

    def plot_look(
        self,
        genres: str | Sequence[str] | None = None,  # None: all that occur
        k: int = 6,  # posters a genre
        axes: Sequence[Axes] | None = None,  # k + 2 a genre, to draw on; None: on a new figure
    ) -> np.ndarray:  # (genres, k + 2) axes
        "Colours, brightness and most typical posters of each genre, as `palette.plot_genre_look`."
        return self._marked(plot_genre_look(self._posters, self.evaluation, genres, k, axes=axes))

    def gradcam(self, image_or_movie, genre: str) -> np.ndarray:  # (height, width), 0 to 1
        "Where on a poster (a movie's id, its row, or file, bytes, PIL image) a genre is seen, as `gradcam.gradcam`."
        return gradcam(self._learner, self._find(image_or_movie)[0], genre)

    def plot_gradcam(
        self,
        image_or_movie,  # as in `gradcam`
        genres: str | Sequence[str] | None = None,  # None: the three most probable
        axes: Sequence[Axes] | None = None,  # one, and one more a genre, to draw on; None: on a new figure
    ) -> np.ndarray:
        "A poster, and the heat of each genre over it, as `gradcam.plot_gradcam`."
        image, title, truth = self._find(image_or_movie)
        return plot_gradcam(self._learner, image, genres, title=title, truth=truth, axes=axes)

    # ---- what the methods share

    @property
    def _arrays(self) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
        return self.evaluation.probs, self.evaluation.targets, self.evaluation.vocab

    @property
    def _labels(self) -> list[int] | None:
        "scikit-learn takes a single column for a choice of two classes; the second one is the genre."
        return [1] if len(self.evaluation.vocab) == 1 else None

    @property
    def _posters(self) -> pd.DataFrame:
        if self.movies is None:
            raise ValueError("This shows posters: pass their movies, GenreInterpretation(evaluation, movies)")
        return self.movies

    @property
    def _learner(self) -> PosterLearner | PosterEnsemble:
        if self.learn is None:
            raise ValueError("Grad-CAM needs the model: pass it, GenreInterpretation(evaluation, movies, learn)")
        return self.learn

    def _marked(self, axes):
        badge(np.ravel(axes)[0], self.evaluation.mark)
        return axes

    def _plot(self, rows: Sequence[int], axes, notes: Sequence[str] | None = None) -> np.ndarray:
        probs, _, vocab = self._arrays
        return self._marked(plot_examples(self._posters, probs, vocab, rows=rows, notes=notes, axes=axes))

    def _find(self, what) -> tuple[object, str, list[str]]:
        "A poster to open, its title and its true genres, where they are known."
        if isinstance(what, pd.Series):
            return what, str(what.get("title", "")), list(what.get("genres", []))
        may_be_id = self.movies is not None and isinstance(what, str | int | np.integer)
        if may_be_id and (found := self.movies["id"] == str(what)).any():
            return self._find(self.movies[found].iloc[0])
        if isinstance(what, int | np.integer) or (isinstance(what, str | Path) and not Path(what).is_file()):
            raise ValueError(f"{what} is neither the id of one of these movies nor a file; pass one of the two")
        return what, "", []
