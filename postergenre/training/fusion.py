"""A learner of evidence of one kind or several: frozen modalities, and one trained head on what they see."""

import copy
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from scipy.special import logit
from torch import nn

from postergenre.data.augment import PosterImage
from postergenre.data.genres import check_genres
from postergenre.data.lazy import Lazy
from postergenre.data.reading import as_movie, poster_of
from postergenre.modality import Explanation, Found, Modality, Packed
from postergenre.portable.folder import GRAPH
from postergenre.portable.graphs import Graph
from postergenre.portable.pool import ABSENT, side_by_side
from postergenre.portable.tensors import with_prefix
from postergenre.training.learner import PosterLearner
from postergenre.training.naming import probs_of, probs_of_one
from postergenre.training.packing import Filled, Probabilities, about, about_probs, head_of
from postergenre.training.readings import Readings

AT_ONCE = 4096  # movies whose features are in memory, while the head looks at them
SURE = 1e-6  # log-odds of probabilities nearer to 0 or 1 say nothing but rounding


class ProbeModel(nn.Module):
    "Frozen modalities, then a head that can be trained on their features alone."

    def __init__(self, modalities: Sequence[Modality], widths: Sequence[int], n_out: int):  # features of each; genres
        super().__init__()
        self.modalities = nn.ModuleList(modalities).requires_grad_(False).eval()
        self.widths, self.head = list(widths), nn.Linear(sum(widths), n_out)
        self.register_buffer("absent", torch.zeros(sum(widths)))
        nn.init.zeros_(self.head.weight)

    def forward(self, batch: Readings) -> torch.Tensor:
        "What modalities read of movies -> (batch, genres) logits."
        return self.head(self.features(batch))

    def features(self, batch: Readings) -> torch.Tensor:
        "(batch, features of all); what a movie lacks is what training movies have on average, which adds nothing."
        x = self.absent.repeat(len(batch.rows), 1)
        columns = zip(*batch.rows, strict=True)
        for modality, own, readings in zip(self.modalities, x.split(self.widths, dim=1), columns, strict=True):
            there = [i for i, reading in enumerate(readings) if reading is not None]
            if there:
                rows = modality.encode([readings[i] for i in there]).to(own)
                own[there] = torch.where(rows.isnan(), own[there], rows)
        return x


