"""Samples as tensors on a device, sharing memory with the population where they can."""

from dataclasses import dataclass

import numpy as np
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


def on_device(values: np.ndarray, device: torch.device) -> Tensor:
    """Values as a tensor on a device; nobody waits for an accelerator to take them."""
    tensor = torch.from_numpy(values)
    if device.type == "cuda":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)


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
        return Samples(
            self._gathered(rows, self.first.inputs, self.second.inputs),
            self._gathered(rows, self.first.labels, self.second.labels),
        )

    def _gathered(self, rows: Tensor, first: Tensor, second: Tensor) -> Tensor:
        """Both looked up and one taken: to count how many are whose would wait for the device."""
        before = (rows < len(first)).view(-1, *(1 for _ in first.shape[1:]))
        ones = first.index_select(0, rows.clamp(max=len(first) - 1))
        others = second.index_select(0, (rows - len(first)).clamp(min=0))
        return torch.where(before, ones, others)
