"""What the figures of many models say: means and spreads over individuals, cost, significance."""

from monogram.measure.bootstrap import Interval, mean_interval
from monogram.measure.equivalence import (
    HALF_A_POINT,
    Equivalence,
    NonInferiority,
    equivalence,
    non_inferiority,
)
from monogram.measure.evenness import SpreadComparison, compare_spreads
from monogram.measure.significance import Comparison, compare, holm, holm_corrected
from monogram.measure.spread import Spread, spread

__all__ = [
    "HALF_A_POINT",
    "Comparison",
    "Equivalence",
    "Interval",
    "NonInferiority",
    "Spread",
    "SpreadComparison",
    "compare",
    "compare_spreads",
    "equivalence",
    "holm",
    "holm_corrected",
    "mean_interval",
    "non_inferiority",
    "spread",
]
