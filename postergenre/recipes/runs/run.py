"""A run: its folder and options, the movies that it reads, the loaders that it trains on, its headings."""

import platform
import textwrap
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import torch
from fastai.torch_core import default_device, set_seed
from filelock import FileLock
from matplotlib import pyplot as plt

from postergenre.data.axes import figure_of
from postergenre.data.balance import balance_table, balance_words
from postergenre.data.demo.make import MARKER
from postergenre.data.files import write_text, write_whole
from postergenre.data.leaky import seen_share, split_crops
from postergenre.data.loaders import PosterDataLoaders, parse_balance
from postergenre.data.movies import UNREADABLE
from postergenre.data.split import SIDES, save_split, split_movies
from postergenre.recipes.runs.checks import check_options, parse_size
from postergenre.recipes.runs.folder import (
    BEGUN,
    SCORED,
    SPLIT,
    begun_alike,
    free_folder,
    held,
    how_to_go_on,
    locked,
    typed,
    write_config,
)
from postergenre.recipes.runs.memory import keep_memory
from postergenre.recipes.runs.movies import find_data, read, reading
from postergenre.recipes.runs.resuming import check_movies, first_command, resumed_folder
from postergenre.training.precision import resolve_precision
from postergenre.training.processes import first_then_others

PACKAGES = ("postergenre", "fastai", "torch", "torchvision", "timm", "pandas", "pillow")


@dataclass
class Run:
    "A run and its folder."

    name: str  # what the model is called in tables: the recipe's name, in a series the member's
    config: dict  # the recipe's options: data, seed, limit, out, ...
    folder: Path
    command: str  # what was typed
    started: float = field(default_factory=time.monotonic)
    movies: pd.DataFrame | None = None  # with the column split; None: not read yet
    held: frozenset[Path] = frozenset()  # what its folder held when it began
    opened: bool = False  # whether its folder was made, or is that of a run before
    resumed: bool = False  # whether it goes on in the folder of a run that was stopped
    scored: bool = False  # whether it trains no further what that has trained
    lock: FileLock | None = field(default=None, repr=False)  # of its folder, once that is there

    def write(self, file: str, text: str) -> None:
        "Write a text into the folder, whole or not at all."
        write_text(self.folder / file, text)

    def save_figure(self, axes, file: str) -> None:
        "Write a plot, as the axes that it was drawn on, into the folder, and close it."
        with write_whole(self.folder / file) as whole:
            figure_of(axes).savefig(whole, dpi=110)
        plt.close(figure_of(axes))

    def open(self) -> None:
        "Make its folder, with config.toml and split.csv, as training starts: a start that fails leaves nothing."
        if self.opened:
            return
        if not self.config["out"] and not self.resumed and self.folder.exists():
            self.folder = free_folder(None, self.name)
            self.held = frozenset()
            print(f"Another run took the folder meanwhile; this one writes to {self.folder}.")
        if held(self.folder) != self.held:
            raise ValueError(f"Another run has begun in {self.folder} meanwhile; name another folder with --out")
        self.folder.mkdir(parents=True, exist_ok=True)
        self.lock = locked(self.folder)
        self.opened = True
        write_config(self.folder, self.config, self.command)
        save_split(self.movies, self.folder / SPLIT, digests=True)

    @property
    def minutes(self) -> float:
        "How long it has taken so far."
        return (time.monotonic() - self.started) / 60


@dataclass
class Data:
    "The movies of a run."

    movies: pd.DataFrame  # a row a movie with the column split; under the leaky protocol a row a crop
    about: dict  # where they come from and how many they are, for metrics.json
    unseen: pd.DataFrame | None = None  # under the leaky protocol: crops of movies that were kept apart

    def side(self, name: str) -> pd.DataFrame:
        "The movies of one side: train, valid or test."
        return self.movies[self.movies["split"] == name]

    def balance(self, run: Run) -> str | None:
        "How a run balances an epoch, of fewer movies (--limit) with fewer crops; leaky crops are balanced already."
        method, target = parse_balance(run.config.get("balance"))
        if method is None or self.unseen is not None:
            return None
        return f"{method}:{max(1, round(target * self.about['used'] / self.about['kept']))}"

    def genres_in_epoch(self, run: Run) -> pd.DataFrame:
        "How often training sees each genre in an epoch, before and after balancing."
        method, target = parse_balance(self.balance(run))
        return balance_table(self.movies, target, [method] if method else [])


