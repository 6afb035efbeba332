"""Images a second of what a user would pick instead: same machine, same DenseNet-121, same posters, in one run.

    python tests/benchmarks/bench_peers.py --data posters

Training: our learner (precision="auto"); fastai's `vision_learner`; a loop of plain torch over torchvision's
transforms; the same loop over timm's own loader. Prediction of whole posters, from files: our `probs`; our folder by
ONNX Runtime; fastai's `get_preds`, and its `predict` poster by poster. All with one process that reads and decodes, by
turns; the best round of each counts.
"""

import argparse
import tempfile
import time
import warnings
from functools import partial
from itertools import cycle, islice
from pathlib import Path

import pandas as pd
import torch
from bench_training import rate as fit_rate
from fastai.learner import Learner
from fastai.vision.augment import Resize
from fastai.vision.data import ImageDataLoaders
from fastai.vision.learner import vision_learner
from PIL import Image
from timm.data import create_loader
from torch import nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms
from torchvision.models import densenet121

from postergenre import PosterDataLoaders, densenet_learner, from_pretrained, multi_hot, read_movies, split_movies
from postergenre.inference.engine import open_model
from postergenre.recipes.runs.movies import find_data

SIZE = 150


class Posters(Dataset):
    "Files and genres, as a user's own dataset would be."

    def __init__(self, movies: pd.DataFrame, genres: list[str], transform=None):
        self.files, self.targets = list(movies["poster"]), torch.from_numpy(multi_hot(movies["genres"], genres)).float()
        self.transform = transform

    def __len__(self):
        return len(self.files)

    def __getitem__(self, i: int):
        picture = Image.open(self.files[i]).convert("RGB")
        return (self.transform(picture) if self.transform else picture), self.targets[i]


def rate(batches, step, n: int) -> float:
    "Images a second of n steps, after one that warms up; loading is counted."
    batches, images = iter(batches), 0
    step(next(batches))
    begun = time.perf_counter()
    for batch in islice(batches, n):
        step(batch)
        images += len(batch[0])
    return images / (time.perf_counter() - begun)


def plain_step(net: nn.Module, optimizer: torch.optim.Optimizer, batch) -> None:
    optimizer.zero_grad()
    nn.functional.binary_cross_entropy_with_logits(net(batch[0]), batch[1]).backward()
    optimizer.step()


def training_ways(movies: pd.DataFrame, bs: int) -> dict:
    "Name -> a function of how many batches, giving images a second."
    ways, genres = {}, sorted({g for row in movies["genres"] for g in row})
    dls = PosterDataLoaders.from_movies(movies, bs=bs, size=SIZE, num_workers=0)
    rows = movies[movies["split"] != "test"].assign(is_valid=lambda m: m["split"] == "valid")
    rows = rows.assign(file=rows["poster"].astype(str), labels=rows["genres"].map(";".join))
    plain = ImageDataLoaders.from_df(
        rows, path="/", fn_col="file", label_col="labels", label_delim=";", valid_col="is_valid", bs=bs, num_workers=0,
        item_tfms=Resize(SIZE),
    )  # fmt: skip
    learners = {
        "ours": densenet_learner(dls, precision="auto"),
        "fastai's vision_learner": vision_learner(plain, densenet121, pretrained=False, n_out=len(genres)),
    }
    for name, learn in learners.items():
        ways[name] = partial(fit_rate, learn)
    train = movies[movies["split"] == "train"]
    steps = [transforms.RandomCrop(SIZE, pad_if_needed=True), transforms.RandomHorizontalFlip(), transforms.ToTensor()]
    own = DataLoader(Posters(train, genres, transforms.Compose(steps)), batch_size=bs, shuffle=True, drop_last=True)
    timms = create_loader(
        Posters(train, genres), input_size=(3, SIZE, SIZE), batch_size=bs, is_training=True, num_workers=0,
        use_prefetcher=False, persistent_workers=False,
    )  # fmt: skip
    for name, loader in {"torch and torchvision": own, "torch and timm's loader": timms}.items():
        net = densenet121(num_classes=len(genres))
        step = partial(plain_step, net, torch.optim.Adam(net.parameters(), 1e-4))
        ways[name] = lambda n, loader=loader, step=step: rate(cycle(loader), step, n)
    return ways


def prediction_ways(movies: pd.DataFrame, folder: Path) -> dict:
    "Name -> a function of how many posters, giving posters a second."
    test = movies[movies["split"] == "test"]
    dls = PosterDataLoaders.from_movies(movies, bs=32, size=SIZE, crop="whole", num_workers=0)
    learn = densenet_learner(dls)
    learn.save_pretrained(folder)
    files, predict = list(test["poster"]), Learner.predict

    def timed(predict):
        def posters_a_second(n: int) -> float:
            predict(2)
            begun = time.perf_counter()
            predict(n)
            return n / (time.perf_counter() - begun)

        return posters_a_second

    light, torchs = open_model(folder, "onnx"), from_pretrained(folder)
    return {
        "ours: probs": timed(lambda n: torchs.probs(test.head(n), bs=32, progress=False)),
        "ours: a folder by ONNX Runtime": timed(lambda n: light.probs(test.head(n), bs=32, progress=False)),
        "fastai's get_preds": timed(lambda n: quiet(learn.get_preds, dl=learn.dls.test_dl(files[:n]), learn=learn)),
        "fastai's predict in a loop": timed(lambda n: [quiet(predict, learn, f, learn=learn) for f in files[:n]]),
    }


def quiet(call, *args, learn, **kwargs):
    with learn.no_bar(), learn.no_logging():
        return call(*args, **kwargs)


def shown(title: str, best: dict[str, float], first: str) -> None:
    print(f"\n| {title} | a second | {first} / this |\n| --- | --- | --- |")
    for name, images in best.items():
        print(f"| {name} | {images:.1f} | {best[first] / images:.2f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="movies; else POSTERGENRE_DATA, else demo posters")
    parser.add_argument("--batches", type=int, default=4, help="batches of training timed in a round (default: 4)")
    parser.add_argument("--posters", type=int, default=96, help="posters predicted in a round (default: 96)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds; the best one counts (default: 3)")
    parser.add_argument("--bs", type=int, default=32)
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    movies = split_movies(read_movies(find_data(args.data), verbose=False))
    with tempfile.TemporaryDirectory() as folder:
        kinds = (
            ("training, images", training_ways(movies, args.bs), args.batches),
            ("prediction, posters", prediction_ways(movies, Path(folder) / "model"), args.posters),
        )
        print(f"DenseNet-121 of {SIZE} pixels, {torch.get_num_threads()} threads, best of {args.rounds} rounds")
        for title, ways, n in kinds:
            best = dict.fromkeys(ways, 0.0)
            for _ in range(args.rounds):
                for name, measure in ways.items():
                    best[name] = max(best[name], measure(n))
            shown(title, best, next(name for name in ways if name.startswith("ours")))


if __name__ == "__main__":
    main()
