"""What dropout's own draws save: a training step of each network that drops out.

With them, and as PyTorch draws and attends. `python -m benchmarks dropout`.
"""

from contextlib import nullcontext
from typing import Any
from unittest import mock

from benchmarks.price.workloads import WORKLOADS
from benchmarks.steps import compared

DROPPING = WORKLOADS[2:]
USED = "monogram.training.loop.drawing"


def run() -> dict[str, Any]:
    """Compare the two for each network."""
    return compared(
        DROPPING,
        lambda _: nullcontext(),
        lambda _: mock.patch(USED, return_value=nullcontext()),
    )
