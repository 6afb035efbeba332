"""A fastai Learner that answers for movies: probabilities, thresholds, and what of a poster speaks for a genre."""

from collections.abc import Callable, Sequence
from pathlib import Path

import cloudpickle
import numpy as np
import pandas as pd
import torch
from fastai.data.core import DataLoaders
from fastai.data.transforms import MultiCategory
from fastai.learner import Learner
from fastai.vision.core import TensorImage
from fastcore.meta import delegates
from fasttransform import Pipeline
from matplotlib.axes import Axes
from torch import nn

from postergenre.data.augment import PosterImage
from postergenre.data.counts import check_counts
from postergenre.data.files import save_whole
from postergenre.data.genres import check_genres, genre_names
from postergenre.data.loaders import show_posters
from postergenre.data.reading import as_movie, poster_of, reading_processes
from postergenre.modality import Explanation, Found, Packed
from postergenre.portable.folder import GRAPH
from postergenre.portable.graphs import Graph
from postergenre.portable.naming import name_genres
from postergenre.portable.pool import ABSENT
from postergenre.portable.views import LARGER
from postergenre.training.distributed import Distributed
from postergenre.training.keeping import SavePretrained
from postergenre.training.naming import predict_one, probs_of, probs_of_one
from postergenre.training.packing import about, about_probs, graph_of, looks_of, network_of, without_data
from postergenre.training.precision import computing_in
from postergenre.vision.gradcam import HEADING, MEANING, class_heats, dense_crops, view_boxes
from postergenre.vision.maps import evaluating
from postergenre.vision.pictures import PosterViews, by_shape
from postergenre.vision.views import crop_window, for_validation, resolve_views, whole_size


