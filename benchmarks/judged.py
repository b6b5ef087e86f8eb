"""The price of a model with 9,000 global samples to judge it on, for the networks without them.

As `benchmarks.price`, for fewer people: for them the judging is most of the work.
`python -m benchmarks judged`.
"""

from dataclasses import replace
from typing import Any

from benchmarks import price
from benchmarks.price.workloads import WORKLOADS

JUDGED = 9_000  # samples of D_G
PEOPLE = (2_000, 500, 100, 40)


def run() -> dict[str, Any]:
    """Compare and time them."""
    workloads = zip(WORKLOADS[:-1], PEOPLE, strict=True)
    return price.run(
        [
            replace(one, people=people, sampled=min(one.sampled, 20), judged=JUDGED)
            for one, people in workloads
        ]
    )
