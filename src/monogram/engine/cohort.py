"""Cohorts: individuals whose training has the same shape, so that one stack can train them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import inf
from typing import Any

from monogram.curriculum import Phase
from monogram.formats import joined
from monogram.plan import Model, Node, Stretch, Task

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
class Kind:
    """How individuals are trained together whose phases train the same parameters.

    Attributes:
        most: individuals of a cohort; 1: one after the other.
        padded: whether batches of different lengths may be filled up to the longest. Not where the
            samples of a batch have to do with each other, as in batch normalisation.
        gain: times faster than one after the other.
        seconds: of an individual's training and judging in a worker; infinite where nobody knows.
        memory: bytes that each individual of a cohort takes.
        shared: bytes that a worker keeps for D_G, whose frozen part is computed once for everybody.
        reason: for people.
        is_remarkable: the reason is a limit that people may want to know of.
    """

    most: int = 1
    padded: bool = False
    gain: float = 1.0
    seconds: float = inf
    memory: int = 0
    shared: int = 0
    reason: str = ""
    is_remarkable: bool = False

    @property
    def how(self) -> str:
        """What there is to say of it; nothing where nobody wants to know."""
        if self.most > 1:
            return f"{self.most} individuals at a time ({self.reason})"
        return f"one individual after the other, since {self.reason}" * self.is_remarkable


ALONE = Kind()


@dataclass(frozen=True)
class Team:
    """How shared phases are trained, which nobody who starts from them can be trained beside.

    Attributes:
        threads: of one while nothing else is trained; 0: as many as a worker has, and others may be
            trained beside it.
        gain: times faster than with as many as a worker has.
    """

    threads: int = 0
    gain: float = 1.0


@dataclass(frozen=True)
class Grouping:
    """Who is trained together, and with how many threads what all start from.

    Attributes:
        kinds: by what a phase trains, as `Phase.train` has it; "" for individuals whose models are
            only adjusted. Whoever has phases of several kinds is held to the strictest; without a
            kind everybody is trained alone.
        team: for shared phases.
        native: whether networks that are trained or judged alone compute natively what they can,
            in another order of sums.
    """

    kinds: Mapping[str, Kind] = field(default_factory=dict)
    team: Team = Team()
    native: bool = False

    @property
    def stacks(self) -> bool:
        """Whether anybody is trained together with others."""
        return any(kind.most > 1 for kind in self.kinds.values())

    def lines(self) -> Iterator[str]:
        """What there is to say to whoever waits."""
        if self.team.threads:
            faster = f"{self.team.gain:.1f} times as fast as on a worker's, in a short trial"
            yield f"the shared training: on {self.team.threads} threads ({faster})"
        said: dict[str, list[str]] = {}
        for name, kind in self.kinds.items():
            what = f"train={name}" if name else "models that are only adjusted"
            said.setdefault(kind.how, []).append(what)
        yield from (f"{joined(whats)}: {how}" for how, whats in said.items() if how)

    def seconds(self, unit: Unit) -> float:
        """How long a worker does a unit of work; infinite where nobody knows."""
        return sum(inf if task.shared else self.of(task).seconds for task in unit.tasks)

    def of(self, task: Task) -> Kind:
        """The kind of an individual's task."""
        kinds = [self.kinds.get(name, ALONE) for name in trained_by(task)]
        if len(kinds) == 1:
            return kinds[0]
        most, gain = (min(getattr(kind, name) for kind in kinds) for name in ("most", "gain"))
        seconds = max(kind.seconds for kind in kinds)
        return Kind(most, all(kind.padded for kind in kinds), gain, seconds)


def trained_by(task: Task) -> tuple[str, ...]:
    """What the phases of a task train, as `Phase.train` has it; "" where it has no phases."""
    names = dict.fromkeys(stretch.trained.train for stretch in trainings(task))
    return tuple(names) or ("",)


def trainings(task: Task) -> Iterator[Stretch]:
    """The stretches of a task that train."""
    for node in task.nodes():
        if isinstance(node.stretch.phase, Phase):
            yield node.stretch


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
    units: list[Unit] = []
    alike: dict[Any, list[Task]] = {}
    for task in tasks:
        owner = task.node.stretch.owner
        kind = ALONE if owner is None else grouping.of(task)
        if kind.most == 1:
            units.append(task)
            continue
        batch = None if kind.padded else batches[str(owner)]
        alike.setdefault((kind.most, batch, *shape_of(task)), []).append(task)
    for (most, *_), together in alike.items():
        parts = _parts(together, batches, most)
        units += [Cohort(tuple(some)) if len(some) > 1 else some[0] for some in parts]
    return tuple(units)


def shape_of(task: Task) -> tuple[Any, ...]:
    """What two individuals' tasks must have in common to be one cohort's."""
    return (task.parent, _shape(task.node))


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
