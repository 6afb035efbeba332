"""The study's own small network: six convolutions of kernel 2, each pooled."""

import torch
from torch import nn

CHANNELS = (128, 64, 64, 64, 32, 16)
DROPOUT = (0.3, 0.3, 0.3, 0.3, 0.2, 0.2)
SMALLEST = 2 ** len(CHANNELS)


class CustomCNN(nn.Module):
    """Six times convolution (kernel 2), max pooling, dropout and ReLU, then a linear layer to the genres.

    The convolutions keep the size, so a side halves six times (rounded down): 64 pixels is the least. Layers and widths
    are the study's; weights start from He et al. 2015 (the study's start and learning rate left it below random order).
    """

    def __init__(
        self,
        n_out: int,  # genres
        size: tuple[int, int] = (150, 150),  # (height, width) of the input in pixels
        drop_rate: float | None = None,  # after each convolution; None: the study's, with which it does not learn
    ):
        "ValueError: fewer than 64 pixels, or a rate that is none."
        super().__init__()
        if min(size) < SMALLEST:
            raise ValueError(
                f"CustomCNN pools six times: {size[0]}x{size[1]} is too small, use at least {SMALLEST} pixels"
            )
        layers, before = [], 3
        for channels, p in zip(CHANNELS, DROPOUT if drop_rate is None else [drop_rate] * len(CHANNELS), strict=True):
            # One pixel on the right and below keeps the size under an even kernel.
            conv = nn.Conv2d(before, channels, kernel_size=2)
            layers += [nn.ZeroPad2d((0, 1, 0, 1)), conv, nn.MaxPool2d(2), nn.Dropout(p), nn.ReLU()]
            nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
            nn.init.zeros_(conv.bias)
            before = channels
        self.features = nn.Sequential(*layers)
        left = [s // SMALLEST for s in size]
        self.size = tuple(size)
        self.classifier = nn.Linear(before * left[0] * left[1], n_out)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        "(batch, 3, height, width) -> (batch, genres) logits."
        x = self.features(x).flatten(1)
        if x.shape[1] != CHANNELS[-1] * (self.size[0] // SMALLEST) * (self.size[1] // SMALLEST):
            raise ValueError(
                f"This CustomCNN was built for pictures of {self.size[0]}x{self.size[1]} pixels; resize to that"
            )
        return self.classifier(x)
