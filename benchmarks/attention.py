"""What self-attention in fewer passes saves: a training step of the small transformer.

One process with one thread, as a worker trains; the engine's own steps, with it and without, in
turn. `python -m benchmarks attention`.
"""

import statistics
from contextlib import nullcontext
from dataclasses import replace
from time import perf_counter
from typing import Any
from unittest import mock

import torch

from benchmarks.price.workloads import WORKLOADS
from benchmarks.profiled import BATCH, STEPS, Work, training
from monogram.engine.allocator import keep_big_blocks
from monogram.engine.machine import one_process
from monogram.networks import architecture, laid_out
from monogram.training import Samples

TRANSFORMER = next(one for one in WORKLOADS if "transformer" in one.name)
ROUNDS = 15
USED = "monogram.training.loop.attending_at_once"


def run() -> dict[str, Any]:
    """Compare the two."""
    keep_big_blocks()
    population = replace(TRANSFORMER, people=1).population()
    samples = Samples(torch.from_numpy(population.inputs), torch.from_numpy(population.labels))
    network = laid_out(architecture(TRANSFORMER.network, population).build(0))
    work = training(network, samples.take(torch.arange(BATCH)))
    with one_process(1):
        _both(work)
        times = [_both(work) for _ in range(ROUNDS)]
    ratios = [fewer / plain for fewer, plain in times]
    middle, low, high = statistics.median(ratios), min(ratios), max(ratios)
    line = (
        f"{TRANSFORMER.name}: a step takes {middle:.2f} ({low:.2f} to {high:.2f}) of the time, "
        f"{ROUNDS} rounds of {STEPS} steps"
    )
    return {"ratio": middle, "low": low, "high": high, "lines": [line]}


def _both(work: Work) -> tuple[float, float]:
    """Seconds with fewer passes, and as PyTorch attends."""
    fewer = _seconds(work)
    with mock.patch(USED, return_value=nullcontext()):
        return fewer, _seconds(work)


def _seconds(work: Work) -> float:
    started = perf_counter()
    work()
    return perf_counter() - started
