"""A poster as a picture: the modality whose features are what a frozen, pretrained network sees."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

import torch
from fastai.vision.augment import Resize, ResizeMethod
from fasttransform import Pipeline
from torch import nn

from postergenre.data.augment import PosterCrop, PosterImage, as_size
from postergenre.data.reading import poster_of
from postergenre.layers import Standardize, weights_digest
from postergenre.modality import Modality, Packed, Part
from postergenre.portable.folder import CONFIG, check_package, check_size
from postergenre.portable.graphs import Graph
from postergenre.portable.tensors import check_fit, fill, with_prefix
from postergenre.portable.views import view_named, view_names
from postergenre.vision.build import create_model, head_name
from postergenre.vision.gradcam import HEADING, MEANING, class_heats, view_boxes
from postergenre.vision.stages import StagePooling
from postergenre.vision.views import as_view, crop_window, make_views, resolve_views
from postergenre.vision.weights import LITE, LITE_ARCHS, WeightsUnavailableError, lite_package


class PosterViews(Modality):
    "Posters as transforms show them to a network: a base for what looks at pictures."

    heading, meaning = HEADING, MEANING
    transforms: Sequence = ()  # fastai's, of items: with PosterCrop or Resize

    def item_tfms(self, train: bool = False) -> Pipeline:
        "What makes a view of a poster; in training crops are random."
        return Pipeline(self.transforms, split_idx=0 if train else 1)

    def views(self, views: str = "auto") -> list[str]:
        "As `view_names`. ValueError: unknown names, or the transforms allow no such views."
        return view_names(resolve_views(views, self.item_tfms()))

    def read(self, movie: Mapping, train: bool = False) -> torch.Tensor | None:
        "uint8 (3, height, width): the whole poster, or the crop at its centre, or a random one."
        poster = poster_of(movie)
        return None if poster is None else as_view(self.item_tfms(train)(PosterImage.create(poster)))

    def look(self, movie: Mapping, view: str = "center") -> list[torch.Tensor]:
        "The pictures of a view."
        poster = poster_of(movie)
        return [] if poster is None else make_views(poster, self.item_tfms(), view_named(view))


class Pictures(PosterViews):
    "Posters through a frozen body, which keeps the mean and standard deviation that it was made with."

    made: dict | None = None  # how `by_name` made the body; None: it was made elsewhere

    def __init__(
        self,
        name: str,  # of the body
        body: nn.Module,  # (batch, 3, height, width) -> (batch, features); put in eval mode
        size: int | tuple[int, int],  # (height, width) of its input in pixels
        stats: tuple,  # (mean, std) of its input, three numbers each, of values from 0 to 1
        crop: str = "whole",  # "whole": the poster resized; "random": windows at the poster's own scale
    ):
        super().__init__()
        self.name, self.size = name, as_size(size)
        self.norm = Standardize(*(torch.tensor(s).view(3, 1, 1) for s in stats))
        self.body = body.requires_grad_(False).eval().to(memory_format=torch.channels_last)
        self.transforms = [PosterCrop(size) if crop == "random" else Resize(self.size, method=ResizeMethod.Squish)]

    @classmethod
    def by_name(
        cls, arch: str, size, pretrained: bool = False, weights=LITE, stages: bool = True, crop: str = "whole"
    ) -> "Pictures":  # ValueError: no weights, or as in create_model
        """Any architecture with weights, as in `create_model`, up to its last layer.

        With stages statistics of all of them, as StagePooling gives; else what the last layer would see.
        """
        body, stats = create_model(arch, 1, as_size(size), pretrained, weights)
        if stats is None:
            raise ValueError("A frozen body needs weights; pass pretrained=True, weights='lite' or a file of weights")
        return cls._of(arch, body, size, stats, stages, crop)

    @classmethod
    def _of(cls, arch: str, body: nn.Module, size, stats: tuple, stages: bool, crop: str) -> "Pictures":
        body.set_submodule(head_name(body), nn.Identity())
        pictures = cls(arch, StagePooling(body.eval(), as_size(size)) if stages else body, size, stats, crop)
        pictures.made = {"arch": arch, "size": list(pictures.size), "stages": stages, "crop": crop}
        return pictures

    def pack(self, bodies: bool = False) -> Packed:
        "As every modality; ValueError: the body was not made by its name."
        if self.made is None:
            raise ValueError(
                f"The network {self.name!r} was not made by Pictures.by_name, so a folder cannot say how to make it "
                "again; write the learner with learn.export"
            )
        state, body = self.state_dict(), None
        if not bodies and self.made["arch"] in LITE_ARCHS:
            with suppress(WeightsUnavailableError):
                digest = weights_digest(Pictures.by_name(**self.made).body, 64)
                if digest == weights_digest(self.body, 64):
                    body = {"package": lite_package(self.made["arch"]), "sha256": digest}
                    state = {name: tensor for name, tensor in state.items() if not name.startswith("body.")}
        return self.made | {"name": self.name, "body": body}, state

    @classmethod
    def unpack(cls, config: Mapping, tensors: dict[str, torch.Tensor]) -> "Pictures":
        "As every modality; ValueError: what does not fit, or a package holds other weights."
        arch, stages, crop, body = (config.get(key) for key in ("arch", "stages", "crop", "body"))
        if not isinstance(arch, str) or type(stages) is not bool or crop not in ("whole", "random"):
            raise ValueError(f"{CONFIG} does not say what pictures are looked at (arch, stages, crop)")
        made = {"arch": arch, "size": check_size(config.get("size")), "stages": stages, "crop": crop}
        if body is not None:
            pictures = cls.by_name(**made)
            check_package(body, weights_digest(pictures.body, 64))
            tensors = tensors | with_prefix(pictures.body.state_dict(), "body")
        else:

            def build() -> Pictures:
                bare = create_model(arch, 1, made["size"])[0]
                return cls._of(arch, bare, made["size"], ((0.0,) * 3, (1.0,) * 3), stages, crop)

            with suppress(NotImplementedError, RuntimeError), torch.device("meta"):
                check_fit(build().state_dict(), tensors, arch)
            pictures = build()
        pictures.name = str(config.get("name", arch))
        return fill(pictures, tensors, arch)

    def graph(self) -> Graph:
        "Pixels of views to features."
        crops = crop_window(self.item_tfms()) is not None
        pixels = torch.zeros(2, 3, *self.size, dtype=torch.uint8)
        return Graph(self, {"pixels": pixels}, {"reads": "pixels", "size": list(self.size), "crops": crops})

    @property
    def file_name(self) -> str:
        "With what it sees: crops, or whole posters, of some size."
        crop = "" if crop_window(self.item_tfms()) is None else "-crop"
        return f"{super().file_name}-{self.size[0]}x{self.size[1]}{crop}"

    def encode(self, readings: list[torch.Tensor]) -> torch.Tensor:
        "What the body sees in pictures of any sizes."
        return by_shape(readings, self.forward)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        "uint8 (batch, 3, height, width) -> (batch, features)."
        x = self.norm(pictures.to(self.norm.mean.device).float() / 255)
        return self.body(x.contiguous(memory_format=torch.channels_last)).flatten(1).float()

    def explain(self, movie, reading, logits, log_odds, genres: Sequence[int], absent) -> Part:
        "Grad-CAM, and what the picture adds as a whole."
        part = super().explain(movie, reading, logits, log_odds, genres, absent)
        poster = PosterImage.create(movie["poster"])
        boxes = view_boxes(lambda image: self.read({"poster": image})[None], poster)
        size, run = (poster.height, poster.width), lambda: logits(self.forward(reading[None]))
        part.heat = class_heats(self.body, run, genres, boxes, size, self.size)
        return part


def by_shape(pictures: Sequence[torch.Tensor], forward: Callable[[torch.Tensor], torch.Tensor]) -> torch.Tensor:
    "Pictures of several shapes through a network, those of one shape together: (pictures, outputs), in their order."
    shapes: dict[torch.Size, list[int]] = {}
    for i, picture in enumerate(pictures):
        shapes.setdefault(picture.shape, []).append(i)
    outputs = torch.cat([forward(torch.stack([pictures[i] for i in places])) for places in shapes.values()])
    order = torch.tensor([i for places in shapes.values() for i in places])
    return outputs[order.argsort().to(outputs.device)]
