"""Walking a plan: a map over individuals, in one process or several, resumable at any moment.

`execute` trains and judges every model of a plan that a run directory does not hold yet. Each
finished model is a row in the directory's journal; long phases leave checkpoints.
"""

from monogram.engine.estimate import Estimate, estimate
from monogram.engine.execute import Failure, execute
from monogram.engine.job import Job
from monogram.engine.journal import read_journal
from monogram.engine.progress import Display
from monogram.engine.row import Row

__all__ = ["Display", "Estimate", "Failure", "Job", "Row", "estimate", "execute", "read_journal"]
