"""Images a second of the DenseNet recipe's training, and of a Lite0's prediction, as ratios in one run.

    python tests/benchmarks/bench_training.py --data posters

Four ways, one after the other in rounds, the best round of each counts: the recipe's loaders and learner, in bf16 and
in fp32; that of fp32 fed one ready batch from memory (what loading costs); fastai's own `vision_learner` with its
defaults on the same movies (what channels_last and our pipeline bring). Not every processor that knows bf16 is faster
with it.
"""

import argparse
import time
import warnings

import torch
from fastai.callback.core import CancelFitException
from fastai.learner import Callback
from fastai.vision.augment import Resize
from fastai.vision.data import ImageDataLoaders
from fastai.vision.learner import vision_learner
from torchvision.models import densenet121

from postergenre import PosterDataLoaders, densenet_learner, poster_learner, read_movies, split_movies
from postergenre.recipes.runs.movies import find_data
from postergenre.training.precision import resolve_precision
from postergenre.vision.maps import evaluating


class Timer(Callback):
    "Stops after some batches; counts from the second on, as the first one warms up."

    def __init__(self, batches: int):
        self.batches = batches

    def before_fit(self):
        self.done, self.images = 0, 0

    def after_batch(self):
        if not self.training:
            return
        self.done += 1
        if self.done == 1:
            self.begun = time.perf_counter()
        else:
            self.images += len(self.xb[0])
        if self.done > self.batches:
            self.rate = self.images / (time.perf_counter() - self.begun)
            raise CancelFitException


class OneBatch:
    "A loader that gives one ready batch again and again."

    def __init__(self, loader, n: int):
        self.loader, self.batch, self.n = loader, loader.one_batch(), n

    def __iter__(self):
        return (self.batch for _ in range(self.n))

    def __len__(self):
        return self.n

    def __getattr__(self, name):
        return getattr(self.loader, name)


def rate(learn, batches: int) -> float:
    timer = Timer(batches)
    with learn.no_bar(), learn.no_logging():
        learn.fit(1, 1e-4, cbs=timer)
    return timer.rate


def predicting(learn, precision: str, pictures: torch.Tensor) -> float:
    learn.precision = precision
    with evaluating(learn.model), torch.inference_mode():
        learn.view_outputs(pictures)
        begun = time.perf_counter()
        learn.view_outputs(pictures)
    return len(pictures) / (time.perf_counter() - begun)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="movies; else POSTERGENRE_DATA, else demo posters")
    parser.add_argument("--batches", type=int, default=6, help="batches timed in a round (default: 6)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds; the best one counts (default: 3)")
    parser.add_argument("--bs", type=int, default=32)
    args = parser.parse_args()
    movies = split_movies(read_movies(find_data(args.data), verbose=False))
    dls = PosterDataLoaders.from_movies(movies, bs=args.bs, num_workers=0)
    half, recipe, memory = densenet_learner(dls, precision="bf16"), densenet_learner(dls), densenet_learner(dls)
    memory.dls = type(dls)(OneBatch(dls.train, args.batches + 2), dls.valid)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rows = movies[movies["split"] != "test"].assign(is_valid=lambda m: m["split"] == "valid")
        rows = rows.assign(file=rows["poster"].astype(str), labels=rows["genres"].map(";".join))
        plain_dls = ImageDataLoaders.from_df(
            rows, path="/", fn_col="file", label_col="labels", label_delim=";", valid_col="is_valid", bs=args.bs,
            num_workers=0, item_tfms=Resize(150),
        )  # fmt: skip
        plain = vision_learner(plain_dls, densenet121, pretrained=False)
    ways = {"bf16": half, "fp32": recipe, "one ready batch": memory, "vision_learner": plain}
    best = dict.fromkeys(ways, 0.0)
    for _ in range(args.rounds):
        for name, learn in ways.items():
            best[name] = max(best[name], rate(learn, args.batches))
    print(f"threads {torch.get_num_threads()}, batch {args.bs}, best of {args.rounds} rounds of {args.batches} batches")
    for name, images in best.items():
        ratios = "   ".join(f"{way} / this = {best[way] / images:.2f}" for way in ("bf16", "fp32"))
        print(f"{name:<16}{images:6.1f} images/s   {ratios}")
    lite, pictures = poster_learner(dls, "tf_efficientnet_lite0"), torch.zeros(32, 3, 336, 224, dtype=torch.uint8)
    rates = {p: max(predicting(lite, p, pictures) for _ in range(args.rounds)) for p in ("fp32", "bf16")}
    print("Lite0 predicting: " + ", ".join(f"{images:.1f} images/s in {p}" for p, images in rates.items()))
    print(
        f"bf16 / fp32 = {rates['bf16'] / rates['fp32']:.2f}; auto is {resolve_precision('auto', torch.device('cpu'))}"
    )


if __name__ == "__main__":
    main()
