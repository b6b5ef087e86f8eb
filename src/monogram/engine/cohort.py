"""Cohorts: individuals whose training has the same shape, so that one stack can train them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from monogram.plan import Model, Node, Task

MOST_PADDING = 2  # the longest batch of a cohort, in lengths of the shortest


@dataclass(frozen=True)
class Cohort:
    """Tasks of several individuals, of one shape and from one start; the largest D_I first."""

    tasks: tuple[Task, ...]

    @property
    def parent(self) -> str | None:
        """Key of the shared node whose weights all start from; None: the first weights."""
        return self.tasks[0].parent

    @property
    def key(self) -> str:
        """Names the cohort within the run."""
        return f"{self.tasks[0].key}-{len(self.tasks)}"

    @property
    def shared(self) -> bool:
        """Whether others start from it: never."""
        return False

    @cached_property
    def models(self) -> tuple[Model, ...]:
        """The models that the cohort finishes."""
        return tuple(model for task in self.tasks for model in task.models)

    @cached_property
    def steps(self) -> int:
        """Optimizer steps of the cohort."""
        return sum(task.steps for task in self.tasks)


Unit = Task | Cohort
"""What a worker does in one go."""


@dataclass(frozen=True)
class Grouping:
    """Which individuals are trained together.

    Attributes:
        most: individuals of a cohort; 1: nobody is trained together with others.
        padded: whether batches of different lengths may be filled up to the longest. Not where the
            samples of a batch have to do with each other, as in batch normalisation.
    """

    most: int = 1
    padded: bool = False


def grouped(
    tasks: Iterable[Task], batches: Mapping[str, int], grouping: Grouping
) -> tuple[Unit, ...]:
    """The tasks, those that can be done as one in cohorts.

    Who is in a cohort with whom depends on the plan alone, not on what is done already.

    Args:
        tasks: of a plan; each comes after the one that it starts from.
        batches: for each individual the samples of a batch of D_I.
        grouping: which may be together.
    """
    if grouping.most == 1:
        return tuple(tasks)
    units: list[Unit] = []
    alike: dict[Any, list[Task]] = {}
    for task in tasks:
        owner = task.node.stretch.owner
        if owner is None:
            units.append(task)
            continue
        shape: list[Any] = [task.parent, _shape(task.node)]
        alike.setdefault((*shape, None if grouping.padded else batches[owner]), []).append(task)
    for together in alike.values():
        parts = _parts(together, batches, grouping.most)
        units += [Cohort(tuple(some)) if len(some) > 1 else some[0] for some in parts]
    return tuple(units)


def _shape(node: Node) -> tuple[Any, ...]:
    """What two individuals' trainings must have in common to be steps of one stack."""
    stretch = node.stretch
    models = tuple((m.curriculum, m.evaluated_on == m.individual) for m in node.models)
    same = (stretch.seed, stretch.place, stretch.phase, stretch.start, stretch.total)
    return (*same, models, tuple(map(_shape, node.children)))


def _parts(tasks: Sequence[Task], batches: Mapping[str, int], most: int) -> Iterator[list[Task]]:
    """Cohorts of at most so many, of batches of about the same length, the largest D_I first."""

    def size(task: Task) -> tuple[int, int, str]:
        owner = str(task.node.stretch.owner)
        return -task.steps, -batches[owner], owner

    part: list[Task] = []
    for task in sorted(tasks, key=size):
        longest = batches[str(part[0].node.stretch.owner)] if part else 0
        short = MOST_PADDING * batches[str(task.node.stretch.owner)] < longest
        if part and (len(part) == most or short):
            yield part
            part = []
        part.append(task)
    if part:
        yield part
