"""What one process has at hand for doing tasks: data, a network, a judge, and where results go."""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from time import monotonic

import torch

from monogram.engine import layout
from monogram.engine.curves import Recorder
from monogram.engine.harvest import Bench
from monogram.engine.job import Job
from monogram.engine.judge import Judge
from monogram.engine.judge_stack import StackJudge
from monogram.errors import RunError
from monogram.networks import Prepared, laid_out
from monogram.population import open_population
from monogram.training import (
    Samples,
    State,
    Surroundings,
    Tally,
    Weights,
    as_samples,
    load_state,
    with_stacked_layers,
)


class Workshop:
    """One process's own.

    Attributes:
        job: what all tasks have in common.
        device: where everything is computed.
        population: whom models are made for.
        network: to train and to judge with; whoever uses it loads weights first.
        judge: judges it.
        shared: D_G's training samples.
        gatherer: takes what is finished.
        recorder: records learning curves; None: nobody wants them.

    Args:
        job: what the tasks have in common.
        progress: told the work done since the last call, in samples looked at.
    """

    def __init__(self, job: Job, progress: Callable[[float], None]) -> None:
        self.job = job
        self.progress = progress
        self.device = torch.device(job.device)
        self.population = open_population(layout.population(job.folder))
        self.network = self.new_network()
        most = job.evaluation_samples
        self.judge = Judge(self.population, self.device, most, progress, job.way)
        train_rows = self.population.global_data.train
        self.shared = as_samples(self.population, train_rows, self.device)
        self.gatherer = job.harvest.open(
            Bench(job.folder, self.population, self.network, self.device, self.judge, progress)
        )
        self.recorder = self._new_recorder() if job.curves else None
        self._start: tuple[str | None, State] | None = None
        self._saved = monotonic()

    @cached_property
    def stack_judge(self) -> StackJudge:
        """Judges several networks at once."""
        return StackJudge(self.judge, self.device, self.progress)

    @cached_property
    def stacked_network(self) -> Prepared:
        """A network to train stacks with."""
        return with_stacked_layers(self.new_network())

    @cached_property
    def judged_network(self) -> Prepared:
        """A network to judge stacks with, also while they train with the other."""
        return with_stacked_layers(self.new_network())

    def new_network(self) -> Prepared:
        """A network of the caller's own."""
        return laid_out(self.job.architecture.build(0).to(self.device))

    def close(self) -> None:
        """Hand everything to the disk."""
        self.gatherer.close()
        if self.recorder:
            self.recorder.close()

    def begin(self) -> None:
        """A task begins: there is nothing to save yet."""
        self._saved = monotonic()

    def is_time_to_save(self) -> bool:
        """Whether the last checkpoint is so long ago that another is due; if so, it counts."""
        due = monotonic() - self._saved >= self.job.checkpoint_seconds
        if due:
            self._saved = monotonic()
        return due

    def checkpoint_file(self, key: str) -> Path:
        """Where the state of a node in flight is kept."""
        return layout.checkpoint(self.job.folder, key)

    def first_state(self, parent: str | None, seed: int) -> State:
        """The state that a task starts from: its parent's end, or the first weights."""
        name = parent or f"first weights, seed {seed}"
        if self._start is None or self._start[0] != name:
            self._start = (name, self._parent_state(parent, seed))
        return self._start[1]

    def own(self, individual: str) -> Samples:
        """An individual's training samples."""
        rows = self.population.individuals[individual].train
        return as_samples(self.population, rows, self.device)

    def surroundings(self, individual: str) -> Surroundings:
        """What an adjustment for an individual depends on."""
        classes = len(self.population.classes)

        def validate(weights: Weights) -> list[Tally]:
            self.network.load_state_dict(weights)
            return self.judge.in_parts(self.network, individual)

        return Surroundings(
            base={} if self._start is None else self._start[1].weights,
            own=self.own(individual).labels.bincount(minlength=classes),
            shared=self._shared_classes,
            validate=validate,
        )

    @cached_property
    def _shared_classes(self) -> torch.Tensor:
        """[classes] int64, D_G's training samples in each."""
        return self.shared.labels.bincount(minlength=len(self.population.classes))

    def _new_recorder(self) -> Recorder:
        """With a network of its own: what judging does to one cannot touch the training."""
        job, network = self.job, self.new_network()
        return Recorder(job.folder, self.population, network, self.device, self.progress, job.way)

    def _parent_state(self, parent: str | None, seed: int) -> State:
        if parent is None:
            return State.of(self.job.architecture.build(seed).to(self.device))
        file = layout.trunk(self.job.folder, parent)
        state = load_state(file, parent, self.device)
        if state is None:
            raise RunError(f"{file} is missing; run again to train it")
        return state
