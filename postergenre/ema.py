"""A moving average of the weights while training, judged and kept in place of the last step's."""

from fastai.callback.tracker import SaveModelCallback
from fastai.learner import Callback
from timm.utils import ModelEmaV3


class WeightEMA(Callback):
    """Validates and keeps an exponential moving average of the weights (timm's ModelEmaV3).

    Training goes on with the weights themselves: the average takes their place from each validation to the next
    epoch, so that SaveModelCallback saves it, and after the last epoch it stays. Pass it to one fit (`cbs=`): the
    average starts anew in each.
    """

    order = SaveModelCallback.order - 1

    def __init__(
        self,
        decay: float = 0.998,  # how much of the average stays at each step: about 1 / (1 - decay) steps are averaged
        warmup: bool = True,  # a lower decay in the first steps, so that the start does not linger
    ):
        if not 0 <= decay < 1:
            raise ValueError(f"decay={decay} should be at least 0 and less than 1, for example 0.998")
        self.decay, self.warmup = decay, warmup

    def before_fit(self):
        self.average, self.own, self.steps = None, None, 0
        if not hasattr(self.learn, "lr_finder"):
            # warmup: min(decay, 1 - (1 + step / 10) ** -0.75)
            self.average = ModelEmaV3(
                self.model, self.decay, use_warmup=self.warmup, warmup_gamma=10.0, warmup_power=0.75
            )

    def before_train(self):
        if self.own is not None:
            self.model.load_state_dict(self.own)
            self.own = None

    def after_batch(self):
        if self.training and self.average is not None:
            self.steps += 1
            self.average.update(self.model, self.steps)

    def before_validate(self):
        if self.average is not None and self.just_trained:
            self.own = {name: tensor.clone() for name, tensor in self.model.state_dict().items()}
            self.model.load_state_dict(self.average.module.state_dict())

    def after_fit(self):
        self.average = self.own = None

    @property
    def just_trained(self) -> bool:
        "False in get_preds, which validates without training."
        return self.steps > 0 and self.own is None
