"""Curricula: steps in order, and whose data the result is judged on."""

from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Self

from monogram.curriculum.adjustments import Adjustment, Blend
from monogram.curriculum.phases import Phase, Source
from monogram.errors import CurriculumError

Step = Phase | Adjustment
"""One step of a curriculum: a phase of training, or an adjustment without any."""


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
            if _is_personal(step) and not step.has_length:
                raise CurriculumError(f"{step}: say how long, for example personal(iterations=20)")
            if isinstance(step, Adjustment):
                self._check_adjustment(step, self.phases[:place])

    def _check_adjustment(self, step: Adjustment, before: tuple[Step, ...]) -> None:
        """Refuse to adjust what there is not."""
        if all(isinstance(earlier, Adjustment) or _is_personal(earlier) for earlier in before):
            raise CurriculumError(
                f"{step}: it adjusts a network that was trained on the global data before, for "
                f"example global >> {step}"
            )
        if isinstance(step, Blend) and before[0].touches_individual:
            raise CurriculumError(
                f"{step}: it leads back towards what everybody shares, so the curriculum must "
                f"begin with global, for example global >> personal(20) >> {step}"
            )

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
        return replace(
            self,
            phases=tuple(
                replace(step, epochs=epochs)
                if isinstance(step, Phase) and not step.has_length
                else step
                for step in self.phases
            ),
        )

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
        return len(tuple(takewhile(_is_personal, self.phases))) + 1


def _is_personal(step: Step) -> bool:
    """Whether a step trains on D_I alone."""
    return isinstance(step, Phase) and step.source is Source.PERSONAL
