"""What one step of training is, and the pass of a network over data.

`train` takes a network along a `Stretch` of the plan, one step after the other: the reference
that every faster way must equal. `tally` counts what a network gets right.
"""

from monogram.training.batches import Endless, Feed
from monogram.training.loop import train
from monogram.training.samples import Samples, as_samples
from monogram.training.state import State, load_state, save_state
from monogram.training.tally import Tally, tally

__all__ = [
    "Endless",
    "Feed",
    "Samples",
    "State",
    "Tally",
    "as_samples",
    "load_state",
    "save_state",
    "tally",
    "train",
]
