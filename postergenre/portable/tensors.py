"""Tensors of a model folder: written and read as safetensors, checked by name and shape before they are used."""

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn

from postergenre.data.files import write_text, write_whole
from postergenre.portable.folder import CONFIG, TENSORS, about_file, check_file, check_header, sealed


def write_folder(
    folder: Path,
    config: dict,  # gets the entries files, and its own digest
    tensors: Mapping[str, torch.Tensor],  # may be none: then there is no file of them
    graphs: Mapping[str, bytes] | None = None,  # file -> what stands in it
) -> dict:  # what config.json says
    "Write the files of a model, each whole or not at all, config.json last: it says how long each of them is."
    from safetensors.torch import save

    if folder.is_file():
        raise FileExistsError(f"{folder} is a file; name a folder for the model")
    folder.mkdir(parents=True, exist_ok=True)
    if tensors:
        # copies: a file cannot hold tensors that share their memory
        plain = {name: t.detach().cpu().clone(memory_format=torch.contiguous_format) for name, t in tensors.items()}
        with write_whole(folder / TENSORS) as whole:
            whole.write_bytes(save(plain, metadata={"format": "pt"}))
    for name, content in (graphs or {}).items():
        with write_whole(folder / name) as whole:
            whole.write_bytes(content)
    files = [*([TENSORS] if tensors else []), *(graphs or {})]
    config = sealed(config | {"files": {name: about_file(folder / name) for name in files}})
    write_text(folder / CONFIG, json.dumps(config, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    return config


def read_tensors(folder: Path, config: dict) -> dict[str, torch.Tensor]:  # ValueError: it is no whole file of tensors
    "The tensors of a folder."
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if TENSORS not in config["files"]:
        return {}
    file = check_file(folder, TENSORS, config)
    check_header(file)
    try:
        return load_file(file)
    except (SafetensorError, OSError) as e:
        raise ValueError(f"{file} is no whole safetensors file ({e}); save the model again") from e


def part_of(tensors: Mapping[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    "Those tensors whose names begin with prefix and a dot, without it."
    return {name.removeprefix(f"{prefix}."): t for name, t in tensors.items() if name.startswith(f"{prefix}.")}


def with_prefix(tensors: Mapping[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    "The same under longer names, as `part_of` takes them apart."
    return {f"{prefix}.{name}": t for name, t in tensors.items()}


def check_fit(own: Mapping[str, torch.Tensor], tensors: Mapping[str, torch.Tensor], what: str) -> None:  # ValueError
    "Make sure that tensors have the names, shapes and number formats of a network's own."
    if missing := sorted(set(own) ^ set(tensors)):
        where = "missing" if missing[0] in own else "too many"
        raise ValueError(
            f"{TENSORS} does not fit {what}: {len(missing)} tensors are missing or too many, first {missing[0]} "
            f"({where}); copy or save the model again"
        )
    for name, tensor in own.items():
        given = tensors[name]
        if given.shape != tensor.shape or given.dtype != tensor.dtype:
            raise ValueError(
                f"{TENSORS} does not fit {what}: {name} is {_shape(given)} and should be {_shape(tensor)}; the genres "
                "or the network differ from what the file was saved with"
            )


def fill(module: nn.Module, tensors: Mapping[str, torch.Tensor], what: str) -> nn.Module:  # ValueError
    "Put tensors into a network, once it is sure that they fit."
    check_fit(module.state_dict(), tensors, what)
    module.load_state_dict(tensors)
    return module


def _shape(tensor: torch.Tensor) -> str:
    return f"{'x'.join(map(str, tensor.shape)) or 'one number'} of {str(tensor.dtype).removeprefix('torch.')}"
