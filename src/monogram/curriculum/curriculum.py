"""Curricula: steps in order, and whose data the result is judged on."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Self

from monogram.errors import CurriculumError


class Step(ABC):
    """One step of a curriculum: a phase of training, or an adjustment without any."""

    @property
    @abstractmethod
    def touches_individual(self) -> bool:
        """Whether it uses D_I, so that it differs between individuals."""

    @property
    @abstractmethod
    def trains_on_shared(self) -> bool:
        """Whether the network sees D_G in it."""

    @property
    def has_length(self) -> bool:
        """Whether it says how long it lasts, or there is nothing to say."""
        return True

    def lengthless(self) -> Self:
        """The same without a length."""
        return self

    def with_epochs(self, epochs: int) -> Self:  # noqa: ARG002 - of steps that have a length
        """The same with a number of epochs where it has no length."""
        return self

    @abstractmethod
    def check_after(self, before: tuple["Step", ...]) -> None:
        """Refuse to come after some steps.

        Args:
            before: the curriculum's steps before this one.

        Raises:
            CurriculumError: it cannot be done there.
        """

    def __rshift__(self, later: "Step | Curriculum") -> "Curriculum":
        """This step, then the later ones."""
        return Curriculum((self,)) >> later


@dataclass(frozen=True)
class Curriculum:
    """Steps in order: phases of training, and adjustments of what was trained.

    Attributes:
        phases: the steps, at least one.
        on_other: judge the personal accuracy on another individual, as the paper does for its
            baseline; text form: `… on other`.

    Raises:
        CurriculumError: no steps, a personal phase without a length, or an adjustment of what
            was not trained.
    """

    phases: tuple[Step, ...]
    on_other: bool = False

    def __post_init__(self) -> None:
        """Refuse what has no length."""
        if not self.phases:
            raise CurriculumError("a curriculum needs at least one phase, for example global")
        for place, step in enumerate(self.phases):
            step.check_after(self.phases[:place])

    def __rshift__(self, later: "Step | Curriculum") -> "Curriculum":
        """These steps, then the later ones."""
        if isinstance(later, Curriculum):
            return Curriculum(self.phases + later.phases, self.on_other or later.on_other)
        return Curriculum((*self.phases, later), self.on_other)

    def __str__(self) -> str:
        """The text form, which `parse` reads."""
        return " >> ".join(str(phase) for phase in self.phases) + (" on other" * self.on_other)

    def with_epochs(self, epochs: int) -> Self:
        """The same with the study's number of epochs wherever a phase names no length."""
        return replace(self, phases=tuple(step.with_epochs(epochs) for step in self.phases))

    @property
    def trunk(self) -> tuple[Step, ...]:
        """The steps before the first that touches an individual: the same for everyone."""
        return tuple(takewhile(lambda phase: not phase.touches_individual, self.phases))

    @property
    def is_personal(self) -> bool:
        """Whether it makes a model of its own for each individual, meant for that individual."""
        return len(self.trunk) < len(self.phases) and not self.on_other

    def late_from(self) -> int:
        """The place from which phases are late: D_G has been seen before, rates are small."""
        return len(tuple(takewhile(lambda step: not step.trains_on_shared, self.phases))) + 1
