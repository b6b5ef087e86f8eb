"""Curricula: phases in order, and whose data the result is judged on."""

from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Self

from monogram.curriculum.phases import Phase, Source
from monogram.errors import CurriculumError


@dataclass(frozen=True)
class Curriculum:
    """Phases in order.

    Attributes:
        phases: at least one.
        on_other: judge the personal accuracy on another individual, as the paper does for its
            baseline; text form: `… on other`.

    Raises:
        CurriculumError: no phases, or a personal phase without a length.
    """

    phases: tuple[Phase, ...]
    on_other: bool = False

    def __post_init__(self) -> None:
        """Refuse what has no length."""
        if not self.phases:
            raise CurriculumError("a curriculum needs at least one phase, for example global")
        for phase in self.phases:
            if phase.source is Source.PERSONAL and not phase.has_length:
                raise CurriculumError(f"{phase}: say how long, for example personal(iterations=20)")

    def __rshift__(self, later: "Phase | Curriculum") -> "Curriculum":
        """These phases, then the later ones."""
        more = (later,) if isinstance(later, Phase) else later.phases
        on_other = self.on_other or (isinstance(later, Curriculum) and later.on_other)
        return Curriculum(self.phases + more, on_other)

    def __str__(self) -> str:
        """The text form, which `parse` reads."""
        return " >> ".join(str(phase) for phase in self.phases) + (" on other" * self.on_other)

    def with_epochs(self, epochs: int) -> Self:
        """The same with the study's number of epochs wherever a phase names no length."""
        return replace(
            self,
            phases=tuple(
                phase if phase.has_length else replace(phase, epochs=epochs)
                for phase in self.phases
            ),
        )

    @property
    def trunk(self) -> tuple[Phase, ...]:
        """The phases before the first that touches an individual: the same for everyone."""
        return tuple(takewhile(lambda phase: not phase.touches_individual, self.phases))

    @property
    def is_personal(self) -> bool:
        """Whether it makes a model of its own for each individual, meant for that individual."""
        return len(self.trunk) < len(self.phases) and not self.on_other

    def late_from(self) -> int:
        """The place from which phases are late: D_G has been seen before, rates are small."""
        early = takewhile(lambda phase: phase.source is Source.PERSONAL, self.phases)
        return len(tuple(early)) + 1
