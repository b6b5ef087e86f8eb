"""What is computed by C of Monogram's own, because PyTorch's operations take several times as long.

It is compiled when Monogram is installed, where there is a C compiler and a processor that it is
written for. Elsewhere, and for tensors of other kinds, the networks' own layers compute the same:
whoever calls a function here asks first whether it can.
"""

from monogram.native.attention import attended, attended_plainly, can_attend
from monogram.native.convolve import can_convolve, convolved, may_convolve
from monogram.native.dropout import (
    added_and_normalised,
    can_add,
    can_drop,
    drop_factors,
    rectified_and_dropped,
)
from monogram.native.heads import Begun, HeadStep, can_step_heads, step_heads
from monogram.native.library import Dropout, is_available, is_missing
from monogram.native.linear import can_multiply, multiplied
from monogram.native.normalise import Window, can_normalise, normalised

__all__ = [
    "Begun",
    "Dropout",
    "HeadStep",
    "Window",
    "added_and_normalised",
    "attended",
    "attended_plainly",
    "can_add",
    "can_attend",
    "can_convolve",
    "can_drop",
    "can_multiply",
    "can_normalise",
    "can_step_heads",
    "convolved",
    "drop_factors",
    "is_available",
    "is_missing",
    "may_convolve",
    "multiplied",
    "normalised",
    "rectified_and_dropped",
    "step_heads",
]
