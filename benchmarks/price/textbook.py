"""The loop that a careful user writes: DataLoader, defaults, one person after the other."""

import copy
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext

import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset, TensorDataset

from benchmarks.price.workloads import ITERATIONS, Workload
from monogram.curriculum import Recipe
from monogram.networks import laid_out, trainable_names
from monogram.networks.drawing import drawing
from monogram.population import Population
from monogram.streams import torch_seed
from monogram.training import Endless

RATE = 0.01
PLACE = 1  # of the personal phase in the curriculum
JUDGED = 512  # samples at a time


class Textbook:
    """Fine-tune a copy of the base for each person and judge it.

    PyTorch computes with as many threads as it chooses. Models are judged in evaluation mode,
    without gradients, with batches of 512.

    Args:
        workload: what to do.
        population: whom for.
        base: where everybody starts.

    Attributes:
        shared: the global validation and test samples.
    """

    def __init__(self, workload: Workload, population: Population, base: nn.Module) -> None:
        self._workload, self._population, self._base = workload, population, base
        self._recipe = Recipe()
        split = population.global_data
        self.shared = [self._dataset(split.validation), self._dataset(split.test)]

    @property
    def individuals(self) -> Sequence[str]:
        """Whom there are data of."""
        return list(self._population.individuals)

    def accuracies(
        self, individuals: Iterable[str], *, seeded: bool = False
    ) -> dict[str, tuple[float, float]]:
        """Train and judge some: by id the personal and the global accuracy.

        Args:
            individuals: whom.
            seeded: seed each step as Monogram does, lay out memory and draw as it does, so that
                dropout is the same.
        """
        return {id_: self.of(id_, seeded=seeded) for id_ in individuals}

    def of(self, individual: str, *, seeded: bool = False) -> tuple[float, float]:
        """Train and judge one: the personal and the global accuracy."""
        train, *own = self.data(individual)
        network = self._trained(individual, train, seeded)
        judged = [accuracy(network, part) for part in own]
        return judged[1], [accuracy(network, part) for part in self.shared][1]

    def network(self) -> nn.Module:
        """A copy of the base; what trains for each person requires gradients, the rest does not."""
        network = copy.deepcopy(self._base)
        names = trainable_names(network, self._workload.train)
        for name, parameter in network.named_parameters():
            parameter.requires_grad_(name in names)
        return network

    def data(self, individual: str) -> tuple[TensorDataset, TensorDataset, TensorDataset]:
        """The person's training, validation and test samples."""
        split = self._population.individuals[individual]
        return (
            self._dataset(split.train),
            self._dataset(split.validation),
            self._dataset(split.test),
        )

    def _trained(self, individual: str, data: Dataset, seeded: bool) -> nn.Module:
        noise = torch_seed(0, individual, PLACE, "noise") if seeded else None
        batches, recipe = self.batches(individual), self._recipe
        return descend(self.network(), data, batches, recipe, lambda _: RATE, noise)

    def batches(self, individual: str) -> Sequence[list[int]]:
        """The rows of the batches that Monogram draws for the same person."""
        size = self._recipe.batch_size
        line = Endless(self._workload.own, size, 0, individual, PLACE, "own")
        return [line[k].tolist() for k in range(ITERATIONS)]

    def _dataset(self, rows: range) -> TensorDataset:
        return dataset(self._population, rows)


def dataset(population: Population, rows: range) -> TensorDataset:
    """Some rows of a population."""
    part = slice(rows.start, rows.stop)
    inputs, labels = population.inputs[part], population.labels[part]
    return TensorDataset(torch.from_numpy(inputs), torch.from_numpy(labels))


def descend(
    network: nn.Module,
    data: Dataset,
    batches: Sequence[list[int]],
    recipe: Recipe,
    rate: Callable[[int], float],
    noise: int | None = None,
) -> nn.Module:
    """Train a network in place, as far as its parameters require gradients.

    Args:
        network: to train.
        data: to take batches of.
        batches: rows of each step.
        recipe: momentum and weight decay.
        rate: of a step.
        noise: seed each step as Monogram does from there, lay out memory and draw as it does, so
            that dropout is the same.
    """
    seeded = noise is not None
    if seeded:
        laid_out(network)
    optimizer = torch.optim.SGD(
        [parameter for parameter in network.parameters() if parameter.requires_grad],
        lr=rate(0),
        momentum=recipe.momentum,
        weight_decay=recipe.weight_decay,
    )
    network.train()
    for step, (inputs, labels) in enumerate(DataLoader(data, batch_sampler=batches)):
        if noise is not None:
            torch.manual_seed(noise + step)
        for group in optimizer.param_groups:
            group["lr"] = rate(step)
        optimizer.zero_grad()
        with drawing(network) if seeded else nullcontext():
            functional.cross_entropy(network(inputs), labels).backward()
        optimizer.step()
    return network


def accuracy(network: nn.Module, data: Dataset) -> float:
    """Fraction in [0, 1] of samples classified as labelled."""
    network.eval()
    correct = samples = 0
    with torch.no_grad():
        for inputs, labels in DataLoader(data, batch_size=JUDGED):
            correct += int((network(inputs).argmax(1) == labels).sum())
            samples += len(labels)
    return correct / samples
