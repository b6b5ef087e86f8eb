"""The plan's values: stretches of training, the nodes of the tree, tasks and the whole."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

import numpy as np

from monogram.curriculum import Phase, Step

Steps = TypeVar("Steps", int, np.ndarray)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Steps `start` to `stop` of one phase, for one individual or for all; or an adjustment.

    An adjustment takes no steps: it starts and stops at 0.

    Attributes:
        seed: of the study's seeds.
        place: the phase's position in its curriculum; with the seed and the owner it names the
            random streams.
        owner: the individual, or None where the training is the same for all.
        phase: with every option explicit but its length; or the adjustment.
        start: first step, counted from 0 within the phase.
        stop: the step after the last.
        total: steps of the whole phase, or of one of its runs, which place the decay of its rate;
            0 where it has neither, so that shorter and longer phases are the same as far as they
            go together.
    """

    seed: int
    place: int
    owner: str | None
    phase: Step
    start: int
    stop: int
    total: int

    @property
    def trained(self) -> Phase:
        """The phase of training.

        Raises:
            TypeError: it is an adjustment.
        """
        if not isinstance(self.phase, Phase):
            raise TypeError(f"{self.phase} does not train")
        return self.phase

    @property
    def steps(self) -> int:
        """Optimizer steps."""
        return self.stop - self.start

    def until(self, stop: int) -> "Stretch":
        """The same training, ending earlier."""
        return replace(self, stop=stop)

    @property
    def runs(self) -> tuple["Stretch", ...]:
        """Each run of a phase that is trained several times from where it begins; mostly itself."""
        length = self.steps // self.trained.runs
        starts = range(self.start, self.stop, length)
        return tuple(replace(self, start=start, stop=start + length) for start in starts)

    def in_run(self, step: Steps) -> Steps:
        """A step of the phase, or several, as of the run that it belongs to."""
        return step % self.total if self.trained.runs > 1 and self.total else step

    def learning_rate(self, step: int) -> float:
        """The rate of one step of the phase."""
        phase = self.trained
        rate, decay = phase.learning_rate or 0.0, phase.decay or 1.0
        taken = self.in_run(step)
        decayed = self.total and taken >= (phase.decay_at or 0.0) * self.total
        return rate * decay if decayed else rate


@dataclass(frozen=True, slots=True)
class Model:
    """One model to be judged: a row of the results.

    Attributes:
        curriculum: text form, every length explicit.
        individual: whose model it is.
        evaluated_on: whose data its personal accuracy is measured on.
        seed: of the study's seeds.
        own_steps: optimizer steps for this individual alone.
        shared_steps: optimizer steps shared with everybody.
        own_samples: samples in those own steps.
        shared_samples: samples in those shared steps.
        baseline_samples: samples that the paper's baseline takes for this individual.
    """

    curriculum: str
    individual: str
    evaluated_on: str
    seed: int
    own_steps: int
    shared_steps: int
    own_samples: int
    shared_samples: int
    baseline_samples: int

    @property
    def identity(self) -> tuple[str, str, int]:
        """What names the model within a study."""
        return (self.curriculum, self.individual, self.seed)


@dataclass(frozen=True)
class Node:
    """A stretch of training, the models that are finished at its end, and what follows it."""

    key: str
    stretch: Stretch
    models: tuple[Model, ...]
    children: tuple["Node", ...]

    @property
    def shared(self) -> bool:
        """Whether the training is the same for all individuals."""
        return self.stretch.owner is None

    def walk(self) -> Iterator["Node"]:
        """This node and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True)
class Task:
    """What a worker does in one go: a shared stretch, or all of an individual from one start.

    Attributes:
        parent: key of the shared node whose weights it starts from; None: the first weights.
        node: the training; for a shared node only its own stretch belongs to the task.
    """

    parent: str | None
    node: Node

    @property
    def key(self) -> str:
        """Names the task within the run."""
        return self.node.key

    @property
    def shared(self) -> bool:
        """Whether its training is the same for all individuals, so that others start from it."""
        return self.node.shared

    @property
    def tasks(self) -> tuple["Task", ...]:
        """Itself: what it shares with a cohort of several."""
        return (self,)

    def nodes(self) -> Iterator[Node]:
        """The nodes that the task trains."""
        return iter((self.node,)) if self.node.shared else self.node.walk()

    @cached_property
    def models(self) -> tuple[Model, ...]:
        """The models that the task finishes."""
        return tuple(model for node in self.nodes() for model in node.models)

    @cached_property
    def steps(self) -> int:
        """Optimizer steps of the task."""
        return sum(node.stretch.steps for node in self.nodes())


@dataclass(frozen=True, eq=False)
class Plan:
    """The tree of everything to be trained.

    Attributes:
        roots: the first nodes of all seeds.
        partners: for each individual, on whom a model of its own baseline is judged.
        remarks: what could not be planned as asked, for the reader.
    """

    roots: tuple[Node, ...]
    partners: Mapping[str, str]
    remarks: tuple[str, ...] = ()

    def __str__(self) -> str:
        """What will be trained, counted: a line for the whole and one for each curriculum."""
        lines = [
            (
                f"{self.models:,} models in {self.steps:,} iterations "
                f"({self.steps_unshared - self.steps:,} more if nothing were shared)"
            )
        ]
        for curriculum, (models, own, shared) in self.per_curriculum().items():
            lines.append(f"  {curriculum}: {models:,} models, {own:,.0f} own and {shared:,} shared")
        return "\n".join([*lines, *self.remarks])

    def per_curriculum(self) -> dict[str, tuple[int, float, int]]:
        """By curriculum: its models, and a model's own (on average) and shared iterations."""
        groups: dict[str, list[Model]] = {}
        for task in self.tasks:
            for model in task.models:
                groups.setdefault(model.curriculum, []).append(model)
        return {
            curriculum: (
                len(models),
                sum(model.own_steps for model in models) / len(models),
                models[0].shared_steps,
            )
            for curriculum, models in groups.items()
        }

    @cached_property
    def tasks(self) -> tuple[Task, ...]:
        """All tasks; one that starts from another's weights comes after it."""
        return tuple(_tasks(self.roots, None))

    @cached_property
    def models(self) -> int:
        """How many models will be judged."""
        return sum(len(task.models) for task in self.tasks)

    @cached_property
    def steps(self) -> int:
        """Optimizer steps that will be taken."""
        return sum(task.steps for task in self.tasks)

    @cached_property
    def steps_unshared(self) -> int:
        """Optimizer steps if every model were trained by itself from the first weights."""
        return sum(
            model.own_steps + model.shared_steps for task in self.tasks for model in task.models
        )


def _tasks(nodes: tuple[Node, ...], parent: str | None) -> Iterator[Task]:
    for node in nodes:
        yield Task(parent, node)
    for node in nodes:
        if node.shared:
            yield from _tasks(node.children, node.key)


def node_key(parent: str, stretch: Stretch) -> str:
    """A name for a node that only depends on what is trained from the first weights to its end."""
    what = (stretch.seed, stretch.place, stretch.owner, str(stretch.phase))
    name = json.dumps([parent, *what, stretch.start, stretch.stop, stretch.total])
    return hashlib.blake2b(name.encode(), digest_size=12).hexdigest()
