"""What sharing equal beginnings saves: iterations of the default study, counted, and their time.

The same curricula are run together and one by one, in turn, in one process each; the accuracies
are compared before any time is.
"""

import statistics
import tempfile
from pathlib import Path
from time import perf_counter

from monogram import Study, load

PAIRS = 3
CURRICULA = ("transfer(20)", "transfer(200)", "global >> mixed(2, iterations=200)")


def run() -> dict:
    population = load("watch", individuals=3)
    ratios = []
    for _ in range(PAIRS):
        together, seconds_together = _run(population, CURRICULA)
        apart, seconds_apart = zip(*(_run(population, (one,)) for one in CURRICULA), strict=True)
        assert together == {key: value for rows in apart for key, value in rows.items()}
        ratios.append(sum(seconds_apart) / seconds_together)
    together_steps = Study(population, CURRICULA).plan().steps
    apart_steps = sum(Study(population, (one,)).plan().steps for one in CURRICULA)
    line = (
        f"three curricula that begin alike, 3 people: {together_steps:,} iterations instead of "
        f"{apart_steps:,}; {statistics.median(ratios):.2f} x less time than one by one "
        f"({min(ratios):.2f} to {max(ratios):.2f}), same accuracies"
    )
    return {
        "steps_together": together_steps,
        "steps_apart": apart_steps,
        "ratios": ratios,
        "lines": [line],
    }


def _run(population, curricula) -> tuple[dict, float]:
    study = Study(population, curricula)
    with tempfile.TemporaryDirectory() as folder:
        started = perf_counter()
        results = study.run(Path(folder), workers=1)
        seconds = perf_counter() - started
    return {row.identity: row.personal_accuracy for row in results.rows}, seconds
