"""fastai's callback and loader for several processes, so that they learn what one would, with or without GPUs.

Imported where several processes train: it needs accelerate, and fastai.distributed adds methods to fastai's Learner.
"""

from itertools import cycle, islice

from fastai.data.core import TfmdDL
from fastai.distributed import DistributedDL, DistributedTrainer
from fastai.learner import AvgLoss, Learner
from fastai.torch_core import apply

from postergenre.training.processes import first_says, part_of_batch


class JointDL(DistributedDL):
    """A loader of which each process takes its part of every batch, in the order in which one process has them.

    fastai's takes another `bs` rows for each, from another place, and asks for CUDA to send the order round.
    """

    def __init__(
        self,
        dl: TfmdDL,  # its bs is that of all processes together
        **kwargs,  # of DistributedDL
    ):  # ValueError: bs cannot be divided
        part = dl.new(bs=part_of_batch(dl.bs))
        part.rng, self.whole = dl.rng, dl
        super().__init__(part, device=dl.device, **kwargs)

    def __len__(self) -> int:
        return len(self.whole)

    @property
    def rng(self):
        return self.dl.rng

    def randomize(self):
        self.dl.randomize()
        self.whole.rng = self.dl.rng  # the next fit goes on with it

    def get_idxs(self) -> list[int]:
        "The rows of this process; of the last batch, which may not be full, some are there twice."
        idxs, joint = first_says(list(self.dl.get_idxs())), self.whole.bs
        full = len(idxs) - len(idxs) % joint
        self.n = full if self.drop_last else len(idxs)
        rest = idxs[full : self.n]
        share = -(-len(rest) // self.world_size)
        rest = list(islice(cycle(rest), share * self.world_size))
        own = [i for k in range(self.rank * self.bs, full, joint) for i in idxs[k : k + self.bs]]
        return own + rest[self.rank * share : (self.rank + 1) * share]

    def before_iter(self):
        super().before_iter()
        self.batches = 0

    def after_batch(self, b):
        self.batches += 1
        return self.dl.after_batch(b)

    def to_detach(self, b, cpu: bool = True, gather: bool = True):
        "Of all processes, in order, each row once."
        b = self._to_detach(b, cpu, gather)
        left = self.n - (self.batches - 1) * self.whole.bs
        return apply(lambda x: x[:left] if x.ndim else x, b) if gather else b


class JointTrainer(DistributedTrainer):
    "Shares out batches by JointDL; what is kept of the network is the same as in a process alone."

    def before_fit(self):
        super().before_fit()
        model = self.learn.model
        model.state_dict, model.load_state_dict = model.module.state_dict, model.module.load_state_dict

    def _wrap_dl(self, dl: TfmdDL) -> JointDL:
        return dl if isinstance(dl, JointDL) else JointDL(dl)


class JointLoss(AvgLoss):
    "The mean loss of all rows: fastai's is that of processes, whose last batches hold rows twice."

    def accumulate(self, learn: Learner):
        pred, y = learn.to_detach((learn.pred, learn.y), cpu=False)
        self.total += learn.loss_func(pred, y).detach().cpu() * len(y)
        self.count += len(y)
