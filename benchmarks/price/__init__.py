"""What a model for each person costs: Monogram against the loop that a careful user writes.

The same work on the same machine: from one base, 20 iterations on each person's data, then the
accuracies of the personal model on the person's own data and on global samples. Both sides see the
same batches, and their accuracies are compared, with the same dropout. All sides are timed in turn,
again and again, and the median of the ratios counts. Monogram's time includes its processes and
its journal; what only a first run takes is told by itself. `python -m benchmarks price`.
"""

import os
import statistics
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any
from unittest.mock import patch

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.price import peers, sides
from benchmarks.price.ours import Ours
from benchmarks.price.sides import Accuracies
from benchmarks.price.textbook import Textbook
from benchmarks.price.workloads import WORKLOADS, Workload
from monogram.engine import EngineName
from monogram.engine.machine import torch_threads

SIDES = {**sides.SIDES, **peers.SIDES}
ROUNDS = 3
CHECKED = 2  # people whose accuracies are compared
SIDE = 2048  # of the square matrices whose product gives the machine's peak


@dataclass(frozen=True)
class Measured:
    """What one workload took.

    Attributes:
        workload: its name.
        people: models that Monogram made in one round.
        sampled: models that each other side made.
        first: seconds of Monogram's first run, before all rounds: it tries how to train, and
            starts the process that others are forked from.
        ours: milliseconds per person, one for each round.
        theirs: the same of each other side.
        ratios: by side the median of theirs / ours over the rounds, the smallest and the largest.
        most_apart: the largest difference between two sides' accuracies of any model.
        operations: floating-point operations per person in the textbook loop's products and
            convolutions, a multiplication and an addition counted as two.
        gemm_peak: what the machine did per second in products of matrices, the best of all rounds.
    """

    workload: str
    people: int
    sampled: int
    first: float
    ours: list[float]
    theirs: dict[str, list[float]]
    ratios: dict[str, tuple[float, float, float]]
    most_apart: float
    operations: float
    gemm_peak: float

    def lines(self) -> list[str]:
        """For the terminal."""
        ours = statistics.median(self.ours)
        share = self.operations / (ours / 1e3) / self.gemm_peak
        here = f"{self.workload}: {ours:.2f} ms a person, {100 * share:.0f} % of the GEMM peak"
        return [
            here,
            *(
                f"  {middle:5.2f} x {side} ({low:.2f} to {high:.2f})"
                for side, (middle, low, high) in self.ratios.items()
            ),
        ]


def run(workloads: Sequence[Workload] = WORKLOADS) -> dict[str, Any]:
    """Compare and time some workloads."""
    measured = []
    for workload in workloads:
        print(f"  {workload.name} …", flush=True)
        measured.append(measure(workload))
        print("\n".join(f"    {line}" for line in measured[-1].lines()), flush=True)
    fastest = max(one.gemm_peak for one in measured)
    return {
        "cores": len(os.sched_getaffinity(0)),
        "rounds": ROUNDS,
        "workloads": [asdict(one) for one in measured],
        "lines": [f"{fastest / 1e9:.0f} GFLOP/s in products of float32 matrices"],
    }


def measure(workload: Workload) -> Measured:
    """One workload, checked and timed."""
    fewer = replace(workload, people=workload.sampled).population()
    some = list(fewer.individuals)
    times: dict[str, list[float]] = {side: [] for side in ("", *SIDES)}
    peaks = []
    with tempfile.TemporaryDirectory() as folder, ExitStack() as opened:
        ours = Ours(workload, workload.population(), Path(folder))
        textbook = Textbook(workload, fewer, ours.base)
        first = _first(ours)
        apart = check(workload, ours.engine)
        others = {name: opened.enter_context(side(textbook)) for name, side in SIDES.items()}
        for turn in range(ROUNDS):
            peaks.append(gemm_peak())
            todo: list[tuple[str, Callable[[], object], int]] = [
                ("", ours.accuracies, workload.people),
                *((name, lambda do=do: do(some), len(some)) for name, do in others.items()),
            ]
            for name, do, people in todo if turn % 2 else reversed(todo):
                times[name].append(1e3 * _seconds(do) / people)
        operations = counted(lambda: textbook.of(some[0]))
    now = times.pop("")
    ratios = {
        name: [t / n for t, n in zip(theirs, now, strict=True)] for name, theirs in times.items()
    }
    return Measured(
        workload=workload.name,
        people=workload.people,
        sampled=workload.sampled,
        first=first,
        ours=now,
        theirs=times,
        ratios={name: _spread(values) for name, values in ratios.items()},
        most_apart=apart,
        operations=operations,
        gemm_peak=max(peaks),
    )


def _first(ours: Ours) -> float:
    """Seconds of a run where nothing was measured before on this machine."""
    with (
        tempfile.TemporaryDirectory() as cache,
        patch.dict(os.environ, {"XDG_CACHE_HOME": cache}),
    ):
        return _seconds(ours.accuracies)


def check(workload: Workload, engine: EngineName) -> float:
    """The largest difference between the accuracies of both sides, with the same dropout.

    Args:
        workload: what to do, for a few people.
        engine: the one that is timed.

    Raises:
        AssertionError: it is more than one sample of a person.
    """
    few = replace(workload, people=CHECKED)
    population = few.population()
    with tempfile.TemporaryDirectory() as folder:
        ours = Ours(few, population, Path(folder), engine=engine)
        textbook = Textbook(few, population, ours.base)
        with torch_threads(1):  # as a worker: others sum in another order
            expected = textbook.accuracies(population.individuals, seeded=True)
        apart = most_apart(expected, ours.accuracies())
    smallest = 1 / len(next(iter(population.individuals.values())).test)
    if apart > smallest:
        raise AssertionError(f"{workload.name}: accuracies differ by {apart}")
    return apart


def most_apart(one: Accuracies, other: Accuracies) -> float:
    """The largest difference between two sides' accuracies, personal or global, of one model."""
    assert one.keys() == other.keys()
    return max(abs(a - b) for id_ in one for a, b in zip(one[id_], other[id_], strict=True))


def counted(work: Callable[[], object]) -> float:
    """Operations in products and convolutions; PyTorch counts none in its fused attention."""
    torch.backends.mha.set_fastpath_enabled(False)
    with FlopCounterMode(display=False) as mode:
        work()
    torch.backends.mha.set_fastpath_enabled(True)
    return float(mode.get_total_flops())


def gemm_peak() -> float:
    """Floating-point operations per second of all cores in a product of float32 matrices."""
    left, right = torch.randn(SIDE, SIDE), torch.randn(SIDE, SIDE)
    return 2 * SIDE**3 / min(_seconds(lambda: left @ right) for _ in range(12))


def _spread(values: Sequence[float]) -> tuple[float, float, float]:
    return statistics.median(values), min(values), max(values)


def _seconds(work: Callable[[], object]) -> float:
    started = perf_counter()
    work()
    return perf_counter() - started
