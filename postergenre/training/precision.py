"""Numbers of 16 bits (bfloat16) in a network, where a processor computes faster with them; weights and loss keep 32."""

import time
from contextlib import nullcontext
from functools import cache

import torch
from fastai.callback.fp16 import MixedPrecision
from fastai.learner import Callback
from torch import nn

PRECISIONS = ("auto", "fp32", "bf16")
LEAST = 1.2  # times as fast: less is not worth other numbers


class TrainingPrecision(Callback):
    """Trains and validates a network in bfloat16, as fastai's MixedPrecision, which asks for CUDA, does on GPUs.

    Weights, their gradients and the loss stay in fp32 (Kalamkar et al. 2019, https://arxiv.org/abs/1905.12322: no
    scaling of the loss is needed).
    """

    order = MixedPrecision.order
    resumes = ("precision",)  # of Checkpoint: another measurement might choose another

    def __init__(
        self,
        precision: str = "auto",  # "fp32", "bf16", or "auto": bf16 where it was measured to be faster, else fp32
    ):  # ValueError: none of them
        self.precision = check_precision(precision)

    def before_batch(self):
        "The next forward pass, and it alone, is in bfloat16, even if it fails."
        if resolve_precision(self.precision, self.dls.device) == "fp32":
            return
        context, hooks = torch.autocast(self.dls.device.type, torch.bfloat16), []

        def enter(model, args):
            context.__enter__()

        def leave(model, args, out):
            context.__exit__(None, None, None)
            for hook in hooks:
                hook.remove()
            return out if out is None else out.float()  # None: it failed

        hooks += [
            self.model.register_forward_pre_hook(enter),
            self.model.register_forward_hook(leave, always_call=True),
        ]


def check_precision(precision: str) -> str:  # ValueError: unknown
    "A precision, which must be one of PRECISIONS."
    if precision not in PRECISIONS:
        raise ValueError(f"precision={precision!r} is none of {', '.join(PRECISIONS)}; auto chooses what is faster")
    return precision


def resolve_precision(precision: str, device: torch.device) -> str:  # "fp32" or "bf16"
    "What a precision means on a device."
    if check_precision(precision) != "auto":
        return precision
    return "bf16" if has_fast_bf16(device.type) else "fp32"


def computing_in(precision: str, device: torch.device):
    "A context in which networks compute in a precision; what they give is of that too."
    if resolve_precision(precision, device) == "fp32":
        return nullcontext()
    return torch.autocast(device.type, torch.bfloat16)


@cache
def has_fast_bf16(device: str = "cpu") -> bool:  # device: "cpu", "cuda", "mps"
    """Whether a processor has instructions for bfloat16 and is faster with them: not every one is that has them.

    CPUs that know avx512_bf16 or amx_bf16 compute a convolution both ways, a tenth of a second, once a process.
    """
    if device != "cpu":
        return device == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    known = torch.cpu.get_capabilities()
    if not (known.get("avx512_bf16") or known.get("amx_bf16")):
        return False
    return _seconds(torch.float32) >= LEAST * _seconds(torch.bfloat16)


def _seconds(kind: torch.dtype) -> float:
    "The best of five: another process may take the processor meanwhile."
    with torch.random.fork_rng(devices=[]), torch.inference_mode():
        layer = nn.Conv2d(128, 128, 3, padding=1).to(memory_format=torch.channels_last, dtype=kind)
        x, took = torch.zeros(4, 128, 28, 28, dtype=kind).contiguous(memory_format=torch.channels_last), []
        for _ in range(6):
            begun = time.perf_counter()
            layer(x)
            took.append(time.perf_counter() - begun)
    return min(took[1:])
