"""Networks for tests: small ones with dropout and batch normalisation, and ones that misbehave."""

import os
import signal
from time import sleep
from typing import ClassVar

import torch
from torch import Tensor, nn


class Recorded(nn.Module):
    """Keeps what a run does with it, as far as it happens in this process.

    `steps` counts passes in training mode, `judged` holds the weights of each model that was
    looked at in evaluation mode, in order.
    """

    steps: ClassVar[int] = 0
    judged: ClassVar[list[dict[str, Tensor]]] = []

    def __init__(self, layers: nn.Sequential) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, inputs: Tensor) -> Tensor:
        if self.training:
            Recorded.steps += 1
        else:
            weights = {name: value.clone() for name, value in self.state_dict().items()}
            if not Recorded.judged or not same(weights, Recorded.judged[-1]):
                Recorded.judged.append(weights)
        return self.layers(inputs)

    @staticmethod
    def forget() -> None:
        Recorded.steps = 0
        Recorded.judged.clear()


def same(ours: dict[str, Tensor], theirs: dict[str, Tensor]) -> bool:
    """Whether two sets of weights are the same bit for bit."""
    return ours.keys() == theirs.keys() and all(torch.equal(ours[n], theirs[n]) for n in ours)


def recorded(channels: int, classes: int) -> nn.Module:
    return Recorded(_vector_layers(channels, classes))


def grouped(channels: int, classes: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(channels, 8, 3, padding=1),
        nn.GroupNorm(4, 8),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, classes),
    )


def plain(channels: int, classes: int) -> nn.Module:
    return _vector_layers(channels, classes)


