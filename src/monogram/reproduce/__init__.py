"""The paper's evaluation in full: both scenarios, all rows of Table 2, every claim judged."""

from monogram.reproduce.paper import TABLE_2, PaperRow, PaperSpread
from monogram.reproduce.reproduction import Reproduction, Scale, Scenario
from monogram.reproduce.values import Claim, Compared, Goal, ShapingCurve, Verdict

__all__ = [
    "TABLE_2",
    "Claim",
    "Compared",
    "Goal",
    "PaperRow",
    "PaperSpread",
    "Reproduction",
    "Scale",
    "Scenario",
    "ShapingCurve",
    "Verdict",
]
