"""A study of the paper's seven curricula for 50 people against the loop that a careful user writes.

Both train the global base of transfer learning once, all else for each person and curriculum.
`python -m benchmarks seven`.
"""

from typing import Any

from benchmarks.price.workloads import Workload
from benchmarks.studies import compare
from monogram.study import Study

WORKLOAD = Workload(
    "MLP 784-128-10", "mlp(hidden=128)", (784,), 10, people=50, sampled=2, base=3_000
)
CURRICULA = (
    "baseline",
    "early-shaping(20)",
    "early-shaping(200)",
    "sample-weighting(2)",
    "sample-weighting(1/8)",
    "transfer(20)",
    "transfer(200)",
)
EPOCHS = 4


def run() -> dict[str, Any]:
    """Compare both."""
    study = Study(
        WORKLOAD.population(), CURRICULA, network=WORKLOAD.network, epochs=EPOCHS, curves=False
    )
    found = compare(study, WORKLOAD.sampled)
    line = f"{WORKLOAD.name}, {WORKLOAD.people} people: {found}"
    return found.as_dict() | {"lines": [line]}
