"""Whether `torch.compile` pays: a training step of each network, as it is and compiled.

One process with one thread, as a worker trains. Compiled networks draw dropout as PyTorch's own
loop does. The steps of both are timed in turn. `python -m benchmarks compiled`.
"""

import statistics
from collections.abc import Callable
from dataclasses import replace
from time import perf_counter
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.price.workloads import WORKLOADS, Workload
from monogram.engine.allocator import keep_big_blocks
from monogram.engine.machine import torch_threads
from monogram.networks import architecture, laid_out

BATCH = 128
STEPS = 30  # of each, in turn
Step = Callable[[], object]


def run() -> dict[str, Any]:
    """Compare all networks."""
    keep_big_blocks()
    with torch_threads(1):
        found = [_compare(workload) for workload in WORKLOADS]
    lines = [
        f"{one['workload']}: compiled {one['ratio']:.2f} times as fast ({one['plain']:.1f} and "
        f"{one['compiled']:.1f} ms a step), after {one['first']:.0f} s for the first step"
        for one in found
    ]
    return {"networks": found, "lines": lines}


def _compare(workload: Workload) -> dict[str, Any]:
    population = replace(workload, people=1).population()
    network = laid_out(architecture(workload.network, population).build(0)).train()
    inputs = torch.from_numpy(population.inputs[:BATCH])
    labels = torch.from_numpy(population.labels[:BATCH])
    compiled = torch.compile(network, options={"fallback_random": True})
    plain, fast = (_step(module, inputs, labels) for module in (network, compiled))
    first = _milliseconds(fast) / 1e3
    times = [(_milliseconds(plain), _milliseconds(fast)) for _ in range(STEPS)]
    ours, theirs = (statistics.median(column) for column in zip(*times, strict=True))
    return {
        "workload": workload.name,
        "plain": ours,
        "compiled": theirs,
        "first": first,
        "ratio": statistics.median(one / other for one, other in times),
    }


def _step(network: nn.Module | Callable[[Tensor], Tensor], inputs: Tensor, labels: Tensor) -> Step:
    def step() -> None:
        functional.cross_entropy(network(inputs), labels).backward()

    return step


def _milliseconds(work: Step) -> float:
    started = perf_counter()
    work()
    return 1e3 * (perf_counter() - started)
