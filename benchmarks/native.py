"""What C of Monogram's own saves: a training step of each network that is trained alone.

With it, and by PyTorch's layers alone. `python -m benchmarks native`.
"""

from contextlib import nullcontext
from typing import Any

from benchmarks.price.workloads import WORKLOADS
from benchmarks.steps import compared
from monogram import native
from monogram.networks import natively

LOOPED = WORKLOADS[2:]


def run() -> dict[str, Any]:
    """Compare the two for each network."""
    assert native.is_available(), "Monogram was installed without a C compiler"
    return compared(LOOPED, natively, lambda _: nullcontext())
