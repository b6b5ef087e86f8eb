"""A study: does personalizing pay for these people, which way, at what cost, who is worse off?

`Study` holds what is asked; `Study.run` leaves a run directory; `Results` reads one.
"""

from monogram.study.choice import Choice, choose
from monogram.study.curves import LearningCurve, learning_curves_of
from monogram.study.results import Results
from monogram.study.rundir import RunDirectory
from monogram.study.study import DEFAULT_CURRICULA, Running, Study
from monogram.study.summary import CurriculumSummary, Summary, summarise

__all__ = [
    "DEFAULT_CURRICULA",
    "Choice",
    "CurriculumSummary",
    "LearningCurve",
    "Results",
    "RunDirectory",
    "Running",
    "Study",
    "Summary",
    "choose",
    "learning_curves_of",
    "summarise",
]
