"""What one step of training is, and the pass of a network over data.

`train` takes a network along a `Stretch` of the plan, one step after the other: the reference
that every faster way must equal. `train_stack` takes many of one shape at once. `adjust` changes
what was trained without a step. `tally` counts what a network gets right.
"""

from monogram.training.adjust import Surroundings, adjust, log_odds
from monogram.training.batches import Endless, Feed
from monogram.training.clock import effort, moment
from monogram.training.code import code_of, described
from monogram.training.findings import Findings
from monogram.training.interpolate import Weights, interpolate
from monogram.training.layers import with_stacked_layers
from monogram.training.lesson import Lesson
from monogram.training.likeness import learnt_alike, shown_alike
from monogram.training.loop import train
from monogram.training.runs import mean_of_runs
from monogram.training.samples import Samples, as_samples
from monogram.training.stack import train_stack
from monogram.training.stack_state import StackState
from monogram.training.stackable import judging_problem
from monogram.training.stacked import Own, StackedNetwork, without_warnings
from monogram.training.state import State, load_state, save_state
from monogram.training.tally import Tallies, Tally, Way, tally

__all__ = [
    "Endless",
    "Feed",
    "Findings",
    "Lesson",
    "Own",
    "Samples",
    "StackState",
    "StackedNetwork",
    "State",
    "Surroundings",
    "Tallies",
    "Tally",
    "Way",
    "Weights",
    "adjust",
    "as_samples",
    "code_of",
    "described",
    "effort",
    "interpolate",
    "judging_problem",
    "learnt_alike",
    "load_state",
    "log_odds",
    "mean_of_runs",
    "moment",
    "save_state",
    "shown_alike",
    "tally",
    "train",
    "train_stack",
    "with_stacked_layers",
    "without_warnings",
]
