"""Training the encoder of words together with its head, on what was read: posters are not opened again."""

import copy
from functools import partial

import numpy as np
import pandas as pd
import torch
from fastai.data.core import DataLoaders
from fastai.data.load import DataLoader
from torch import nn

from postergenre.data.counts import check_counts
from postergenre.data.genres import multi_hot
from postergenre.layers import Standardize
from postergenre.portable.reader import as_text
from postergenre.training.fusion import ProbeLearner
from postergenre.training.learner import PosterLearner
from postergenre.training.networks import learner_options

DROPOUT = 0.2  # before the head
WD = 0.01


class TextModel(nn.Module):
    "An encoder and its head, from tokens to logits."

    def __init__(self, encoder: nn.Module, head: nn.Linear, embeddings: torch.Tensor):  # of training, to standardise by
        super().__init__()
        self.encoder, self.norm, self.drop = encoder, Standardize.fit(embeddings), nn.Dropout(DROPOUT)
        self.head = nn.Linear(*head.weight.shape[::-1])
        self.head.load_state_dict(self.norm.before(copy.deepcopy(head)).state_dict())

    def forward(self, tokens: dict) -> torch.Tensor:
        "What the encoder's tokenizer gives -> (batch, genres)."
        return self.head(self.drop(self.norm(self.encoder(tokens)["sentence_embedding"])))


def text_learner(
    learn: ProbeLearner,  # of words, with a fitted linear head; it shares its encoder, which is trained in place
    movies: pd.DataFrame,  # with the columns poster, genres, split (train and valid are used)
    bs: int = 32,
) -> PosterLearner:  # ValueError: not a probe of words with a linear head
    "A learner for texts; after training it, `adopt` what it learned."
    check_counts(bs=bs)
    words, head = learn.modalities[0], learn.model.head
    try:
        encoder, _ = words.encoder.requires_grad_(True), head.weight
    except AttributeError as e:
        raise ValueError(
            "Only the encoder of a probe of words with a linear head can be trained; leave kernel at 0"
        ) from e
    sides, loaders = [movies[movies["split"] == side] for side in ("train", "valid")], []
    for is_train, side in zip((True, False), sides, strict=True):
        y = torch.from_numpy(multi_hot(side["genres"], learn.dls.vocab))
        items = list(zip(map(as_text, words.all_lines(side)), y, strict=True))
        batches = {"bs": bs, "shuffle": is_train, "drop_last": is_train}
        loaders.append(DataLoader(items, create_batch=partial(_tokens_and_targets, encoder), **batches))
    embeddings = torch.from_numpy(np.concatenate(words.features(sides[0])[0]))
    dls = DataLoaders(*loaders, device=learn.dls.device)
    options = learner_options({"wd": WD, "splitter": split_encoder_head})
    return PosterLearner(dls, TextModel(encoder, head, embeddings), learn.arch, **options)


def split_encoder_head(model: TextModel) -> list[list[nn.Parameter]]:
    "fastai splitter, for a learning rate each."
    return [list(model.encoder.parameters()), list(model.head.parameters())]


def adopt(learn: ProbeLearner, texts: PosterLearner) -> None:
    "Give a probe of words the head that its text learner trained with the encoder; both are frozen again."
    model = texts.model.cpu().eval()
    learn.modalities[0].encoder = model.encoder.requires_grad_(False)
    learn.model.head = model.norm.within(model.head)
    learn.model.to(learn.dls.device).eval()
    learn.create_opt()


def _tokens_and_targets(encoder: nn.Module, items: list) -> tuple[dict, torch.Tensor]:
    texts, targets = zip(*items, strict=True)
    return dict(encoder.preprocess(list(texts))), torch.stack(targets)
