"""Several learners as one: their probabilities pooled, with weights chosen on validation movies."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType, SimpleNamespace

import postergenre._fastai  # noqa: F401

import cloudpickle
import numpy as np
import pandas as pd
import torch
from fastai.data.core import DataLoaders
from fastai.data.transforms import MultiCategory

from postergenre.data.files import save_whole
from postergenre.data.genres import check_genres, multi_hot
from postergenre.inference.pooling import apart, ensemble_weights
from postergenre.inference.probs import movie_probs
from postergenre.modality import Explanation
from postergenre.portable.folder import SEAL
from postergenre.portable.pool import ABSENT, check_pool, pool_probs
from postergenre.portable.tensors import write_folder
from postergenre.training.keeping import SavePretrained
from postergenre.training.learner import PosterLearner
from postergenre.training.naming import predict_one, probs_of, probs_of_one
from postergenre.training.packing import about, without_data


class PosterEnsemble(SavePretrained):
    """Several learners that predict as one: takes a learner's place in `predict_posters`, `movie_probs`, `evaluate`.

    Sizes, normalisations, views and networks of the members may differ, their genres may not. `loss_func.thresh` starts
    at what the members' thresholds are together, each time the weights are set.
    """

    thresh = PosterLearner.thresh  # kept in `loss_func`, as a learner's
    subsets: Mapping[tuple[int, ...], np.ndarray] = MappingProxyType({})  # places of members -> weights without others

    def __init__(
        self,
        members: Sequence[PosterLearner],  # trained or loaded, each calibrated if it is to be
        weights: Sequence | None = None,  # not negative, one a member; of "mean" made to sum to 1. None: equal
        views: str | Sequence[str] | None = None,  # for all, or one a member; None: those each was judged with
        pool: str = "mean",  # or "odds", "stack", for members that know different things: `pool_probs`
        names: Sequence[str] | None = None,  # of the members, all different, e.g. their runs'; None: architectures
    ):
        self.members = list(members)
        if not self.members or not all(isinstance(member, PosterLearner) for member in self.members):
            raise ValueError("An ensemble has one learner or more as its members: PosterEnsemble([learn, other])")
        self.names = numbered([m.arch for m in self.members] if names is None else names)
        views = [m.views for m in self.members] if views is None else views
        self.views = [views] * len(self.members) if isinstance(views, str) else list(views)
        if len(self.names) != len(self.members):
            raise ValueError(f"There are {len(self.names)} names for {len(self.members)} members; pass one each")
        if len(self.views) != len(self.members):
            raise ValueError(
                f"There are {len(self.views)} views for {len(self.members)} members; pass one text for all, or one each"
            )
        for name, member in zip(self.names, self.members, strict=True):
            if list(member.dls.vocab) != list(self.dls.vocab):
                said = f"{name} knows other genres than {self.names[0]}, or in another order"
                raise ValueError(f"{said}; train all members with the same vocabulary")
        self.check_views(None)
        check_pool(pool, self.genre_freq)
        self.pool, self.loss_func = pool, SimpleNamespace(thresh=0.5)
        self.weights = weights

    @property
    def weights(self) -> np.ndarray:  # one a member; of "mean" together 1; of "stack" (members, genres)
        "How much each member counts. Setting them sets the thresholds too, to what the members' are together."
        return self._weights

    @weights.setter
    def weights(self, weights: Sequence | None):
        n, vocab = len(self.members), self.dls.vocab
        weights = np.full(n, 1 / n) if weights is None else np.asarray(weights, dtype=np.float64)
        if self.pool == "stack" and weights.shape == (n,):
            weights = np.repeat(weights[:, None], len(vocab), axis=1)
        shape = (n, len(vocab)) if self.pool == "stack" else (n,)
        if weights.shape != shape or not (weights >= 0).all() or not 0 < weights.sum() < np.inf:
            each = f"{n} numbers, one a member" + f", or ({n}, {len(vocab)}), one a genre too" * (self.pool == "stack")
            raise ValueError(f"weights must be {each}, none below 0 and not all 0, but they are {weights.tolist()}")
        share = weights / weights.sum()
        self._weights, self.subsets = share if self.pool == "mean" else weights, {}
        threshes = [torch.as_tensor(m.thresh).cpu().double() for m in self.members]
        if self.pool == "stack" or any(t.ndim for t in threshes):
            each = [np.broadcast_to(t.numpy(), len(vocab)) for t in threshes]
            self.thresh = torch.from_numpy(pool_probs(each, self.weights, self.pool, self.genre_freq))
        else:
            self.thresh = sum(w * t.item() for w, t in zip(share, threshes, strict=True))

    def together(self, probs: Sequence[np.ndarray]) -> np.ndarray:
        "What the members say, (movies, genres) each, pooled with their weights; NaN: nothing to say of a movie."
        return pool_probs(probs, self.weights, self.pool, self.genre_freq, self.subsets)

    @property
    def arch(self) -> str:
        "All members' architectures."
        return " + ".join(numbered([m.arch for m in self.members]))

    @property
    def dls(self) -> DataLoaders:
        "The first member's loaders."
        return self.members[0].dls

    @property
    def genre_freq(self) -> np.ndarray | None:
        "How frequent each genre was in training, of the first member that knows."
        return next((m.genre_freq for m in self.members if m.genre_freq is not None), None)

    @property
    def model(self):
        raise AttributeError("An ensemble has no network of its own; pass one of its members: ensemble.members[0]")

    def fit_weights(
        self,
        movies: pd.DataFrame,  # validation movies: columns poster, genres. ValueError: some are of another side
        **kwargs,  # of PosterLearner.probs: bs, workers, progress
    ) -> "PosterEnsemble":  # itself
        "Choose the weights, as `ensemble_weights`."
        if "split" in movies and (n := int((movies["split"] != "valid").sum())):
            said = f"{n} of the {len(movies)} movies are not of the validation side, on which choices are made"
            raise ValueError(f"""{said}; pass movies.query("split == 'valid'")""")
        pairs = zip(self.members, self.views, strict=True)
        probs = [movie_probs(member, movies, views=views, **kwargs) for member, views in pairs]
        return self.weigh(probs, multi_hot(movies["genres"], self.dls.vocab))

    def weigh(
        self,
        probs: Sequence[np.ndarray],  # (movies, genres) of each member, for validation movies
        targets: np.ndarray,  # (movies, genres) true genres, 0 or 1
    ) -> "PosterEnsemble":  # itself
        """Choose the weights where the members' probabilities are known already.

        Members may look at different columns, as poster and metadata: where a movie lacks those of some, the others
        have the weights that are best without them, and say what they would say as an ensemble of their own.
        """
        self.weights = ensemble_weights(probs, targets, self.pool, self.genre_freq)
        for there in apart([member.columns for member in self.members]):
            alone = np.zeros_like(self.weights)
            alone[there] = ensemble_weights([probs[i] for i in there], targets, self.pool, self.genre_freq)
            self.subsets[tuple(there)] = alone
        return self

    def use_cache(self, folder: str | Path | None) -> None:
        "Members that look once keep what they see in a folder."
        for member in self.members:
            member.use_cache(folder)

    def probs(
        self,
        movies: pd.DataFrame,  # as in PosterLearner.probs; each poster is opened once a member
        views: str | None = None,  # None: each member's own; else these for all
        **kwargs,  # of PosterLearner.probs: bs, workers, progress
    ) -> tuple[np.ndarray, list[str | None]]:  # as PosterLearner.probs
        "The members' probabilities, pooled. Members of weight 0 are not asked; one that has nothing to go by abstains."
        weighed = sum(self.subsets.values(), self.weights).reshape(len(self.members), -1).any(axis=1)
        asked = np.flatnonzero(weighed).tolist()
        seen = {i: self.views[i] if views is None else views for i in asked}
        answers = [self.members[i].probs(movies, seen[i], **kwargs) for i in asked]
        subsets = {tuple(n for n, i in enumerate(asked) if i in there): w[asked] for there, w in self.subsets.items()}
        pooled = pool_probs([p for p, _ in answers], self.weights[asked], self.pool, self.genre_freq, subsets)
        errors = [_error(said) for said in zip(*(e for _, e in answers), strict=True)]
        pooled[[error is not None for error in errors]] = np.nan
        return pooled.astype(np.float32), errors

    def check_views(self, views: str | None) -> None:  # ValueError: a member cannot look at posters in this way
        "As a learner's; None is what each member has."
        for member, own in zip(self.members, self.views, strict=True):
            member.check_views(own if views is None else views)

    def predict(self, movie, views: str | None = None, **kwargs) -> tuple[MultiCategory, torch.Tensor, torch.Tensor]:
        "As `PosterLearner.predict`, with each member's views."
        return predict_one(self, movie, views, **kwargs)

    def get_preds(
        self,
        ds_idx: int = 1,  # 0: training movies of the first member's loaders, 1: validation
        dl=None,  # other loaders of movies, as learn.dls.test_dl gives them
        with_decoded: bool = False,  # the predicted genres too
    ) -> tuple:  # (movies, genres) probabilities; targets, None where none are known; decoded
        "As fastai's, with each member's views. ValueError: there are no movies, or a poster cannot be read."
        items = getattr(self.dls[ds_idx] if dl is None else dl, "items", ())
        movies = items if isinstance(items, pd.DataFrame) else pd.DataFrame({"poster": pd.Series(items, dtype=object)})
        if movies.empty:
            raise ValueError("The ensemble holds no movies (a loaded one never does): pass dl=, or use movie_probs")
        probs = torch.from_numpy(movie_probs(self, movies, progress=False))
        targets = torch.from_numpy(multi_hot(movies["genres"], self.dls.vocab)) if "genres" in movies else None
        return probs, targets, *[probs > torch.as_tensor(self.thresh).cpu()] * with_decoded

    def explain(
        self,
        movie,  # as in PosterLearner.explain
        genres: str | Sequence[str] | None = None,  # None: the three most probable
        layer: str | None = None,  # of the heaviest member's network
    ) -> Explanation:
        "The ensemble's probabilities, and what speaks for them as the member with the greatest weight sees it."
        i, vocab = int(np.argmax(self.weights)), list(self.dls.vocab)
        wanted = None if genres is None else check_genres(genres, vocab)
        said = probs_of(wanted, probs_of_one(self, movie), vocab)
        return replace(self.members[i].explain(movie, list(said), layer), probs=said, member=self.names[i])

    def export(
        self,
        fname: str | Path,  # one file for all members, which `load_learner` reads
    ) -> None:
        "Write the ensemble without its members' data, as `learn.export` does for each; whole or not at all."
        with without_data(self.members):
            save_whole(self, fname, pickle_module=cloudpickle)

    def write_model(self, folder: Path, called: str, include_bodies: bool, onnx: bool) -> dict:
        "As a learner's; each member has a folder of its own within."
        rows = zip(self.names, self.views, self.weights.tolist(), strict=True)
        listed = [
            {"folder": f"member-{i}", "name": name, "views": views, "weight": weight}
            for i, (name, views, weight) in enumerate(rows)
        ]
        for member, said in zip(self.members, listed, strict=True):
            own = said["folder"]
            said[SEAL] = member.write_model(folder / own, f"{called}/{own}", include_bodies, onnx)[SEAL]
        subsets = [{"members": there, "weights": w.tolist()} for there, w in self.subsets.items()]
        config = about(self) | {"kind": "ensemble", "pool": self.pool, "members": listed, "subsets": subsets}
        return write_folder(folder, config, {})

    def __repr__(self) -> str:
        weights = self.weights.reshape(len(self.members), -1).mean(axis=1)
        rows = zip(weights, self.names, self.views, strict=True)
        lines = [f"  {weight:.3f}  {name}, views {views}" for weight, name, views in rows]
        many = f"{len(lines)} learner{'s' * (len(lines) > 1)}"
        pooled = "" if self.pool == "mean" else f", pooled by {self.pool}"
        return "\n".join([f"PosterEnsemble of {many}, {len(self.dls.vocab)} genres{pooled}", *lines])


def numbered(names: Sequence[str]) -> list[str]:
    "Names, each with a number behind it where it repeats."
    names = list(names)
    return [f"{name} ({names[: i + 1].count(name)})" if names.count(name) > 1 else name for i, name in enumerate(names)]


def _error(said: Sequence[str | None]) -> str | None:
    "Of one movie, from what its members say: an error of any, but nothing to go by only if that is so for all."
    errors = [error for error in said if error not in (None, ABSENT)]
    return errors[0] if errors else ABSENT if all(error == ABSENT for error in said) else None
