"""Whether a curriculum is as good as another, or no worse: one-sided paired t-tests.

Not to find a difference is no proof of equality; these tests ask for one. Where the differences do
not vary, a t-test is not defined, and a sign test takes its place: all n individuals on one side of
the bound have a probability of 2⁻ⁿ if either side is as likely.

Source: Schuirmann, "A comparison of the two one-sided tests procedure and the power approach for
assessing the equivalence of average bioavailability", J. Pharmacokinetics and Biopharmaceutics 15
(1987).
"""

from dataclasses import dataclass

import numpy as np
import scipy

from monogram.measure.noise import DIGITS, paired_differences, varies

HALF_A_POINT = 0.005  # of accuracy, a fraction


@dataclass(frozen=True)
class Equivalence:
    """Whether the mean of paired differences lies within ± a bound, or beyond it.

    Attributes:
        difference: mean of the paired differences.
        bound: the largest difference that counts as none, > 0.
        within: p of two one-sided tests (TOST): small where the mean lies within the bound.
        beyond: small where the mean lies outside of the bound; both sides are tried, so it is
            twice the smaller one-sided p, 1 at most.
        individuals: number of pairs.
    """

    difference: float
    bound: float
    within: float
    beyond: float
    individuals: int


@dataclass(frozen=True)
class NonInferiority:
    """Whether the mean of paired differences is no lower than a bound below 0, or lower.

    Attributes:
        difference: mean of the paired differences.
        bound: how much less counts as none, > 0.
        holds: small where the mean lies above -bound.
        fails: small where it lies below.
        individuals: number of pairs.
    """

    difference: float
    bound: float
    holds: float
    fails: float
    individuals: int


def equivalence(ours: np.ndarray, theirs: np.ndarray, bound: float = HALF_A_POINT) -> Equivalence:
    """Test two figures of the same individuals for being equal but for a bound.

    Args:
        ours: [individuals], at least one; seeds averaged within an individual before.
        theirs: [individuals], in the same order.
        bound: in the figures' unit, > 0.

    Raises:
        ValueError: a bound that is not above 0.
    """
    differences = _differences(ours, theirs, bound)
    (above_low, below_low), (above_high, below_high) = (
        _sides(differences, at) for at in (-bound, bound)
    )
    return Equivalence(
        difference=float(differences.mean()),
        bound=bound,
        within=max(above_low, below_high),
        beyond=min(1.0, 2 * min(above_high, below_low)),
        individuals=len(differences),
    )


def non_inferiority(
    ours: np.ndarray, theirs: np.ndarray, bound: float = HALF_A_POINT
) -> NonInferiority:
    """Test whether a figure is no lower than another of the same individuals, but for a bound.

    Args:
        ours: [individuals], at least one; seeds averaged within an individual before.
        theirs: [individuals], in the same order.
        bound: in the figures' unit, > 0.

    Raises:
        ValueError: a bound that is not above 0.
    """
    differences = _differences(ours, theirs, bound)
    holds, fails = _sides(differences, -bound)
    return NonInferiority(float(differences.mean()), bound, holds, fails, len(differences))


def _differences(ours: np.ndarray, theirs: np.ndarray, bound: float) -> np.ndarray:
    if not bound > 0:
        raise ValueError(f"the bound must be above 0, not {bound}")
    return paired_differences(ours, theirs)


def _sides(differences: np.ndarray, at: float) -> tuple[float, float]:
    """One-sided p: small where the mean lies above a bound, small where it lies below."""
    if varies(differences):
        above = float(scipy.stats.ttest_1samp(differences, at, alternative="greater").pvalue)
        return above, 1 - above
    by = round(float(differences[0]) - at, DIGITS)
    all_on_it = 0.5 ** len(differences)
    return (all_on_it if by > 0 else 1.0), (all_on_it if by < 0 else 1.0)
