"""How models are judged and kept, and how the work is done."""

from dataclasses import dataclass
from typing import Any

from monogram.engine import Display, EngineName, default_workers
from monogram.errors import SettingError
from monogram.personalize.guard import COEFFICIENTS, Rules
from monogram.personalize.harvest import SMALLEST
from monogram.store import DEFAULT_BOUND, encoding


@dataclass(frozen=True)
class Ways:
    """How models are judged and kept.

    Attributes:
        coefficients: of the guard's attempts to lead a model back, falling, in (0, 1).
        encoding: of deltas: "lossless", "smallest", or one of `monogram.store.encodings`.
        bound: the most accuracy that a lossy encoding may cost on own and on global validation
            data, a fraction in [0, 1].
        again: train even those whose data and settings have not changed.

    Raises:
        SettingError: a value out of its range.
    """

    coefficients: tuple[float, ...] = COEFFICIENTS
    encoding: str = "lossless"
    bound: float = DEFAULT_BOUND
    again: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        Rules(0.0, self.coefficients)
        if self.encoding != SMALLEST:
            encoding(self.encoding)
        if not 0 <= self.bound <= 1:
            raise SettingError(f"the bound must be an accuracy in [0, 1], not {self.bound}")

    def settings(self) -> dict[str, Any]:
        """What the numbers depend on, as plain values."""
        return {
            "coefficients": list(self.coefficients),
            "encoding": self.encoding,
            "bound": self.bound,
        }


@dataclass(frozen=True, eq=False)
class Pace:
    """How the work is done; the numbers depend on it in the last digits at most.

    Attributes:
        workers: processes; None: one for each core, one alone on an accelerator.
        display: shows progress; None: nothing is shown.
        checkpoint_seconds: between two checkpoints of a training in flight.
        engine: as in `Study.run`, and the next.
        memory: bytes that all workers may take together; None: what the machine has free.

    Raises:
        SettingError: a value out of its range.
    """

    workers: int | None = None
    display: Display | None = None
    checkpoint_seconds: float = 60.0
    engine: EngineName = "auto"
    memory: int | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if self.workers is not None and self.workers < 1:
            raise SettingError(f"workers must be at least 1, not {self.workers}")
        if not self.checkpoint_seconds >= 0:
            raise SettingError(
                f"checkpoint_seconds must be at least 0, not {self.checkpoint_seconds}"
            )

    def processes(self, device: str) -> int:
        """How many processes there will be that compute on a device."""
        return self.workers or default_workers(device)