def _vector_layers(channels: int, classes: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(channels, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Dropout(0.3), nn.Linear(6, classes)
    )


def deep(channels: int, classes: int) -> nn.Module:
    """Its last block is not all of it, and has batch statistics of its own."""
    return nn.Sequential(nn.Linear(channels, 5), nn.Tanh(), *_vector_layers(5, classes))


def recorded_picture(channels: int, classes: int) -> nn.Module:
    return Recorded(
        nn.Sequential(
            nn.Conv2d(channels, 4, 3, padding=1),
            nn.BatchNorm2d(4),
            nn.ReLU(),
            nn.Dropout(0.3),
            nn.Conv2d(4, 8, 3, padding=1),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(8, classes),
        )
    )


def unnormalised(channels: int, classes: int) -> nn.Module:
    """Its samples have nothing to do with each other: batches can be filled up."""
    return nn.Sequential(
        nn.Linear(channels, 6), nn.LayerNorm(6), nn.Tanh(), nn.Dropout(0.3), nn.Linear(6, classes)
    )


def picture(channels: int, classes: int) -> nn.Module:
    """Dropout on pictures whose channels come last in memory."""
    return nn.Sequential(
        nn.Conv2d(channels, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.Dropout(0.3),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Linear(16, classes),
    )


class Attentive(nn.Module):
    """A transformer, which drops also within its attention."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.2, batch_first=True)
        self.pieces = nn.Linear(channels, 8)
        self.layers = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)
        self.classifier = nn.Linear(8, classes)

    def forward(self, inputs: Tensor) -> Tensor:
        tokens = self.pieces(inputs.transpose(1, 2))
        return self.classifier(self.layers(tokens).mean(1))


class Peeking(nn.Module):
    """Looks at a value while it computes, which `torch.func` cannot do for many at once."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.layers = _vector_layers(channels, classes)

    def forward(self, inputs: Tensor) -> Tensor:
        logits = self.layers(inputs)
        return logits if logits.sum().item() < 1e9 else -logits


class Tied(nn.Module):
    """Two layers with one weight, as language models have it."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(channels, 6), nn.Tanh(), nn.Linear(6, 6), nn.Tanh(), nn.Linear(6, 6)
        )
        self.layers[4].weight = self.layers[2].weight
        self.classifier = nn.Linear(6, classes)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.classifier(self.layers(inputs))


class Centred(nn.Module):
    """While it learns, samples lose the mean of their batch."""

    centres: ClassVar[bool] = True

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(channels, 6), nn.Linear(6, classes)

    def forward(self, inputs: Tensor) -> Tensor:
        values = torch.tanh(self.first(inputs))
        return self.last(values - values.mean(0) if self.centres and self.training else values)


class Scaled(nn.Module):
    """Has a parameter that is a single number."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.layer, self.scale = nn.Linear(channels, classes), nn.Parameter(torch.tensor(2.0))

    def forward(self, inputs: Tensor) -> Tensor:
        return self.layer(inputs) * self.scale


class Sideways(nn.Module):
    """Drops where samples come last, so that what it draws is no sample's own."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(channels, 6), nn.Linear(6, classes)
        self.drop = nn.Dropout(0.3)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.last(self.drop(torch.tanh(self.first(inputs)).t()).t())


class Averaging(nn.Module):
    """Keeps the mean of what it sees by assignment, and uses it where it does not learn."""

    mean: Tensor

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(channels, 6), nn.Linear(6, classes)
        self.register_buffer("mean", torch.zeros(6))

    def forward(self, inputs: Tensor) -> Tensor:
        values = self.first(inputs)
        if not self.training:
            return self.last(torch.tanh(values - self.mean))
        self.mean = 0.9 * self.mean + 0.1 * values.detach().mean(0)
        return self.last(torch.tanh(values))


def instances(channels: int, classes: int) -> nn.Module:
    """Normalises each sample by itself, but keeps statistics of the batch."""
    return nn.Sequential(
        nn.Conv2d(channels, 4, 3, padding=1),
        nn.InstanceNorm2d(4, track_running_stats=True),
        nn.Tanh(),
        nn.Flatten(),
        nn.LazyLinear(classes),
    )


def batched(channels: int, classes: int) -> nn.Module:
    """Normalises by the statistics of the batch also when it is judged."""
    return nn.Sequential(
        nn.Linear(channels, 6),
        nn.BatchNorm1d(6, track_running_stats=False),
        nn.Tanh(),
        nn.Linear(6, classes),
    )


class Deadly(nn.Module):
    """Kills its own process at the training pass that the environment names.

    Attributes:
        passes: in training, in this process.
        pause: seconds that each of them takes besides, so that other processes come to their turn.
    """

    passes: ClassVar[int] = 0
    pause: ClassVar[float] = 0.0

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.layers = _vector_layers(channels, classes)

    def forward(self, inputs: Tensor) -> Tensor:
        if self.training:
            Deadly.passes += 1
            sleep(Deadly.pause)
            if Deadly.passes == int(os.environ.get("DIE_AT_PASS", "0")):
                os.kill(os.getpid(), signal.SIGKILL)
        return self.layers(inputs)


class Choosy(nn.Module):
    """Refuses batches of five: those of an individual that has five samples to train on."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.layers = _vector_layers(channels, classes)

    def forward(self, inputs: Tensor) -> Tensor:
        if self.training and len(inputs) == 5:
            raise ValueError("I do not like this batch")
        return self.layers(inputs)


class Wary(nn.Module):
    """Refuses large numbers, as an embedding does those it has no row for."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.layers = _vector_layers(channels, classes)

    def forward(self, inputs: Tensor) -> Tensor:
        if inputs.abs().max() > 100:
            raise IndexError("index out of range")
        return self.layers(inputs)


class Restless(nn.Module):
    """Draws random numbers and changes a buffer in evaluation mode too; training uses it."""

    drift: Tensor

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.layers = _vector_layers(channels, classes)
        self.register_buffer("drift", torch.zeros(classes))

    def forward(self, inputs: Tensor) -> Tensor:
        self.drift += 0.01 * torch.rand_like(self.drift)
        logits = self.layers(inputs)
        return logits + self.drift if self.training else logits
