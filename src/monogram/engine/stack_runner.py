"""Doing a cohort: train several individuals as one stack, hand over what is finished."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from time import perf_counter

import numpy as np

from monogram.curriculum import Adjustment
from monogram.engine.cohort import Cohort
from monogram.engine.curves import marked
from monogram.engine.harvest import Identity, Judged
from monogram.engine.load import STEP_UNITS
from monogram.engine.runner import anything_left
from monogram.engine.workshop import Workshop
from monogram.networks import PRIOR
from monogram.plan import Model, Node, Stretch
from monogram.training import (
    Feed,
    Findings,
    Lesson,
    Samples,
    StackedNetwork,
    StackState,
    State,
    Tally,
    adjust,
    load_state,
    mean_of_runs,
    save_state,
    train_stack,
    without_warnings,
)

Nodes = tuple[Node, ...]


class StackRunner:
    """Does cohorts, each as one computation.

    Attributes:
        handed_over: the models of the last cohort that are finished.

    Args:
        workshop: what this process has at hand.
    """

    def __init__(self, workshop: Workshop) -> None:
        self._shop = workshop
        self._findings = Findings()
        self.handed_over: frozenset[Identity] = frozenset()
        self._files: set[Path] = set()  # checkpoints of the cohort

    @without_warnings()
    def run(self, cohort: Cohort, done: frozenset[Identity]) -> None:
        """Train and hand over what a cohort has left to do.

        All of it is trained again where something is left, so that the numbers do not depend on
        what was done before.

        Args:
            cohort: whose parent, if any, is finished.
            done: models that need not be handed over again.

        Raises:
            NetworkError: the network draws random numbers in a way that cannot be stacked.
            RuntimeError: an operation that `torch.func` does not know, or memory.
        """
        self._shop.begin()
        self.handed_over = frozenset()
        self._files.clear()
        nodes = tuple(task.node for task in cohort.tasks)
        start = self._shop.first_state(cohort.parent, nodes[0].stretch.seed)
        state = StackState.start(start, len(nodes))
        if self._shop.recorder:
            shown = self._shown(state.with_own({PRIOR}))
            self._shop.recorder.mark_beginnings(cohort.tasks, start, shown)
        if not nodes[0].stretch.start:
            state = state.at_phase_start()
        self._visit(nodes, state, start.seconds, done)
        for file in self._files:
            file.unlink(missing_ok=True)

    def _visit(
        self, nodes: Nodes, state: StackState, shared_seconds: float, done: frozenset[Identity]
    ) -> None:
        """Train a node of each individual and what is below, as far as something is left to do."""
        if not any(anything_left(node, done) for node in nodes):
            return
        end = self._train(nodes, state)
        self._gather(nodes, end, shared_seconds, done)
        for children in zip(*(node.children for node in nodes), strict=True):
            goes_on = children[0].stretch.place == nodes[0].stretch.place
            self._visit(children, end if goes_on else end.at_phase_start(), shared_seconds, done)

    def _gather(
        self, nodes: Nodes, end: StackState, shared_seconds: float, done: frozenset[Identity]
    ) -> None:
        shown = self._shown(end)
        judged = _JudgedTogether(shown, nodes)
        for place, node in enumerate(nodes):
            left = [model for model in node.models if model.identity not in done]
            if left:
                member = _Member(left, place, end, shared_seconds, judged)
                self._shop.gatherer.gather(member)
                self.handed_over |= {model.identity for model in left}

    def _train(self, nodes: Nodes, state: StackState) -> StackState:
        """The state at the nodes' ends."""
        phase = nodes[0].stretch.phase
        if isinstance(phase, Adjustment):
            return self._adjust(nodes, phase, state)
        shop = self._shop
        samples = [shop.own(str(node.stretch.owner)) for node in nodes]
        batch = shop.job.recipe.batch_size
        feeds = [
            Feed(node.stretch, shop.shared, own, batch)
            for node, own in zip(nodes, samples, strict=True)
        ]
        runs = list(zip(*(node.stretch.runs for node in nodes), strict=True))

        def one(place: int, start: StackState) -> StackState:
            return self._run(nodes, place, Lesson(runs[place], feeds, samples), start)

        end = mean_of_runs(state, [run[0] for run in runs], one)
        if len(runs) > 1 and shop.recorder:
            shop.recorder.mark_stack(nodes, nodes[0].stretch.stop, self._shown(end))
        return end

    def _run(self, nodes: Nodes, place: int, lesson: Lesson, state: StackState) -> StackState:
        """The state at the end of one run; of several each end is kept for the mean.

        An end is kept without its momentum, which the mean does not need: so it is told from a
        state in flight, which may have a layer in the dual form even after its last step.
        """
        shop, name = self._shop, _name(nodes, place)
        state = self._saved(name, state)
        after_step = self._after_step(nodes, name, lesson.stretches, state)
        if state.step == max(stretch.stop for stretch in lesson.stretches) and not state.momentum:
            return state
        network, recipe = shop.stacked_network, shop.job.recipe
        end = train_stack(network, state, lesson, recipe, self._findings, after_step)
        if lesson.stretches[0] != nodes[0].stretch:
            end = replace(end, momentum={}, origin={})
            self._save(name, end)
        return end

    def _after_step(
        self, nodes: Nodes, name: str, stretches: Sequence[Stretch], state: StackState
    ) -> Callable[[int, Callable[[], StackState]], None]:
        """What is done after each step of a run: count it, record the curves, save by time."""
        shop = self._shop
        units = STEP_UNITS * min(shop.job.recipe.batch_size, len(shop.shared))
        shop.progress(units * sum(min(state.step, s.stop) - s.start for s in stretches))
        alone = stretches[0] == nodes[0].stretch
        judged = [set(marked(s)) if shop.recorder and alone else set() for s in stretches]

        def after_step(step: int, snapshot: Callable[[], StackState]) -> None:
            shop.progress(units * sum(step <= stretch.stop for stretch in stretches))
            places = [place for place, steps in enumerate(judged) if step in steps]
            if shop.recorder and places:
                shown = self._shown(snapshot().plain().only(places))
                shop.recorder.mark_stack([nodes[place] for place in places], step, shown)
            if shop.is_time_to_save():
                self._save(name, snapshot())

        return after_step

    def _adjust(self, nodes: Nodes, adjustment: Adjustment, state: StackState) -> StackState:
        """The state after an adjustment of each individual's."""
        owners = [str(node.stretch.owner) for node in nodes]
        end = state.adjusted(
            [
                adjust(adjustment, state.member(place), self._shop.surroundings(owner))
                for place, owner in enumerate(owners)
            ]
        )
        if self._shop.recorder:
            self._shop.recorder.mark_stack(nodes, nodes[0].stretch.stop, self._shown(end))
        return end

    def _shown(self, state: StackState) -> "_Shown":
        return _Shown(self._shop, self._findings, state)

    def _save(self, name: str, state: StackState) -> None:
        seconds = float(state.seconds.mean())
        saved = State(state.step, state.own, state.momentum, seconds, state.origin)
        save_state(saved, self._file(name), name)

    def _file(self, name: str) -> Path:
        """Where the state of a stack is kept until its cohort is done."""
        file = self._shop.checkpoint_file(name)
        self._files.add(file)
        return file

    def _saved(self, name: str, state: StackState) -> StackState:
        """The state that a checkpoint holds, or the one that was given."""
        found = load_state(self._file(name), name, self._shop.device)
        if found is None:
            return state
        seconds = np.full(len(state), found.seconds)
        own, momentum, origin = found.weights, found.momentum, found.origin
        return StackState(found.step, state.common, own, momentum, seconds, origin)


