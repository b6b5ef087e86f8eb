"""What folding batch normalisation into convolutions saves: judging each network that has some.

One process with one thread, as a worker judges; in the first round the tracing is included, which
happens once for each network. Both ways look at the same samples in turn and compute the same.
`python -m benchmarks folding`.
"""

import statistics
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from time import perf_counter
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.price.workloads import FULL_WIDTH, WORKLOADS, Workload
from monogram.engine.allocator import keep_big_blocks
from monogram.engine.machine import one_process
from monogram.networks import architecture, laid_out
from monogram.networks.fold import NORMALISATIONS, folded
from monogram.training.tally import EVALUATION_BATCH

SAMPLES = 4_500  # half of what a model of the price table is judged on
ROUNDS = 9
CLOSE = 1e-4  # of logits


def run() -> dict[str, Any]:
    """Compare all networks with batch normalisation."""
    keep_big_blocks()
    with one_process(1):
        found = [one for workload in (*WORKLOADS, FULL_WIDTH) if (one := _compare(workload))]
    lines = [
        f"{one['workload']}: judged in {one['ratio']:.2f} of the time ({one['low']:.2f} to "
        f"{one['high']:.2f} in {ROUNDS} rounds)"
        for one in found
    ]
    return {"networks": found, "lines": lines}


def _compare(workload: Workload) -> dict[str, Any] | None:
    population = replace(workload, people=1, base=SAMPLES).population()
    network = laid_out(architecture(workload.network, population).build(0)).eval()
    if not any(isinstance(module, NORMALISATIONS) for module in network.modules()):
        return None
    inputs = torch.from_numpy(population.inputs[:SAMPLES])
    ratios = []
    for _ in range(ROUNDS):
        plain, seconds = _judged(network, inputs, nullcontext())
        other, fewer = _judged(network, inputs, folded(network))
        torch.testing.assert_close(other, plain, rtol=CLOSE, atol=CLOSE)
        ratios.append(fewer / seconds)
    middle = statistics.median(ratios)
    bounds = {"ratio": middle, "low": min(ratios), "high": max(ratios)}
    return {"workload": workload.name, "samples": SAMPLES} | bounds


def _judged(
    network: nn.Module, inputs: Tensor, how: AbstractContextManager[None]
) -> tuple[Tensor, float]:
    """Logits [n, classes], and how long they took."""
    started = perf_counter()
    with torch.inference_mode(), how:
        logits = torch.cat([network(some) for some in torch.split(inputs, EVALUATION_BATCH)])
    return logits, perf_counter() - started
