"""Doing one task: train along its nodes, hand over what is finished, leave checkpoints."""

from collections.abc import Callable
from itertools import count
from pathlib import Path
from time import monotonic

import torch

from monogram.curriculum import Adjustment
from monogram.engine import layout
from monogram.engine.curves import Recorder, milestones
from monogram.engine.harvest import Bench, Identity
from monogram.engine.job import Job
from monogram.engine.judge import Judge
from monogram.errors import RunError
from monogram.networks import laid_out
from monogram.plan import Node, Task
from monogram.population import open_population
from monogram.training import (
    Feed,
    Samples,
    State,
    Surroundings,
    Tally,
    Weights,
    adjust,
    as_samples,
    load_state,
    save_state,
    train,
)

STEP_UNITS = 3.0  # a sample that is trained on costs about three that are only looked at


class Runner:
    """Does tasks of one run, one after the other, in this process.

    Args:
        job: what the tasks have in common.
        progress: told the work done since the last call, in samples looked at; a sample
            trained on counts `STEP_UNITS`.
    """

    def __init__(self, job: Job, progress: Callable[[float], None]) -> None:
        self._job = job
        self._progress = progress
        self._device = torch.device(job.device)
        self._population = open_population(layout.population(job.folder))
        self._network = laid_out(job.architecture.build(0).to(self._device))
        self._judge = Judge(self._population, self._device, job.evaluation_samples, progress)
        train_rows = self._population.global_data.train
        self._shared = as_samples(self._population, train_rows, self._device)
        bench = Bench(
            job.folder, self._population, self._network, self._device, self._judge, progress
        )
        self._gatherer = job.harvest.open(bench)
        self._recorder = self._new_recorder() if job.curves else None
        self._start: tuple[str | None, State] | None = None
        self._saved = monotonic()

    def run(self, task: Task, done: frozenset[Identity]) -> None:
        """Train and hand over what a task has left to do.

        Args:
            task: whose parent, if any, is finished.
            done: models that need not be done again.
        """
        self._saved = monotonic()
        start = self._first_state(task)
        if self._recorder:
            self._recorder.mark_beginning(task, start)
        state = start if task.node.stretch.start else start.at_phase_start()
        self._visit(task.node, state, start.seconds, done)
        for node in task.nodes():
            self._checkpoint_file(node).unlink(missing_ok=True)

    def close(self) -> None:
        """Hand everything to the disk."""
        self._gatherer.close()
        if self._recorder:
            self._recorder.close()

    def _new_recorder(self) -> Recorder:
        """With a network of its own: what judging does to one cannot touch the training."""
        network = laid_out(self._job.architecture.build(0).to(self._device))
        return Recorder(self._job.folder, self._population, network, self._device, self._progress)

    def _first_state(self, task: Task) -> State:
        """The state that a task starts from: its parent's end, or the first weights."""
        name = task.parent or f"first weights, seed {task.node.stretch.seed}"
        if self._start is None or self._start[0] != name:
            self._start = (name, self._parent_state(task))
        return self._start[1]

    def _parent_state(self, task: Task) -> State:
        if task.parent is None:
            return State.of(self._job.architecture.build(task.node.stretch.seed).to(self._device))
        file = layout.trunk(self._job.folder, task.parent)
        state = load_state(file, task.parent, self._device)
        if state is None:
            raise RunError(f"{file} is missing; run again to train it")
        return state

    def _visit(
        self, node: Node, state: State, shared_seconds: float, done: frozenset[Identity]
    ) -> None:
        """Train a node and what is below it, as far as something is left to do."""
        left = [model for model in node.models if model.identity not in done]
        below = [] if node.shared else [c for c in node.children if _anything_left(c, done)]
        if not (left or below or node.shared):
            return
        end = self._train(node, state)
        if left:
            self._gatherer.gather(left, end, end.seconds if node.shared else shared_seconds)
        for child in below:
            goes_on = child.stretch.place == node.stretch.place
            start = end if goes_on else end.at_phase_start()
            self._visit(child, start, shared_seconds, done)

    def _train(self, node: Node, state: State) -> State:
        """The state at a node's end, from a file where there is one."""
        if isinstance(node.stretch.phase, Adjustment):
            return self._adjust(node, node.stretch.phase, state)
        finished = layout.trunk(self._job.folder, node.key) if node.shared else None
        if finished and finished.exists():
            return load_state(finished, node.key, self._device) or state
        checkpoint = self._checkpoint_file(node)
        state = load_state(checkpoint, node.key, self._device) or state
        stretch = node.stretch
        own = None if stretch.owner is None else self._own(stretch.owner)
        feed = Feed(stretch, self._shared, own, self._job.recipe.batch_size)
        units = STEP_UNITS * min(self._job.recipe.batch_size, len(self._shared))
        self._progress(units * (state.step - stretch.start))
        steps = count(state.step + 1)
        marked = milestones(stretch.start, stretch.stop) if self._recorder else ()

        def after_step(snapshot: Callable[[], State]) -> None:
            self._progress(units)
            step = next(steps)
            if self._recorder and step in marked:
                self._recorder.mark(node, step, snapshot().weights)
            if monotonic() - self._saved >= self._job.checkpoint_seconds:
                save_state(snapshot(), checkpoint, node.key)
                self._saved = monotonic()

        end = train(self._network, state, stretch, feed, self._job.recipe, after_step)
        if finished:
            save_state(end, finished, node.key)
        return end

    def _adjust(self, node: Node, adjustment: Adjustment, state: State) -> State:
        """The state after an adjustment for an individual."""
        end = adjust(adjustment, state, self._surroundings(str(node.stretch.owner)))
        if self._recorder:
            self._recorder.mark(node, node.stretch.stop, end.weights)
        return end

    def _surroundings(self, individual: str) -> Surroundings:
        """What an adjustment for an individual depends on."""
        classes = len(self._population.classes)

        def validate(weights: Weights) -> list[Tally]:
            self._network.load_state_dict(weights)
            return self._judge.in_parts(self._network, individual)

        return Surroundings(
            base={} if self._start is None else self._start[1].weights,
            own=self._own(individual).labels.bincount(minlength=classes),
            shared=self._shared.labels.bincount(minlength=classes),
            validate=validate,
        )

    def _own(self, individual: str) -> Samples:
        rows = self._population.individuals[individual].train
        return as_samples(self._population, rows, self._device)

    def _checkpoint_file(self, node: Node) -> Path:
        return layout.checkpoint(self._job.folder, node.key)


def _anything_left(node: Node, done: frozenset[Identity]) -> bool:
    return any(model.identity not in done for below in node.walk() for model in below.models)
