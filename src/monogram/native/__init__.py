"""What is computed by C of Monogram's own, because PyTorch's operations take several times as long.

It is compiled when Monogram is installed, where there is a C compiler and a processor that it is
written for. Elsewhere, and for tensors of other kinds, the networks' own layers compute the same.
"""

from monogram.native.library import is_available
from monogram.native.normalise import Window, fits, normalised

__all__ = ["Window", "fits", "is_available", "normalised"]
