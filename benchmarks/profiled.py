"""Where the time goes: a training step and judging of each network, by kind of operation.

Of the networks that are trained one after the other. One process with one thread, as a worker
computes; steps and judging are the engine's own, under PyTorch's profiler, each operation counted
without those that it calls. Beside the shares stands how fast products and convolutions run, as a
share of what the core does in products of large matrices. `python -m benchmarks profiled`.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile

from benchmarks.price import counted, gemm_peak
from benchmarks.price.workloads import FULL_WIDTH, WORKLOADS, Workload
from monogram.curriculum import Personal, Recipe
from monogram.engine.allocator import keep_big_blocks
from monogram.engine.machine import torch_threads
from monogram.networks import Prepared, architecture, laid_out, natively, shortened_natively
from monogram.plan import Stretch
from monogram.training import Feed, Samples, State, tally, train

Work = Callable[[], object]

LOOPED = (*WORKLOADS[2:], FULL_WIDTH)
STEPS = 20
BATCH = 128
SPARE = 200_000_000  # float32 numbers, 0.8 GB
JUDGED = 2_048  # samples
KINDS: Mapping[str, tuple[str, ...]] = {
    "convolutions": ("convolution", "mkldnn", "_Convolved"),
    "products": ("mm", "addmm", "bmm", "baddbmm", "_Linear"),
    "normalisation": ("native_batch_norm", "native_layer_norm"),
    "activations": ("threshold_backward", "clamp_min", "relu", "_softmax", "_log_softmax"),
    "pooling": ("max_pool", "avg_pool", "adaptive_avg_pool", "mean"),
    "dropout": ("bernoulli", "random_", "monogram::kept"),
    "C of its own": ("_Normalised", "_Attended", "_AddedAndNormalised", "_RectifiedAndDropped"),
    "copies": ("copy_", "fill_", "cat"),
}
"""How PyTorch's names of operations begin; what begins with none of these is `other`."""


def run() -> dict[str, Any]:
    """Profile all of them."""
    keep_big_blocks()
    with torch_threads(1):
        peak = gemm_peak()
        found = [_profiled(workload, peak) for workload in LOOPED]
    lines = [
        f"{one['workload']}, {part}: "
        + ", ".join(f"{kind} {100 * share:.0f} %" for kind, share in one[part]["shares"].items())
        + f"; at {100 * one[part]['of_peak']:.0f} % of the core's peak"
        for one in found
        for part in ("training", "judging")
    ]
    return {"gemm_peak": peak, "networks": found, "lines": lines}


def _profiled(workload: Workload, peak: float) -> dict[str, Any]:
    population = replace(workload, people=1, base=JUDGED).population()
    network = laid_out(architecture(workload.network, population).build(0))
    inputs = torch.from_numpy(population.inputs[:JUDGED])
    samples = Samples(inputs, torch.from_numpy(population.labels[:JUDGED]))
    work = training(network, samples.take(torch.arange(BATCH)))
    return {
        "workload": workload.name,
        "training": _parts(_as_trained(network, work), counted(work), peak),
        "judging": _parts(
            lambda: tally(network, samples, way=shortened_natively),
            counted(lambda: tally(network, samples)),
            peak,
        ),
    }


def training(network: Prepared, batch: Samples) -> Work:
    """The engine's own steps on one batch, so many of them, as a worker takes them."""
    phase = Personal(STEPS, learning_rate=0.01, decay=1.0, decay_at=1.0)
    stretch = Stretch(0, 1, "somebody", phase, 0, STEPS, STEPS)
    state, feed = State.of(network), Feed(stretch, batch, batch, BATCH)
    return lambda: train(network, state, stretch, feed, Recipe(), fused=True)


def _as_trained(network: Prepared, work: Work) -> Work:
    """The same as the engine does it, natively."""

    def at_once() -> None:
        with natively(network):
            work()

    return at_once


def _parts(work: Work, operations: float, peak: float) -> dict[str, Any]:
    """Each kind's share of the time, and the share of the peak that operations run at.

    Operations are those of PyTorch's layers: C of Monogram's own takes fewer, or is not counted.
    """
    work()
    _spare_memory()
    with profile(activities=[ProfilerActivity.CPU]) as watched:
        work()
    seconds: Counter[str] = Counter()
    for operation in watched.key_averages():
        seconds[_kind(operation.key)] += 1e-6 * operation.self_cpu_time_total
    whole = sum(seconds.values())
    multiplying = seconds["convolutions"] + seconds["products"]
    return {
        "shares": {kind: seconds[kind] / whole for kind in (*KINDS, "other")},
        "of_peak": operations / multiplying / peak,
    }


def _spare_memory() -> None:
    """Have this process keep memory that the system has given it already.

    What the profiler notes lies among the activations, which would come to lie in new memory
    otherwise: to get that from the system, page by page, took a third of a profiled step, and takes
    nothing of one without a profiler.
    """
    torch.ones(SPARE)


def _kind(operation: str) -> str:
    name = operation.removeprefix("aten::")
    kinds = (kind for kind, beginnings in KINDS.items() if name.startswith(beginnings))
    return next(kinds, "other")
