"""Where on a poster a genre is seen: Grad-CAM (Selvaraju et al. 2017, https://arxiv.org/abs/1610.02391).

A learner that sees nothing but words has no feature map: there the lines of text count, as in `word_heat`.
"""

import textwrap
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from fastai.callback.hook import hook_output
from fastai.learner import Learner
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from PIL import Image
from scipy.ndimage import map_coordinates
from torch import nn

from postergenre.data.augment import PosterImage, cut, grid
from postergenre.inference.predict import view_probs
from postergenre.interpret.examples import show_poster
from postergenre.interpret.words import word_heats
from postergenre.training.fusion import reads_only
from postergenre.vision.maps import as_map, evaluating, last_map, module_named, trace
from postergenre.vision.views import PosterViews, as_view, crop_window, for_validation


def gradcam(
    learn: Learner,  # trained or loaded; left as it was
    image,  # a poster: file, bytes or PIL image
    genre: str,  # one of learn.dls.vocab
    layer: str | None = None,  # name in learn.model.named_modules(); None: as `feature_map.target_layer`
) -> np.ndarray:  # (height, width) of the poster, float32 from 0 to 1. ValueError: unknown genre or layer
    """Where on the poster the network finds evidence for a genre; 1 is the strongest place of this poster.

    All zero when nothing speaks for the genre. A learner of crops looks at those that `predict_posters` looks at and at
    those half-way between; their heat is blended. Posters over three crops high or wide stay zero where none looks.
    A learner of words: the boxes of lines, as warm as the log-odds that they add.
    """
    return gradcams(learn, image, [genre], layer)[0][0]


def gradcams(
    learn: Learner,  # trained or loaded; left as it was
    image,  # a poster: file, bytes or PIL image
    genres: str | Sequence[str] | None = None,  # one or several of learn.dls.vocab; None: the three most probable
    layer: str | None = None,  # as in `gradcam`
) -> tuple[np.ndarray, dict[str, float]]:  # heat (genres, height, width) as in `gradcam`; genre -> probability
    "`gradcam` for several genres at once, with the probabilities that `predict_posters` gives."
    vocab = list(learn.dls.vocab)
    wanted = None if genres is None else check_genres(genres, vocab)
    poster = image if isinstance(image, PosterImage) else PosterImage.create(image)
    views, scored = poster_views(learn, poster)
    if layer is None and reads_only(learn.model):
        return word_heats(learn, views[0].permute(1, 2, 0).numpy(), (poster.height, poster.width), wanted)
    boxes = [view_box(view) for view in poster_views(learn, coordinate_poster(poster.size))[0].numpy()]
    with evaluating(learn.model.to(learn.dls.device)) as model, torch.enable_grad():
        events = trace(model, tuple(views.shape[-2:]))
        seen, logits, probs = _look(learn, views, module_named(model, layer) if layer else last_map(model, events))
        probs = probs[scored].mean(0)
        wanted = wanted or [vocab[i] for i in np.argsort(-probs, kind="stable")[:3]]
        heats = []
        for column in map(vocab.index, wanted):
            (grad,) = torch.autograd.grad(logits[:, column].sum(), seen, retain_graph=True)
            weights = as_map(grad, model, events).mean((2, 3), keepdim=True)
            maps = (weights * as_map(seen.detach(), model, events)).sum(1).relu()
            heats.append(merge_views(maps.float().cpu().numpy(), boxes, (poster.height, poster.width)))
    return np.stack(heats), {g: float(probs[vocab.index(g)]) for g in wanted}


def poster_views(
    learn: Learner,
    poster: PosterImage,
) -> tuple[torch.Tensor, np.ndarray]:  # uint8 (views, 3, height, width); which of them `predict_posters` averages
    "The poster as the network sees it: whole, or its grid of crops and the crops half-way between them."
    transforms = for_validation(learn.dls.valid.after_item)
    window = crop_window(transforms)
    if window is None:
        _, views, error = PosterViews([poster], transforms)[0]
        if error:
            raise ValueError(f"The learner's transforms do not take this poster: {error}")
        return views[0], np.ones(1, dtype=bool)
    places = grid((poster.height, poster.width), window)
    down, right = (_with_halves(sorted(set(p))) for p in zip(*places, strict=True))
    dense = [(d, r) for d in down for r in right]
    views = torch.stack([as_view(cut(poster, window, *place)) for place in dense])
    return views, np.array([place in places for place in dense])


def merge_views(
    maps: np.ndarray,  # (views, rows, columns): a coarse heat map each
    boxes: Sequence[tuple[float, float, float, float]],  # of each view: left, right, top, bottom in the poster, 0 to 1
    size: tuple[int, int],  # (height, width) of the poster in pixels
) -> np.ndarray:  # (height, width) float32, the greatest value 1, or all zero
    "Heat maps of views as one over the whole poster; where views overlap, those count more whose centre is near."
    heat, near = np.zeros(size, dtype=np.float32), np.zeros(size, dtype=np.float32)
    across, down = (np.arange(size[1]) + 0.5) / size[1], (np.arange(size[0]) + 0.5) / size[0]
    for coarse, (left, right, top, bottom) in zip(maps, boxes, strict=True):
        x, y = (across - left) / (right - left), (down - top) / (bottom - top)
        columns, rows = np.flatnonzero((x >= 0) & (x <= 1)), np.flatnonzero((y >= 0) & (y <= 1))
        x, y, here = x[columns], y[rows], np.ix_(rows, columns)
        places = np.meshgrid(y * coarse.shape[0] - 0.5, x * coarse.shape[1] - 0.5, indexing="ij")
        weight = np.outer(_nearness(y), _nearness(x))
        heat[here] += weight * map_coordinates(coarse, places, order=1, mode="nearest")
        near[here] += weight
    heat = np.divide(heat, near, out=heat, where=near > 0)
    return heat / heat.max() if heat.max() > 0 else heat


