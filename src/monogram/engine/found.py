"""What trials find: how long training takes, alone and together, and the memory that it needs."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from monogram.curriculum import Phase, Source
from monogram.engine.cohort import trainings
from monogram.engine.load import Workload
from monogram.plan import Task

SHARE = 0.1  # of what all training takes one by one, that larger cohorts may be tried for
SHORTEST, LONGEST = 0.5, 10.0  # seconds that they may be at any rate, and at most


@dataclass(frozen=True)
class Sort:
    """What phases have in common whose steps take about as long.

    Attributes:
        train: the parameters that train, as `Phase.train` has it.
        own: whether all batches are personal: then a stack has quicker forms for the same.
    """

    train: str
    own: bool

    @classmethod
    def of(cls, phase: Phase) -> Self:
        """That of a phase."""
        return cls(phase.train, phase.source is Source.PERSONAL)

    def is_in(self, task: Task) -> bool:
        """Whether a task has phases of it."""
        return any(self == Sort.of(stretch.trained) for stretch in trainings(task))


@dataclass(frozen=True)
class Speed:
    """Seconds of one model's share.

    Attributes:
        once: before the first step: its own samples through what is frozen.
        step: of a step of training.
        sample: of a sample of D_G that is looked at.
    """

    once: float
    step: float
    sample: float

    def seconds(self, steps: float, samples: float) -> float:
        """What a model takes with so many of both."""
        return self.once + steps * self.step + samples * self.sample


UNKNOWN = Speed(0.0, 0.0, 0.0)


def mean_speed(speeds: Iterable[tuple[Speed, float]]) -> Speed:
    """Of a model with phases of several sorts, given each one's share of its steps."""
    speeds = list(speeds)
    return Speed(
        once=max(speed.once for speed, _ in speeds),
        step=sum(share * speed.step for speed, share in speeds),
        sample=sum(share * speed.sample for speed, share in speeds),
    )


@dataclass(frozen=True)
class Found:
    """What a trial found.

    Attributes:
        alone: one by one; `UNKNOWN` where there is a problem.
        together: in cohorts, by their size.
        padded: whether batches of different lengths can be filled up.
        memory: bytes that each individual of a cohort takes, its samples aside.
        own_sample: bytes that each of its training samples takes.
        shared_sample: bytes that a worker keeps for each sample of D_G that models are judged on.
        problem: why individuals cannot be trained together, or None.
        cut_short: seconds that were too few for larger cohorts; 0: none were left out.
    """

    alone: Speed
    together: dict[int, Speed] = field(default_factory=dict)
    padded: bool = False
    memory: int = 0
    own_sample: int = 0
    shared_sample: int = 0
    problem: str | None = None
    cut_short: float = 0.0

    def each(self, samples: int) -> int:
        """Bytes that an individual of a cohort takes who has so many training samples."""
        return self.memory + samples * self.own_sample

    def is_enough(self, load: Workload) -> bool:
        """Whether so much work is no reason for a much longer trial."""
        return not self.cut_short or seconds_allowed(self.alone, load) < 2 * self.cut_short

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The same of plain values, as read back from JSON."""
        sizes = values["together"]
        speeds = {int(size): Speed(**speed) for size, speed in sizes.items()}
        return cls(**{**values, "alone": Speed(**values["alone"]), "together": speeds})


def overall(found: Sequence[tuple[Found, float]]) -> Found:
    """What trials of several sorts found, given each one's share of the steps."""
    if len(found) == 1:
        return found[0][0]
    if problems := [one for one, _ in found if one.problem]:
        return problems[0]
    sizes = set.intersection(*(set(one.together) for one, _ in found))
    return Found(
        alone=mean_speed((one.alone, share) for one, share in found),
        together={s: mean_speed((one.together[s], share) for one, share in found) for s in sizes},
        padded=all(one.padded for one, _ in found),
        memory=max(one.memory for one, _ in found),
        own_sample=max(one.own_sample for one, _ in found),
        shared_sample=max(one.shared_sample for one, _ in found),
    )


def seconds_allowed(alone: Speed, load: Workload) -> float:
    """Seconds that larger cohorts than a pair may take: none is begun that would take longer."""
    work = alone.seconds(load.steps, load.judged_samples)
    return min(LONGEST, max(SHORTEST, SHARE * work))