class PosterLearner(SavePretrained, Distributed, Learner):
    """A fastai Learner whose network looks at posters; `PosterEnsemble` and learners of other evidence answer the same.

    It gives one answer for a poster everywhere, with `views`, those it was judged with: recipes set them, export keeps
    them. Only fastai's `get_preds`, `validate` and the figures while training look at the centre alone, which is quick.
    """

    views: str = "auto"  # as `views.make_views` has them; "auto": grid if it was trained on crops, else center
    weights: Sequence[float] = (1.0,)  # of its members
    columns: tuple[str, ...] = ("poster",)  # of a table of movies, that it looks at
    precision: str = "fp32"  # in which it predicts: bf16 moves probabilities by up to some hundredths; auto: the faster

    def __init__(
        self,
        dls: DataLoaders,  # from PosterDataLoaders.from_movies
        model: nn.Module,  # (batch, 3, height, width) -> (batch, genres) logits
        arch: str = "custom",  # what the network is called
        **kwargs,  # of fastai's Learner
    ):
        super().__init__(dls, model, **kwargs)
        self.arch, self.genre_freq = arch, getattr(dls, "genre_freq", None)

    @property
    def members(self) -> list["PosterLearner"]:
        "Itself: an ensemble has several."
        return [self]

    @property
    def thresh(self):  # one number, or one a genre
        "A genre is predicted where its probability is greater; kept in the loss, so that fastai uses it too."
        return getattr(self.loss_func, "thresh", 0.5)

    @thresh.setter
    def thresh(self, thresh):
        self.loss_func.thresh = thresh

    @property
    def activation(self) -> Callable[[torch.Tensor], torch.Tensor]:  # ValueError: the loss has none
        "What makes probabilities of the network's outputs."
        activation = getattr(self.loss_func, "activation", None)
        if activation is None:
            raise ValueError("The loss has no activation, so its outputs are no probabilities; use poster_learner")
        return activation

    @property
    def item_tfms(self) -> Pipeline:
        "What validation makes of a poster."
        return for_validation(self.dls.valid.after_item)

    def use_cache(self, folder: str | Path | None) -> None:
        "Keep what is computed once in files; a network that is trained looks anew each time."

    def probs(
        self,
        movies: pd.DataFrame,  # with the column poster: files, bytes or PIL images; and what else the learner looks at
        views: str | None = None,  # center, grid, mirror, scales, joined by +, as `make_views`; None: its own
        bs: int = 64,  # pictures a batch (each view counts)
        workers: int = 0,  # processes that read
        progress: bool | None = None,  # a bar; None: in a terminal or notebook
    ) -> tuple[np.ndarray, list[str | None]]:  # (movies, genres), NaN where there is an error; an error or None each
        "Probabilities, each the mean over views. The error ABSENT: the movie has nothing that the learner looks at."
        check_counts(bs=bs, workers=workers)
        if not len(movies):
            return np.zeros((0, len(self.dls.vocab)), dtype=np.float32), []
        activation = self.activation  # a learner without one is refused before it looks at thousands of posters
        outputs, errors = self.outputs(movies, views, bs=bs, workers=workers, progress=progress)
        probs = np.full((len(outputs), len(self.dls.vocab)), np.nan, dtype=np.float32)
        for i, rows in enumerate(outputs):
            if len(rows):
                probs[i] = activation(torch.from_numpy(rows).to(self.dls.device)).double().mean(0).cpu().numpy()
            elif errors[i] is None:
                errors[i] = ABSENT
        return probs, errors

    def outputs(self, movies: pd.DataFrame, views: str | None = None, **kwargs) -> Found:
        "Logits (views, genres) of each movie, no rows where it lacks all; errors. Arguments as in `probs`."
        self.check_views(views)
        self.model.to(self.dls.device).eval()
        return _OwnViews(self).features(movies, self.own_views(views), **kwargs)

    def own_views(self, views: str | None) -> str:
        "The views asked for; None: its own."
        return self.views if views is None else views

    @reading_processes()
    @delegates(Learner.fit)
    def fit(self, *args, **kwargs) -> None:  # ChildProcessError: a process of the loaders died
        "As fastai's."
        super().fit(*args, **kwargs)

    @reading_processes()
    @delegates(Learner.get_preds)
    def get_preds(
        self, ds_idx: int = 1, dl=None, with_input: bool = False, with_decoded: bool = False, **kwargs
    ) -> tuple:  # ValueError: asked by fastai's confusion matrix, which would be wrong
        "As fastai's; its ClassificationInterpretation, which knows one genre a movie only, is refused."
        if with_decoded and {"with_preds", "with_targs"} <= set(kwargs):  # what it alone asks for
            said = "fastai's ClassificationInterpretation takes a movie to have one genre, so its tables would be wrong"
            raise ValueError(f"{said}; use GenreInterpretation.from_learner(learn)")
        return super().get_preds(ds_idx, dl, with_input, with_decoded, **kwargs)

    def view_outputs(self, views: torch.Tensor) -> torch.Tensor:
        "The network's outputs for pictures of one size, uint8 (views, 3, height, width) -> (views, genres)."
        x = for_validation(self.dls.valid.after_batch)(TensorImage(views).to(self.dls.device))
        with computing_in(self.precision, self.dls.device):
            return self.model(x.as_subclass(torch.Tensor).contiguous(memory_format=torch.channels_last)).float()

    def check_views(self, views: str | None) -> None:  # ValueError: unknown, or it cannot look at posters in this way
        "Make sure that the learner takes views, before it looks at thousands of posters."
        views = self.own_views(views)
        wanted = resolve_views(views, self.item_tfms)
        if len(wanted.scales) == 1 or crop_window(self.item_tfms):
            return
        before, after = whole_size(self.item_tfms), whole_size(self.item_tfms, LARGER)
        said = f"views={views!r} also shows the network {after[0]}x{after[1]} pixels, "
        picture = torch.zeros(1, 3, *after, dtype=torch.uint8, device=self.dls.device)
        if for_validation(self.dls.valid.after_batch)(TensorImage(picture)).shape[2:] != picture.shape[2:]:
            raise ValueError(f"{said}but the learner's batch transforms undo that; use 'mirror' or 'grid' instead")
        # Twice the size: a network that flattens its last map, as CustomCNN, may take a little more and look at a part.
        for size in (after, whole_size(self.item_tfms, 2)):
            try:
                with evaluating(self.model.to(self.dls.device)) as model, torch.inference_mode():
                    model(torch.zeros(1, 3, *size, device=self.dls.device))
            except (RuntimeError, AssertionError, ValueError) as e:
                raise ValueError(
                    f"{said}but it takes only {before[0]}x{before[1]}; use 'mirror' or 'grid' instead"
                ) from e

    def predict(
        self,
        movie,  # a row of a table of movies, or a poster: file, bytes, array or PIL image
        views: str | None = None,  # as in `probs`
        **kwargs,  # of `name_genres`: thresh, top, at_least
    ) -> tuple[MultiCategory, torch.Tensor, torch.Tensor]:  # genres, which they are, probabilities (genres,)
        "Genres of one movie, what fastai's `predict` gives. ValueError: it cannot be read, or nothing is there."
        return predict_one(self, movie, views, **kwargs)

    def show_results(
        self,
        ds_idx: int = 1,  # 0: training movies, 1: validation
        dl=None,  # other loaders of these movies
        max_n: int = 9,
        ctxs: Sequence[Axes] | None = None,  # axes to draw on; None: on a new figure
        **kwargs,  # of the figure: nrows, ncols, figsize (inches)
    ) -> np.ndarray:  # axes, one a poster
        "Some posters with their true genres and, below, behind an arrow, those predicted."
        movies, vocab = (self.dls[ds_idx] if dl is None else dl).items.head(max_n), self.dls.vocab
        named = [genre_names(row, vocab) for row in name_genres(self, self.probs(movies, progress=False)[0])]
        texts = [[", ".join(t), f"→ {', '.join(n)}"] for t, n in zip(movies["genres"], named, strict=True)]
        return show_posters(map(PosterImage.create, movies["poster"]), texts, ctxs, **kwargs)

    def explain(
        self,
        movie,  # a row of a table of movies, or a poster: file, bytes or PIL image
        genres: str | Sequence[str] | None = None,  # one or several of dls.vocab; None: the three most probable
        layer: str | None = None,  # name in model.named_modules(); None: as `target_layer`
    ) -> Explanation:  # ValueError: unknown genre or layer
        """Where on the poster the network finds evidence for genres, by Grad-CAM; the learner is left as it was.

        A learner of crops looks at those of the grid and at those half-way between them; their heat is blended. The
        probabilities are those of `probs`. Posters over three crops high or wide stay cold where none looks.
        """
        vocab = list(self.dls.vocab)
        wanted = None if genres is None else check_genres(genres, vocab)
        poster = PosterImage.create(poster_of(as_movie(movie)))
        views, boxes = self.dense_views(poster), view_boxes(self.dense_views, poster)
        with evaluating(self.model.to(self.dls.device)) as model:
            said = probs_of(wanted, probs_of_one(self, {"poster": poster}), vocab)
        size, run = (poster.height, poster.width), lambda: self.view_outputs(views)
        heat = class_heats(model, run, list(map(vocab.index, said)), boxes, size, tuple(views.shape[-2:]), layer)
        return Explanation(said, pd.DataFrame(columns=["modality", "part", *said]), heat, HEADING, MEANING)

    def dense_views(self, poster: PosterImage) -> torch.Tensor:
        "The poster as the network sees it: whole, or its crops and those half-way between."
        window = crop_window(self.item_tfms)
        return dense_crops(poster, window) if window else torch.stack(_OwnViews(self).look({"poster": poster}))

    def pack(self, include_bodies: bool = False) -> Packed:  # ValueError: only learn.export can write it
        "What config.json and model.safetensors hold of it; a network has no bodies that come in packages."
        config = about(self) | about_probs(self) | {"kind": "network", "network": network_of(self.model)}
        return config | {"looks": looks_of(self.dls)}, self.model.state_dict()

    def graphs(self, config: dict) -> dict[str, Graph]:  # ValueError: a part has none
        "Its graphs by the names of their files; the last gives probabilities."
        return {GRAPH: graph_of(self.model, config)}

    def export(
        self,
        fname: str | Path = "export.pkl",  # under `path`, as fastai's
        pickle_module=cloudpickle,
        pickle_protocol: int = 2,
    ) -> None:
        "Write the learner without its data, as fastai's `export`; whole or not at all, and it keeps its data."
        with without_data([self]):
            save_whole(self, self.path / fname, pickle_module=pickle_module, pickle_protocol=pickle_protocol)


class _OwnViews(PosterViews):
    "Posters as a learner's network sees them."

    def __init__(self, learn: PosterLearner):
        super().__init__()
        self.learn, self.transforms = learn, learn.item_tfms.fs

    def encode(self, readings: list[torch.Tensor]) -> torch.Tensor:
        return by_shape(readings, self.learn.view_outputs)

    def __getstate__(self) -> dict:
        return super().__getstate__() | {"learn": None}  # for processes that read