def coordinate_poster(
    size: tuple[int, int],  # (width, height) in pixels
) -> PosterImage:
    """A poster whose red says how far right, and whose green how far down a pixel lies.

    What a learner's transforms make of it tells where their views lie, whatever transforms they are.
    """
    width, height = size
    pixels = np.zeros((height, width, 3), dtype=np.uint8)
    pixels[..., 0] = np.round((np.arange(width) + 0.5) / width * 255)
    pixels[..., 1] = np.round((np.arange(height) + 0.5) / height * 255)[:, None]
    return PosterImage(Image.fromarray(pixels))


def view_box(
    view: np.ndarray,  # (3, height, width) uint8: a view of `coordinate_poster`, neither turned nor mirrored
) -> tuple[float, float, float, float]:  # its left, right, top, bottom edge in the poster; 0 to 1, beyond if padded
    "Where in the poster a view lies."
    edges = []
    for values in (view[0].mean(0), view[1].mean(1)):
        n = len(values)
        middle = slice(n // 4, n - n // 4)  # padding lies at the edges
        slope, start = np.polyfit(np.arange(n)[middle] + 0.5, values[middle] / 255, 1)
        edges += [start, start + slope * n]
    return tuple(edges)


def check_genres(
    genres: str | Sequence[str],  # one name or several
    vocab: Sequence[str],  # those that are known
) -> list[str]:  # ValueError: a name is unknown, or there is none
    "The genres asked for as a list, once it is sure that the vocabulary holds them."
    genres = [genres] if isinstance(genres, str) else list(genres)
    if not genres:
        raise ValueError(f"No genre given; pass one or more of: {', '.join(vocab)}")
    if unknown := [g for g in genres if g not in vocab]:
        raise ValueError(f"Unknown genre {unknown[0]!r}; the learner knows: {', '.join(vocab)}")
    return genres


def plot_gradcam(
    learn: Learner,  # trained or loaded; left as it was
    image,  # a poster: file, bytes or PIL image
    genres: str | Sequence[str] | None = None,  # one or several; None: the three most probable
    layer: str | None = None,  # as in `gradcam`
    title: str = "",  # above the poster
    truth: Sequence[str] = (),  # the poster's true genres, below the title
) -> Figure:
    "A poster, and beside it the heat of each genre over it, with the genre's probability."
    poster = image if isinstance(image, PosterImage) else PosterImage.create(image)
    heats, probs = gradcams(learn, poster, genres, layer)
    panels = len(heats) + 1
    ratio = np.clip(poster.height / poster.width, 0.4, 3)
    wide = 2.6 * min(1, 1.8 / ratio)
    fig, axes = plt.subplots(1, panels, figsize=(wide * panels + 0.8, wide * ratio + 0.8), layout="constrained")
    head = [*textwrap.wrap(title, 26, max_lines=2, placeholder=" …"), *textwrap.wrap(", ".join(truth), 26)]
    show_poster(axes[0], poster)
    axes[0].set_title("\n".join(head) or "Poster", fontsize=10, parse_math=False)
    dark = poster.convert("L").point(lambda grey: 0.75 * grey).convert("RGB")  # or the heat would fade on white
    for ax, heat, (genre, prob) in zip(axes[1:], heats, probs.items(), strict=True):
        show_poster(ax, dark)
        # Clear where it is cold: there the poster stays readable.
        ax.imshow(heat, cmap="inferno", vmin=0, vmax=1, alpha=0.75 * heat)
        ax.set_title(f"{genre} {prob:.0%}" + ("" if heat.any() else "\nno evidence for it"), fontsize=10)
    scale = plt.cm.ScalarMappable(cmap="inferno")
    bar = fig.colorbar(scale, ax=axes, fraction=0.02, shrink=0.6, aspect=25, pad=0.01, ticks=[0, 1])
    bar.ax.set_yticklabels(["no\nevidence", "most"], fontsize=8)
    plt.close(fig)
    return fig


def _nearness(position: np.ndarray) -> np.ndarray:
    "1 in the middle of a view, next to 0 at its edges: so views blend without seams."
    return 1.001 - np.abs(2 * position - 1)


def _with_halves(places: list[float]) -> list[float]:
    return sorted({*places, *((a + b) / 2 for a, b in pairwise(places))})


def _look(learn: Learner, views: torch.Tensor, module: nn.Module) -> tuple[torch.Tensor, torch.Tensor, np.ndarray]:
    "What the module gives for each view, and the logits and probabilities that follow from it."
    seen = []

    def begin(_, __, output):
        if not isinstance(output, torch.Tensor):
            raise ValueError(f"The layer gives a {type(output).__name__}, not a tensor; pass another layer=")
        # Gradients begin here and not at the first layer: that saves most of the memory, and serves frozen networks.
        torch.set_grad_enabled(True)
        # A copy, as the next layer may change it in place, which is forbidden for what gradients begin with.
        seen[:] = [output.detach().requires_grad_().clone()]
        return seen[0]

    entry = module.register_forward_hook(begin)
    try:
        with torch.no_grad(), hook_output(learn.model, detach=False) as out:
            probs = view_probs(learn, views).detach().cpu().numpy()
    finally:
        entry.remove()
    if not seen:
        raise ValueError("The network does not use this layer to predict; pass another layer=")
    return seen[0], out.stored, probs
