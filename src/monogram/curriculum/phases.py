"""Phases: one stretch of training on one source of data.

Options that are None take the study's values (`Recipe`), by the rules of the paper: the rate
0.03, decayed in phases counted in epochs, before the network has been trained on D_G; the fixed
rate 0.01 in every phase after that.
"""

from dataclasses import dataclass, fields, replace
from enum import StrEnum
from fractions import Fraction
from math import inf
from typing import Any, Self, TypedDict, Unpack

from monogram.curriculum.curriculum import Step
from monogram.errors import CurriculumError

WHOLE_TOLERANCE = 1e-9
LARGEST_PERIOD = 10_000
WHOLE = ("epochs", "iterations", "runs")  # options that are whole numbers


class Source(StrEnum):
    """Where a phase's batches come from."""

    PERSONAL = "personal"
    """D_I."""
    GLOBAL = "global"
    """D_G."""
    MIXED = "mixed"
    """D_G, with batches of D_I at the period n_I."""
    UNION = "union"
    """D_G ∪ D_I, one sample as likely as another."""


@dataclass(frozen=True)
class Phase(Step):
    """One stretch of training. Made by `Personal`, `Global`, `Mixed` and `Union`.

    Attributes:
        source: where the batches come from.
        epochs: length in passes over the source, ceil(samples / batch) iterations each; for a
            mixed phase passes over D_G (Algorithm 1, line 8).
        iterations: length in optimizer steps; not together with `epochs`.
        every: n_I of Algorithm 1, a whole number (every n_I-th batch is personal) or one over a
            whole number (all but every 1/n_I-th); mixed phases only.
        learning_rate: > 0.
        decay: factor in (0, 1] by which the rate is multiplied once.
        decay_at: fraction in [0, 1] of the phase's iterations after which it is.
        train: which parameters train: "all", "head" (the last layer that has any), "last-block"
            (from the layer of weights before it on) or names with `*` and `?`, several joined
            by `|`.
        pull: strength, above 0, of an L2 penalty that pulls the weights towards what they were
            when the phase began, in place of the one towards 0: the gradient's summand is
            pull · (w - w_start) (L2-SP; Li, Grandvalet and Davoine, ICML 2018).
        runs: how many times it is trained from where it begins, each time on other batches and
            draws and of the given length; its end is the mean of their ends (a model soup;
            Wortsman et al., ICML 2022).

    Raises:
        CurriculumError: an option out of its range, or two that contradict each other.
    """

    source: Source
    epochs: int | None = None
    iterations: int | None = None
    every: Fraction | None = None
    learning_rate: float | None = None
    decay: float | None = None
    decay_at: float | None = None
    train: str = "all"
    pull: float | None = None
    runs: int = 1

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        for name in WHOLE:
            object.__setattr__(self, name, _whole(getattr(self, name)))
        for problem in self._problems():
            raise CurriculumError(f"{self}: {problem}")

    def _problems(self) -> list[str]:
        """What is wrong with the options, in sentences."""
        numbers: dict[str, Any] = {name: getattr(self, name) for name in WHOLE}
        problems = [
            f"{name} must be a whole number of at least 1, not {value}"
            for name, value in numbers.items()
            if (value is not None or name == "runs") and not (isinstance(value, int) and value >= 1)
        ]
        if self.epochs is not None and self.iterations is not None:
            problems.append("give epochs or iterations, not both")
        if (self.every is None) == (self.source is Source.MIXED):
            problems.append("n_I (every) belongs to mixed phases and to them alone")
        if self.every is not None and not _is_period(self.every):
            problems.append(
                f"n_I must be a whole number or one over a whole number, not {self.every}"
            )
        if self.learning_rate is not None and not 0 < self.learning_rate < inf:
            problems.append(f"learning_rate must be above 0 and finite, not {self.learning_rate}")
        if self.decay is not None and not 0 < self.decay <= 1:
            problems.append(f"decay must lie in (0, 1], not {self.decay}")
        if self.decay_at is not None and not 0 <= self.decay_at <= 1:
            problems.append(f"decay_at must be a fraction in [0, 1], not {self.decay_at}")
        if self.pull is not None and not 0 < self.pull < inf:
            problems.append(f"pull must be above 0 and finite, not {self.pull}")
        if not self.train:
            problems.append('train must name parameters, for example "all" or "head"')
        if set(self.train) & set("\"'"):
            problems.append(
                "train must not hold quotation marks: no parameter has them in its name"
            )
        return problems

    def __str__(self) -> str:
        """The text form, for example `mixed(every=2, epochs=8)`."""
        options = [
            f"{field.name}={value_text(getattr(self, field.name))}"
            for field in _OPTIONS
            if getattr(self, field.name) != field.default
        ]
        return f"{self.source}({', '.join(options)})" if options else str(self.source)

    @property
    def touches_individual(self) -> bool:
        """Whether it uses D_I: all but those on D_G alone."""
        return self.source is not Source.GLOBAL

    @property
    def trains_on_shared(self) -> bool:
        """Whether the network sees D_G in it: in all but those on D_I alone."""
        return self.source is not Source.PERSONAL

    @property
    def has_length(self) -> bool:
        """Whether it says how long it lasts."""
        return self.epochs is not None or self.iterations is not None

    def lengthless(self) -> Self:
        """The same training without a length."""
        return replace(self, epochs=None, iterations=None)

    def with_epochs(self, epochs: int) -> Self:
        """The same with a number of epochs where it has no length."""
        return self if self.has_length else replace(self, epochs=epochs)

    def check_after(self, before: tuple[Step, ...]) -> None:  # noqa: ARG002 - after whatever
        """Refuse what has no length, wherever it comes: the study's epochs are passes over D_G.

        Raises:
            CurriculumError: it does not say how long it trains on D_I alone.
        """
        if not (self.trains_on_shared or self.has_length):
            raise CurriculumError(f"{self}: say how long, for example personal(iterations=20)")


