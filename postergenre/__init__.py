"""Movie genres from posters, on fastai: `from postergenre import *` gives the names below."""

import warnings

with warnings.catch_warnings():
    # fastai's import warns of torch.jit.script, which its users can do nothing about.
    warnings.filterwarnings("ignore", category=FutureWarning)
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    import fastai.vision.all  # noqa: F401

from postergenre.balance import balance_table, balanced_crops, plot_balance
from postergenre.baselines import popularity_baseline, random_expectation
from postergenre.calibrate import calibrate, uncalibrate
from postergenre.comparison import compare
from postergenre.data import PosterDataLoaders, poster_block
from postergenre.demo import draw_poster, make_demo
from postergenre.ensemble import PosterEnsemble
from postergenre.evaluate import Evaluation, evaluate
from postergenre.genres import GENRES, MERGE, multi_hot
from postergenre.gradcam import gradcam, plot_gradcam
from postergenre.inference import load_learner, movie_probs, predict_posters
from postergenre.interpret import GenreInterpretation
from postergenre.learner import custom_cnn_learner, densenet_learner, poster_learner
from postergenre.look import genre_palette, plot_genre_look
from postergenre.losses import list_losses, poster_loss
from postergenre.metrics import MacroAP, TopNAccuracy, macro_average_precision, top_n_accuracy
from postergenre.models.build import list_archs
from postergenre.movies import left_out_table, read_movies
from postergenre.pooling import ensemble_weights, pool_probs
from postergenre.posters import PosterImage, open_poster
from postergenre.split import genre_shares, load_split, save_split, split_movies
from postergenre.thresholds import tune_thresholds
from postergenre.views import make_views
from postergenre.words import read_words

__all__ = [
    "GENRES",
    "MERGE",
    "Evaluation",
    "GenreInterpretation",
    "MacroAP",
    "PosterDataLoaders",
    "PosterEnsemble",
    "PosterImage",
    "TopNAccuracy",
    "balance_table",
    "balanced_crops",
    "calibrate",
    "compare",
    "custom_cnn_learner",
    "densenet_learner",
    "draw_poster",
    "ensemble_weights",
    "evaluate",
    "genre_palette",
    "genre_shares",
    "gradcam",
    "left_out_table",
    "list_archs",
    "list_losses",
    "load_learner",
    "load_split",
    "macro_average_precision",
    "make_demo",
    "make_views",
    "movie_probs",
    "multi_hot",
    "open_poster",
    "plot_balance",
    "plot_genre_look",
    "plot_gradcam",
    "pool_probs",
    "popularity_baseline",
    "poster_block",
    "poster_learner",
    "poster_loss",
    "predict_posters",
    "random_expectation",
    "read_movies",
    "read_words",
    "save_split",
    "split_movies",
    "top_n_accuracy",
    "tune_thresholds",
    "uncalibrate",
]
