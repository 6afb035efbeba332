"""The encoder of words in files that run no code, and as a graph."""

import hashlib
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn

from postergenre.layers import weights_digest
from postergenre.modality import Packed
from postergenre.portable.bodies import MINILM
from postergenre.portable.folder import CONFIG, check_package
from postergenre.portable.graphs import Graph
from postergenre.portable.looks import NARROWED
from postergenre.portable.tensors import check_fit, fill, part_of, with_prefix
from postergenre.text.encoder import sentence_encoder
from postergenre.vision.weights import WeightsUnavailableError

NAMES = ("model_type", "hidden_act", "position_embedding_type", "dtype")  # entries that may be texts
POOLINGS = ("mean", "cls", "max")
SPECIAL = ("unk_token", "sep_token", "pad_token", "cls_token", "mask_token", "bos_token", "eos_token")


def pack_encoder(encoder: nn.Module, bodies: bool = False) -> Packed:  # ValueError: it is of an unusual make
    "What `unpack_encoder` makes it of again: of its package's encoder the digest, of another all of it."
    if not bodies:
        try:
            if (digest := _digest(encoder)) == _digest(sentence_encoder()):
                return {"body": {"package": MINILM, "sha256": digest}}, {}
        except (ImportError, WeightsUnavailableError):
            pass  # without the package the encoder is another's, and copied
    kinds = [type(module).__name__ for module in encoder]
    if kinds[:2] != ["Transformer", "Pooling"] or kinds[2:] not in ([], ["Normalize"]):
        raise ValueError(
            f"The encoder of words consists of {', '.join(kinds)}; only Transformer, Pooling and Normalize are kept in "
            "a folder that runs no code: write the learner with learn.export"
        )
    made = encoder[0].auto_model.config.to_dict()
    config = {
        "body": None,
        "transformer": {key: value for key, value in made.items() if _is_plain(key, value)},
        "length": encoder.max_seq_length,
        "pooling": encoder[1].pooling_mode,
        "normalize": "Normalize" in kinds,
        "special": {k: v for k, v in encoder.tokenizer.special_tokens_map.items() if k in SPECIAL},
    }
    text = torch.frombuffer(bytearray(tokenizer_json(encoder)), dtype=torch.uint8)
    return config, {"tokenizer": text} | with_prefix(encoder.state_dict(), "encoder")


def unpack_encoder(config: Mapping, tensors: dict[str, torch.Tensor]) -> nn.Module:  # ValueError: what does not fit
    """The encoder that `pack_encoder` packed.

    SentenceTransformer would import the classes that a folder names, so it never sees the files of a stranger: it gets
    a folder that is written here, of numbers and names that were checked.
    """
    if config.get("body") is not None:
        encoder = sentence_encoder()
        check_package(config["body"], _digest(encoder))
        return encoder
    from transformers import CONFIG_MAPPING, AutoModel  # comes with sentence_transformers

    make, pooling, length = config.get("transformer"), config.get("pooling"), config.get("length")
    special = config.get("special")
    if not isinstance(make, dict) or not all(_is_plain(key, value) for key, value in make.items()):
        raise ValueError(f"{CONFIG} does not describe the encoder of words by sensible numbers and names")
    if make.get("model_type") not in CONFIG_MAPPING or pooling not in POOLINGS or type(length) is not int:
        raise ValueError(f"{CONFIG} names an encoder of words that transformers does not know, or no length or pooling")
    if not isinstance(special, dict) or not all(k in SPECIAL and isinstance(v, str) for k, v in special.items()):
        raise ValueError(f"{CONFIG} does not name the special tokens of the encoder of words")
    of_model = CONFIG_MAPPING[make["model_type"]](**{k: v for k, v in make.items() if k != "model_type"})
    own = {k.removeprefix("0.model."): v for k, v in part_of(tensors, "encoder").items()}
    with torch.device("meta"):
        check_fit(AutoModel.from_config(of_model).state_dict(), own, "the encoder of words")
    with tempfile.TemporaryDirectory() as folder:
        _write(Path(folder), of_model, own, tensors, config)
        encoder = sentence_encoder(folder)
    return fill(encoder, part_of(tensors, "encoder"), "the encoder of words")


def encoder_graph(encoder: nn.Module, narrowed: bool) -> Graph:  # narrowed: as WordReader has it
    "Tokens of texts to features."
    tokens = {name: torch.ones(2, 8, dtype=torch.int64) for name in ("input_ids", "attention_mask")}
    reads = {"reads": "words", "tokenizer": "tokenizer.json", "length": encoder.max_seq_length, NARROWED: narrowed}
    reads["pad"] = encoder.tokenizer.pad_token_id
    files = {"tokenizer.json": tokenizer_json(encoder)}
    return Graph(_Sentences(encoder), tokens, reads, longer=tuple(tokens), files=files)


def tokenizer_json(encoder: nn.Module) -> bytes:
    "The tokenizer of an encoder, without how the last texts were cut and filled up."
    found = json.loads(encoder.tokenizer.backend_tokenizer.to_str())
    return json.dumps(found | {"truncation": None, "padding": None}, ensure_ascii=False).encode()


def _is_plain(key: str, value) -> bool:
    "Whether an entry says how large a network is: some others name code that transformers would load."
    if key in NAMES:
        return isinstance(value, str)
    most = 256 if "layers" in key else 2**21
    return type(value) in (int, float, bool) and abs(value) <= most and not key.startswith("_")


class _Sentences(nn.Module):
    def __init__(self, encoder: nn.Module):
        super().__init__()
        self.encoder = encoder

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        tokens = {"input_ids": input_ids, "attention_mask": attention_mask}
        return self.encoder(tokens)["sentence_embedding"]


def _digest(encoder: nn.Module) -> str:
    return hashlib.sha256(weights_digest(encoder, 64).encode() + tokenizer_json(encoder)).hexdigest()


def _write(folder: Path, of_model, own: dict, tensors: dict, config: Mapping) -> None:
    from safetensors.torch import save_file

    kinds = ["Transformer", "Pooling", *(["Normalize"] if config.get("normalize") else [])]
    paths = ["", "1_Pooling", "2_Normalize"]
    modules = [
        {"idx": i, "name": str(i), "path": paths[i], "type": f"sentence_transformers.models.{kind}"}
        for i, kind in enumerate(kinds)
    ]
    texts = {
        "modules.json": modules,
        "config.json": of_model.to_dict(),
        "sentence_bert_config.json": {"max_seq_length": config["length"], "do_lower_case": False},
        "tokenizer_config.json": {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": config["length"]}
        | config["special"],
        "1_Pooling/config.json": {
            "word_embedding_dimension": of_model.hidden_size,
            **{f"pooling_mode_{name}_tokens": name == config["pooling"] for name in ("mean", "max")},
            "pooling_mode_cls_token": config["pooling"] == "cls",
        },
    }
    for name, content in texts.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(json.dumps(content))
    if "tokenizer" not in tensors:
        raise ValueError("model.safetensors lacks the tokenizer of the encoder of words; save the model again")
    (folder / "tokenizer.json").write_bytes(tensors["tokenizer"].numpy().tobytes())
    save_file({name: t.contiguous() for name, t in own.items()}, folder / "model.safetensors", {"format": "pt"})
