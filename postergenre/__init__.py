"""Movie genres from posters, on fastai: `from postergenre import *` gives the names below."""

import lazy_loader

# a module is imported when one of its names is first used: reading movies does not wait for torch
_attribute, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "data.augment": ["PosterImage", "gentle_tfms"],
        "data.balance": ["balance_table", "balanced_crops", "plot_balance"],
        "data.demo.make": ["draw_poster", "make_demo"],
        "data.genres": ["GENRES", "MERGE", "multi_hot"],
        "data.loaders": ["PosterDataLoaders", "poster_block"],
        "data.movies": ["leave_out_unreadable", "left_out_table", "read_movies"],
        "data.posters": ["open_poster"],
        "data.split": ["genre_shares", "load_split", "save_split", "split_movies"],
        "losses": ["list_losses", "poster_loss"],
        "metrics": ["MacroAP", "TopNAccuracy", "macro_average_precision", "top_n_accuracy"],
        "modality": ["Modality"],
        "vision.build": ["list_archs"],
        "vision.objects": ["Objects"],
        "vision.people": ["People"],
        "vision.views": ["make_views"],
        "portable.pool": ["pool_probs"],
        "portable.reader": ["read_words"],
        "tabular.metadata": ["Metadata"],
        "tabular.names": ["Names"],
        "training.callback": ["WeightEMA"],
        "training.epochs": ["KeepBest", "StopEarly", "start_figures"],
        "training.learner": ["PosterLearner"],
        "training.networks": [
            "custom_cnn_learner",
            "densenet_learner",
            "freeze_norms",
            "freeze_stages",
            "poster_learner",
        ],
        "training.probe": ["fit_probe", "probe_learner", "start_from_probe"],
        "training.words": ["adopt", "text_learner"],
        "inference.calibrate": ["calibrate", "uncalibrate"],
        "inference.ensemble": ["PosterEnsemble"],
        "inference.export": ["load_learner"],
        "inference.pooling": ["ensemble_weights"],
        "inference.onnx": ["export_onnx"],
        "inference.predict": ["predict_movies", "predict_posters"],
        "inference.pretrained": ["from_pretrained", "load_pretrained"],
        "inference.probs": ["movie_probs"],
        "inference.thresholds": ["tune_thresholds"],
        "evaluation.baselines": ["popularity_baseline", "random_expectation"],
        "evaluation.compare": ["compare"],
        "evaluation.evaluate": ["Evaluation", "evaluate"],
        "interpret.boxes": ["plot_objects", "plot_people"],
        "interpret.evidence": ["explain"],
        "interpret.gradcam": ["gradcam", "plot_gradcam"],
        "interpret.interpretation": ["GenreInterpretation"],
        "interpret.palette": ["genre_palette", "plot_genre_look"],
        "interpret.words": ["telling_words"],
    },
)


def __getattr__(name: str):
    if name == "__version__":
        from importlib.metadata import version

        return version("postergenre")
    from postergenre._docs import explained

    return explained(_attribute(name))