class ProbeLearner(PosterLearner):
    "A PosterLearner that looks at movies through its modalities, each in its own way."

    @property
    def modalities(self) -> Sequence[Modality]:
        "Its kinds of evidence."
        return self.model.modalities

    @property
    def columns(self) -> tuple[str, ...]:
        "Of a table of movies, those that any of its modalities looks at."
        return tuple(dict.fromkeys(column for modality in self.modalities for column in modality.columns))

    def use_cache(self, folder: str | Path | None) -> None:
        "Keep in a folder what the modalities read and see, and use what is there."
        for modality in self.modalities:
            modality.keep_in(folder)

    def check_views(self, views: str | None) -> None:
        "ValueError: unknown names, or a modality cannot look at posters in this way."
        for modality in self.modalities:
            modality.views(self.own_views(views))

    def features(self, movies: pd.DataFrame, views: str | None = None, **kwargs) -> Found:
        "What the modalities see of each, (views, features of all), NaN for one that it lacks; errors. As `outputs`."
        seen = [modality.features(movies, self.own_views(views), **kwargs) for modality in self.modalities]
        errors = [next(filter(None, said), None) for said in zip(*(e for _, e in seen), strict=True)]
        return Lazy(lambda i: side_by_side([rows[i] for rows, _ in seen], self.model.widths), len(errors)), errors

    def outputs(self, movies: pd.DataFrame, views: str | None = None, **kwargs) -> Found:
        "As PosterLearner.outputs, from what the modalities see."
        self.check_views(views)
        rows, errors = self.features(movies, views, **kwargs)
        outputs = []
        for start in range(0, len(rows), AT_ONCE):
            some = rows[start : start + AT_ONCE]
            logits = self.logits_of(torch.from_numpy(np.concatenate(some))).cpu().numpy()
            outputs += np.split(logits, np.cumsum([len(x) for x in some])[:-1])
        return outputs, errors

    def logits_of(self, features: torch.Tensor) -> torch.Tensor:
        "What the head makes of features, (rows, features of all modalities), NaN where absent -> (rows, genres)."
        model = self.model.to(self.dls.device).eval()
        x = features.to(model.absent)
        with torch.inference_mode():
            return model.head(torch.where(x.isnan(), model.absent, x))

    def log_odds(self, logits: torch.Tensor) -> np.ndarray:
        "Log-odds of the probabilities that logits (rows, genres) stand for, calibrated."
        return logit(self.activation(logits).double().cpu().numpy().clip(SURE, 1 - SURE))

    def pack(self, include_bodies: bool = False) -> Packed:
        "As PosterLearner.pack; modalities say their own parts."
        packed = [modality.pack(include_bodies) for modality in self.modalities]
        kinds = [{"kind": type(m).__name__} | config for m, (config, _) in zip(self.modalities, packed, strict=True)]
        tensors = with_prefix(self.model.head.state_dict(), "head") | {"absent": self.model.absent}
        for i, (_, own) in enumerate(packed):
            tensors |= with_prefix(own, f"modalities.{i}")
        more = {"kind": "probe", "modalities": kinds, "widths": self.model.widths, "head": head_of(self.model.head)}
        return about(self) | about_probs(self) | more, tensors

    def graphs(self, config: dict) -> dict[str, Graph]:
        "As PosterLearner.graphs: one of all where there is one modality, else one of each and one of the head."
        model, n_out = copy.deepcopy(self.model).cpu(), len(config["genres"])
        graphs = {f"{i}-{type(m).__name__}.onnx": m.graph() for i, m in enumerate(model.modalities)}
        for graph, about_one in zip(graphs.values(), config["modalities"], strict=True):
            graph.package = (about_one.get("body") or {}).get("package")
        if len(graphs) == 1:
            [graph] = graphs.values()
            graph.network = Probabilities(graph.network, config["calibration"], n_out, model.head)
            return {GRAPH: graph}
        head = Probabilities(Filled(model.absent), config["calibration"], n_out, model.head)
        return graphs | {"head.onnx": Graph(head, {"features": model.absent.repeat(2, 1)}, {"widths": model.widths})}

    def explain(self, movie, genres=None, layer=None) -> Explanation:
        "What each modality says of it: the parts that speak for genres, and where on the poster they are."
        if layer is not None:
            raise ValueError("A learner of frozen modalities has several networks; leave layer= out")
        vocab, row = list(self.dls.vocab), as_movie(movie)
        wanted = None if genres is None else check_genres(genres, vocab)
        poster = poster_of(row)
        row |= {} if poster is None else {"poster": PosterImage.create(poster)}
        readings = [modality.read(row) for modality in self.modalities]
        if all(reading is None for reading in readings):
            raise ValueError(f"There is no evidence on the movie: {ABSENT}")
        model = self.model.to(self.dls.device).eval()
        with torch.no_grad():
            x = model.features(Readings([readings]))
        said = probs_of(wanted, probs_of_one(self, row), vocab)
        columns, parts, heats = list(map(vocab.index, said)), [], []
        absent, kinds = model.absent.split(model.widths), list(self.modalities)
        for i, (modality, reading) in enumerate(zip(kinds, readings, strict=True)):
            if reading is None:
                continue

            def logits(features: torch.Tensor, i=i) -> torch.Tensor:
                each = [own.expand(len(features), -1) for own in x.split(model.widths, dim=1)]
                each[i] = features.to(x)
                return model.head(torch.cat(each, dim=1))

            def log_odds(features: torch.Tensor, logits=logits) -> np.ndarray:
                return self.log_odds(logits(features))

            part = modality.explain(row, reading, logits, log_odds, columns, absent[i])
            parts += [(modality.name, name, *effect) for name, effect in part.parts]
            if part.heat is not None:
                heats.append((sum((effect for _, effect in part.parts), np.zeros(len(said))), part.heat))
        size = (1, 1) if poster is None else (row["poster"].height, row["poster"].width)
        heat = np.zeros((len(said), *size), dtype=np.float32)
        for i in range(len(said) if heats else 0):  # where the kind of evidence lies that says most
            heat[i] = max(heats, key=lambda found, i=i: found[0][i])[1][i]
        heading, meaning = (" · ".join(dict.fromkeys(getattr(k, a) for k in kinds)) for a in ("heading", "meaning"))
        return Explanation(said, pd.DataFrame(parts, columns=["modality", "part", *said]), heat, heading, meaning)
