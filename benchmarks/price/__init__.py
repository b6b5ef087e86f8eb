"""What a model for each person costs: Monogram against the loop that a careful user writes.

The same work on the same machine: from one base, a few iterations on each person's data, then the
accuracies of the personal model on the person's own data and on global samples. Both sides see the
same batches. First the accuracies are compared, dropout included; then both are timed in turn, and
the median of the ratios counts. `python -m benchmarks price`.
"""

import os
import statistics
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import torch

from benchmarks.price.ours import Ours
from benchmarks.price.textbook import Textbook
from benchmarks.price.workloads import WORKLOADS, Workload

PAIRS = 3
SIDE = 2048  # of the square matrices whose product gives the machine's peak


@dataclass(frozen=True)
class Measured:
    """What one workload took.

    Attributes:
        workload: its name.
        people: models that each side made in one run.
        textbook: seconds per person, one for each pair.
        ours: the same.
        ratio: median of textbook / ours over the pairs.
        ratios: of all pairs.
        most_apart: the largest difference between the two sides' accuracies of any one model.
    """

    workload: str
    people: int
    textbook: tuple[float, ...]
    ours: tuple[float, ...]
    ratio: float
    ratios: tuple[float, ...]
    most_apart: float

    def __str__(self) -> str:
        """A line for the terminal."""
        before, now = statistics.median(self.textbook), statistics.median(self.ours)
        return (
            f"{self.workload}: {self.ratio:.2f} x ({min(self.ratios):.2f} to "
            f"{max(self.ratios):.2f}); {1e3 * before:.1f} ms a person by the textbook, "
            f"{1e3 * now:.1f} ms here, {self.people} people"
        )


def run() -> dict[str, Any]:
    """Compare and time all workloads."""
    measured = []
    for workload in WORKLOADS:
        print(f"  {workload.name} …", flush=True)
        measured.append(measure(workload))
    peak = gemm_peak()
    lines = [*map(str, measured), f"{peak / 1e9:.0f} GFLOP/s in products of float32 matrices"]
    workers = len(os.sched_getaffinity(0))
    return {
        "workers": workers,
        "gemm_peak": peak,
        "workloads": [asdict(one) for one in measured],
        "lines": lines,
    }


def measure(workload: Workload) -> Measured:
    """One workload, checked and timed."""
    with tempfile.TemporaryDirectory() as folder:
        ours = Ours(workload, Path(folder))
        textbook = Textbook(workload, ours.population, ours.base)
        apart = most_apart(textbook.accuracies(seeded=True), ours.accuracies())
        smallest = 1 / len(next(iter(ours.population.individuals.values())).test)
        if apart > smallest:
            raise AssertionError(f"{workload.name}: accuracies differ by {apart}")
        pairs = [(_seconds(textbook.accuracies), _seconds(ours.accuracies)) for _ in range(PAIRS)]
    people = workload.people
    ratios = tuple(before / now for before, now in pairs)
    return Measured(
        workload=workload.name,
        people=people,
        textbook=tuple(before / people for before, _ in pairs),
        ours=tuple(now / people for _, now in pairs),
        ratio=statistics.median(ratios),
        ratios=ratios,
        most_apart=apart,
    )


def most_apart(one: dict[str, tuple[float, float]], other: dict[str, tuple[float, float]]) -> float:
    """The largest difference between two sides' accuracies, personal or global, of one model."""
    assert one.keys() == other.keys()
    return max(abs(a - b) for id_ in one for a, b in zip(one[id_], other[id_], strict=True))


def gemm_peak() -> float:
    """Floating-point operations per second of all cores in a product of float32 matrices."""
    left, right = torch.randn(SIDE, SIDE), torch.randn(SIDE, SIDE)
    times = [_seconds(lambda: left @ right) for _ in range(12)]
    return 2 * SIDE**3 / min(times)


def _seconds(work) -> float:
    started = perf_counter()
    work()
    return perf_counter() - started
