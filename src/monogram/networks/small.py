"""Small networks for inputs that are not images: vectors and time series."""

from math import prod

import torch
from torch import Tensor, nn


class MLP(nn.Module):
    """One hidden layer on flattened inputs.

    Args:
        input_shape: of one sample; flattened.
        classes: number of logits.
        hidden: units of the hidden layer.
    """

    def __init__(self, input_shape: tuple[int, ...], classes: int, hidden: int = 128) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Flatten(), nn.Linear(prod(input_shape), hidden), nn.ReLU(inplace=True)
        )
        self.classifier = nn.Linear(hidden, classes)

    def forward(self, inputs: Tensor) -> Tensor:
        """Inputs [batch, *shape] to logits [batch, classes]."""
        logits: Tensor = self.classifier(self.features(inputs))
        return logits


class Conv1dNetwork(nn.Module):
    """Three normalised convolutions over time and an average over what is left of it.

    Computed as pictures one pixel high, since PyTorch's two-dimensional convolutions know the
    channels-last layout, in which a training step of this network takes about half the time.

    Args:
        channels: of the series.
        classes: number of logits.
        width: channels of the first convolution; the later ones have twice as many.
    """

    def __init__(self, channels: int, classes: int, width: int = 16) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Unflatten(2, (1, -1)),
            *_convolution(channels, width),
            nn.MaxPool2d((1, 2)),
            *_convolution(width, 2 * width),
            nn.MaxPool2d((1, 2)),
            *_convolution(2 * width, 2 * width),
            _Average(),
            nn.Flatten(),
            nn.Dropout(0.2),
        )
        self.classifier = nn.Linear(2 * width, classes)

    def forward(self, inputs: Tensor) -> Tensor:
        """Series [batch, channels, time] to logits [batch, classes]."""
        logits: Tensor = self.classifier(self.features(inputs))
        return logits


class _Average(nn.Module):
    """The average over time, as a sum of shares.

    Its gradient lies in memory as the inputs do. That of `mean` or `AdaptiveAvgPool2d` does not,
    and the ReLU below it takes ten times as long for it; that of `avg_pool2d` is counted together
    in the other layout and copied: 2 to 3 % of a training step.
    """

    def forward(self, inputs: Tensor) -> Tensor:
        """[batch, channels, 1, time] to [batch, channels, 1, 1]."""
        share = torch.full_like(inputs, 1 / inputs.shape[-1])
        return (inputs * share).sum(-1, keepdim=True)


def _convolution(inputs: int, outputs: int) -> tuple[nn.Module, ...]:
    """A convolution over five points that keeps the length, normalised, with a ReLU."""
    convolution = nn.Conv2d(inputs, outputs, (1, 5), padding=(0, 2), bias=False)
    nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
    return convolution, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
