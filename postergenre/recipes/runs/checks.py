"""Options of recipes that can be wrong, looked at before a movie is read or a folder is made."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import cache
from types import MappingProxyType

import numpy as np
import torch
from torch import nn

from postergenre.data.augment import as_size
from postergenre.data.counts import check_counts
from postergenre.data.loaders import CROPS, parse_balance
from postergenre.losses import poster_loss
from postergenre.tabular.fields import check_fields
from postergenre.training.precision import PRECISIONS
from postergenre.vision.attention import check_kind
from postergenre.vision.build import check_arch, create_model
from postergenre.vision.stages import last_frozen
from postergenre.vision.views import parse_views

PROTOCOLS = ("movie", "study")
SCHEDULES = ("one_cycle", "flat")


def parse_size(size: str | int) -> int | tuple[int, int]:
    "'150' -> 150, '224x160' -> (224, 160), that is height x width. ValueError: neither."
    parts = str(size).lower().split("x")
    if len(parts) > 2 or not all(p.strip().isdecimal() and int(p) for p in parts):
        raise ValueError(f"--size {size} should be pixels such as 150, or HEIGHTxWIDTH such as 224x160")
    numbers = tuple(map(int, parts))
    return numbers[0] if len(numbers) == 1 else numbers


def one_of(option: str, known: Iterable[str]) -> Callable[[str], None]:
    "A check that names what is known."

    def check(value: str) -> None:
        if value not in known:
            raise ValueError(f"Unknown --{option} {value}; choose one of: {', '.join(known)}")

    return check


def at_least(option: str, least: float) -> Callable[[float], None]:
    "A check of a number."

    def check(value: float) -> None:
        if value < least:
            raise ValueError(f"--{option} {value} should be {least} or more")

    return check


def more_than_0(option: str) -> Callable[[float], None]:
    "A check of a number."

    def check(value: float) -> None:
        if not 0 < value < np.inf:
            raise ValueError(f"--{option} {value:g} should be more than 0")

    return check


def check_dropout(share: float) -> None:
    "0 or more, below 1."
    if not 0 <= share < 1:
        raise ValueError(f"--dropout {share:g} should be from 0 (none) to less than 1")


def check_loss(name: str) -> None:
    "As poster_loss says."
    poster_loss(name, np.array([0.5]))


def check_limit(limit: int) -> None:
    "1 movie or more."
    if limit < 1:
        raise ValueError(f"--limit {limit} must be 1 or more; leave it out to use all movies")


CHECKS = {
    "protocol": one_of("protocol", PROTOCOLS),
    "schedule": one_of("schedule", SCHEDULES),
    "precision": one_of("precision", PRECISIONS),
    "crop": one_of("crop", CROPS),
    "size": parse_size,
    "balance": parse_balance,
    "loss": check_loss,
    "dropout": check_dropout,
    "attention": check_kind,
    "fields": check_fields,
    "views": parse_views,
    "train_views": parse_views,
    **{option: more_than_0(option) for option in ("lr", "head_lr", "minutes")},
    "limit": check_limit,
    **{option: at_least(option, 0) for option in ("kernel", "frozen", "patience")},
}


def check_options(
    options: Mapping,  # of a recipe, by name; one or several values each
    least_epochs: int = 1,
    modalities: Mapping[str, Callable] = MappingProxyType({}),  # what --arch takes beside networks, by name
) -> None:  # ValueError, OSError
    "Say what is wrong with a recipe's options."
    for option, check in (CHECKS | {"epochs": at_least("epochs", least_epochs)}).items():
        for value in _values(options, option):
            check(value)
    if options.get("protocol") == "study" and parse_balance(options["balance"])[0] is None:
        raise ValueError("--protocol study divides crops, so it needs some: add --balance study:1000")
    check_counts(bs=options.get("bs", 1), workers=options.get("workers", 0))
    for arch in _values(options, "arch"):
        if arch in modalities:
            modalities[arch]()  # says what is missing
        else:
            check_network(arch, options)


def check_network(
    arch: str,  # as create_model
    options: Mapping,  # of a recipe: size, and pretrained, weights, stages, attention, after where it has them
) -> nn.Module:  # with one genre, and without values. ValueError, WeightsUnavailableError
    "Say what is wrong with a network, its weights, and the pictures and the attention that it is to have."
    start_from = options.get("pretrained", False), options.get("weights")
    check_arch(arch, *start_from)
    size = as_size(parse_size(options["size"]))
    for attention in map(check_kind, _values(options, "attention") or [None]):
        after = options.get("after") if attention else None
        network = _network(arch, 1, size, *start_from, attention, after, options.get("stages", False))
    return network


def check_frozen(options: Mapping) -> None:  # as check_network; ValueError: the network has fewer stages
    "Say whether --frozen are too many."
    if options["frozen"]:
        network = check_network(options["arch"], options)
        last_frozen(network, as_size(parse_size(options["size"])), options["frozen"])


@cache  # of a series' runs, most have the same
def _network(*args) -> nn.Module:  # of create_model
    if args[3:5] == (False, None):
        with suppress(Exception), torch.device("meta"):  # at once; a few networks cannot be built there
            return create_model(*args)[0]
    return create_model(*args)[0].to("meta")


def _values(options: Mapping, option: str) -> list:
    value = options.get(option)
    return list(value) if isinstance(value, list | tuple) else [] if value is None else [value]
