"""Results of made-up models, for the tests of what is done with results."""

import numpy as np

from postergenre.evaluation.evaluate import Evaluation

VOCAB = ["Action", "Comedy", "Drama", "Sci-Fi", "War"]
FREQ = np.array([0.2, 0.4, 0.5, 0.05, 0.02])


def make(n=200, seed=0, skill=1.0, name="model", **kwargs):
    targets = np.random.default_rng(7).random((n, 5)) < FREQ
    targets[:, 4] = False  # War is absent
    z = np.random.default_rng(seed).normal(size=(n, 5)) + skill * targets + np.log(FREQ / (1 - FREQ))
    kwargs = {"train_freq": FREQ, "ids": [f"tt{i:04}" for i in range(n)]} | kwargs
    return Evaluation(1 / (1 + np.exp(-z)), targets, VOCAB, name=name, **kwargs)
