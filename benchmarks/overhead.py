"""What a study takes besides training steps and judging: `python -m benchmarks overhead`.

The engine, its progress, checkpoints, journal and results, as a share of a study of about a minute
in one process, from the call to the finished results. Learning curves are left out: what they look
at is judging.
"""

import tempfile
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.price.workloads import WORKLOADS
from monogram.study import Results, Study

WORKLOAD = replace(WORKLOADS[2], people=90)
CURRICULA = ("transfer(20)", "transfer(60)", "global >> mixed(2, iterations=60)")


def run() -> dict[str, Any]:
    """Measure it."""
    population = WORKLOAD.population()
    study = Study(population, CURRICULA, network=WORKLOAD.network, epochs=3, curves=False)
    with tempfile.TemporaryDirectory() as folder:
        started = perf_counter()
        results = study.run(Path(folder), workers=1, engine="loop")
        seconds = perf_counter() - started
    share = 1 - _needed(results) / seconds
    line = f"{WORKLOAD.name}, {WORKLOAD.people} people: {100 * share:.1f} % of {seconds:.0f} s"
    return {"seconds": seconds, "share": share, "lines": [line]}


def _needed(results: Results) -> float:
    """Seconds of all steps, the shared ones once, and of judging."""
    own = [row for row in results.rows if row.own_iterations]
    shared = [row for row in results.rows if not row.own_iterations]
    longest: dict[tuple[str, bool], float] = {}
    for row in own:  # the first iterations of transfer(60) are those of transfer(20)
        key = (row.individual, "mixed" in row.curriculum)
        longest[key] = max(longest.get(key, 0.0), row.seconds)
    judged = sum(row.evaluation_seconds for row in results.rows)
    base = max(row.shared_seconds for row in shared)
    return base + sum(longest.values()) + judged
