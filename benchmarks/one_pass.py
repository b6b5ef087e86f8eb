"""What C of Monogram's own saves: a training step of each network that is trained alone.

With it, and by PyTorch's layers alone. `python -m benchmarks one_pass`.
"""

from contextlib import nullcontext
from typing import Any

from benchmarks.price.workloads import WORKLOADS
from benchmarks.steps import compared
from monogram import native
from monogram.networks import in_one_pass

LOOPED = WORKLOADS[2:]


def run() -> dict[str, Any]:
    """Compare the two for each network."""
    assert native.is_available(), "Monogram was installed without a C compiler"
    return compared(LOOPED, in_one_pass, lambda _: nullcontext())
