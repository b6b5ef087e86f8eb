"""What is done with models as they are finished: judged and journalled for a study.

The engine trains; a harvest decides what becomes of a finished model. It is described by a plain
value that every worker can be given (`Harvest`), and opened once in each process (`Gatherer`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Protocol

import torch

from monogram.engine import layout
from monogram.engine.journal import Journal, read_journal
from monogram.engine.judge import Judge
from monogram.engine.row import Row
from monogram.networks import Prepared
from monogram.plan import Model
from monogram.population import Population
from monogram.training import State, Tally

Identity = tuple[str, str, int]


@dataclass(frozen=True, eq=False)
class Bench:
    """What a harvest finds in a worker.

    Attributes:
        folder: the run directory.
        population: whom models are made for.
        network: to load weights into; the training uses it too.
        device: where it is.
        judge: evaluates it.
        progress: to be told of work done, in samples looked at.
    """

    folder: Path
    population: Population
    network: Prepared
    device: torch.device
    judge: Judge
    progress: Callable[[float], None]


class Gatherer(Protocol):
    """A harvest at work in one process."""

    def gather(self, models: Sequence[Model], end: State, shared_seconds: float) -> None:
        """Take in the models that are finished at one state, and make them durable.

        Args:
            models: at least one.
            end: their weights.
            shared_seconds: the part of the training time that all individuals share.
        """

    def close(self) -> None:
        """Hand everything to the disk."""


class Harvest(Protocol):
    """The description of a harvest."""

    def done(self, folder: Path) -> frozenset[Identity]:
        """The models that need not be trained again."""

    def open(self, bench: Bench) -> Gatherer:
        """Begin in this process."""


@dataclass(frozen=True)
class Journalling:
    """Judge each model and append its row to the run directory's journal."""

    def done(self, folder: Path) -> frozenset[Identity]:
        """The models that have a row."""
        return frozenset(row.identity for row in read_journal(layout.journal(folder)))

    def open(self, bench: Bench) -> "_Journalist":
        """Begin in this process."""
        return _Journalist(bench)


class _Journalist:
    """Makes rows."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._journal = Journal(layout.journal(bench.folder))

    def gather(self, models: Sequence[Model], end: State, shared_seconds: float) -> None:
        """Judge the models, each on its own individual, all on D_G at once."""
        network, judge = self._bench.network, self._bench.judge
        network.load_state_dict(end.weights)
        started = perf_counter()
        on_global = judge.on_global(network)
        global_seconds = perf_counter() - started
        for model in models:
            started = perf_counter()
            validation, reported = judge.on_individual(network, model.evaluated_on)
            if end.validated and model.evaluated_on == model.individual:
                validation = end.validated
            seconds = global_seconds + perf_counter() - started
            own_seconds = end.seconds - shared_seconds if model.own_steps else 0.0
            times = (own_seconds, shared_seconds if model.shared_steps else 0.0, seconds)
            self._journal.append(make_row(model, (validation, reported), on_global, times))

    def close(self) -> None:
        """Hand all rows to the disk."""
        self._journal.close()


def make_row(
    model: Model,
    on_individual: tuple[Tally, Tally],
    on_global: tuple[Tally, Tally],
    times: tuple[float, float, float],
) -> Row:
    """The row of a model.

    Args:
        model: as planned.
        on_individual: what it got right on D_I: validation, reported part.
        on_global: what it got right on D_G: validation, reported part.
        times: seconds of its own training, of the shared training, of judging.
    """
    return Row(
        curriculum=model.curriculum,
        individual=model.individual,
        evaluated_on=model.evaluated_on,
        seed=model.seed,
        personal_accuracy=on_individual[1].accuracy,
        personal_accuracy_validation=on_individual[0].accuracy,
        global_accuracy=on_global[1].accuracy,
        global_accuracy_validation=on_global[0].accuracy,
        personal_loss=on_individual[1].mean_loss,
        personal_loss_validation=on_individual[0].mean_loss,
        global_loss=on_global[1].mean_loss,
        global_loss_validation=on_global[0].mean_loss,
        personal_samples=on_individual[1].samples,
        own_iterations=model.own_steps,
        shared_iterations=model.shared_steps,
        own_samples=model.own_samples,
        shared_samples=model.shared_samples,
        baseline_samples=model.baseline_samples,
        seconds=times[0],
        shared_seconds=times[1],
        evaluation_seconds=times[2],
        collapsed=on_global[0].collapsed or on_global[1].collapsed,
    )
