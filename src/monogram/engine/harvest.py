"""What is done with models as they are finished: judged and journalled for a study.

The engine trains; a harvest decides what becomes of a finished model. It is described by a plain
value that every worker can be given (`Harvest`), and opened once in each process (`Gatherer`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
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


@dataclass(frozen=True)
class Judged:
    """What a finished model gets right.

    Attributes:
        on_individual: on D_I: validation, reported part.
        on_global: on D_G: validation, reported part.
        seconds: it took to judge; its share of what several were judged by at once.
    """

    on_individual: tuple[Tally, Tally]
    on_global: tuple[Tally, Tally]
    seconds: float


class Finished(Protocol):
    """A state at which models are finished."""

    @property
    def models(self) -> Sequence[Model]:
        """Which, at least one."""

    @property
    def state(self) -> State:
        """Their weights."""

    @property
    def shared_seconds(self) -> float:
        """The part of the training time that all individuals share."""

    def judged(self, model: Model) -> Judged:
        """What one of the models gets right, on whoever's data it is judged on."""


@dataclass(frozen=True, eq=False)
class Alone:
    """Models that are finished at the state of one network.

    Attributes:
        models: which.
        state: their weights.
        shared_seconds: as in `Finished`.
        network: to judge with; overwritten.
        judge: judges it.
    """

    models: Sequence[Model]
    state: State
    shared_seconds: float
    network: Prepared
    judge: Judge

    def judged(self, model: Model) -> Judged:
        """What a model gets right; D_G is looked at once for all of them.

        Raises:
            NotJudgedError: the individual's data are not what the network takes.
        """
        on_global, seconds = self._on_global
        started = perf_counter()
        try:
            on_individual = self.judge.on_individual(self.network, model.evaluated_on)
        except Exception as error:  # of the network, given these data
            raise NotJudgedError({model: error}) from error
        share = seconds / len(self.models)
        return Judged(on_individual, on_global, share + perf_counter() - started)

    @cached_property
    def _on_global(self) -> tuple[tuple[Tally, Tally], float]:
        self.network.load_state_dict(self.state.weights)
        started = perf_counter()
        return self.judge.on_global(self.network), perf_counter() - started


class NotJudgedError(Exception):
    """Individuals on whose data models cannot be judged; all other models are taken in.

    Attributes:
        causes: what was raised for each model.
    """

    def __init__(self, causes: Mapping[Model, Exception]) -> None:
        super().__init__(*dict.fromkeys(map(str, causes.values())))
        self.causes = causes


class Gatherer(Protocol):
    """A harvest at work in one process."""

    def gather(self, finished: Finished) -> None:
        """Take in models that are finished; no killed process may lose them afterwards."""

    def close(self) -> None:
        """Let go of what is open. Other processes than the one that started a run are killed."""


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
        self._journal = Journal(layout.journal(bench.folder))

    def gather(self, finished: Finished) -> None:
        """Judge the models and append their rows, of each on whose data that is possible.

        Raises:
            NotJudgedError: somebody's data cannot be judged on.
        """
        causes: dict[Model, Exception] = {}
        for model in finished.models:
            try:
                judged = finished.judged(model)
            except NotJudgedError as error:
                causes |= error.causes
            else:
                self._journal.append(make_row(model, judged, finished))
        if causes:
            raise NotJudgedError(causes)

    def close(self) -> None:
        """Hand all rows to the disk."""
        self._journal.close()


def make_row(model: Model, judged: Judged, finished: Finished) -> Row:
    """The row of a model.

    Args:
        model: as planned.
        judged: what it got right.
        finished: where it ended.
    """
    own, shared = judged.on_individual, judged.on_global
    end = finished.state
    if end.validated and model.evaluated_on == model.individual:
        own = (end.validated, end.validated if own[1] is own[0] else own[1])
    own_seconds = end.seconds - finished.shared_seconds
    return Row(
        curriculum=model.curriculum,
        individual=model.individual,
        evaluated_on=model.evaluated_on,
        seed=model.seed,
        personal_accuracy=own[1].accuracy,
        personal_accuracy_validation=own[0].accuracy,
        global_accuracy=shared[1].accuracy,
        global_accuracy_validation=shared[0].accuracy,
        personal_loss=own[1].mean_loss,
        personal_loss_validation=own[0].mean_loss,
        global_loss=shared[1].mean_loss,
        global_loss_validation=shared[0].mean_loss,
        personal_samples=own[1].samples,
        own_iterations=model.own_steps,
        shared_iterations=model.shared_steps,
        own_samples=model.own_samples,
        shared_samples=model.shared_samples,
        baseline_samples=model.baseline_samples,
        seconds=own_seconds if model.own_steps else 0.0,
        shared_seconds=finished.shared_seconds if model.shared_steps else 0.0,
        evaluation_seconds=judged.seconds,
        collapsed=shared[0].collapsed or shared[1].collapsed,
    )
