"""The price of a model of the paper's network at full width: `python -m benchmarks full_width`."""

from typing import Any

from benchmarks import price
from benchmarks.price.workloads import FULL_WIDTH


def run() -> dict[str, Any]:
    """Compare and time it."""
    return price.run([FULL_WIDTH])
