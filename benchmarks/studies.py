"""A whole study against the loop that a careful user writes: the same models on the same batches.

The user's loop takes `DataLoader` and defaults, and trains what all start from once; all else it
does for some of the people, since each costs it the same. Monogram's time is that of the whole
study, from the call to the results. Both judge every model on the person's own data and on D_G.
"""

import copy
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from itertools import groupby
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter
from typing import Any

import torch
from torch import nn
from torch.utils.data import ConcatDataset

from benchmarks.price import most_apart
from benchmarks.price.textbook import accuracy, dataset, descend
from monogram.plan import Node, Stretch
from monogram.streams import torch_seed
from monogram.study import Study
from monogram.training import Feed, as_samples

ROUNDS = 3
CPU = torch.device("cpu")

Path_ = tuple[Node, ...]
Accuracies = dict[Any, tuple[float, float]]  # by curriculum and individual


@dataclass(frozen=True)
class Compared:
    """What both took.

    Attributes:
        ours: seconds of the study, one for each round.
        theirs: seconds that the user's loop would take for everybody.
        apart: the largest difference between two accuracies of a model, with the same dropout.
    """

    ours: list[float]
    theirs: list[float]
    apart: float

    @property
    def ratios(self) -> list[float]:
        """Theirs by ours."""
        return [their / our for their, our in zip(self.theirs, self.ours, strict=True)]

    def __str__(self) -> str:
        """For people."""
        seconds, ratios = statistics.median(self.ours), self.ratios
        return (
            f"{seconds:.1f} s, the textbook loop {statistics.median(ratios):.1f} × as long "
            f"({min(ratios):.1f} to {max(ratios):.1f}); accuracies at most {self.apart:.3f} apart"
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self) | {"ratios": self.ratios}


def compare(study: Study, sampled: int) -> Compared:
    """Time both in turn, and compare their accuracies.

    Args:
        study: of what to train.
        sampled: people for whom the user's loop does it.
    """
    people = list(study.population.individuals)
    user, ours, theirs = User(study), [], []
    found: Accuracies = {}
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:  # its memory is the user's own
        for _ in range(ROUNDS):
            base, rest = pool.submit(_timed, user, people[:sampled]).result()
            theirs.append(base + rest / sampled * len(people))
            seconds, found = _run(study)
            ours.append(seconds)
    expected = User(study, seeded=True).accuracies(people[:sampled])
    return Compared(ours, theirs, most_apart(expected, {key: found[key] for key in expected}))


def _run(study: Study) -> tuple[float, Accuracies]:
    """Seconds of a whole study, and each model's personal and global accuracy."""
    with tempfile.TemporaryDirectory() as folder:
        started = perf_counter()
        results = study.run(Path(folder))
        seconds = perf_counter() - started
    return seconds, {
        (row.curriculum, row.evaluated_on): (row.personal_accuracy, row.global_accuracy)
        for row in results.rows
    }


class User:
    """The loop.

    Attributes:
        base_seconds: of training the base.

    Args:
        study: what to train.
        seeded: seed each step as Monogram does, lay out memory and draw as it does, so that
            dropout is the same.
    """

    def __init__(self, study: Study, *, seeded: bool = False) -> None:
        self._study, self._population = study, study.population
        self._recipe = study.job(Path()).recipe
        self._first, self._seeded = study.architecture.build(0), seeded
        self._shared = dataset(self._population, self._population.global_data.train)
        self.base_seconds = 0.0

    def accuracies(self, individuals: Sequence[str]) -> Accuracies:
        """Train and judge all models that these individuals' data are trained on."""
        started = perf_counter()
        paths = [path for root in self._study.plan().roots for path in _paths((root,))]
        shared = next(path[0] for path in paths if path[0].shared)
        base = self._trained(self._first, [shared.stretch], str(individuals[0]))
        self.base_seconds = perf_counter() - started
        found: Accuracies = {}
        for path in paths:
            owner = path[-1].stretch.owner
            if owner in individuals:
                found |= self._judged(path, base if path[0].shared else self._first)
        return found

    def _judged(self, path: Path_, start: nn.Module) -> Accuracies:
        stretches = [node.stretch for node in path if not node.shared]
        network = start
        for _, phase in groupby(stretches, key=lambda stretch: stretch.place):
            network = self._trained(network, list(phase), str(stretches[0].owner))
        split = self._population.global_data
        accuracy(network, dataset(self._population, split.validation))
        on_global = accuracy(network, dataset(self._population, split.test))
        return {
            (model.curriculum, model.evaluated_on): (self._own(network, model), on_global)
            for model in path[-1].models
        }

    def _own(self, network: nn.Module, model: Any) -> float:
        split = self._population.individuals[model.evaluated_on]
        accuracy(network, dataset(self._population, split.validation))
        return accuracy(network, dataset(self._population, split.test))

    def _trained(self, start: nn.Module, phase: Sequence[Stretch], owner: str) -> nn.Module:
        """A phase from its first step to its last, with an optimizer of its own."""
        own = self._population.individuals[owner].train
        data: ConcatDataset[Any] = ConcatDataset([self._shared, dataset(self._population, own)])
        first, batches = phase[0], list(self._batches(phase, own))
        noise = torch_seed(first.seed, first.owner, first.place, "noise") if self._seeded else None
        network = copy.deepcopy(start)
        return descend(network, data, batches, self._recipe, first.learning_rate, noise)

    def _batches(self, phase: Sequence[Stretch], own: range) -> Iterator[list[int]]:
        """Rows of D_G's samples followed by the person's own, those that Monogram draws."""
        shared = as_samples(self._population, self._population.global_data.train, CPU)
        personal_data = as_samples(self._population, own, CPU)
        feed = Feed(phase[-1], shared, personal_data, self._recipe.batch_size)
        for step in range(phase[-1].stop):
            personal, rows = feed.rows(step)
            yield (rows + len(shared) * personal).tolist()


def _timed(user: User, individuals: Sequence[str]) -> tuple[float, float]:
    """Seconds of training the base, and of all else."""
    started = perf_counter()
    user.accuracies(individuals)
    return user.base_seconds, perf_counter() - started - user.base_seconds


def _paths(path: Path_) -> Iterator[Path_]:
    """All ways from a root to where models are finished."""
    if path[-1].models:
        yield path
    for child in path[-1].children:
        yield from _paths((*path, child))
