"""Several learners as one: their probabilities pooled, with weights chosen on validation movies."""

import copy
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import cloudpickle
import numpy as np
import pandas as pd
import torch
from fastai.data.core import DataLoaders
from fastai.data.transforms import MultiCategory
from fastai.learner import Learner

from postergenre.data.files import write_whole
from postergenre.data.genres import multi_hot
from postergenre.inference.export import load_learner
from postergenre.inference.pooling import check_pool, ensemble_weights, pool_probs
from postergenre.inference.predict import movie_probs, poster_probs
from postergenre.vision.views import check_views


class PosterEnsemble:
    """Several learners that predict as one: takes a learner's place in `predict_posters`, `movie_probs`, `evaluate`.

    Sizes, normalisations, views and networks of the members may differ, their genres may not. `loss_func.thresh` starts
    at what the members' thresholds are together, each time the weights are set.
    """

    def __init__(
        self,
        members: Sequence[Learner],  # trained or loaded, each calibrated if it is to be
        weights: Sequence[float]
        | None = None,  # not negative, one a member; of "mean" divided by their sum. None: equal
        views: str | Sequence[str] = "auto",  # as in `views.make_views`: for all, or one a member
        pool: str = "mean",  # or "odds", for members that know different things, as words and pictures: `pool_probs`
    ):
        self.members = list(members)
        if not self.members or not all(isinstance(m, Learner) for m in self.members):
            raise ValueError("An ensemble has one learner or more as its members: PosterEnsemble([learn, other])")
        self.views = [views] * len(self.members) if isinstance(views, str) else list(views)
        if len(self.views) != len(self.members):
            raise ValueError(
                f"There are {len(self.views)} views for {len(self.members)} members; pass one text for all, or one each"
            )
        vocab = list(self.dls.vocab)
        for name, member, of_member in zip(self.names, self.members, self.views, strict=True):
            if list(member.dls.vocab) != vocab:
                raise ValueError(
                    f"{name} knows other genres than {self.names[0]}, or in another order; train all members with the "
                    "same vocabulary"
                )
            check_views(member, of_member)
        check_pool(pool, self.genre_freq)
        self.pool, self.loss_func = pool, SimpleNamespace(thresh=0.5)
        self.weights = weights

    @property
    def weights(self) -> np.ndarray:  # one a member; of "mean" together 1
        "How much each member counts. Setting them sets the thresholds too, to what the members' are together."
        return self._weights

    @weights.setter
    def weights(self, weights: Sequence[float] | None):
        n = len(self.members)
        weights = np.full(n, 1 / n) if weights is None else np.asarray(weights, dtype=np.float64)
        if weights.shape != (n,) or not (weights >= 0).all() or not 0 < weights.sum() < np.inf:
            raise ValueError(
                f"weights must be {n} numbers, one a member, none below 0 and not all 0, but they are "
                f"{weights.tolist()}"
            )
        share = weights / weights.sum()
        self._weights = share if self.pool == "mean" else weights
        threshes = [torch.as_tensor(getattr(m.loss_func, "thresh", 0.5)).cpu().double() for m in self.members]
        if any(t.ndim for t in threshes):
            self.loss_func.thresh = torch.from_numpy(self._together([t.numpy() for t in threshes], self._weights))
        else:
            self.loss_func.thresh = sum(w * t.item() for w, t in zip(share, threshes, strict=True))

    @property
    def thresh(self) -> float:  # or one a genre
        "A genre is predicted where its probability is greater."
        return self.loss_func.thresh

    def _together(self, probs: Sequence[np.ndarray], weights: Sequence[float]) -> np.ndarray:
        return pool_probs(probs, weights, self.pool, self.genre_freq)

    @property
    def names(self) -> list[str]:
        "The members' architectures, numbered where they repeat."
        archs = [getattr(m, "arch", None) for m in self.members]
        archs = [a if isinstance(a, str) else type(m.model).__name__ for a, m in zip(archs, self.members, strict=True)]
        return [f"{a} ({archs[: i + 1].count(a)})" if archs.count(a) > 1 else a for i, a in enumerate(archs)]

    @property
    def dls(self) -> DataLoaders:
        "The first member's loaders."
        return self.members[0].dls

    @property
    def genre_freq(self) -> np.ndarray | None:
        "How frequent each genre was in training, of the first member that knows."
        return next((f for m in self.members if (f := getattr(m, "genre_freq", None)) is not None), None)

    @property
    def model(self):
        raise AttributeError("An ensemble has no network of its own; pass one of its members: ensemble.members[0]")

    def fit_weights(
        self,
        movies: pd.DataFrame,  # validation movies: columns poster, genres. ValueError: some are of another side
        bs: int = 64,  # pictures a batch
        workers: int = 0,  # processes that read posters
        progress: bool | None = None,  # a bar a member; None: in a terminal or notebook
    ) -> "PosterEnsemble":  # itself
        "Choose the weights, as `ensemble_weights`."
        if "split" in movies and (n := int((movies["split"] != "valid").sum())):
            raise ValueError(
                f"{n} of the {len(movies)} movies are not of the validation side, on which choices are made; "
                """pass movies.query("split == 'valid'")"""
            )
        pairs = zip(self.members, self.views, strict=True)
        probs = [movie_probs(m, movies, bs, views, workers, progress) for m, views in pairs]
        return self.weigh(probs, multi_hot(movies["genres"], self.dls.vocab))

    def weigh(
        self,
        probs: Sequence[np.ndarray],  # (movies, genres) of each member, for validation movies
        targets: np.ndarray,  # (movies, genres) true genres, 0 or 1
    ) -> "PosterEnsemble":  # itself
        "Choose the weights where the members' probabilities are known already."
        self.weights = ensemble_weights(probs, targets, self.pool, self.genre_freq)
        return self

    def poster_probs(
        self,
        posters: Sequence,  # files, bytes or PIL images; each is opened once a member
        bs: int = 64,  # pictures a batch
        views: str = "auto",  # "auto": each member's own; else these for all
        workers: int = 0,  # processes that read posters
        progress: bool | None = None,  # a bar a member; None: in a terminal or notebook
    ) -> tuple[np.ndarray, list[str | None]]:  # as `inference.poster_probs`
        "The members' probabilities, pooled; members of weight 0 are not asked."
        asked, answers = [float(w) for w in self.weights if w > 0], []
        for member, own, weight in zip(self.members, self.views, self.weights, strict=True):
            if weight > 0:
                seen = own if views == "auto" else views
                answers.append(poster_probs(member, posters, bs, seen, workers, progress))
        probs = self._together([p for p, _ in answers], asked)
        errors = [next(filter(None, said), None) for said in zip(*(e for _, e in answers), strict=True)]
        return probs.astype(np.float32), errors

    @property
    def heaviest(self) -> Learner:
        "The member with the greatest weight."
        return self.members[int(np.argmax(self.weights))]

    def predict(
        self,
        image,  # a poster: file, bytes, array or PIL image. ValueError: it cannot be read
    ) -> tuple[MultiCategory, torch.Tensor, torch.Tensor]:  # genres over the thresholds, which they are, probabilities
        "As `learn.predict`, with each member's views."
        [probs], [error] = self.poster_probs([image], progress=False)
        if error:
            raise ValueError(f"The poster cannot be read: {error}")
        probs = torch.from_numpy(probs)
        over = probs > torch.as_tensor(self.loss_func.thresh)
        return MultiCategory(g for g, on in zip(self.dls.vocab, over, strict=True) if on), over, probs

    def export(
        self,
        fname: str | Path,  # one file for all members, which `load_learner` reads
    ) -> None:
        "Write the ensemble without its members' data, as `learn.export` does for each; whole or not at all."
        slim = copy.copy(self)
        with TemporaryDirectory() as folder, write_whole(fname) as whole:
            slim.members = []
            for i, member in enumerate(self.members):
                dls, opt = member.dls, member.opt
                try:
                    member.export(Path(folder).resolve() / f"{i}.pkl")
                finally:  # fastai leaves a learner without its data when writing fails
                    member.dls, member.opt = dls, opt
                slim.members.append(load_learner(Path(folder) / f"{i}.pkl", cpu=False))
            torch.save(slim, whole, pickle_module=cloudpickle)

    def __repr__(self) -> str:
        rows = zip(self.weights, self.names, self.views, strict=True)
        lines = [f"  {weight:.3f}  {name}, views {views}" for weight, name, views in rows]
        many = f"{len(lines)} learner{'s' * (len(lines) > 1)}"
        pooled = "" if self.pool == "mean" else f", pooled by {self.pool}"
        return "\n".join([f"PosterEnsemble of {many}, {len(self.dls.vocab)} genres{pooled}", *lines])
