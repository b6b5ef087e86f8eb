"""A study of the paper's seven curricula for 50 people against the loop that a careful user writes.

Both train the same models on the same batches: the global base of transfer learning once, all else
for each person and curriculum. The user's loop takes `DataLoader` and defaults, for a few of the
people, since each costs it the same; Monogram's time is that of the whole study, from the call to
the results. Both judge every model on the person's own data and on D_G; their accuracies are
compared. `python -m benchmarks seven`.
"""

import copy
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from time import perf_counter
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import ConcatDataset, DataLoader, TensorDataset

from benchmarks.price import most_apart
from benchmarks.price.textbook import accuracy
from benchmarks.price.workloads import Workload
from monogram.plan import Node, Stretch
from monogram.population import Population
from monogram.study import Study
from monogram.training import Feed, as_samples

WORKLOAD = Workload(
    "MLP 784-128-10", "mlp(hidden=128)", (784,), 10, people=50, sampled=2, base=3_000
)
CURRICULA = (
    "baseline",
    "early-shaping(20)",
    "early-shaping(200)",
    "sample-weighting(2)",
    "sample-weighting(1/8)",
    "transfer(20)",
    "transfer(200)",
)
EPOCHS = 4
ROUNDS = 3
CPU = torch.device("cpu")

Path_ = tuple[Node, ...]
Accuracies = dict[Any, tuple[float, float]]  # by curriculum and individual


def run() -> dict[str, Any]:
    """Time both in turn."""
    population = WORKLOAD.population()
    study = Study(population, CURRICULA, network=WORKLOAD.network, epochs=EPOCHS, curves=False)
    user, ours, theirs, apart = User(study), [], [], 0.0
    some = list(population.individuals)[: WORKLOAD.sampled]
    for _ in range(ROUNDS):
        started = perf_counter()
        expected = user.accuracies(some)
        each = (perf_counter() - started - user.base_seconds) / len(some)
        theirs.append(user.base_seconds + each * WORKLOAD.people)
        seconds, found = _study(study)
        ours.append(seconds)
        apart = max(apart, most_apart(expected, {key: found[key] for key in expected}))
    ratios = [their / our for their, our in zip(theirs, ours, strict=True)]
    line = (
        f"{WORKLOAD.name}, {WORKLOAD.people} people: {statistics.median(ours):.0f} s, the textbook "
        f"loop {statistics.median(ratios):.1f} × as long ({min(ratios):.1f} to {max(ratios):.1f}); "
        f"accuracies at most {apart:.3f} apart"
    )
    return {"ours": ours, "theirs": theirs, "ratios": ratios, "apart": apart, "lines": [line]}


def _study(study: Study) -> tuple[float, Accuracies]:
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
    """

    def __init__(self, study: Study) -> None:
        self._study, self._population = study, study.population
        self._recipe = study.job(Path()).recipe
        self._first = study.architecture.build(0)
        self._shared = _dataset(self._population, self._population.global_data.train)
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
        accuracy(network, _dataset(self._population, split.validation))
        on_global = accuracy(network, _dataset(self._population, split.test))
        return {
            (model.curriculum, model.evaluated_on): (self._own(network, model), on_global)
            for model in path[-1].models
        }

    def _own(self, network: nn.Module, model: Any) -> float:
        split = self._population.individuals[model.evaluated_on]
        accuracy(network, _dataset(self._population, split.validation))
        return accuracy(network, _dataset(self._population, split.test))

    def _trained(self, start: nn.Module, phase: Sequence[Stretch], owner: str) -> nn.Module:
        """A phase from its first step to its last, with an optimizer of its own."""
        network = copy.deepcopy(start)
        own = self._population.individuals[owner].train
        data: ConcatDataset[Any] = ConcatDataset([self._shared, _dataset(self._population, own)])
        optimizer = torch.optim.SGD(
            network.parameters(),
            lr=1.0,
            momentum=self._recipe.momentum,
            weight_decay=self._recipe.weight_decay,
        )
        network.train()
        batches = list(self._batches(phase, own))
        for step, (inputs, labels) in enumerate(DataLoader(data, batch_sampler=batches)):
            for group in optimizer.param_groups:
                group["lr"] = phase[0].learning_rate(step)
            optimizer.zero_grad()
            functional.cross_entropy(network(inputs), labels).backward()
            optimizer.step()
        return network

    def _batches(self, phase: Sequence[Stretch], own: range) -> Iterator[list[int]]:
        """Rows of D_G's samples followed by the person's own, those that Monogram draws."""
        shared = as_samples(self._population, self._population.global_data.train, CPU)
        feed = Feed(phase[-1], shared, as_samples(self._population, own, CPU), 128)
        for step in range(phase[-1].stop):
            personal, rows = feed.rows(step)
            yield (rows + len(shared) * personal).tolist()


def _paths(path: Path_) -> Iterator[Path_]:
    """All ways from a root to where models are finished."""
    if path[-1].models:
        yield path
    for child in path[-1].children:
        yield from _paths((*path, child))


def _dataset(population: Population, rows: range) -> TensorDataset:
    part = slice(rows.start, rows.stop)
    inputs, labels = population.inputs[part], population.labels[part]
    return TensorDataset(torch.from_numpy(inputs), torch.from_numpy(labels))
