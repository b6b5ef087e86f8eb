"""What dropout by 16 bits a number saves: a training step of each network that drops out.

One process with one thread, as a worker trains; the engine's own steps, with it and as PyTorch
draws and attends, in turn. `python -m benchmarks dropout`.
"""

import statistics
from contextlib import nullcontext
from dataclasses import replace
from time import perf_counter
from typing import Any
from unittest import mock

import torch

from benchmarks.price.workloads import WORKLOADS, Workload
from benchmarks.profiled import BATCH, STEPS, Work, training
from monogram.engine.allocator import keep_big_blocks
from monogram.engine.machine import torch_threads
from monogram.networks import architecture, laid_out
from monogram.training import Samples

DROPPING = WORKLOADS[2:]
ROUNDS = 15
USED = "monogram.training.loop.drawing"


def run() -> dict[str, Any]:
    """Compare the two for each network."""
    keep_big_blocks()
    with torch_threads(1):
        found = [_compared(workload) for workload in DROPPING]
    lines = [
        f"{one['workload']}: a step takes {one['ratio']:.2f} ({one['low']:.2f} to "
        f"{one['high']:.2f}) of the time, {ROUNDS} rounds of {STEPS} steps"
        for one in found
    ]
    return {"networks": found, "lines": lines}


def _compared(workload: Workload) -> dict[str, Any]:
    population = replace(workload, people=1).population()
    samples = Samples(torch.from_numpy(population.inputs), torch.from_numpy(population.labels))
    network = laid_out(architecture(workload.network, population).build(0))
    work = training(network, samples.take(torch.arange(BATCH)))
    _both(work)
    ratios = [own / plain for own, plain in (_both(work) for _ in range(ROUNDS))]
    middle, low, high = statistics.median(ratios), min(ratios), max(ratios)
    return {"workload": workload.name, "ratio": middle, "low": low, "high": high}


def _both(work: Work) -> tuple[float, float]:
    """Seconds with dropout by 16 bits, and as PyTorch does it."""
    own = _seconds(work)
    with mock.patch(USED, return_value=nullcontext()):
        return own, _seconds(work)


def _seconds(work: Work) -> float:
    started = perf_counter()
    work()
    return perf_counter() - started
