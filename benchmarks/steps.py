"""A training step of each network in two ways, in turn: what one of them saves.

One process with one thread, as a worker trains; the steps are the engine's own.
"""

import statistics
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from time import perf_counter
from typing import Any

import torch

from benchmarks.price.workloads import Workload
from benchmarks.profiled import BATCH, STEPS, Work, training
from monogram.engine.allocator import keep_big_blocks
from monogram.engine.machine import torch_threads
from monogram.networks import Prepared, architecture, laid_out
from monogram.training import Samples

Way = Callable[[Prepared], AbstractContextManager[Any]]

ROUNDS = 15


def compared(workloads: tuple[Workload, ...], way: Way, plain: Way) -> dict[str, Any]:
    """The time of a way as a share of that of the plain one, for each network."""
    keep_big_blocks()
    with torch_threads(1):
        found = [_compared(workload, way, plain) for workload in workloads]
    lines = [
        f"{one['workload']}: a step takes {one['ratio']:.2f} ({one['low']:.2f} to "
        f"{one['high']:.2f}) of the time, {ROUNDS} rounds of {STEPS} steps"
        for one in found
    ]
    return {"networks": found, "lines": lines}


def _compared(workload: Workload, way: Way, plain: Way) -> dict[str, Any]:
    population = replace(workload, people=1).population()
    samples = Samples(torch.from_numpy(population.inputs), torch.from_numpy(population.labels))
    network = laid_out(architecture(workload.network, population).build(0))
    work = training(network, samples.take(torch.arange(BATCH)))

    def ratio() -> float:
        return _seconds(work, way(network)) / _seconds(work, plain(network))

    ratio()
    ratios = [ratio() for _ in range(ROUNDS)]
    middle, low, high = statistics.median(ratios), min(ratios), max(ratios)
    return {"workload": workload.name, "ratio": middle, "low": low, "high": high}


def _seconds(work: Work, context: AbstractContextManager[Any]) -> float:
    with context:
        started = perf_counter()
        work()
        return perf_counter() - started
