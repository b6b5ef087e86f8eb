"""Whether two curricula are as good as each other: two one-sided paired t-tests (TOST).

Not to find a difference is no proof of equality; this test asks for one.

Source: Schuirmann, "A comparison of the two one-sided tests procedure and the power approach for
assessing the equivalence of average bioavailability", J. Pharmacokinetics and Biopharmaceutics 15
(1987).
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from monogram.measure.noise import paired_differences, varies

HALF_A_POINT = 0.005  # of accuracy, a fraction


@dataclass(frozen=True)
class Equivalence:
    """Whether the mean of paired differences lies within ± a bound, or beyond it.

    Attributes:
        difference: mean of the paired differences.
        bound: the largest difference that counts as none, > 0.
        within: p of TOST: small where the mean lies within the bound; None where the differences
            do not vary.
        beyond: small where the mean lies outside of the bound; both sides are tried, so it is
            twice the smaller one-sided p, 1 at most. None as above.
        individuals: number of pairs.
    """

    difference: float
    bound: float
    within: float | None
    beyond: float | None
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
    if not bound > 0:
        raise ValueError(f"the bound must be above 0, not {bound}")
    differences = paired_differences(ours, theirs)
    mean, pairs = float(differences.mean()), len(differences)
    if not varies(differences):
        return Equivalence(mean, bound, None, None, pairs)
    above_low, above_high = (_above(differences, at) for at in (-bound, bound))
    within = max(above_low, 1 - above_high)
    beyond = min(1.0, 2 * min(above_high, 1 - above_low))
    return Equivalence(mean, bound, within, beyond, pairs)


def _above(differences: np.ndarray, at: float) -> float:
    """One-sided p: small where the mean lies above."""
    return float(stats.ttest_1samp(differences, at, alternative="greater").pvalue)
