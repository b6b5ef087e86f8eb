"""Walking a plan: a map over individuals, in one process or several, resumable at any moment.

`execute` trains every model of a plan that is not done yet and hands it to the job's harvest, for a
study a row in the run directory's journal; long phases leave checkpoints, and learning curves if
the job says so.
"""

from monogram.engine.cohort import Grouping
from monogram.engine.curves import Point, marked, milestones, read_points
from monogram.engine.estimate import Estimate, estimate, together
from monogram.engine.execute import execute
from monogram.engine.harvest import Bench, Gatherer, Harvest, Journalling
from monogram.engine.job import EngineName, Job
from monogram.engine.journal import read_journal
from monogram.engine.judge_backbone import BackboneJudge
from monogram.engine.machine import default_workers
from monogram.engine.progress import Display
from monogram.engine.row import Row
from monogram.engine.worker import Failure

__all__ = [
    "BackboneJudge",
    "Bench",
    "Display",
    "EngineName",
    "Estimate",
    "Failure",
    "Gatherer",
    "Grouping",
    "Harvest",
    "Job",
    "Journalling",
    "Point",
    "Row",
    "default_workers",
    "estimate",
    "execute",
    "marked",
    "milestones",
    "read_journal",
    "read_points",
    "together",
]