def begin(
    name: str,  # of the recipe
    config: dict,  # its options
    least_epochs: int = 1,
    varies: Sequence[str] | None = None,  # as of resumed_folder
    **modalities: Callable,  # as of check_options
) -> Run:  # ValueError, OSError: what is wrong with the options; Finished: there is nothing to resume
    "Check a recipe's options and show them, choose the run's folder, set the seed."
    check_options(config, least_epochs, modalities)
    resume = config.pop("resume", False)
    begun = resumed_folder(name, config, varies) if resume or (varies and config["out"]) else None
    folder = begun or free_folder(config["out"], name)
    section("Configuration")
    for key, value in config.items():
        text = "-" if value is None else " ".join(map(str, value)) if isinstance(value, list | tuple) else value
        print(f"  {key:<12}{text}")
    print(f"  {'goes on in' if begun else 'writes to':<12}{folder}")
    if resume and not begun:
        print("\nThere is no such run to go on with: this one begins.")
    for before in [] if resume or varies else begun_alike(name, config):
        print(f"\n{how_to_go_on(before)}")
    command = first_command(folder, config) or typed(name)
    run = Run(name, config, folder, command, resumed=begun is not None, scored=SCORED.get())
    run.opened = run.resumed and not varies and (folder / SPLIT).is_file()
    run.lock = locked(folder) if run.opened else None
    run.held = held(run.folder)
    BEGUN.set(run)
    return start(run)


def start(run: Run) -> Run:
    "Set the seed."
    set_seed(run.config["seed"], reproducible=True)
    if not torch.cuda.is_available():
        keep_memory()
    return run


def load_movies(run: Run, genres: bool = True) -> Data:
    "Read and split the movies; show what was left out, and the genres in an epoch of training."
    section("Movies")
    config, where = run.config, find_data(run.config["data"])
    movies = read(where, config)
    total, left_out = movies.attrs["read"], movies.attrs["left_out"]
    counts = {reason: len(ids) for reason, ids in left_out.items() if ids}
    about = {"folder": str(where.resolve()), "demo": (where / MARKER).is_file(), "reading": reading(config)}
    about |= {"read": total, "kept": total - sum(counts.values()), "left_out": counts}
    about["unreadable"] = left_out[UNREADABLE]  # ids: the report reads the movies without opening posters
    movies = split_movies(movies, seed=config["seed"])
    run.movies = movies
    counts = sides(movies)
    print("Split by movie: " + ", ".join(f"{n:,} {side}" for side, n in counts.items()))
    data = Data(movies, about | {"used": len(movies)} | counts)
    data = divide_crops(run, data) if config.get("protocol") == "study" else data
    if run.resumed:
        check_movies(run.folder, run.movies)
    if genres:
        show_genres(run, data)
    return data


def sides(movies: pd.DataFrame) -> dict[str, int]:
    "How many are on each side."
    return {side: int((movies["split"] == side).sum()) for side in SIDES}


def divide_crops(run: Run, data: Data) -> Data:
    "The study's leaky protocol on all movies but the test ones, which stay apart to show what it hides."
    method, target = parse_balance(data.balance(run))
    unseen = data.side("test")
    pool = data.movies.drop(unseen.index)
    rows = split_crops(pool, target, method, seed=run.config["seed"])
    run.movies = rows
    print(f"*** LEAKY on purpose: {len(rows):,} crops of {len(pool):,} movies are divided, not the movies. ***")
    print(f"*** The posters of {seen_share(rows):.0%} of the test crops are in training too.".ljust(75) + "***")
    apart = split_crops(unseen, max(1, target * len(unseen) // len(pool)), method)
    return Data(rows, data.about | sides(rows), apart.assign(split="test"))


def show_genres(run: Run, data: Data) -> None:
    "Show the genres in an epoch of training."
    section("Genres in an epoch of training")
    genres, balance, about = data.genres_in_epoch(run), data.balance(run), data.about
    print(genres.to_string())
    if balance:
        print("\n".join(textwrap.wrap(balance_words(genres, *parse_balance(balance)), 80)))
    if balance and about["used"] < about["kept"]:
        print(f"({run.config['balance']} of all {about['kept']:,} movies is {balance} of these {about['used']:,}.)")


def make_loaders(run: Run, data: Data, **kwargs) -> PosterDataLoaders:  # kwargs: as in its from_movies
    "Balance and load the movies."
    config = run.config
    options = {"crop": config.get("crop", "whole"), "bs": config["bs"], "num_workers": config["workers"]}
    if "size" in config:
        options["size"] = parse_size(config["size"])
    options |= {"balance": data.balance(run), "shards": config["shards"]}
    with first_then_others():
        return PosterDataLoaders.from_movies(data.movies, **options, **kwargs)


def about(run: Run, data: Data) -> dict:
    "Everything needed to make the run again, and what it took."
    return {
        "command": run.command,
        "config": run.config,
        "date": date.today().isoformat(),
        "data": data.about,
        "total_minutes": round(run.minutes, 2),
        "device": device_name(),
        "threads": torch.get_num_threads(),
        "precision": resolve_precision(run.config["precision"], default_device()),
        "versions": {"python": platform.python_version()} | {p: version(p) for p in PACKAGES},
    }


def device_name() -> str:
    "The device that trains, in words."
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    threads = torch.get_num_threads()
    return "Apple GPU" if torch.backends.mps.is_available() else f"CPU, {threads} thread{'s' * (threads > 1)}"


def section(title: str) -> None:
    "A heading in the output."
    print(f"\n== {title} " + "=" * max(4, 76 - len(title)), flush=True)
