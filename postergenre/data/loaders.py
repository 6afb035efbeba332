"""Movies as fastai DataLoaders: posters opened once, cropped or resized, normalised, with multi-label targets."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import postergenre._fastai  # noqa: F401

import numpy as np
import pandas as pd
from fastai.data.block import DataBlock, MultiCategoryBlock
from fastai.data.core import DataLoaders
from fastai.data.transforms import ColReader, IndexSplitter, Normalize
from fastai.learner import Learner
from fastai.vision.augment import Resize, ResizeMethod
from fastai.vision.core import imagenet_stats
from fastai.vision.data import ImageBlock
from fastcore.meta import delegates
from matplotlib.axes import Axes

from postergenre.data.augment import PosterCrop, PosterImage, as_size
from postergenre.data.axes import show_posters
from postergenre.data.balance import METHODS, TARGET, balanced_crops, training_movies
from postergenre.data.columns import as_text, name_columns
from postergenre.data.counts import check_counts
from postergenre.data.genres import GENRES, multi_hot, vocab_of
from postergenre.data.movies import read_movies
from postergenre.data.posters import find_poster
from postergenre.data.shards import shard_loaders
from postergenre.data.split import split_movies
from postergenre.data.tables import read_cells, there

CROPS = ("random", "whole")


def poster_block(
    size: int | tuple[int, int] = 150,  # pixels of what the network sees: a square, or (height, width)
    crop: str = "random",  # "random": a window at the poster's own scale; "whole": the poster resized to size
    vocab: Sequence[str] = GENRES,  # the genres, in the order of the outputs
    splitter=None,  # fastai splitter of the rows; None: what DataBlock does (random)
    batch_tfms=None,  # more transforms on batches, e.g. aug_transforms(do_flip=True); Normalize is always added
) -> DataBlock:  # over a DataFrame with the columns poster and genres. ValueError: unknown crop or bad size
    "The DataBlock of poster genre learning: PosterImage in, several genres out, ImageNet normalisation."
    if crop not in CROPS:
        raise ValueError(f"Unknown crop {crop!r}; choose one of: {', '.join(CROPS)}")
    view = PosterCrop(as_size(size)) if crop == "random" else Resize(as_size(size), method=ResizeMethod.Squish)
    return DataBlock(
        blocks=(ImageBlock(cls=PosterImage), MultiCategoryBlock(vocab=list(vocab))),
        get_x=ColReader("poster"),
        get_y=ColReader("genres"),
        splitter=splitter,
        item_tfms=view,
        batch_tfms=[*(batch_tfms or []), Normalize.from_stats(*imagenet_stats)],
    )


def parse_balance(balance: str | int | None) -> tuple[str | None, int]:
    """The method (None: no balancing) that a balance names, and how many crops are wanted of each genre.

    None or "none"; "study" or "even"; with a target "study:1000"; 3000 = "study:3000". ValueError: none of these.
    """
    if balance is None or balance == "none":
        return None, TARGET
    method, _, target = ("study", "", str(balance)) if isinstance(balance, int) else str(balance).partition(":")
    if method not in METHODS or (target and not target.isdecimal()):
        raise ValueError(
            f"Unknown balance {balance!r}; use none, {', '.join(METHODS)}, or one of these with the crops wanted of "
            f"each genre, for example study:1000 (default {TARGET})"
        )
    return method, int(target) if target else TARGET


def training_rows(movies: pd.DataFrame, balance: str | int | None = None) -> pd.DataFrame:
    "The training movies of a split, one row each time their posters are seen in an epoch: as `parse_balance` says."
    method, target = parse_balance(balance)
    return training_movies(movies) if method is None else balanced_crops(movies, target, method)


class PosterDataLoaders(DataLoaders):
    "fastai DataLoaders of posters; `genre_freq` holds the share of the training posters (not crops) of each genre."

    genre_freq: np.ndarray | None = None

    @classmethod
    @delegates(DataBlock.dataloaders, but=["source", "path", "verbose"])
    def from_movies(
        cls,
        movies: pd.DataFrame,  # from read_movies and split_movies
        size: int | tuple[int, int] = 150,  # pixels of what the network sees: a square, or (height, width)
        crop: str = "random",  # "random": windows at the poster's own scale; "whole": the poster resized
        balance: str | int | None = None,  # crops a poster: None, "study", "even", "study:1000", or 1000
        bs: int = 32,  # batch size
        batch_tfms=None,  # more transforms on training batches, e.g. aug_transforms(); Normalize is always there
        shards: str | Path | None = None,  # folder to keep decoded posters in, for GPUs that would wait for a decoder
        **kwargs,  # for the loaders: num_workers, device, ...
    ) -> "PosterDataLoaders":  # ValueError: not split, a side is empty, or fewer training rows than bs
        "Loaders of the training side (balanced if asked) and the validation side of split movies."
        check_counts(bs=bs, num_workers=kwargs.get("num_workers") or 0)
        train, valid = training_rows(movies, balance), movies[movies["split"] == "valid"]
        if valid.empty:
            raise ValueError("No movie is on the validation side; split with a larger valid=, for example 0.1")
        if len(train) < bs:
            fitting = max(1, len(train) // 2)
            how = f"pass bs={fitting} (--bs {fitting})"
            raise ValueError(f"{len(train)} training rows do not fill one batch of {bs}; {how}")
        vocab, rows = vocab_of(movies), pd.concat([train, valid], ignore_index=True)
        multi_hot(rows["genres"], vocab)  # an unknown genre is said here, not in the middle of an epoch
        splitter = IndexSplitter(range(len(train), len(rows)))
        dls = poster_block(size, crop, vocab, splitter, batch_tfms).dataloaders(rows, bs=bs, **kwargs)
        if shards is not None:
            dls.loaders = shard_loaders(shards, dls)
        dls = cls(*dls.loaders, path=dls.path, device=dls.device)
        dls.genre_freq = multi_hot(training_movies(movies)["genres"], vocab).mean(0)
        dls.row_freq = multi_hot(train["genres"], vocab).mean(0)
        return dls

    @classmethod
    @delegates(from_movies.__func__)
    def from_folder(
        cls,
        path: str | Path,  # in the study's layout, see `read_movies`: folders that are called as genres hold one each
        valid_pct: float = 0.2,  # share of movies for validation, stratified; a column split (train, valid) goes first
        seed: int = 42,  # of the division
        **kwargs,
    ) -> "PosterDataLoaders":  # errors as of read_movies and from_movies
        "Loaders of a folder of posters with their documents, without a test side (`split_movies` makes one)."
        return cls._divided(read_movies(path), path, valid_pct, seed, **kwargs)

    @classmethod
    @delegates(from_movies.__func__)
    def from_df(
        cls,
        df: pd.DataFrame,  # a row a movie
        path: str | Path = ".",  # where relative paths of posters start; fastai keeps models here
        valid_pct: float = 0.2,  # share of movies for validation, stratified; a column split (train, valid) goes first
        seed: int = 42,  # of the division
        fn_col: str = "poster",  # column of poster files: poster_col of read_movies
        label_col: str = "genres",  # column of genres, a text or lists: genre_col of read_movies
        label_delim: str = ",",  # what stands between two genres: delim of read_movies
        valid_col: str | None = None,  # column that is true on the validation side, instead of valid_pct
        vocab: Sequence[str] = GENRES,  # the genres to end up with
        **kwargs,
    ) -> "PosterDataLoaders":  # errors as of read_movies and from_movies
        "Loaders of a table, as ImageDataLoaders.from_df; without a test side (`split_movies` makes one)."
        df = name_columns(df, [fn_col, label_col])
        if fn_col in df:
            df = df.assign(**{fn_col: [find_poster(Path(path), as_text(p)) for p in df[fn_col]]})
        movies = read_movies(df, fn_col, label_col, label_delim, vocab=vocab)
        if valid_col is not None:
            if valid_col not in movies or not movies[valid_col].isin([True, False]).all():
                raise ValueError(f"valid_col={valid_col!r} should name a column of True and False")
            movies["split"] = np.where(movies[valid_col].astype(bool), "valid", "train")
        return cls._divided(movies, path, valid_pct, seed, **kwargs)

    @classmethod
    @delegates(from_df.__func__, but=["path"])
    def from_csv(
        cls,
        path: str | Path,  # folder of the table, where relative paths of posters start
        csv_fname: str | Path = "labels.csv",  # table file in it: CSV, TSV, Parquet or Excel
        delimiter: str | None = None,  # what stands between two cells, ";" or "tab"; None: found among , ; tab |
        **kwargs,
    ) -> "PosterDataLoaders":  # errors as of read_movies and from_movies
        "Loaders of a table file, as ImageDataLoaders.from_csv."
        texts = [kwargs.get("fn_col", "poster"), kwargs.get("label_col", "genres")]
        return cls.from_df(read_cells(there(Path(path) / csv_fname), delimiter, texts), path, **kwargs)

    @classmethod
    def _divided(cls, movies: pd.DataFrame, path: str | Path, valid_pct: float, seed: int, **kwargs):
        if "split" not in movies:
            movies = split_movies(movies, valid_pct, test=0, seed=seed)
        dls = cls.from_movies(movies, **kwargs)
        dls.path = Path(path)
        return dls

    def show_batch(
        self,
        b=None,  # a batch to show; None: one of the loader's
        max_n: int = 9,  # most posters shown
        ctxs: Sequence[Axes] | None = None,  # axes to draw on; None: on a new figure
        unique: bool = False,  # one poster again and again, as training crops and changes it
        train: bool = True,  # from the training side (False: validation)
        **kwargs,  # of the figure: nrows, ncols, figsize (inches)
    ) -> np.ndarray:  # axes, one a poster
        "Show posters as the network sees them, with their genres."
        loader = self.train if train else self.valid
        images, genres = self._shown(loader, b, max_n, unique)
        return show_posters(images, ([", ".join(named)] for named in genres), ctxs, **kwargs)

    def _shown(self, loader, b, max_n: int, unique: bool) -> tuple[Iterable, Iterable]:
        "Posters and their genres."
        # new: with show=False, fastai leaves a loader that showed one poster so for ever
        return zip(*loader.new().show_batch(b, max_n, unique=unique, show=False)[2], strict=True)


def size_of(dls: DataLoaders) -> tuple[int, int]:
    "(height, width) of the pictures that the loaders give."
    return tuple(dls.one_batch()[0].shape[-2:])


def validation_movies(
    learn: Learner, call: str = """from_learner(learn, movies.query("split == 'test'"))"""
) -> pd.DataFrame:  # id and title (the file's name), poster, genres
    "The movies on the validation side of a learner's loaders. ValueError: it holds no posters; make the call instead."
    items = getattr(learn.dls.valid, "items", None)
    if not isinstance(items, pd.DataFrame) or not {"poster", "genres"} <= set(items.columns) or items.empty:
        raise ValueError(f"The learner holds no posters (a loaded one never does): pass movies, for example {call}")
    posters, genres = list(map(Path, items["poster"])), list(items["genres"])
    names = [p.stem for p in posters]
    ids = names if len(set(names)) == len(names) else list(map(str, posters))
    movies = pd.DataFrame({"id": ids, "title": names, "poster": posters, "genres": genres})
    movies.attrs["vocab"] = list(learn.dls.vocab)
    return movies


def fitting_movies(learn: Learner, movies: pd.DataFrame | None, function: str) -> pd.DataFrame:
    """The movies on which a function fits something after training: never those of training, which were learnt.

    None: the learner's validation side. ValueError: none, a column is missing, or movies are from training.
    """
    call = f"""{function}(learn, movies.query("split == 'valid'"))"""
    if movies is None:
        return validation_movies(learn, call)
    if missing := [c for c in ("poster", "genres") if c not in movies]:
        raise ValueError(f"movies has no column {', '.join(missing)}; read_movies gives them all")
    if movies.empty:
        raise ValueError(f"There are no movies to fit on; pass some, for example {call}")
    if "split" in movies and (n := int((movies["split"] == "train").sum())):
        raise ValueError(f"{n} of the {len(movies)} movies are from the training side; pass others, for example {call}")
    return movies