PHASE_OPTIONS = (
    "every", "epochs", "iterations", "runs", "learning_rate", "decay", "decay_at", "train", "pull"
)  # fmt: skip
"""What the text form names, in its order."""

_OPTIONS = sorted(
    (field for field in fields(Phase) if field.name in PHASE_OPTIONS),
    key=lambda field: PHASE_OPTIONS.index(field.name),
)


def as_fraction(number: "Fraction | float | str") -> Fraction:
    """A number as the simple fraction that it means: 0.125 and "1/8" are 1/8.

    Raises:
        CurriculumError: not a number.
    """
    try:
        exact = Fraction(number)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError) as error:
        raise CurriculumError(f"{number!r} is not a number; write 2, 0.125 or 1/8") from error
    simple = exact.limit_denominator(LARGEST_PERIOD)
    return simple if abs(simple - exact) < WHOLE_TOLERANCE else exact


def _whole(value: Any) -> Any:
    """A whole number as an int, also a float or NumPy's; anything else as it is."""
    try:
        whole = int(value)
    except (TypeError, ValueError, OverflowError):
        return value
    return whole if whole == value else value


def _is_period(every: Fraction) -> bool:
    return every > 0 and 1 in (every.numerator, every.denominator)


def value_text(value: object) -> str:
    """An option's value as the text form has it."""
    if isinstance(value, str) and not value.replace("-", "").replace("_", "").isalnum():
        return f'"{value}"'
    if isinstance(value, float) and float(short := f"{value:g}") == value:
        return short
    return str(value)


class Options(TypedDict, total=False):
    """The options that every phase has; see `Phase`."""

    learning_rate: float | None
    decay: float | None
    decay_at: float | None
    train: str
    pull: float | None
    runs: int


def Personal(  # noqa: N802 - phases are named like values
    iterations: int | None = None, *, epochs: int | None = None, **options: Unpack[Options]
) -> Phase:
    """Train on batches of D_I alone (Algorithm 1, lines 3 and 18)."""
    return Phase(Source.PERSONAL, epochs, iterations, **options)


def Global(  # noqa: N802
    epochs: int | None = None, *, iterations: int | None = None, **options: Unpack[Options]
) -> Phase:
    """Train on batches of D_G alone (Algorithm 1, lines 4 and 16)."""
    return Phase(Source.GLOBAL, epochs, iterations, **options)


def Mixed(  # noqa: N802
    every: Fraction | float | str,
    *,
    epochs: int | None = None,
    iterations: int | None = None,
    **options: Unpack[Options],
) -> Phase:
    """Train on D_G with every n_I-th batch from D_I; n_I < 1: all but every 1/n_I-th (lines 8-14).

    >>> Mixed(0.125) == Mixed("1/8")
    True
    """
    return Phase(Source.MIXED, epochs, iterations, as_fraction(every), **options)


def Union(  # noqa: N802
    epochs: int | None = None, *, iterations: int | None = None, **options: Unpack[Options]
) -> Phase:
    """Train on batches of D_G ∪ D_I (the paper's baseline, section Setup)."""
    return Phase(Source.UNION, epochs, iterations, **options)
