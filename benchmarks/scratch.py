"""Models from scratch for one person against the loop that a careful user writes.

Early shaping and sample weighting, with the global-only model that they are measured against, for
each network; all three judged on the person's own data and on 9,000 global samples.
`python -m benchmarks scratch`.
"""

from dataclasses import replace
from typing import Any

from benchmarks.price.workloads import WORKLOADS, Workload
from benchmarks.studies import compare
from monogram.study import Study

CURRICULA = ("early-shaping(20)", "sample-weighting(2)")
EPOCHS = 8
TRAINED, JUDGED = 3_000, 9_000  # samples of D_G
COMPARED = WORKLOADS[1:]


def run() -> dict[str, Any]:
    """Compare both for each network."""
    found = [_compared(workload) for workload in COMPARED]
    return {"networks": found, "lines": [f"{one['workload']}: {one['told']}" for one in found]}


def _compared(workload: Workload) -> dict[str, Any]:
    one = replace(workload, people=1, base=TRAINED, judged=JUDGED)
    study = Study(one.population(), CURRICULA, network=one.network, epochs=EPOCHS, curves=False)
    found = compare(study, 1)
    name = workload.name.partition(", 9,000")[0]
    print(f"  {name}: {found}", flush=True)
    return {"workload": name, "told": str(found)} | found.as_dict()
