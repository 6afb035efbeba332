"""Several processes that train one network, on GPUs or not: `python -m torch.distributed.run` starts them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import torch
from fastai.torch_core import distrib_barrier, num_distrib, rank_distrib

PATIENCE = timedelta(days=2)  # for a process that still computes what the others wait for


class Distributed:
    "What learners do to be trained by several processes at once."

    @contextmanager
    def distrib_ctx(
        self,
        sync_bn: bool | None = None,  # batch norms see the batches of all processes; None: on GPUs, which alone can
        **kwargs,  # of accelerate's Accelerator
    ) -> Iterator["Distributed"]:  # ImportError: accelerate is missing; ValueError: bs is no multiple of the processes
        """As fastai's: what is fitted within it is fitted by all processes that were started, on CPUs too.

        `bs` is what all take at a step, so that the result does not depend on how many they are: each computes its part
        of every batch. Metrics and losses are those of all rows, of which none counts twice. In a process alone it does
        nothing.
        """
        if num_distrib() < 2:
            yield self
            return
        try:
            from postergenre.training.joint import JointLoss, JointTrainer
        except (ImportError, NameError) as e:  # fastai.distributed stumbles over a name where there is no accelerate
            raise ImportError(
                "Training with several processes needs accelerate: pip install 'postergenre[distributed]'"
            ) from e
        on_gpu = torch.cuda.is_available()
        join()
        of_recorder = vars(self.recorder)  # else fastai warns that its own name is taken
        loss, of_recorder["loss"] = of_recorder["loss"], JointLoss()
        self.add_cb(JointTrainer(on_gpu if sync_bn is None else sync_bn, cpu=not on_gpu, **kwargs))
        try:
            yield self
        finally:
            self.remove_cb(JointTrainer)
            of_recorder["loss"] = loss


def join() -> None:
    "Meet the other processes, if there are any; each has a GPU of its own where there are some."
    if num_distrib() < 2 or torch.distributed.is_initialized():
        return
    on_gpu = torch.cuda.is_available()
    if on_gpu:
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", 0)))
    torch.distributed.init_process_group("nccl" if on_gpu else "gloo", timeout=PATIENCE)


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
