"""Movie genres from posters, on fastai: `from postergenre import *` gives the names below."""

import warnings

with warnings.catch_warnings():
    # fastai's import warns of torch.jit.script, which its users can do nothing about.
    warnings.filterwarnings("ignore", category=FutureWarning)
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    import fastai.vision.all  # noqa: F401

from postergenre.data.balance import balance_table, balanced_crops, plot_balance
from postergenre.data.demo.make import draw_poster, make_demo
from postergenre.data.genres import GENRES, MERGE, multi_hot
from postergenre.data.loaders import PosterDataLoaders, poster_block
from postergenre.data.movies import left_out_table, read_movies
from postergenre.data.posters import PosterImage, open_poster
from postergenre.data.split import genre_shares, load_split, save_split, split_movies
from postergenre.evaluation.baselines import popularity_baseline, random_expectation
from postergenre.evaluation.compare import compare
from postergenre.evaluation.evaluate import Evaluation, evaluate
from postergenre.inference.calibrate import calibrate, uncalibrate
from postergenre.inference.ensemble import PosterEnsemble
from postergenre.inference.export import load_learner
from postergenre.inference.pooling import ensemble_weights, pool_probs
from postergenre.inference.predict import movie_probs, predict_movies, predict_posters
from postergenre.inference.thresholds import tune_thresholds
from postergenre.interpret.gradcam import gradcam, plot_gradcam
from postergenre.interpret.interpretation import GenreInterpretation
from postergenre.interpret.palette import genre_palette, plot_genre_look
from postergenre.losses import list_losses, poster_loss
from postergenre.metrics import MacroAP, TopNAccuracy, macro_average_precision, top_n_accuracy
from postergenre.text.reader import read_words
from postergenre.training.networks import custom_cnn_learner, densenet_learner, poster_learner
from postergenre.vision.build import list_archs
from postergenre.vision.views import make_views

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
    "predict_movies",
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
