"""What a network gets right on some samples: sums that add up over parts of the data."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import compress, count

import torch
from torch import Tensor, nn
from torch.nn import functional

from monogram.networks import shortened
from monogram.training.samples import Samples

Way = Callable[[nn.Module], AbstractContextManager[None]]
"""To judge a network: the context in which it computes the same logits in less time."""

EVALUATION_BATCH = 256  # samples, whose activations stay in the caches
WORTH_PREPARING = 512  # samples; folding takes as long as a few of them


@dataclass(frozen=True)
class Tally:
    """Sums over samples; `+` joins two parts, `Tally()` is their zero.

    Attributes:
        samples: how many.
        correct: how many were classified as labelled.
        loss: sum of the cross entropies, in nats.
        predicted: classes that were predicted at least once.
        present: classes that occur at least once.
    """

    samples: int = 0
    correct: int = 0
    loss: float = 0.0
    predicted: frozenset[int] = frozenset()
    present: frozenset[int] = frozenset()

    def __add__(self, other: "Tally") -> "Tally":
        """The tally of both parts."""
        return Tally(
            self.samples + other.samples,
            self.correct + other.correct,
            self.loss + other.loss,
            self.predicted | other.predicted,
            self.present | other.present,
        )

    @property
    def accuracy(self) -> float:
        """Fraction in [0, 1] of the samples classified as labelled; NaN without samples."""
        return self.correct / self.samples if self.samples else float("nan")

    @property
    def mean_loss(self) -> float:
        """Mean cross entropy, in nats; NaN without samples."""
        return self.loss / self.samples if self.samples else float("nan")

    @property
    def collapsed(self) -> bool:
        """Whether the network has given up: a loss that is no number, or one class for all."""
        one_class = len(self.predicted) == 1 and len(self.present) > 1
        return one_class or not self.loss < float("inf")


def tally(
    network: nn.Module,
    samples: Samples,
    batch_size: int = EVALUATION_BATCH,
    way: Way = shortened,
) -> Tally:
    """Run a network over samples in evaluation mode, which it is left in.

    Args:
        network: takes the samples' inputs.
        samples: to look at.
        batch_size: of them at a time.
        way: in which many samples are looked at; logits are the same but for the order of sums.
    """
    network.eval()
    shorter = way(network) if len(samples) >= WORTH_PREPARING else nullcontext()
    with torch.inference_mode(), shorter:
        return sum(_parts(network, samples, batch_size), Tally())


def _parts(network: nn.Module, samples: Samples, batch_size: int) -> Iterator[Tally]:
    for start in range(0, len(samples), batch_size):
        labels = samples.labels[start : start + batch_size]
        logits = network(samples.inputs[start : start + batch_size])
        predicted = logits.argmax(dim=1)
        yield Tally(
            samples=len(labels),
            correct=int((predicted == labels).sum()),
            loss=float(functional.cross_entropy(logits, labels, reduction="sum")),
            predicted=_classes(predicted),
            present=_classes(labels),
        )


class Tallies:
    """The tallies of several networks, each a sum over batches that they look at together.

    Args:
        networks: how many.
        classes: number of logits.
    """

    def __init__(self, networks: int, classes: int, device: torch.device) -> None:
        self._samples = torch.zeros(networks, dtype=torch.int64, device=device)
        self._correct = torch.zeros_like(self._samples)
        self._loss = torch.zeros(networks, dtype=torch.float64, device=device)
        self._predicted = torch.zeros((networks, classes), dtype=torch.bool, device=device)
        self._present = torch.zeros_like(self._predicted)

    def add(self, logits: Tensor, labels: Tensor, real: Tensor) -> None:
        """Count a batch of each network.

        Args:
            logits: [networks, n, classes].
            labels: [networks, n] int64.
            real: [networks, n] bool; the others fill up and do not count.
        """
        predicted = logits.argmax(dim=2)
        self._samples += real.sum(1)
        self._correct += ((predicted == labels) & real).sum(1)
        losses = functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="none")
        self._loss += torch.where(real, losses.view_as(labels), 0.0).sum(1, dtype=torch.float64)
        self._predicted |= self._among(predicted, real)
        self._present |= self._among(labels, real)

    def _among(self, classes: Tensor, real: Tensor) -> Tensor:
        """[networks, classes] bool: which occur among real samples."""
        counts = self._predicted.new_zeros(self._predicted.shape, dtype=torch.int64)
        return counts.scatter_add_(1, classes, real.long()) > 0

    def each(self) -> list[Tally]:
        """The tally of each network."""
        columns = zip(
            self._samples.tolist(), self._correct.tolist(), self._loss.tolist(), strict=True
        )
        classes = zip(_columns(self._predicted), _columns(self._present), strict=True)
        return [Tally(*sums, *seen) for sums, seen in zip(columns, classes, strict=True)]


def _columns(marked: Tensor) -> list[frozenset[int]]:
    """For each row of [n, classes] bool the classes that are marked."""
    return [frozenset(compress(count(), row)) for row in marked.tolist()]


def _classes(labels: Tensor) -> frozenset[int]:
    return frozenset(torch.unique(labels).tolist())
