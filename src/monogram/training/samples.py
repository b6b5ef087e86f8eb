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


@dataclass(frozen=True, eq=False)
class Joined:
    """The samples of two, the second's after the first's, without copying either."""

    first: Samples
    second: Samples

    def __len__(self) -> int:
        """Samples."""
        return len(self.first) + len(self.second)

    def take(self, rows: Tensor) -> Samples:
        """The samples of some rows, [k] int64, in that order."""
        before = rows < len(self.first)
        return Samples(
            self._gathered(before, rows, self.first.inputs, self.second.inputs),
            self._gathered(before, rows, self.first.labels, self.second.labels),
        )

    def _gathered(self, before: Tensor, rows: Tensor, first: Tensor, second: Tensor) -> Tensor:
        both = first.new_empty((len(rows), *first.shape[1:]))
        both[before] = first[rows[before]]
        both[~before] = second[rows[~before] - len(first)]
        return both
