"""What the figures of many models say: means and spreads over individuals, cost, significance."""

from monogram.measure.significance import Comparison, compare, holm
from monogram.measure.spread import Spread, spread

__all__ = ["Comparison", "Spread", "compare", "holm", "spread"]
