"""What learning curves take: a study that records them against the same without, in turn.

They are recorded unless a study is told not to: after the 1st, 2nd, 5th, 10th … step of each phase
a model is judged on at most 512 samples of D_G's validation data and of the person's own.
`python -m benchmarks curves`.
"""

import statistics
import tempfile
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.price.ours import Ours
from benchmarks.price.workloads import WORKLOADS, Workload

PEOPLE = (2_000, 400, 80, 24, 12)  # of each workload
JUDGED = 1_024  # global samples, half of them for validation
ROUNDS = 5


def run() -> dict[str, Any]:
    """Compare all networks."""
    pairs = zip(WORKLOADS, PEOPLE, strict=True)
    found = [_compare(replace(each, people=people, judged=JUDGED)) for each, people in pairs]
    return {"networks": found, "lines": list(map(_line, found))}


def _compare(workload: Workload) -> dict[str, Any]:
    with ExitStack() as stack:
        folders = [Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in range(2)]
        population = workload.population()
        without, recorded = (
            Ours(workload, population, folder, curves=curves)
            for folder, curves in zip(folders, (False, True), strict=True)
        )
        ratios = []
        for nth in range(ROUNDS + 1):
            seconds = {side: _timed(side) for side in (without, recorded)[:: 1 if nth % 2 else -1]}
            ratios.append(seconds[recorded] / seconds[without])
    ratios.pop(0)  # which holds trials
    return {"workload": workload.name.partition(",")[0], "ratios": ratios}


def _timed(side: Ours) -> float:
    started = perf_counter()
    side.accuracies()
    return perf_counter() - started


def _line(found: dict[str, Any]) -> str:
    ratios = found["ratios"]
    return (
        f"{found['workload']}: {statistics.median(ratios):.2f} times the time "
        f"({min(ratios):.2f} to {max(ratios):.2f})"
    )
