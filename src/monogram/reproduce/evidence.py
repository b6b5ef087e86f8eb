"""What a claim rests on: differences between rows of Table 2, and the test of each.

A part is a small record: which rows, which figure, what is said of them. Found in our own data, it
has two p-values, one for what it says and one for the opposite. All tests are paired over
individuals, seeds averaged within an individual first; the personal figure of the baseline, which
is judged on another individual, stands under the individual it was judged on.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from monogram.measure import (
    HALF_A_POINT,
    Comparison,
    compare,
    compare_spreads,
    equivalence,
    non_inferiority,
)
from monogram.reproduce.wording import bound_in_words, estimate, minus, p_value
from monogram.study.figures import Figures, paired

Figure = Literal["personal", "shared"]
Tables = Mapping[str, Figures]
"""Our figures by the paper's name of the row."""

DATA = {"personal": "D_I", "shared": "D_G"}


@dataclass(frozen=True)
class Found:
    """What our data say of a part.

    Attributes:
        supports: p of what the part says; 1 where the figures point the other way, None where
            no test is defined.
        opposes: p of the opposite, likewise.
        words: the figures.
    """

    supports: float | None
    opposes: float | None
    words: str


@dataclass(frozen=True)
class Part(ABC):
    """One thing that a claim says of two rows of Table 2.

    Attributes:
        ours: the row that it speaks of.
        theirs: the row that this one is held to.
        figure: acc(D_I) or acc(D_G).
    """

    test: ClassVar[str]
    ours: str
    theirs: str
    figure: Figure

    def find(self, tables: Tables) -> Found:
        """What our data say of it, over the individuals that both rows have."""
        rows = (tables[self.ours], tables[self.theirs])
        both = paired(*(getattr(row, self.figure) for row in rows))
        if not len(both[0]):
            return Found(None, None, f"no individual has both {self.ours} and {self.theirs}")
        return self.judge(*both)

    @abstractmethod
    def judge(self, ours: np.ndarray, theirs: np.ndarray) -> Found:
        """What two figures of the same individuals say of it: [n], [n], n at least 1."""

    @property
    def difference(self) -> str:
        """What is measured, in words."""
        return f"{self.ours} − {self.theirs} on {DATA[self.figure]}"


@dataclass(frozen=True)
class Higher(Part):
    """Ours has more mean accuracy: paired t-test, two-sided.

    Wilcoxon's test is told beside it; with four individuals its p is never below 0.125. Where all
    differ by the same it decides, since the t-test is not defined.
    """

    test: ClassVar[str] = "paired t-test"

    def judge(self, ours: np.ndarray, theirs: np.ndarray) -> Found:
        """By the sign of the mean difference."""
        result = compare(ours, theirs)
        effect = "" if result.effect_size is None else f", d = {minus(result.effect_size)}"
        words = (
            f"{self.difference}: {estimate(result.difference, result.interval)}{effect}, "
            f"{p_value(result.t_test)} (Wilcoxon {p_value(result.wilcoxon)})"
        )
        return _directed(result.p, result.difference, words)


@dataclass(frozen=True)
class Within(Part):
    """Both have the same mean accuracy but for a bound: two one-sided paired t-tests.

    Attributes:
        bound: fraction, > 0.
    """

    test: ClassVar[str] = "TOST"
    bound: float = HALF_A_POINT

    def judge(self, ours: np.ndarray, theirs: np.ndarray) -> Found:
        """The opposite of equal is to lie beyond the bound."""
        result, bound = equivalence(ours, theirs, self.bound), bound_in_words(self.bound)
        tests = (f"within {bound}", result.within), ("beyond", result.beyond)
        return _bounded(self.difference, compare(ours, theirs), *tests)


@dataclass(frozen=True)
class NoLower(Part):
    """Ours has no less mean accuracy, but for a bound: a one-sided paired t-test.

    Attributes:
        bound: fraction, > 0.
    """

    test: ClassVar[str] = "non-inferiority test"
    bound: float = HALF_A_POINT

    def judge(self, ours: np.ndarray, theirs: np.ndarray) -> Found:
        """The opposite is to lie lower by more than the bound; to lie higher is fine."""
        result, bound = non_inferiority(ours, theirs, self.bound), bound_in_words(self.bound)
        tests = (f"no lower by {bound}", result.holds), ("lower", result.fails)
        return _bounded(self.difference, compare(ours, theirs), *tests)


@dataclass(frozen=True)
class Wider(Part):
    """Ours is spread wider over individuals: Pitman-Morgan test of the standard deviations.

    Minimum to maximum, which grows with the number of individuals, is only told.
    """

    test: ClassVar[str] = "Pitman-Morgan test"

    def judge(self, ours: np.ndarray, theirs: np.ndarray) -> Found:
        """By which standard deviation is larger."""
        result = compare_spreads(ours, theirs)
        words = (
            f"{self.ours} against {self.theirs} on {DATA[self.figure]}: "
            f"sd {100 * result.ours:.2f} against {100 * result.theirs:.2f} points, "
            f"min to max {100 * np.ptp(ours):.2f} against {100 * np.ptp(theirs):.2f}, "
            f"{p_value(result.p)}"
        )
        return _directed(result.p, result.ours - result.theirs, words)


def each_higher(ours: Iterable[str], theirs: Iterable[str], figure: Figure) -> tuple[Higher, ...]:
    """Every one of some rows has more than every one of others."""
    others = tuple(theirs)
    return tuple(Higher(one, other, figure) for one in ours for other in others)


def _bounded(
    what: str, result: Comparison, holds: tuple[str, float], fails: tuple[str, float]
) -> Found:
    """What two tests against a bound say, each with its p: of what a part says, of the opposite."""
    told = ", ".join(f"{said} {p_value(p)}" for said, p in (holds, fails))
    words = f"{what}: {estimate(result.difference, result.interval)}, {told}"
    return Found(holds[1], fails[1], words)


def _directed(p: float | None, difference: float, words: str) -> Found:
    """A two-sided p counts for the direction that the figures point to."""
    if p is None:
        return Found(None, None, words)
    return Found(p if difference > 0 else 1.0, p if difference < 0 else 1.0, words)
