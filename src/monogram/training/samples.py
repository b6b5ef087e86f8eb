"""Samples as tensors on a device, sharing memory with the population where they can."""

from dataclasses import dataclass

import torch
from torch import Tensor

from monogram.population import Population


@dataclass(frozen=True, eq=False)
class Samples:
    """Inputs with their labels.

    Attributes:
        inputs: [n, *shape], float32, uint8 or int64.
        labels: [n] int64.
    """

    inputs: Tensor
    labels: Tensor

    def __len__(self) -> int:
        """Samples."""
        return len(self.labels)

    def take(self, rows: Tensor) -> "Samples":
        """The samples of some rows, [k] int64, in that order."""
        return Samples(self.inputs.index_select(0, rows), self.labels.index_select(0, rows))


def as_samples(population: Population, rows: range, device: torch.device) -> Samples:
    """A range of the population's store as tensors; on the CPU nothing is copied."""
    part = slice(rows.start, rows.stop)
    inputs = torch.from_numpy(population.inputs[part])
    return Samples(inputs.to(device), torch.from_numpy(population.labels[part]).to(device))


def join(first: Samples, second: Samples) -> Samples:
    """The samples of both."""
    return Samples(
        torch.cat([first.inputs, second.inputs]), torch.cat([first.labels, second.labels])
    )
