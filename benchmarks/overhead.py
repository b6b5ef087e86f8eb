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

from benchmarks.price.workloads import WORKLOADS, Workload
from monogram.study import Results, Study

PEOPLE = {"1-D network of `watch`": 60, "paper's network, quarter width, 9,000 global samples": 8}
CURRICULA = ("transfer(20)", "transfer(60)", "global >> mixed(2, iterations=60)")


def run() -> dict[str, Any]:
    """Measure some workloads."""
    shares = {
        workload.name: _share(replace(workload, people=PEOPLE[workload.name]))
        for workload in WORKLOADS
        if workload.name in PEOPLE
    }
    lines = [
        f"{name}: {100 * one['share']:.2f} % of {one['seconds']:.0f} s"
        for name, one in shares.items()
    ]
    return {"shares": shares, "lines": lines}


def _share(workload: Workload) -> dict[str, float]:
    population = workload.population()
    study = Study(population, CURRICULA, network=workload.network, epochs=3, curves=False)
    with tempfile.TemporaryDirectory() as folder:
        started = perf_counter()
        results = study.run(Path(folder), workers=1, engine="loop")
        seconds = perf_counter() - started
    return {"seconds": seconds, "share": 1 - _needed(results) / seconds}


def _needed(results: Results) -> float:
    """Seconds of all steps, the shared ones once, and of judging."""
    rows = results.rows
    shared = max(row.shared_seconds for row in rows)
    longest: dict[tuple[str, str], float] = {}
    for row in rows:  # the first iterations of transfer(60) are those of transfer(20)
        kind = "mixed" if "mixed" in row.curriculum else "transfer"
        key = (row.individual, kind)
        longest[key] = max(longest.get(key, 0.0), row.seconds)
    judged = sum(row.evaluation_seconds for row in rows)
    return shared + sum(longest.values()) + judged
