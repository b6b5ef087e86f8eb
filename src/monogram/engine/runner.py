"""Doing one task: train along its nodes, hand over what is finished, leave checkpoints."""

from collections.abc import Callable, Sequence
from itertools import chain, count

from monogram.curriculum import Adjustment
from monogram.engine import layout
from monogram.engine.cohort import Grouping
from monogram.engine.curves import marked
from monogram.engine.harvest import Alone, Finished, Identity, NotJudgedError
from monogram.engine.judge_stack import Everybodys
from monogram.engine.load import STEP_UNITS
from monogram.engine.workshop import Workshop
from monogram.plan import Model, Node, Stretch, Task
from monogram.training import (
    Feed,
    State,
    adjust,
    load_state,
    mean_of_runs,
    save_state,
    train,
)


class Runner:
    """Does tasks one after the other by the loop: the reference for every other way.

    Attributes:
        handed_over: the models of the last task that are finished.

    Args:
        workshop: what this process has at hand.
    """

    def __init__(self, workshop: Workshop) -> None:
        self._shop = workshop
        self.handed_over: frozenset[Identity] = frozenset()
        self._not_judged: dict[Model, Exception] = {}  # why, of the last task

    def run(self, task: Task, done: frozenset[Identity]) -> None:
        """Train and hand over what a task has left to do.

        Args:
            task: whose parent, if any, is finished.
            done: models that need not be done again.

        Raises:
            NotJudgedError: some models could not be judged; all others are handed over.
        """
        self._shop.begin()
        self.handed_over = frozenset()
        self._not_judged = {}
        start = self._shop.first_state(task.parent, task.node.stretch.seed)
        if self._shop.recorder:
            self._shop.recorder.mark_beginning(task, start)
        state = start if task.node.stretch.start else start.at_phase_start()
        self._visit(task.node, state, start.seconds, done)
        for key in chain.from_iterable(map(_run_keys, task.nodes())):
            self._shop.checkpoint_file(key).unlink(missing_ok=True)
        if self._not_judged:
            raise NotJudgedError(self._not_judged)

    def _visit(
        self, node: Node, state: State, shared_seconds: float, done: frozenset[Identity]
    ) -> None:
        """Train a node and what is below it, as far as something is left to do."""
        left = [model for model in node.models if model.identity not in done]
        below = [] if node.shared else [c for c in node.children if anything_left(c, done)]
        if not (left or below or node.shared):
            return
        end = self._train(node, state)
        if left:
            self._hand_over(self._finished(node, left, end, shared_seconds))
        for child in below:
            goes_on = child.stretch.place == node.stretch.place
            start = end if goes_on else end.at_phase_start()
            self._visit(child, start, shared_seconds, done)

    def _hand_over(self, finished: Finished) -> None:
        """Have models taken in; what is trained below those that cannot be judged goes on."""
        try:
            self._shop.gatherer.gather(finished)
        except NotJudgedError as error:
            self._not_judged |= error.causes
        taken = [model for model in finished.models if model not in self._not_judged]
        self.handed_over |= {model.identity for model in taken}

    def _finished(
        self, node: Node, models: Sequence[Model], end: State, shared_seconds: float
    ) -> Finished:
        """Models that are finished; those of everybody's network are judged several at a time."""
        shop = self._shop
        shared = end.seconds if node.shared else shared_seconds
        if node.shared and isinstance(shop.job.engine, Grouping) and shop.job.engine.stacks:
            network, judge = shop.judged_network, shop.judge
            whom = [model.evaluated_on for model in node.models]
            return Everybodys(models, end, shared, network, judge, whom, shop.stack_judge)
        return Alone(models, end, shared, shop.network, shop.judge)

    def _train(self, node: Node, state: State) -> State:
        """The state at a node's end, from a file where there is one."""
        if isinstance(node.stretch.phase, Adjustment):
            return self._adjust(node, node.stretch.phase, state)
        shop, stretch = self._shop, node.stretch
        finished = layout.trunk(shop.job.folder, node.key) if node.shared else None
        if finished and finished.exists():
            return load_state(finished, node.key, shop.device) or state
        own = None if stretch.owner is None else shop.own(stretch.owner)
        feed = Feed(stretch, shop.shared, own, shop.job.recipe.batch_size)
        runs, keys = stretch.runs, _run_keys(node)

        def one(place: int, start: State) -> State:
            return self._run(node, runs[place], keys[place], feed, start)

        end = mean_of_runs(state, runs, one)
        if len(runs) > 1 and shop.recorder:
            shop.recorder.mark(node, stretch.stop, end.weights)
        if finished:
            save_state(end, finished, node.key)
        return end

    def _run(self, node: Node, run: Stretch, key: str, feed: Feed, state: State) -> State:
        """The state at the end of one run of a node; of several each end is kept for the mean."""
        shop = self._shop
        state = load_state(shop.checkpoint_file(key), key, shop.device) or state
        after_step = self._after_step(node, run, key, state)
        job = shop.job
        with job.layers(shop.network):
            end = train(shop.network, state, run, feed, job.recipe, after_step, fused=job.native)
        if run != node.stretch:
            save_state(end, shop.checkpoint_file(key), key)
        return end

    def _after_step(
        self, node: Node, run: Stretch, key: str, state: State
    ) -> Callable[[Callable[[], State]], None]:
        """What is done after each step of a run: count it, record the curve, save by time."""
        shop = self._shop
        units = STEP_UNITS * min(shop.job.recipe.batch_size, len(shop.shared))
        shop.progress(units * (state.step - run.start))
        steps = count(state.step + 1)
        judged = marked(run) if shop.recorder and run == node.stretch else ()

        def after_step(snapshot: Callable[[], State]) -> None:
            shop.progress(units)
            step = next(steps)
            if shop.recorder and step in judged:
                shop.recorder.mark(node, step, snapshot().weights)
            if shop.is_time_to_save():
                save_state(snapshot(), shop.checkpoint_file(key), key)

        return after_step

    def _adjust(self, node: Node, adjustment: Adjustment, state: State) -> State:
        """The state after an adjustment for an individual."""
        end = adjust(adjustment, state, self._shop.surroundings(str(node.stretch.owner)))
        if self._shop.recorder:
            self._shop.recorder.mark(node, node.stretch.stop, end.weights)
        return end


def _run_keys(node: Node) -> list[str]:
    """Names for the checkpoints of a node's runs; of a single one the node's own."""
    if isinstance(node.stretch.phase, Adjustment) or node.stretch.trained.runs == 1:
        return [node.key]
    return [f"{node.key}-{place}" for place in range(node.stretch.trained.runs)]


def anything_left(node: Node, done: frozenset[Identity]) -> bool:
    """Whether a node or what is below it has a model that is not done."""
    return any(model.identity not in done for below in node.walk() for model in below.models)
