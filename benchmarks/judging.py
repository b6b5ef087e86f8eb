"""What shorter ways to the same logits save in judging: folding, and pooling by maxima.

One process with one thread, as a worker judges. All ways look at the same samples in turn and
compute the same. `python -m benchmarks judging`.
"""

import statistics
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from time import perf_counter
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.price.workloads import FULL_WIDTH, WORKLOADS, Workload
from monogram.engine.allocator import keep_big_blocks
from monogram.engine.machine import torch_threads
from monogram.networks import architecture, laid_out
from monogram.networks.fold import NORMALISATIONS, folded
from monogram.networks.pool import pooled_by_maxima
from monogram.training.tally import EVALUATION_BATCH

Way = Callable[[nn.Module], AbstractContextManager[None]]

SAMPLES = 4_500  # half of what a model of the price table is judged on
ROUNDS = 9
CLOSE = 1e-4  # of logits
WAYS: Mapping[str, Sequence[Way]] = {
    "normalisation folded": (folded,),
    "pooling by maxima": (pooled_by_maxima,),
    "both": (folded, pooled_by_maxima),
}


def run() -> dict[str, Any]:
    """Compare all networks with batch normalisation."""
    keep_big_blocks()
    with torch_threads(1):
        found = [one for workload in (*WORKLOADS, FULL_WIDTH) if (one := _compare(workload))]
    return {"networks": found, "lines": list(map(_line, found))}


def _line(one: Mapping[str, Any]) -> str:
    shares = (
        f"{way} {share['ratio']:.2f} ({share['low']:.2f} to {share['high']:.2f})"
        for way, share in one["shares"].items()
    )
    return f"{one['workload']}: {', '.join(shares)} of the time, {ROUNDS} rounds"


def _compare(workload: Workload) -> dict[str, Any] | None:
    population = replace(workload, people=1, base=SAMPLES).population()
    network = laid_out(architecture(workload.network, population).build(0)).eval()
    if not any(isinstance(module, NORMALISATIONS) for module in network.modules()):
        return None
    inputs = torch.from_numpy(population.inputs[:SAMPLES])
    ratios: dict[str, list[float]] = {way: [] for way in WAYS}
    for _ in range(ROUNDS):
        plain, seconds = _judged(network, inputs, ())
        for way, contexts in WAYS.items():
            other, fewer = _judged(network, inputs, contexts)
            torch.testing.assert_close(other, plain, rtol=CLOSE, atol=CLOSE)
            ratios[way].append(fewer / seconds)
    shares = {way: _spread(some) for way, some in ratios.items()}
    return {"workload": workload.name, "samples": SAMPLES, "shares": shares}


def _spread(ratios: Sequence[float]) -> dict[str, float]:
    return {"ratio": statistics.median(ratios), "low": min(ratios), "high": max(ratios)}


def _judged(network: nn.Module, inputs: Tensor, ways: Sequence[Way]) -> tuple[Tensor, float]:
    """Logits [n, classes], and how long they took."""
    started = perf_counter()
    with torch.inference_mode(), ExitStack() as within:
        for way in ways:
            within.enter_context(way(network))
        logits = torch.cat([network(some) for some in torch.split(inputs, EVALUATION_BATCH)])
    return logits, perf_counter() - started
