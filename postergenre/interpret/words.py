"""Which words speak for a genre, whatever poster they stand on."""

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch

from postergenre.portable.reader import Line
from postergenre.training.fusion import ProbeLearner

WORD = re.compile(r"[^\W\d_]{3,}")  # three letters or more


def telling_words(
    learn: ProbeLearner,  # of words alone
    lines: Sequence[Sequence[Line]],  # of each poster, e.g. of training
    n: int = 8,  # words a genre
    min_posters: int = 10,  # words on fewer posters are left out
) -> pd.Series:  # genre -> its words, the one that says most first; empty: no word is on so many posters
    "The words that, alone on a poster, would make each genre most probable compared with a poster without words."
    posters = [set(WORD.findall(" ".join(line.text for line in poster).lower())) for poster in lines]
    counts = pd.Series([word for words in posters for word in words], dtype="str").value_counts()
    words = counts.index[counts >= min_posters].tolist()
    with torch.inference_mode():
        alone = learn.modalities[0].encode([[], *([Line(word, 1.0, (0, 0, 1, 1))] for word in words)])
    none, *odds = learn.log_odds(learn.logits_of(alone))
    vocab = list(learn.dls.vocab)
    best = np.argsort(none - odds, axis=0, kind="stable")[:n].T if words else [[]] * len(vocab)
    found = [", ".join(words[i] for i in row) for row in best]
    return pd.Series(found, pd.Index(vocab, name="genre"), name="words")
