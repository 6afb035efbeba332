"""Which words on a poster speak for a genre: each line is left out in turn, and what is then less probable counts."""

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from fastai.learner import Learner
from scipy.special import expit, logit

from postergenre.text.reader import Line

WORD = re.compile(r"[^\W\d_]{3,}")  # three letters or more


def line_effects(
    learn: Learner,  # a probe of words
    lines: Sequence[Line],  # of one poster
) -> tuple[np.ndarray, np.ndarray]:  # (lines, genres) of log-odds; (genres,) probabilities with all lines
    "How much each line adds to the log-odds of each genre: those with all lines less those without it."
    odds = log_odds(learn, [list(lines), *([*lines[:i], *lines[i + 1 :]] for i in range(len(lines)))])
    return odds[0] - odds[1:], expit(odds[0])


def log_odds(
    learn: Learner,  # a probe of words
    posters: Sequence[list[Line]],  # what is written on each
) -> np.ndarray:  # (posters, genres)
    "What a learner makes of words, wherever they come from."
    model = learn.model.to(learn.dls.device).eval()
    with torch.inference_mode():
        encoded = torch.cat([body.encode(posters) for body in model.features.bodies], dim=1)
        return logit(learn.loss_func.activation(model.head(encoded)).double().cpu().numpy().clip(1e-6, 1 - 1e-6))


def word_heats(
    learn: Learner,  # a probe of words
    view: np.ndarray,  # uint8 (height, width, 3): the poster as the learner sees it
    size: tuple[int, int],  # (height, width) of the poster in pixels
    genres: Sequence[str] | None = None,  # of learn.dls.vocab; None: the three most probable
) -> tuple[
    np.ndarray, dict[str, float]
]:  # heat (genres, height, width), greatest value 1 or all 0; genre -> probability
    "The boxes of lines, as hot as what they add to a genre."
    vocab, (height, width) = list(learn.dls.vocab), size
    lines = learn.model.features.bodies[0].reader(view)
    effects, probs = line_effects(learn, lines)
    wanted = list(genres or (vocab[i] for i in np.argsort(-probs, kind="stable")[:3]))
    heats = np.zeros((len(wanted), height, width), dtype=np.float32)
    for heat, genre in zip(heats, wanted, strict=True):
        for line, effect in zip(lines, effects[:, vocab.index(genre)], strict=True):
            left, top, right, bottom = line.box
            box = (
                slice(int(top * height), int(np.ceil(bottom * height))),
                slice(int(left * width), int(np.ceil(right * width))),
            )
            heat[box] = np.maximum(heat[box], effect)
        if heat.max() > 0:
            heat /= heat.max()
    return heats, {genre: float(probs[vocab.index(genre)]) for genre in wanted}


def telling_words(
    learn: Learner,  # a probe of words
    lines: Sequence[Sequence[Line]],  # of each poster, e.g. of training
    n: int = 8,  # words a genre
    min_posters: int = 10,  # words on fewer posters are left out
) -> pd.Series:  # genre -> its words, the one that says most first; empty: no word is on so many posters
    "The words that, alone on a poster, would make each genre most probable compared with a poster without words."
    posters = [set(WORD.findall(" ".join(line.text for line in poster).lower())) for poster in lines]
    counts = pd.Series([word for words in posters for word in words], dtype="str").value_counts()
    words = counts.index[counts >= min_posters].tolist()
    none, *alone = log_odds(learn, [[], *([Line(word, 1.0, (0, 0, 1, 1))] for word in words)])
    vocab = list(learn.dls.vocab)
    best = np.argsort(none - alone, axis=0, kind="stable")[:n].T if words else [[]] * len(vocab)
    return pd.Series(
        [", ".join(words[i] for i in row) for row in best], index=pd.Index(vocab, name="genre"), name="words"
    )
