"""The paper's evaluation in full: both scenarios, all rows of Table 2, every claim judged."""

from monogram.reproduce.claims import claims
from monogram.reproduce.goals import goals
from monogram.reproduce.paper import TABLE_2, PaperRow, PaperSpread, ScenarioName
from monogram.reproduce.values import Claim, Compared, Goal, ShapingCurve, Verdict

__all__ = [
    "TABLE_2",
    "Claim",
    "Compared",
    "Goal",
    "PaperRow",
    "PaperSpread",
    "ScenarioName",
    "ShapingCurve",
    "Verdict",
    "claims",
    "goals",
]
