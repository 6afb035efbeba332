"""What all recipes share: where the data comes from, the run's folder, training, scoring, and what is written."""

import json
import platform
import shlex
import sys
import time
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import date
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from fastai.callback.progress import CSVLogger
from fastai.callback.tracker import SaveModelCallback
from fastai.learner import Callback, Learner
from fastai.torch_core import set_seed

from postergenre.data.balance import balance_table, plot_balance
from postergenre.data.demo.make import MARKER
from postergenre.data.files import write_whole
from postergenre.data.leaky import seen_share, split_crops
from postergenre.data.loaders import PosterDataLoaders, parse_balance, training_rows
from postergenre.data.movies import read_movies
from postergenre.data.progress import show_progress
from postergenre.data.split import SIDES, save_split, split_movies
from postergenre.evaluation.evaluate import Evaluation, evaluate
from postergenre.evaluation.figures import METRICS
from postergenre.inference.calibrate import calibrate, mean_probs
from postergenre.inference.thresholds import tune_thresholds
from postergenre.interpret.charts import plot_curves
from postergenre.interpret.examples import plot_examples
from postergenre.recipes.runs.setup import device_name, find_data, keep_memory, new_folder, parse_size, section
from postergenre.recipes.runs.story import trained_words
from postergenre.report.page import write_report
from postergenre.training.callback import StopOnInterrupt

MONITOR = "top_n_accuracy"
PROTOCOLS = ("movie", "study")
NO_END = 10_000  # epochs, where minutes end the training
PACKAGES = ("postergenre", "fastai", "torch", "torchvision", "timm", "pandas", "pillow")


