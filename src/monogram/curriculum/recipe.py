"""How every phase is trained unless it says otherwise."""

from dataclasses import dataclass, replace
from typing import Any

from monogram.curriculum.curriculum import Curriculum, Step
from monogram.curriculum.phases import Phase
from monogram.errors import SettingError


@dataclass(frozen=True)
class Recipe:
    """The paper's settings (section Setup).

    Attributes:
        batch_size: samples of a batch; an individual with fewer trains with all it has.
        learning_rate: of phases before the network has been trained on D_G, and of those that
            train it on D_G first.
        decay: factor by which that rate is multiplied once in phases counted in epochs.
        decay_at: fraction in [0, 1] of the phase after which it is (65 of 100 epochs).
            A phase that names its own decays, however it is counted.
        late_learning_rate: of every later phase, fixed; the paper's 0.01 for transfer learning.
        momentum: of stochastic gradient descent; the paper does not give its value.
        weight_decay: L2 regularization, added to the gradient as weight_decay × weight; not in
            phases that pull towards where they began instead.
        clip_norm: a longer gradient of the loss is shortened to this length (L2 norm over all that
            trains); None, as in the paper: never. Keeps networks without normalisation alive
            when the data changes (docs/early-shaping.md).

    Raises:
        SettingError: a value out of its range.
    """

    batch_size: int = 128
    learning_rate: float = 0.03
    decay: float = 0.316
    decay_at: float = 0.65
    late_learning_rate: float = 0.01
    momentum: float = 0.9
    weight_decay: float = 0.001
    clip_norm: float | None = None

    def __post_init__(self) -> None:
        """Refuse values out of their range."""
        batch: Any = self.batch_size
        ranges = (
            (
                "batch_size",
                isinstance(batch, int) and batch >= 1,
                "a whole number of at least 1",
            ),
            ("learning_rate", self.learning_rate > 0, "above 0"),
            ("decay", 0 < self.decay <= 1, "in (0, 1]"),
            ("decay_at", 0 <= self.decay_at <= 1, "a fraction in [0, 1]"),
            ("late_learning_rate", self.late_learning_rate > 0, "above 0"),
            ("momentum", 0 <= self.momentum < 1, "in [0, 1)"),
            ("weight_decay", self.weight_decay >= 0, "at least 0"),
            ("clip_norm", self.clip_norm is None or self.clip_norm > 0, "above 0"),
        )
        for name, fine, expected in ranges:
            if not fine:
                raise SettingError(f"{name} must be {expected}, not {getattr(self, name)}")

    def fill_in(self, curriculum: Curriculum, epochs: int) -> tuple[Step, ...]:
        """The curriculum's steps with every option of its phases explicit.

        Args:
            curriculum: as written.
            epochs: the length of phases that name none.
        """
        late_from = curriculum.late_from()
        steps = curriculum.with_epochs(epochs).phases
        return tuple(
            self._fill_in(step, place >= late_from) if isinstance(step, Phase) else step
            for place, step in enumerate(steps)
        )

    def _fill_in(self, phase: Phase, late: bool) -> Phase:
        decays = phase.decay_at is not None or (phase.epochs is not None and not late)
        rate = self.late_learning_rate if late else self.learning_rate
        decay = phase.decay if phase.decay is not None else (self.decay if decays else 1.0)
        at = phase.decay_at if phase.decay_at is not None else self.decay_at
        return replace(
            phase,
            learning_rate=phase.learning_rate or rate,
            decay=decay,
            decay_at=at if decay != 1 else 1.0,
        )