def _name(nodes: Nodes, run: int) -> str:
    """Names a stack's checkpoint by who is in it, so that nobody else goes on from it."""
    keys = "-".join(node.key for node in nodes)
    name = f"stack-{sha256(keys.encode()).hexdigest()[:24]}"
    return name if nodes[0].stretch.trained.runs == 1 else f"{name}-{run}"


class _Shown:
    """What the networks of a stack get right."""

    def __init__(self, shop: Workshop, findings: Findings, state: StackState) -> None:
        self._shop, self._findings, self.state = shop, findings, state

    def on_all(self, samples: Samples) -> list[Tally]:
        """Each on the same samples."""
        return self._shop.stack_judge.on_all(self._stacked, self.state.own, samples)

    def on_each(self, samples: Sequence[Samples]) -> list[Tally]:
        """Each on samples of its own."""
        return self._shop.stack_judge.on_each(self._stacked, self.state.own, samples)

    def on_global(self) -> list[tuple[Tally, Tally]]:
        """Each on D_G: validation, reported part."""
        return self._shop.stack_judge.on_global(self._stacked, self.state.own)

    def on_individuals(self, individuals: Sequence[str]) -> list[tuple[Tally, Tally]]:
        """Each on an individual's data: validation, reported part."""
        return self._shop.stack_judge.on_individuals(self._stacked, self.state.own, individuals)

    @property
    def _stacked(self) -> StackedNetwork:
        """The network in evaluation mode, with what is common loaded."""
        shop, state = self._shop, self.state
        return self._findings.judged(
            shop.judged_network, state.common, state.own, shop.shared.inputs
        )


class _JudgedTogether:
    """What the finished models of a stack get right; judged when the first is asked for."""

    def __init__(self, shown: _Shown, nodes: Nodes) -> None:
        self._shown = shown
        self._nodes = nodes

    def __call__(self, place: int, model: Model) -> Judged:
        """What a model of the individual at a place gets right."""
        on_individuals, on_global, seconds = self._all
        which = self._nodes[place].models.index(model)
        return Judged(on_individuals[which][place], on_global[place], seconds)

    @cached_property
    def _all(self) -> tuple[list[list[tuple[Tally, Tally]]], list[tuple[Tally, Tally]], float]:
        """On the individuals, for each model of a node; on D_G; seconds for each individual."""
        started = perf_counter()
        on_global = self._shown.on_global()
        whom = [[model.evaluated_on for model in node.models] for node in self._nodes]
        targets = list(zip(*whom, strict=True))
        known = {some: self._shown.on_individuals(some) for some in set(targets)}
        on_individuals = [known[some] for some in targets]
        seconds = (perf_counter() - started) / len(self._nodes)
        return on_individuals, on_global, seconds


@dataclass(frozen=True, eq=False)
class _Member:
    """The finished models of one individual of a stack."""

    models: Sequence[Model]
    place: int
    end: StackState
    shared_seconds: float
    together: _JudgedTogether

    @property
    def state(self) -> State:
        """Its weights."""
        return self.end.member(self.place)

    def judged(self, model: Model) -> Judged:
        """What one of the models gets right."""
        return self.together(self.place, model)
