"""The guard: nobody gets a personal model that is worse than the base, or that forgot D_G.

A model is taken if on the individual's own validation data it is no worse than the base, and on
global validation data not under the floor. Otherwise it is led back towards the base, weight by
weight: θ = θ_base + α (θ_personal − θ_base) for falling α. Averaging a model with what it was
fine-tuned from keeps much of both (WiSE-FT; Wortsman et al., "Robust fine-tuning of zero-shot
models", CVPR 2022). If no α helps, the individual keeps the base. Test data has no part in it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from math import isfinite

from torch import Tensor

from monogram.errors import SettingError
from monogram.store import Attempt, Decision, Figures, Kind
from monogram.training import Tally, Weights, interpolate

COEFFICIENTS = (0.75, 0.5, 0.25)


@dataclass(frozen=True)
class Rules:
    """What is asked of a personal model.

    Attributes:
        floor: the least global accuracy on validation data, a fraction in [0, 1].
        coefficients: α of the attempts to lead a model back, falling, in (0, 1).

    Raises:
        SettingError: a value out of its range.
    """

    floor: float
    coefficients: tuple[float, ...] = COEFFICIENTS

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if not 0 <= self.floor <= 1:
            raise SettingError(f"the floor must be a global accuracy in [0, 1], not {self.floor}")
        falling = list(self.coefficients) == sorted(set(self.coefficients), reverse=True)
        if not falling or not all(0 < c < 1 for c in self.coefficients):
            raise SettingError(
                f"the coefficients must fall and lie in (0, 1), for example 0.75,0.5,0.25, not "
                f"{', '.join(map(str, self.coefficients)) or 'none'}"
            )


@dataclass(frozen=True, eq=False)
class Look:
    """How the guard looks at weights: on validation data only.

    Attributes:
        personal: what weights get right on the individual's validation data.
        shared: what they get right on D_G's.
    """

    personal: Callable[[Weights], Tally]
    shared: Callable[[Weights], Tally]


@dataclass(frozen=True, eq=False)
class Verdict:
    """What an individual gets.

    Attributes:
        decision: which model and why, with the figures of every attempt.
        weights: of that model; None: the base's.
    """

    decision: Decision
    weights: dict[str, Tensor] | None


@dataclass(frozen=True, eq=False)
class Guard:
    """Decides about one individual after the other.

    Attributes:
        rules: what is asked.
        base: the base's weights.
    """

    rules: Rules
    base: Weights

    def decide(self, curriculum: str, trained: Weights, at_base: Figures, look: Look) -> Verdict:
        """Take the trained model, one between it and the base, or the base.

        Args:
            curriculum: how it was trained, for the record.
            trained: its weights.
            at_base: the base's validation figures for this individual.
            look: evaluates weights.
        """
        attempts: list[Attempt] = []
        problems: list[str] = []
        for alpha, what, weights in self._candidates(curriculum, trained):
            figures, problem = self.judge(weights, at_base, look)
            attempts.append(Attempt(what, figures))
            if problem is None:
                reason = self._reason(figures, at_base, alpha, problems)
                kind: Kind = "kept" if alpha == 1 else "backed off"
                return Verdict(Decision(kind, reason, tuple(attempts)), weights)
            problems.append(problem)
        attempts.append(Attempt("the base", _on_validation(at_base)))
        reason = f"as trained, {problems[0]}; led back towards the base none passes either"
        return Verdict(Decision("base", reason, tuple(attempts)), None)

    def judge(self, weights: Weights, at_base: Figures, look: Look) -> tuple[Figures, str | None]:
        """The validation figures of weights, and what is wrong with them.

        The pass over D_G is the long one: where the individual's own data has decided already, it
        is left out and its figure is None.
        """
        own = look.personal(weights)
        problem = self._personal_problem(own, at_base)
        if problem is not None:
            return Figures(personal_accuracy_validation=accuracy(own)), problem
        shared = look.shared(weights)
        figures = Figures(
            personal_accuracy_validation=accuracy(own), global_accuracy_validation=accuracy(shared)
        )
        if not shared.accuracy >= self.rules.floor:
            return figures, f"global accuracy {shared.accuracy:.3f} < floor {self.rules.floor:.3f}"
        if not isfinite(shared.mean_loss):
            return figures, "its loss on D_G is no number"
        return figures, None

    def _personal_problem(self, own: Tally, at_base: Figures) -> str | None:
        theirs = at_base.personal_accuracy_validation
        if not own.samples or theirs is None:
            return "there is no validation data of its own to judge it on"
        if not isfinite(own.mean_loss):
            return "its loss is no number"
        if own.accuracy < theirs:
            return f"own accuracy {own.accuracy:.3f} < base {theirs:.3f}"
        return None

    def _candidates(
        self, curriculum: str, trained: Weights
    ) -> Iterator[tuple[float, str, dict[str, Tensor]]]:
        """The trained model, then those between it and the base, made one by one."""
        as_trained = ((1.0, curriculum, dict(trained)) for _ in range(1))
        led_back = (
            (alpha, f"{curriculum}, {alpha:g} of the way", interpolate(self.base, trained, alpha))
            for alpha in self.rules.coefficients
        )
        return chain(as_trained, led_back)

    def _reason(self, taken: Figures, at_base: Figures, alpha: float, problems: list[str]) -> str:
        figures = (
            f"own accuracy {taken.personal_accuracy_validation or 0.0:.3f} (base "
            f"{at_base.personal_accuracy_validation or 0.0:.3f}), global "
            f"{taken.global_accuracy_validation or 0.0:.3f} (floor {self.rules.floor:.3f})"
        )
        if not problems:
            return f"on validation data: {figures}"
        return f"as trained, {problems[0]}; at {alpha:g} of the way from the base, {figures}"


def _on_validation(figures: Figures) -> Figures:
    return replace(figures, personal_accuracy=None, global_accuracy=None)


def accuracy(one: Tally) -> float | None:
    """A fraction in [0, 1], or None where there were no samples."""
    return one.accuracy if one.samples else None
