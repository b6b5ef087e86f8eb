"""The paper's evaluation in full: both scenarios, all rows of Table 2, every claim judged.

`evaluation` makes the studies; `Evaluation.run` leaves a run directory; `Reproduction` reads one.
"""

from monogram.reproduce.claims import claims
from monogram.reproduce.goals import goals
from monogram.reproduce.paper import TABLE_2, PaperRow, PaperSpread, ScenarioName
from monogram.reproduce.reproduction import Reproduction, is_reproduction
from monogram.reproduce.run import Evaluation, evaluation, resume
from monogram.reproduce.scale import SCALES, Scale, ScaleName
from monogram.reproduce.scenario import SCENARIOS, Scenario
from monogram.reproduce.values import Claim, Compared, Goal, Proposals, ShapingCurve, Verdict

__all__ = [
    "SCALES",
    "SCENARIOS",
    "TABLE_2",
    "Claim",
    "Compared",
    "Evaluation",
    "Goal",
    "PaperRow",
    "PaperSpread",
    "Proposals",
    "Reproduction",
    "Scale",
    "ScaleName",
    "Scenario",
    "ScenarioName",
    "ShapingCurve",
    "Verdict",
    "claims",
    "evaluation",
    "goals",
    "is_reproduction",
    "resume",
]
