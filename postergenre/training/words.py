"""Training the encoder of words together with its head, on what was read: posters are not opened again."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from fastai.data.core import DataLoaders
from fastai.data.load import DataLoader
from fastai.learner import Learner
from fastai.optimizer import Adam
from torch import nn

from postergenre.layers import Standardize, unscale
from postergenre.losses import poster_loss
from postergenre.metrics import MacroAP, TopNAccuracy
from postergenre.text.encoder import as_text
from postergenre.text.reader import Line
from postergenre.training.fusion import reads_only

DROPOUT = 0.2  # before the head
WD = 0.01


class TextModel(nn.Module):
    "An encoder and its head, from tokens to logits."

    def __init__(
        self,
        encoder: nn.Module,  # a SentenceTransformer
        head: nn.Linear,  # on its embeddings
        embeddings: torch.Tensor,  # (posters, features) of training, to standardise by
    ):
        super().__init__()
        mean, std = embeddings.mean(0), embeddings.std(0).clamp_min(1e-6)
        self.encoder, self.norm, self.drop = encoder, Standardize(len(mean)), nn.Dropout(DROPOUT)
        self.norm.mean.copy_(mean)
        self.norm.std.copy_(std)
        self.head = nn.Linear(*head.weight.shape[::-1])
        with torch.no_grad():
            self.head.weight.copy_(head.weight * std)
            self.head.bias.copy_(head.bias + head.weight @ mean)

    def forward(self, tokens: dict) -> torch.Tensor:
        "What the encoder's tokenizer gives -> (batch, genres)."
        return self.head(self.drop(self.norm(self.encoder(tokens)["sentence_embedding"])))


def text_loader(
    texts: Sequence[str],
    targets: np.ndarray,  # (texts, genres)
    encoder: nn.Module,  # whose tokenizer is used
    **kwargs,  # of fastai's DataLoader: bs, shuffle, drop_last
) -> DataLoader:  # of (tokens, targets); the texts of a batch are as long as its longest
    "Texts in batches."
    items = list(zip(texts, torch.as_tensor(targets, dtype=torch.float32), strict=True))
    return DataLoader(items, create_batch=partial(_tokens_and_targets, encoder), **kwargs)


def text_learner(
    learn: Learner,  # a probe of words with a fitted linear head; it shares its encoder, which is trained in place
    train: tuple[
        Sequence[list[Line]], np.ndarray, np.ndarray
    ],  # what is written; targets (posters, genres); embeddings
    valid: tuple[Sequence[list[Line]], np.ndarray],  # what is written; targets
    bs: int = 32,
) -> Learner:  # ValueError: not a probe of words with a linear head
    "A learner for texts; after training it, `adopt` what it learned."
    if not reads_only(learn.model) or not isinstance(learn.model.head, nn.Linear):
        raise ValueError(
            "Only the encoder of a probe of words with a linear head can be trained; leave hidden, kernel 0"
        )
    encoder = learn.model.features.bodies[0].encoder
    lines, targets, embeddings = train
    model = TextModel(encoder.requires_grad_(True), learn.model.head, torch.as_tensor(embeddings))
    sides = [
        text_loader([as_text(poster) for poster in posters], y, encoder, bs=bs, shuffle=is_train, drop_last=is_train)
        for is_train, posters, y in ((True, lines, targets), (False, *valid))
    ]
    dls = DataLoaders(*sides, device=learn.dls.device)
    metrics = [TopNAccuracy(), MacroAP()]
    texts = Learner(
        dls, model, loss_func=poster_loss("bce"), opt_func=Adam, wd=WD, metrics=metrics, splitter=split_encoder_head
    )
    texts.arch = learn.arch
    return texts


def split_encoder_head(
    model: TextModel,
) -> list[list[nn.Parameter]]:
    "fastai splitter, for a learning rate each."
    return [list(model.encoder.parameters()), list(model.head.parameters())]


def adopt(
    learn: Learner,  # the probe of words that `texts` was made of; caches made before no longer fit it
    texts: Learner,  # from text_learner, trained
) -> None:
    "Give the probe the head that was trained with its encoder; both are frozen again."
    model = texts.model.cpu().eval()
    model.encoder.requires_grad_(False)
    learn.model.features.bodies[0].encoder = model.encoder
    learn.model.head = unscale(model.head, model.norm.mean, model.norm.std)
    learn.model.to(learn.dls.device).eval()
    learn.create_opt()


def _tokens_and_targets(encoder: nn.Module, items: list) -> tuple[dict, torch.Tensor]:
    texts, targets = zip(*items, strict=True)
    return dict(encoder.preprocess(list(texts))), torch.stack(targets)
