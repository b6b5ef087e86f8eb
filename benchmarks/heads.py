"""What one more head costs to judge on D_G, as a share of a whole pass.

Heads of the paper's network, judged on 9,000 global samples: what they have in common is computed
once, each head has its own product. A pass is what the loop takes to judge one model.
`python -m benchmarks heads`.
"""

import statistics
from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np
import torch

from monogram.engine.judge import Judge
from monogram.engine.judge_stack import StackJudge
from monogram.engine.machine import torch_threads
from monogram.networks import architecture, laid_out, trainable_names
from monogram.population import Population, Protocol, Split
from monogram.training import Findings, StackedNetwork, with_stacked_layers

NETWORK, CLASSES = "paper(width=0.25)", 30
SAMPLES = 4_500  # of D_G, for validation and test each
HEADS = 32  # judged at a time
ROUNDS = 5
CPU = torch.device("cpu")


def run() -> dict[str, Any]:
    """Time both in turn."""
    population = _population()
    network = laid_out(architecture(NETWORK, population).build(0))
    judge = Judge(population, CPU, SAMPLES, _silent)
    stack = StackJudge(judge, CPU, _silent)
    with_stacked_layers(network).eval()
    own = {
        name: network.get_parameter(name).detach().expand(HEADS, *network.get_parameter(name).shape)
        for name in trainable_names(network, "head")
    }
    parts = Findings().cut(network, network.state_dict(), own, judge.shared[0].inputs[:2])
    stacked = StackedNetwork(network, own, parts)
    with torch_threads(1):
        alone = judge.on_global(network)
        assert all(pair[1].correct == alone[1].correct for pair in stack.on_global(stacked, own))
        passes, heads = [], []
        for _ in range(ROUNDS):
            passes.append(_seconds(lambda: judge.on_global(network)))
            heads.append(_seconds(lambda: stack.on_global(stacked, own)))
    shares = [head / HEADS / whole for whole, head in zip(passes, heads, strict=True)]
    line = (
        f"{NETWORK}, {2 * SAMPLES:,} global samples: a pass {statistics.median(passes):.2f} s, one "
        f"more head {100 * statistics.median(shares):.2f} % of it "
        f"({100 * min(shares):.2f} to {100 * max(shares):.2f})"
    )
    return {"passes": passes, "heads": heads, "shares": shares, "lines": [line]}


def _population() -> Population:
    draw = np.random.default_rng(0)
    total = 1_000 + 2 * SAMPLES
    ends = [1_000, 1_000 + SAMPLES, total]
    parts = [range(a, b) for a, b in zip([0, *ends[:-1]], ends, strict=True)]
    return Population(
        name="noise",
        inputs=draw.standard_normal(size=(total, 1, 32, 32), dtype=np.float32),
        labels=draw.integers(CLASSES, size=total),
        classes=tuple(map(str, range(CLASSES))),
        global_data=Split(*parts),
        individuals={"one": Split(range(50), range(50, 60), range(60, 70))},
        protocol=Protocol(),
    )


def _silent(_: float) -> None:
    """Nobody waits."""


def _seconds(work: Callable[[], object]) -> float:
    started = perf_counter()
    work()
    return perf_counter() - started
