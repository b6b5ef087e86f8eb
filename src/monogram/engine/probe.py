"""A few steps with a plan's own network and data: how long they take, and how much memory."""

from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Any

import torch

from monogram.curriculum import Source
from monogram.engine.allocator import big_blocks_kept
from monogram.engine.job import Job
from monogram.engine.load import Workload
from monogram.engine.machine import Measurements, one_process, peak_since
from monogram.networks import laid_out
from monogram.plan import Node, Plan, Stretch
from monogram.population import Population
from monogram.training import Feed, State, as_samples, moment, tally, train

STEPS = 4  # measured, after one that is not
JUDGED = 2048  # samples


@dataclass(frozen=True)
class Probe:
    """What training and judging took here.

    Attributes:
        step_seconds: one optimizer step of a full batch.
        sample_seconds: looking at one sample to judge a model.
        memory: bytes that it took at most, the network itself not counted.
    """

    step_seconds: float
    sample_seconds: float
    memory: int

    def seconds(self, load: Workload) -> float:
        """What so much work takes one worker that does it one after the other."""
        return load.steps * self.step_seconds + load.judged_samples * self.sample_seconds


def probe(plan: Plan, job: Job, population: Population) -> Probe:
    """Take a few steps in this process; what they took is remembered.

    They are of the longest of those phases that have the largest batches.
    """
    network = laid_out(job.architecture.build(0).to(job.device))
    measured: list[tuple[float, float]] = []
    with one_process(job.threads), big_blocks_kept():
        memory = peak_since(lambda: measured.append(_measure(plan, job, population, network)))
    before = _kept(plan, job, population)
    most = max(memory, before.memory) if before else memory  # less where blocks were held before
    found = Probe(*measured[0], memory)
    Measurements().keep(asdict(replace(found, memory=most)), *_subject(plan, job, population))
    return found


def probed(plan: Plan, job: Job, population: Population) -> Probe:
    """What training and judging take, as probed now or before on this machine."""
    return _kept(plan, job, population) or probe(plan, job, population)


def _kept(plan: Plan, job: Job, population: Population) -> Probe | None:
    kept: Any = Measurements().get(*_subject(plan, job, population))
    try:
        return Probe(**kept)
    except TypeError:  # there is nothing, or it is of before seconds were kept
        return None


def _subject(plan: Plan, job: Job, population: Population) -> tuple[str, ...]:
    """What time and memory depend on."""
    network, shape = str(job.architecture.build(0)), str(population.input_shape)
    batch = _batch(_most(plan, job, population), job, population)
    return "worker", network, shape, f"batch {batch}", job.device, f"{job.threads} threads"


def _most(plan: Plan, job: Job, population: Population) -> Node:
    """The longest phase of those that have the largest batches."""
    return max(
        (node for root in plan.roots for node in root.walk()),
        key=lambda node: (_batch(node, job, population), node.stretch.steps),
    )


def _batch(node: Node, job: Job, population: Population) -> int:
    """Samples of its largest batches; 0 where nothing is trained."""
    stretch = node.stretch
    if not stretch.steps:
        return 0
    owner, source = stretch.owner, stretch.trained.source
    own = 0 if owner is None else len(population.individuals[owner].train)
    shared = 0 if source is Source.PERSONAL else len(population.global_data.train)
    together = own + shared if source is Source.UNION else max(own, shared)
    return min(job.recipe.batch_size, together)


def _measure(
    plan: Plan, job: Job, population: Population, network: torch.nn.Module
) -> tuple[float, float]:
    """Seconds of a training step, and of a sample that is only looked at."""
    device, stretch = torch.device(job.device), _most(plan, job, population).stretch
    stop = min(stretch.stop, stretch.start + STEPS + 1)
    step = step_seconds(stretch.until(stop), job, population, network)
    some = as_samples(population, population.global_data.train[:JUDGED], device)
    started = moment(device)
    tally(network, some)
    return step, (moment(device) - started) / len(some)


def step_seconds(
    stretch: Stretch, job: Job, population: Population, network: torch.nn.Module
) -> float:
    """Seconds of a step of training, in this process as it is; 0 where there is only one.

    Args:
        stretch: the steps to take; the first is not counted.
        job: how.
        population: on whose data.
        network: is trained.
    """
    device = torch.device(job.device)
    shared = as_samples(population, population.global_data.train, device)
    own = None
    if stretch.owner is not None:
        own = as_samples(population, population.individuals[stretch.owner].train, device)
    feed = Feed(stretch, shared, own, job.recipe.batch_size)
    times: list[float] = []
    state = State.of(network, stretch.start)
    train(network, state, stretch, feed, job.recipe, lambda *_: times.append(moment(device)))
    gaps = sorted(b - a for a, b in pairwise(times))
    return gaps[len(gaps) // 2] if gaps else 0.0
