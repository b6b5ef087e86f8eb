"""What is computed by C of Monogram's own, because PyTorch's operations take several times as long.

It is compiled when Monogram is installed, where there is a C compiler and a processor that it is
written for. Elsewhere, and for tensors of other kinds, the networks' own layers compute the same.
"""

from monogram.native.attention import attended, can_attend
from monogram.native.dropout import (
    LANES,
    added_and_normalised,
    drop_factors,
    has_rows,
    is_plain_memory,
    rectified_and_dropped,
)
from monogram.native.library import Dropout, is_available
from monogram.native.normalise import Window, fits, normalised

__all__ = [
    "LANES",
    "Dropout",
    "Window",
    "added_and_normalised",
    "attended",
    "can_attend",
    "drop_factors",
    "fits",
    "has_rows",
    "is_available",
    "is_plain_memory",
    "normalised",
    "rectified_and_dropped",
]
