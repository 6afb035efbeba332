"""Where a network sees a genre: Grad-CAM (Selvaraju et al. 2017, https://arxiv.org/abs/1610.02391)."""

from collections.abc import Callable, Sequence
from itertools import pairwise, product

import numpy as np
import torch
from PIL import Image
from scipy.ndimage import map_coordinates
from torch import nn

from postergenre.data.augment import PosterImage
from postergenre.data.windows import cut, grid
from postergenre.vision.maps import as_map, evaluating, module_named, target_layer, trace
from postergenre.vision.views import as_view

HEADING, MEANING = "Grad-CAM: where it looks", "Grad-CAM"

Box = tuple[float, float, float, float]  # left, right, top, bottom in the poster; 0 to 1, beyond if padded


def class_heats(
    model: nn.Module,  # whose feature map is looked at; left as it was
    run: Callable[[], torch.Tensor],  # runs it on views -> (views, genres) logits
    genres: Sequence[int],  # columns of the logits
    boxes: Sequence[Box],  # where each view lies
    size: tuple[int, int],  # (height, width) of the poster in pixels
    view_size: tuple[int, int],  # (height, width) of the views
    layer: str | None = None,  # a name in model.named_modules(); None: as `target_layer`
) -> np.ndarray:  # heat (genres, height, width), 0 to 1
    """Where on a poster the network finds evidence for genres; 1 is the strongest place, all 0: nothing speaks for it.

    ValueError: no such layer, or one that gives no map.
    """
    with evaluating(model), torch.enable_grad():
        events = trace(model, view_size)
        seen, logits = _look(run, module_named(model, layer) if layer else target_layer(model, events))
        heats = []
        for column in genres:
            (grad,) = torch.autograd.grad(logits[:, column].sum(), seen, retain_graph=True)
            weights = as_map(grad, model, events).mean((2, 3), keepdim=True)
            maps = (weights * as_map(seen.detach(), model, events)).sum(1).relu()
            heats.append(merge_views(maps.float().cpu().numpy(), boxes, size))
    return np.stack(heats)


def dense_crops(poster: PosterImage, window: tuple[int, int]) -> torch.Tensor:  # uint8 (crops, 3, height, width)
    "The grid of crops, of (height, width), that a learner of crops looks at, and the crops half-way between them."
    places = grid((poster.height, poster.width), window)
    spread = [sorted(set(p)) for p in zip(*places, strict=True)]
    dense = list(product(*(sorted({*p, *((a + b) / 2 for a, b in pairwise(p))}) for p in spread)))
    return torch.stack([as_view(cut(poster, window, *place)) for place in dense])


def view_boxes(look: Callable[[PosterImage], torch.Tensor], poster: PosterImage) -> list[Box]:
    "Where in a poster its views lie, whatever makes them: `look` gives them as uint8 (views, 3, height, width)."
    return [view_box(view) for view in look(coordinate_poster(poster.size)).numpy()]


def merge_views(maps: np.ndarray, boxes: Sequence[Box], size: tuple[int, int]) -> np.ndarray:
    """Coarse heat maps of views (views, rows, columns) as one over the whole poster (height, width).

    Where views overlap, those count more whose centre is near. float32, the greatest value 1, or all zero.
    """
    heat, near = np.zeros(size, dtype=np.float32), np.zeros(size, dtype=np.float32)
    across, down = (np.arange(size[1]) + 0.5) / size[1], (np.arange(size[0]) + 0.5) / size[0]
    for coarse, (left, right, top, bottom) in zip(maps, boxes, strict=True):
        x, y = (across - left) / (right - left), (down - top) / (bottom - top)
        columns, rows = np.flatnonzero((x >= 0) & (x <= 1)), np.flatnonzero((y >= 0) & (y <= 1))
        x, y, here = x[columns], y[rows], np.ix_(rows, columns)
        places = np.meshgrid(y * coarse.shape[0] - 0.5, x * coarse.shape[1] - 0.5, indexing="ij")
        # 1 in the middle of a view, next to 0 at its edges: so views blend without seams
        weight = np.outer(*(1.001 - np.abs(2 * position - 1) for position in (y, x)))
        heat[here] += weight * map_coordinates(coarse, places, order=1, mode="nearest")
        near[here] += weight
    heat = np.divide(heat, near, out=heat, where=near > 0)
    return heat / heat.max() if heat.max() > 0 else heat


def coordinate_poster(size: tuple[int, int]) -> PosterImage:
    """A poster of (width, height) pixels whose red says how far right, and whose green how far down a pixel lies.

    What a learner's transforms make of it tells where their views lie, whatever transforms they are.
    """
    width, height = size
    pixels = np.zeros((height, width, 3), dtype=np.uint8)
    pixels[..., 0] = np.round((np.arange(width) + 0.5) / width * 255)
    pixels[..., 1] = np.round((np.arange(height) + 0.5) / height * 255)[:, None]
    return PosterImage(Image.fromarray(pixels))


def view_box(view: np.ndarray) -> Box:
    "Where in the poster a view lies: (3, height, width) of `coordinate_poster`, neither turned nor mirrored."
    edges = []
    for values in (view[0].mean(0), view[1].mean(1)):
        n = len(values)
        middle = slice(n // 4, n - n // 4)  # padding lies at the edges
        slope, start = np.polyfit(np.arange(n)[middle] + 0.5, values[middle] / 255, 1)
        edges += [start, start + slope * n]
    return tuple(edges)


def _look(run: Callable[[], torch.Tensor], module: nn.Module) -> tuple[torch.Tensor, torch.Tensor]:
    "What the module gives for each view, and the logits that follow from it."
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
        with torch.no_grad():
            logits = run()
    finally:
        entry.remove()
    if not seen:
        raise ValueError("The network does not use this layer to predict; pass another layer=")
    return seen[0], logits
