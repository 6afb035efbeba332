"""Learners and ensembles from folders that run no code: what `learn.save_pretrained` wrote, here or on the hub."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image

# the modalities there are, so that Modality.known knows them
import postergenre.tabular.metadata
import postergenre.tabular.names
import postergenre.text.words
import postergenre.vision.objects
import postergenre.vision.people
import postergenre.vision.pictures  # noqa: F401
from postergenre.data.loaders import PosterDataLoaders, poster_block
from postergenre.data.terminal import first_line
from postergenre.inference.ensemble import PosterEnsemble
from postergenre.losses import poster_loss
from postergenre.modality import Modality
from postergenre.portable.folder import CONFIG, TENSORS, are_numbers, check_size, read_config, read_member
from postergenre.portable.hub import model_folder
from postergenre.portable.shipped import shipped_folder
from postergenre.portable.tensors import check_fit, fill, part_of, read_tensors
from postergenre.training.fusion import ProbeLearner, ProbeModel
from postergenre.training.learner import PosterLearner
from postergenre.training.networks import learner_options, with_stats
from postergenre.training.packing import head_from
from postergenre.training.readings import MovieDataLoaders
from postergenre.vision.build import unpack_model

ANY_SIZE = (32, 32)  # of loaders whose pictures nobody looks at
MODALITIES = 32  # more than any probe has


def from_pretrained(
    pretrained_model_name_or_path: str | Path,  # folder that save_pretrained wrote, or user/name on the hub
    revision: str | None = None,  # branch, tag or commit on the hub; None: main
    token: str | bool | None = None,  # for private repositories; None: that of `hf auth login`
    cache_dir: str | Path | None = None,  # where downloads are kept; None: the hub's cache
    local_files_only: bool = False,  # of the hub use what is in the cache
) -> PosterLearner | PosterEnsemble:  # on the CPU. FileNotFoundError, ValueError: what is wrong; ImportError: a package
    """A learner from a folder, as it was when it was saved, without its movies.

    It runs nothing that the folder holds and falls back to no other kind of file. A folder is read where it is and
    nothing is downloaded for it: networks that come in packages must be installed, and hold what they held.
    """
    return _read(model_folder(pretrained_model_name_or_path, revision, token, cache_dir, local_files_only))


def load_pretrained() -> PosterLearner | PosterEnsemble:  # on the CPU. ImportError: what to install
    """The model that comes with the library, picture and words: heads fitted on real posters, bodies from packages.

    Without the packages that read words it is the picture's alone, and says so. Its card, with its figures, is the
    README.md in `postergenre/pretrained`.
    """
    return _read(shipped_folder())


def _read(folder: Path) -> PosterLearner | PosterEnsemble:
    config = read_config(folder)
    try:
        return _ensemble(folder, config) if config["kind"] == "ensemble" else _learner(folder, config)
    except (OSError, ValueError, ImportError):
        raise
    except Exception as e:  # a stranger's numbers, deep in torch or timm: each fault is a class of its own
        said = first_line(e)
        raise ValueError(f"{folder} describes no model that can be made ({said}); do not use this model") from e


def _learner(folder: Path, config: Mapping) -> PosterLearner:
    learn = {"network": _network, "probe": _probe}[config["kind"]](config, read_tensors(folder, config))
    scales, freq = config.get("calibration"), config.get("frequencies")
    if scales is not None:
        learn.loss_func.scale, learn.loss_func.bias = (torch.tensor(scales[name]) for name in ("scale", "bias"))
    learn.thresh = _thresh(config)
    learn.genre_freq = None if freq is None else np.array(freq, dtype=np.float32)
    learn.views = str(config.get("views", "auto"))
    learn.check_views(learn.views)
    learn.model.eval()
    return learn


def _network(config: Mapping, tensors: dict[str, torch.Tensor]) -> PosterLearner:
    made, looks = config.get("network"), config.get("looks")
    if not isinstance(made, dict) or not isinstance(looks, dict):
        raise ValueError(f"{CONFIG} does not describe a network and how it looks (network, looks); save it again")
    if not all(are_numbers(looks.get(name), 3) for name in ("mean", "std")):
        raise ValueError(f"{CONFIG}: looks should have 3 numbers each as mean and std")
    size = check_size(looks.get("size"))
    model = unpack_model(made, len(config["genres"]), tensors)
    dls = empty_loaders(config["genres"], size, bool(looks.get("crops")), (looks["mean"], looks["std"]))
    if any(isinstance(m, torch.nn.Conv2d) for m in model.modules()):
        model = model.to(memory_format=torch.channels_last)
    return PosterLearner(dls, model, str(config.get("arch")), **_options())


def _probe(config: Mapping, tensors: dict[str, torch.Tensor]) -> ProbeLearner:
    listed, widths = config.get("modalities"), config.get("widths")
    if not isinstance(listed, list) or not 0 < len(listed) <= MODALITIES or not are_numbers(widths, len(listed)):
        raise ValueError(f"{CONFIG} should list modalities, and their widths, one each")
    if not all(type(width) is int and 0 < width < 2**20 for width in widths):
        raise ValueError(f"{CONFIG}: widths {widths} should be whole numbers")
    modalities = [_modality(about, part_of(tensors, f"modalities.{i}")) for i, about in enumerate(listed)]
    head, genres = part_of(tensors, "head"), config["genres"]
    with torch.device("meta"):
        check_fit(head_from(config.get("head"), sum(widths), len(genres)).state_dict(), head, "the head")
    model = ProbeModel(modalities, widths, len(genres))
    model.head = fill(head_from(config.get("head"), sum(widths), len(genres)), head, "the head")
    absent = tensors.get("absent")
    if absent is None or absent.shape != model.absent.shape or absent.dtype != model.absent.dtype:
        raise ValueError(f"{TENSORS} should hold {sum(widths)} numbers as absent; save the model again")
    model.absent.copy_(absent)
    dls = MovieDataLoaders.of_readings(empty_loaders(genres), modalities).new_empty()
    return ProbeLearner(dls, model, str(config.get("arch")), **_options())


def _modality(about, tensors: dict[str, torch.Tensor]) -> Modality:
    kind = about.get("kind") if isinstance(about, dict) else None
    if not isinstance(kind, str) or kind not in Modality.known:
        raise ValueError(
            f"{CONFIG} names the modality {kind!r}; known are {', '.join(sorted(Modality.known))}. Import the module "
            "that defines it first, or update postergenre: pip install -U postergenre"
        )
    return Modality.known[kind].unpack(about, tensors)


def _ensemble(folder: Path, config: Mapping) -> PosterEnsemble:
    members = [_learner(*read_member(folder, config, about)) for about in config["members"]]
    views, names = ([str(about.get(key)) for about in config["members"]] for key in ("views", "name"))
    ensemble = PosterEnsemble(members, None, views, str(config.get("pool")), names)
    # as they were saved: setting them would divide by their sum once more, which may change the last digit
    ensemble._weights = np.array([about["weight"] for about in config["members"]], dtype=np.float64)
    kept = config.get("subsets", [])
    ensemble.subsets = {tuple(s["members"]): np.array(s["weights"], dtype=np.float64) for s in kept}
    ensemble.thresh = _thresh(config)
    return ensemble


def empty_loaders(
    genres: Sequence[str],
    size: tuple[int, int] = ANY_SIZE,  # (height, width) in pixels
    crops: bool = False,
    stats: tuple[list[float], list[float]] | None = None,  # mean and std of a channel each
) -> PosterDataLoaders:
    "Loaders without movies, which show posters as those that a learner was saved with."
    blank = Image.new("RGB", (8, 8))
    rows = pd.DataFrame({"poster": [blank, blank], "genres": [list(genres[:1])] * 2})
    block = poster_block(size, "random" if crops else "whole", genres, _LastIsValid())
    made = block.dataloaders(rows, bs=1, num_workers=0, device=torch.device("cpu"))
    dls = PosterDataLoaders(*made.loaders, path=made.path, device=made.device)
    dls.genre_freq = dls.row_freq = None
    return dls if stats is None else with_stats(dls, *stats).new_empty()


class _LastIsValid:
    "A splitter, of two rows."

    def __call__(self, rows) -> tuple[list[int], list[int]]:
        return [0], [1]


def _options() -> dict:
    return learner_options({"loss_func": poster_loss("bce")})


def _thresh(config: Mapping):
    thresh = config["thresholds"]
    return torch.tensor(thresh, dtype=torch.float64) if isinstance(thresh, list) else float(thresh)
