"""Several processes that train one network, on GPUs or not: `python -m torch.distributed.run` starts them."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from fastai.torch_core import num_distrib

from postergenre.training.processes import join


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
