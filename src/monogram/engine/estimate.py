"""What a plan will take on this machine, from a short measurement of a few steps."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from time import perf_counter

import torch

from monogram.engine.choice import choices
from monogram.engine.cohort import Grouping
from monogram.engine.curves import POINT_BYTES, looks
from monogram.engine.job import Job
from monogram.engine.load import workload
from monogram.engine.machine import bare_worker, one_process, peak_since, resident
from monogram.networks import laid_out
from monogram.plan import Node, Plan
from monogram.population import Population
from monogram.training import Feed, State, as_samples, tally, train

PROBE_STEPS = 4  # measured, after one that is not


@dataclass(frozen=True)
class Estimate:
    """What a plan will take.

    Attributes:
        seconds: of wall-clock time.
        memory: bytes that all processes hold at once, the data counted once.
        disk: bytes of the run directory.
        step_seconds: one optimizer step of a full batch, in one worker.
        sample_seconds: looking at one sample to judge a model, in one worker.
    """

    seconds: float
    memory: int
    disk: int
    step_seconds: float
    sample_seconds: float


def estimate(plan: Plan, job: Job, population: Population, workers: int) -> Estimate:
    """Measure a few steps with the study's network and data, and add up.

    Args:
        plan: what would be done.
        job: how.
        population: on whom.
        workers: processes.
    """
    network = laid_out(job.architecture.build(0).to(job.device))
    held = resident()
    measured: list[tuple[float, float]] = []
    with one_process(job.threads):
        work = peak_since(lambda: measured.append(_measure(plan, job, population, network)))
    step_seconds, sample_seconds = measured[0]
    kinds = dict(choices(plan, job, population, workers))
    grouping, parts = Grouping(kinds), defaultdict(list)
    for task in plan.tasks:
        parts[1.0 if task.shared else grouping.of(task).gain].append(task)
    loads = {gain: workload(tasks, job, population) for gain, tasks in parts.items()}
    whole = sum(
        (load.steps * step_seconds + load.judged_samples * sample_seconds) / gain
        for gain, load in loads.items()
    )
    stacks = max((kind.most * kind.memory for kind in kinds.values()), default=0)
    longest = max((_longest(root) for root in plan.roots), default=0) * step_seconds
    data = population.inputs.nbytes + population.labels.nbytes
    weights = sum(t.numel() * t.element_size() for t in network.state_dict().values())
    trunks = sum(1 for task in plan.tasks if task.node.shared)
    points = looks(plan.tasks, population).points if job.curves else 0
    worker = work + stacks + (bare_worker() if workers > 1 else 0)
    return Estimate(
        seconds=max(whole / workers, longest),
        memory=held + workers * worker + data,
        disk=data + trunks * 2 * weights + 1_000 * plan.models + POINT_BYTES * points,
        step_seconds=step_seconds,
        sample_seconds=sample_seconds,
    )


def together(parts: Sequence[Estimate]) -> Estimate:
    """What several plans take one after the other; steps are measured on the first.

    Args:
        parts: of each, at least one.
    """
    return replace(
        parts[0],
        seconds=sum(part.seconds for part in parts),
        memory=max(part.memory for part in parts),
        disk=sum(part.disk for part in parts),
    )


def _measure(
    plan: Plan, job: Job, population: Population, network: torch.nn.Module
) -> tuple[float, float]:
    """Seconds of a training step, and of a sample that is only looked at."""
    device = torch.device(job.device)
    node = max((n for root in plan.roots for n in root.walk()), key=lambda n: n.stretch.steps)
    rows = population.global_data.train
    shared = as_samples(population, rows, device)
    owner = node.stretch.owner
    own = None
    if owner is not None:
        own = as_samples(population, population.individuals[owner].train, device)
    feed = Feed(node.stretch, shared, own, job.recipe.batch_size)
    times: list[float] = []
    stop = min(node.stretch.stop, node.stretch.start + PROBE_STEPS + 1)
    state = State.of(network, node.stretch.start)
    train(
        network,
        state,
        node.stretch.until(stop),
        feed,
        job.recipe,
        lambda *_: times.append(perf_counter()),
    )
    some = as_samples(population, rows[:2048], device)
    started = perf_counter()
    tally(network, some)
    sample_seconds = (perf_counter() - started) / len(some)
    gaps = sorted(b - a for a, b in pairwise(times))
    return (gaps[len(gaps) // 2] if gaps else 0.0), sample_seconds


def _longest(node: Node) -> int:
    """Steps of the longest line of stretches that must follow one another."""
    return node.stretch.steps + max((_longest(child) for child in node.children), default=0)
