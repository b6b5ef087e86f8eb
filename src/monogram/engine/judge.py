"""Judging a model: the pass over D_I and D_G that its row is made of."""

from collections.abc import Callable

import torch
from torch import nn

from monogram.networks import shortened
from monogram.population import Population, Split
from monogram.streams import stream
from monogram.training import Samples, Tally, Way, as_samples, tally

PARTS = 5  # of an individual's validation data, for cross-validation


class Judge:
    """Evaluates networks on a population.

    Attributes:
        shared: D_G's samples to judge on: validation, reported part; one object where both are one.

    Args:
        population: whose validation and test data to use.
        device: where networks are.
        most_global: the most samples of D_G to use, for validation and test each.
        progress: told the number of samples after each pass.
        way: in which it looks at many samples.
    """

    def __init__(
        self,
        population: Population,
        device: torch.device,
        most_global: int,
        progress: Callable[[float], None],
        way: Way = shortened,
    ) -> None:
        self._population = population
        self._way = way
        self._device = device
        self._progress = progress
        self.shared = self._parts(population.global_data, most_global)

    def own(self, individual: str) -> tuple[Samples, Samples]:
        """D_I's samples to judge on, as `shared`."""
        return self._parts(self._population.individuals[individual])

    def on_global(self, network: nn.Module) -> tuple[Tally, Tally]:
        """What a network gets right on D_G: validation, reported part."""
        return self._both(network, *self.shared)

    def on_individual(self, network: nn.Module, individual: str) -> tuple[Tally, Tally]:
        """What a network gets right on D_I: validation, reported part."""
        return self._both(network, *self.own(individual))

    def on_global_validation(self, network: nn.Module) -> Tally:
        """What a network gets right on D_G's validation data: the reported part is not touched."""
        return self._tally(network, self.shared[0])

    def on_individual_validation(self, network: nn.Module, individual: str) -> Tally:
        """What a network gets right on D_I's validation data: the reported part is not touched."""
        validation = self._population.individuals[individual].validation
        return self._tally(network, self._samples(validation, None))

    def in_parts(self, network: nn.Module, individual: str) -> list[Tally]:
        """What a network gets right on `PARTS` parts of D_I's validation data, some maybe empty."""
        samples = self._samples(self._population.individuals[individual].validation, None)
        rows = torch.arange(len(samples), device=self._device)
        return [self._tally(network, samples.take(rows[part::PARTS])) for part in range(PARTS)]

    def _both(self, network: nn.Module, first: Samples, second: Samples) -> tuple[Tally, Tally]:
        validation = self._tally(network, first)
        return validation, validation if second is first else self._tally(network, second)

    def _tally(self, network: nn.Module, samples: Samples) -> Tally:
        result = tally(network, samples, way=self._way)
        self._progress(len(samples))
        return result

    def _parts(self, split: Split, most: int | None = None) -> tuple[Samples, Samples]:
        validation = self._samples(split.validation, most)
        same = split.test == split.validation
        return validation, validation if same else self._samples(split.test, most)

    def _samples(self, rows: range, most: int | None) -> Samples:
        return at_most(most, self._population, rows, self._device)


def at_most(most: int | None, population: Population, rows: range, device: torch.device) -> Samples:
    """The samples of some rows, or as many of them as allowed: always the same, drawn at random."""
    samples = as_samples(population, rows, device)
    if most is None or len(samples) <= most:
        return samples
    some = stream(0, "evaluation").permutation(len(samples))[:most]
    some.sort()
    return samples.take(torch.from_numpy(some).to(device))