class Run:
    "One training run and its folder."

    def __init__(
        self,
        name: str,  # of the recipe; the folder is runs/NAME unless out is given
        config: dict,  # the recipe's effective options: data, seed, limit, out, ...
        resume: bool = False,  # go on in the folder `out`, which must be new otherwise
    ):
        if config.get("protocol") not in (None, *PROTOCOLS):
            raise ValueError(f"Unknown --protocol {config['protocol']}; choose one of: {', '.join(PROTOCOLS)}")
        self.name, self.config, self.started = name, config, time.time()
        self.out = Path(config["out"]) if resume else new_folder(config["out"], name)
        self.command = f"python -m postergenre.recipes.{name} {shlex.join(sys.argv[1:])}".strip()
        self.announce()
        values = [f"{k} = {json.dumps(v, ensure_ascii=False)}" for k, v in config.items() if v is not None]
        self.write("config.toml", "\n".join([f"# {self.command}", *values]) + "\n")
        set_seed(config["seed"], reproducible=True)
        if not torch.cuda.is_available():
            keep_memory()

    def announce(self) -> None:
        "Show the effective options."
        section("Configuration")
        for key, value in self.config.items():
            text = "-" if value is None else " ".join(map(str, value)) if isinstance(value, list) else value
            print(f"  {key:<12}{text}")
        print(f"  {'writes to':<12}{self.out}")

    def write(self, file: str, text: str) -> None:
        with write_whole(self.out / file) as whole:
            whole.write_text(text, encoding="utf-8")

    def movies(self) -> pd.DataFrame:
        "Read and split the movies; show what was left out."
        section("Movies")
        data = find_data(self.config["data"])
        movies = read_movies(data)
        self.data = {
            "folder": str(data.resolve()),
            "demo": (data / MARKER).is_file(),
            "read": movies.attrs["read"],
            "kept": len(movies),
            "left_out": {reason: len(ids) for reason, ids in movies.attrs["left_out"].items() if ids},
        }
        if limit := self.config["limit"]:
            attrs = movies.attrs
            movies = movies.sample(min(limit, len(movies)), random_state=self.config["seed"]).sort_index()
            movies = movies.reset_index(drop=True)
            movies.attrs = attrs
            print(f"Limited to {len(movies):,} of them at random.")
        movies = split_movies(movies, seed=self.config["seed"])
        save_split(movies, self.out / "split.csv")
        counts = movies["split"].value_counts()
        self.data |= {"used": len(movies), **{side: int(counts[side]) for side in SIDES}}
        print("Split by movie: " + ", ".join(f"{counts[s]:,} {s}" for s in SIDES))
        return self.crops_first(movies) if self.leaky else movies

    @property
    def leaky(self) -> bool:
        "Whether crops are divided instead of movies, on purpose."
        return self.config.get("protocol") == "study"

    def crops_first(self, movies: pd.DataFrame) -> pd.DataFrame:
        "The study's protocol on all movies but the test ones, which stay apart to show what it hides."
        method, target = parse_balance(self.config["balance"])
        if method is None:
            raise ValueError("--protocol study divides crops, so it needs some: add --balance study:1000")
        pool, unseen = movies[movies["split"] != "test"], movies[movies["split"] == "test"]
        rows = split_crops(pool, target, method, seed=self.config["seed"])
        self.unseen = split_crops(unseen, max(1, target * len(unseen) // len(pool)), method, valid=0, test=1)
        save_split(rows, self.out / "split.csv")
        self.data |= {side: int((rows["split"] == side).sum()) for side in SIDES}
        print(f"*** LEAKY on purpose: {len(rows):,} crops of {len(pool):,} movies are divided, not the movies. ***")
        print(f"*** The posters of {seen_share(rows):.0%} of the test crops are in training too.".ljust(75) + "***")
        return rows

    def loaders(
        self,
        movies: pd.DataFrame,  # with the column split
        balance: str | None = None,  # as --balance; None: as configured
        **kwargs,  # for PosterDataLoaders.from_movies: batch_tfms, size where it is no option
    ) -> PosterDataLoaders:
        "Balance and load the movies; show the genres before and after."
        config = self.config
        section("Genres in an epoch of training")
        balance = None if self.leaky else balance or config.get("balance")  # leaky crops are balanced already
        rows = training_rows(movies, balance)
        method, target = parse_balance(balance)
        table = balance_table(movies, target, [method] if method else [])
        print(table.to_string())
        self.save_figure(plot_balance(table), "breakdown.png")
        table.to_csv(self.out / "breakdown.csv")
        self.rows = len(rows)
        if "size" not in kwargs:
            kwargs["size"] = parse_size(config["size"])
        return PosterDataLoaders.from_movies(
            movies,
            crop=config.get("crop", "whole"),
            balance=balance,
            bs=config["bs"],
            num_workers=config["workers"],
            **kwargs,
        )

    def fit(
        self,
        learn: Learner,
        stop: Callback | None = None,  # what ends training early; None: Ctrl-C does, and the best epoch is kept
        cbs: Sequence[Callback] = (),  # for this fit only
        lr: float | slice | None = None,  # None: as configured, a tenth of it for a body with weights
    ) -> None:
        "Train; keep the epoch with the best validation top-n accuracy; export it."
        self.train(learn, stop, cbs, lr)
        if self.config.get("calibrate"):
            fit_probabilities(learn)
        self.export(learn)

    def train(
        self,
        learn: Learner,
        stop: Callback | None = None,  # as in fit
        cbs: Sequence[Callback] = (),  # as in fit
        lr: float | slice | None = None,  # as in fit
    ) -> None:
        "Train; the learner then is that of the best epoch."
        config = self.config
        epochs = NO_END if config["epochs"] is None else config["epochs"]
        section("Training")
        learn.path, learn.model_dir = self.out, "."
        self.arch, self.parameters = learn.arch, sum(p.numel() for p in learn.model.parameters())
        print(
            f"{self.arch}, {self.parameters:,} parameters, on {device_name()}; {self.rows:,} rows an epoch", flush=True
        )
        if lr is None:
            has_weights = config.get("pretrained") or config.get("weights")
            lr = slice(config["lr"] / 10, config["lr"]) if has_weights else config["lr"]
        cbs = [*cbs, SaveModelCallback(MONITOR, fname="best"), CSVLogger("history.csv")]
        stop = stop or StopOnInterrupt()
        begun = time.time()
        try:
            with nullcontext() if show_progress() else learn.no_bar():
                learn.fit_one_cycle(epochs, lr, cbs=[*cbs, stop])
        except KeyboardInterrupt:
            if isinstance(stop, StopOnInterrupt):
                print("\nStopped before the first epoch was done: there is nothing to keep.")
            raise
        self.stopped = isinstance(stop, StopOnInterrupt) and stop.stopped
        if self.stopped:
            print("\nStopped. Going on with the best epoch so far (Ctrl-C again to stop at once).", flush=True)
        self.train_minutes = (time.time() - begun) / 60
        history = pd.read_csv(self.out / "history.csv")
        best = history[MONITOR].idxmax()
        self.history, self.best_epoch = history, int(history.loc[best, "epoch"])
        self.told = trained_words, len(history), self.best_epoch
        self.images_a_second = len(learn.recorder.losses) * learn.dls.bs / (self.train_minutes * 60)
        print(f"Best epoch: {self.best_epoch}, validation top-n accuracy {history.loc[best, MONITOR]:.1%}")

    def export(self, learn: Learner) -> None:
        with write_whole(self.out / "learner.pkl") as whole:
            learn.export(whole.resolve())

    def finish(self, learn: Learner, movies: pd.DataFrame) -> Evaluation:
        "Score on the test movies, write figures and numbers, say how to go on."
        test = movies[movies["split"] == "test"]
        result = self.finish_leaky(learn, movies) if self.leaky else self.judge(learn, movies)
        result.save(self.out / "predictions.csv")
        self.save_figure(plot_curves(self.history), "curves.png")
        self.save_figure(plot_examples(test, result.probs, result.vocab, seed=self.config["seed"]), "examples.png")
        self.write("metrics.json", json.dumps(self.metrics(result), indent=2) + "\n")
        write_report(self.out, movies, learn)
        print(f"\nDone in {(time.time() - self.started) / 60:.1f} minutes. Everything is in {self.out}.")
        print(f"The report, to open in a browser: {self.out / 'report.html'}")
        print(f"""To use the learner:

  python -m postergenre.predict {self.out / "learner.pkl"} posters/ --csv genres.csv

  >>> from postergenre import *
  >>> learn = load_learner("{self.out / "learner.pkl"}")
  >>> learn.predict("poster.jpg")""")
        return result

    def judge(self, learn: Learner, movies: pd.DataFrame) -> Evaluation:
        "Score on the test movies."
        test = movies[movies["split"] == "test"]
        section(f"Test: {len(test):,} movies that training never saw")
        result = evaluate(learn, test, train=movies[movies["split"] == "train"], name=self.name)
        print(result)
        return result

    def finish_leaky(self, learn: Learner, rows: pd.DataFrame) -> Evaluation:
        "Score on the leaky test crops, then on crops cut the same way from movies that were kept apart."
        train, test = rows[rows["split"] == "train"], rows[rows["split"] == "test"]
        section(f"LEAKY test: {len(test):,} crops, most of posters that are in training too")
        result = evaluate(learn, test, train, f"{self.name} (leaky)")
        print(result)
        section(f"The same model on {len(self.unseen):,} crops of movies that it never saw")
        honest = evaluate(learn, self.unseen, train, f"{self.name} (unseen movies)")
        print(honest)
        honest.save(self.out / "predictions_unseen.csv")
        leaky, true = (e.metrics.loc[e.name, (MONITOR, "value")] for e in (result, honest))
        print(f"\nThe leak: top-n accuracy {leaky:.1%} (leaky) against {true:.1%} on movies never seen.")
        self.unseen_figures = self.figures(honest)
        return result

    def about(self) -> dict:
        "Everything needed to make the run again, and what it took."
        return {
            "command": self.command,
            "config": self.config,
            "date": date.today().isoformat(),
            "data": self.data,
            "total_minutes": round((time.time() - self.started) / 60, 2),
            "device": device_name(),
            "threads": torch.get_num_threads(),
            "versions": {"python": platform.python_version()} | {p: version(p) for p in PACKAGES},
        }

    def metrics(self, result: Evaluation) -> dict:
        "The numbers of the run and everything needed to get them again."
        return self.about() | {
            "arch": self.arch,
            "parameters": self.parameters,
            "stopped_early": self.stopped,
            "best_epoch": self.best_epoch,
            "train_minutes": round(self.train_minutes, 2),
            "images_per_second": None if self.images_a_second is None else round(self.images_a_second, 1),
            "training": self.story(),
            "test_movies": len(result.ids),
            "test": self.figures(result),
            **({"unseen_movies": self.unseen_figures} if self.leaky else {}),
        }

    def story(self) -> dict:  # heading, words
        "How the model came about."
        tell, *about = self.told
        words = tell(self.arch, self.parameters, *about, self.train_minutes, device_name(), self.images_a_second)
        return {"heading": "Training", "words": words}

    @staticmethod
    def figures(result: Evaluation) -> dict:
        "Each row's figures with their intervals."
        return {
            row: {name: {end: _rounded(figures[name, end]) for end in ("value", "low", "high")} for name in METRICS}
            for row, figures in result.metrics.iterrows()
        }

    def save_figure(self, figure, file: str) -> None:
        with write_whole(self.out / file) as whole:
            figure.savefig(whole, dpi=110)


def _rounded(x: float) -> float | None:
    return None if np.isnan(x) else round(float(x), 6)


def fit_probabilities(
    learn: Learner,
    movies: pd.DataFrame | None = None,  # validation movies; None: the learner's
    logits: Sequence[np.ndarray] | None = None,  # ready (views, genres) of each movie; None: the posters are looked at
) -> None:
    "Calibrate, tune thresholds, show both."
    section("Probabilities and thresholds, fitted to the validation movies")
    scales = calibrate(learn, movies, logits=logits)
    probs = None if logits is None else mean_probs(logits, scales["scale"].to_numpy(), scales["bias"].to_numpy())
    thresholds = tune_thresholds(learn, movies, probs=probs)
    print(scales.join(thresholds["thresh"]).round(3).to_string())
