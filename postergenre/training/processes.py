"""Several processes that do one thing together: how they meet, who goes first, when the others leave."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import torch
from fastai.torch_core import distrib_barrier, num_distrib, rank_distrib

PATIENCE = timedelta(days=2)  # for a process that still computes what the others wait for


def join() -> None:
    "Meet the other processes, if there are any; each has a GPU of its own where there are some."
    if num_distrib() < 2 or torch.distributed.is_initialized():
        return
    on_gpu = torch.cuda.is_available()
    if on_gpu:
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", 0)))
    torch.distributed.init_process_group("nccl" if on_gpu else "gloo", timeout=PATIENCE)


def part_of_batch(bs: int) -> int:  # ValueError: it cannot be divided
    "How many rows of a batch are this process's."
    n = num_distrib()
    if bs % n:
        fitting = bs + -bs % n
        raise ValueError(f"bs={bs} cannot be divided among {n} processes; pass a multiple, e.g. --bs {fitting}")
    return bs // n


def first_says(value):
    "A value as the first process has it, where they might differ."
    if num_distrib() < 2 or not torch.distributed.is_initialized():
        return value
    said = [value]
    torch.distributed.broadcast_object_list(said)
    return said[0]


@contextmanager
def first_then_others() -> Iterator[None]:
    "The first process does it, then the others, which may find what it has kept."
    if rank_distrib():
        distrib_barrier()
    yield
    if not rank_distrib():
        distrib_barrier()


def leave_to_first() -> None:  # SystemExit: in the other processes
    "What follows is no work for several: the others end, the first goes on alone."
    if num_distrib() < 2:
        return
    torch.distributed.destroy_process_group()
    if rank_distrib():
        raise SystemExit(0)
    del os.environ["WORLD_SIZE"]  # by which fastai goes
