"""What frozen bodies see in each poster, computed once and kept in files beside the runs."""

import hashlib
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from fastai.vision.augment import Resize, ResizeMethod
from fasttransform import Pipeline
from torch import nn
from torch.utils.data import DataLoader, Dataset

from postergenre.data.augment import PosterImage
from postergenre.data.cache import poster_key
from postergenre.data.files import write_whole
from postergenre.data.progress import progress as progress_bar
from postergenre.vision.views import center_views, grid_views, mirror

FEATURE_VIEWS = ("whole", "mirror", "grid")


class FeatureCache:
    """The features of posters by one body, kept in one file a view.

    A file's name holds the body, a digest of its weights, the size and the view; inside, each poster is known by its
    path, length and time of change. What changed is computed again, what is there is reused.
    """

    def __init__(
        self,
        folder: str | Path,  # where the files are; made when the first is written
        name: str,  # of the body, for people
        body: nn.Module,  # frozen, in eval mode: (batch, 3, height, width) -> (batch, features)
        size: tuple[int, int],  # (height, width) of its input in pixels
        stats: tuple,  # (mean, std) of its input, three numbers each, of values from 0 to 1
        bs: int = 32,  # pictures a batch
        workers: int = 0,  # processes that read posters
        progress: bool | None = None,  # a bar; None: in a terminal or notebook
    ):
        self.folder, self.body, self.size, self.stats = Path(folder), body, size, stats
        self.bs, self.workers, self.progress = bs, workers, progress
        self.stem = f"{name.replace('/', '-')}-{weights_digest(body, stats)}-{size[0]}x{size[1]}"
        self.computed = 0  # posters that went through the body, summed over the calls
        self._known: dict[str, dict[str, np.ndarray]] = {}  # view -> poster_key -> features, once read

    def file(
        self,
        view: str,  # one of FEATURE_VIEWS
    ) -> Path:
        "Where a view is kept."
        return self.folder / f"{self.stem}-{view}.npz"

    def get(
        self,
        posters: Sequence[str | Path],  # files
        view: str = "whole",  # "whole": resized; "mirror": its mirror image; "grid": mean of make_views' crops
    ) -> np.ndarray:  # (posters, features), float32. ValueError: unknown view; a poster cannot be read (none is lost)
        "The features of posters, from the file where they are there, else computed and added to it."
        if view not in FEATURE_VIEWS:
            raise ValueError(f"Unknown view {view!r}; choose one of: {', '.join(FEATURE_VIEWS)}")
        posters = [Path(p) for p in posters]
        keys = [poster_key(p) for p in posters]
        if view not in self._known:
            self._known[view] = self._load(view)
        known = self._known[view]
        new = {key: poster for key, poster in zip(keys, posters, strict=True) if key not in known}
        try:
            for key, row in self._compute(new, view):
                known[key] = row
        finally:  # Ctrl-C or a broken poster must not lose what took minutes
            if new and known:
                with write_whole(self.file(view)) as whole, open(whole, "wb") as out:
                    np.savez(out, keys=np.array(list(known)), features=np.stack(list(known.values())))
        return np.stack([known[key] for key in keys])

    def _load(self, view: str) -> dict[str, np.ndarray]:
        file = self.file(view)
        if not file.is_file():
            return {}
        try:
            with np.load(file, allow_pickle=False) as saved:
                keys, rows = saved["keys"].tolist(), saved["features"]
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as e:
            raise ValueError(f"{file} is no whole file of features ({e}); delete it to compute it again") from e
        return dict(zip(keys, rows, strict=True))

    def _compute(self, posters: dict[str, Path], view: str):
        "(key, features) of each poster, as they come out of the body."
        if not posters:
            return
        keys = list(posters)
        loader = DataLoader(
            _Views(list(posters.values()), self.size, view), batch_size=self.bs, num_workers=self.workers
        )
        device = next((p.device for p in self.body.parameters()), torch.device("cpu"))
        mean, std = (torch.tensor(s, device=device).view(3, 1, 1) for s in self.stats)
        done = 0
        with torch.inference_mode():
            for batch in progress_bar(loader, len(loader), self.progress):
                views = batch.flatten(0, 1).to(device)
                x = ((views.float() / 255 - mean) / std).contiguous(memory_format=torch.channels_last)
                rows = self.body(x).flatten(1).float().unflatten(0, batch.shape[:2]).mean(1).cpu().numpy()
                for row in rows:
                    yield keys[done], row
                    done += 1
        self.computed += done


class _Views(Dataset):
    "uint8 (views, 3, height, width) of each poster."

    def __init__(self, posters: list[Path], size: tuple[int, int], view: str):
        self.posters, self.view = posters, view
        # fastai's own resize, so that the learner made of these features sees the same pixels
        self.resize = Pipeline([Resize(size, method=ResizeMethod.Squish)], split_idx=1)

    def __len__(self) -> int:
        return len(self.posters)

    def __getitem__(self, i: int) -> torch.Tensor:
        try:
            image = PosterImage.create(self.posters[i])
        except (OSError, ValueError, SyntaxError) as e:
            raise ValueError(
                f"{self.posters[i]} cannot be read ({e}); leave such posters out with "
                "read_movies(..., check_posters=True)"
            ) from e
        make = grid_views if self.view == "grid" else center_views
        return torch.stack(make(mirror(image) if self.view == "mirror" else image, self.resize))


def weights_digest(
    body: nn.Module,
    stats: tuple,  # (mean, std) of its input
) -> str:  # 10 hexadecimal digits
    "A digest of a body's tensors and of how its input is normalised."
    digest = hashlib.sha256(repr([list(map(float, s)) for s in stats]).encode())
    for name, tensor in body.state_dict().items():
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:10]
