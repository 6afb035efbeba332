"""Movies read one after the other: what is read draws nothing from the generators that training draws from."""

import random

import numpy as np
import torch

from postergenre.data.reading import read_each


def test_reading_leaves_the_random_generators_as_they_are():
    "Training after features were computed once differed from training after they were found in the cache."
    before = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()
    assert [row for row, _ in read_each(dict, [{"poster": "a"}, {"poster": "b"}])] == [{"poster": "a"}, {"poster": "b"}]
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1:] == (random.getstate(), np.random.get_state()[1].tolist())
