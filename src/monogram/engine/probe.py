"""A few steps with a plan's own network and data: how long they take, and how much memory."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Any

import torch

from monogram.curriculum import Source
from monogram.engine.allocator import big_blocks_kept
from monogram.engine.job import Job
from monogram.engine.load import Workload
from monogram.engine.machine import Measurements, peak_since, torch_threads
from monogram.networks import laid_out
from monogram.plan import Node, Plan, Stretch
from monogram.population import Population
from monogram.training import Feed, State, as_samples, described, moment, tally, train

STEPS = 4  # measured, after one that is not
JUDGED = 2048  # samples


@dataclass(frozen=True)
class Took:
    """What one kind of training took, and judging after it.

    Attributes:
        step: seconds of an optimizer step of a full batch.
        sample: seconds of looking at a sample to judge a model.
        memory: bytes that it took at most, the network itself not counted.
    """

    step: float
    sample: float
    memory: int


@dataclass(frozen=True)
class Probe:
    """What a plan's training and judging took here.

    Attributes:
        took: by what trains, as phases say it: a head takes less than the whole network.
    """

    took: Mapping[str, Took]

    @property
    def memory(self) -> int:
        """Bytes that it took at most, the network itself not counted."""
        return max((took.memory for took in self.took.values()), default=0)

    @property
    def is_timed(self) -> bool:
        """Whether there were steps enough to time."""
        return all(took.step for took in self.took.values())

    def step_seconds(self, stretch: Stretch) -> float:
        """A step of a stretch that has any; 0 for others."""
        return self.took[stretch.trained.train].step if stretch.steps else 0.0

    def seconds(self, load: Workload) -> float:
        """What so much work takes one worker that does it one after the other."""
        sample = max((took.sample for took in self.took.values()), default=0.0)
        steps = sum(count * self.took[train].step for train, count in load.steps_of.items())
        return steps + load.judged_samples * sample


def probe(plan: Plan, job: Job, population: Population) -> Probe:
    """Take a few steps of each kind of training in this process; what they took is remembered.

    They are of the longest of those phases that have the largest batches.
    """
    return Probe(
        {kind: _probe(node, job, population) for kind, node in _most(plan, job, population)}
    )


def probed(plan: Plan, job: Job, population: Population) -> Probe:
    """What training and judging take, as probed now or before on this machine."""
    kinds = _most(plan, job, population)
    return Probe(
        {
            kind: _kept(node, job, population) or _probe(node, job, population)
            for kind, node in kinds
        }
    )


def _probe(node: Node, job: Job, population: Population) -> Took:
    network = laid_out(job.architecture.build(0).to(job.device))
    measured: list[tuple[float, float]] = []
    with torch_threads(job.threads), big_blocks_kept():
        memory = peak_since(lambda: measured.append(_measure(node, job, population, network)))
    before = _kept(node, job, population)
    most = max(memory, before.memory) if before else memory  # less where blocks were held before
    found = Took(*measured[0], memory)
    kept = asdict(replace(found, memory=most))
    Measurements().keep(kept, *_subject(node, job, population))
    return found


def _kept(node: Node, job: Job, population: Population) -> Took | None:
    kept: Any = Measurements().get(*_subject(node, job, population))
    try:
        return Took(**kept)
    except TypeError:  # there is nothing, or it is damaged
        return None


def _subject(node: Node, job: Job, population: Population) -> tuple[str, ...]:
    """What time and memory depend on; of code that is in no file only how it describes itself."""
    network = job.architecture.build(0)
    about = described(network) or (str(network),)
    kind, batch = node.stretch.trained.train, f"batch {_batch(node, job, population)}"
    how = (f"{job.threads} threads", f"native {job.native}")
    where = (str(population.input_shape), batch, job.device, *how)
    return "worker", kind, *about, *where


def _most(plan: Plan, job: Job, population: Population) -> list[tuple[str, Node]]:
    """For each kind of training the longest phase of those that have the largest batches."""
    by_kind: dict[str, list[Node]] = {}
    for node in (node for root in plan.roots for node in root.walk() if node.stretch.steps):
        by_kind.setdefault(node.stretch.trained.train, []).append(node)

    def length(node: Node) -> tuple[int, int]:
        return _batch(node, job, population), node.stretch.steps

    return [(kind, max(nodes, key=length)) for kind, nodes in by_kind.items()]


def _batch(node: Node, job: Job, population: Population) -> int:
    """Samples of the largest batches of a node that trains."""
    stretch = node.stretch
    owner, source = stretch.owner, stretch.trained.source
    own = 0 if owner is None else len(population.individuals[owner].train)
    shared = 0 if source is Source.PERSONAL else len(population.global_data.train)
    together = own + shared if source is Source.UNION else max(own, shared)
    return min(job.recipe.batch_size, together)


def _measure(
    node: Node, job: Job, population: Population, network: torch.nn.Module
) -> tuple[float, float]:
    """Seconds of a training step, and of a sample that is only looked at."""
    device, stretch = torch.device(job.device), node.stretch
    stop = min(stretch.stop, stretch.start + STEPS + 1)
    step = step_seconds(stretch.until(stop), job, population, network)
    some = as_samples(population, population.global_data.train[:JUDGED], device)
    started = moment(device)
    tally(network, some, way=job.way)
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

    def after_step(_: object) -> None:
        times.append(moment(device))

    with job.layers(network):
        train(network, state, stretch, feed, job.recipe, after_step, fused=job.native)
    gaps = sorted(b - a for a, b in pairwise(times))
    return gaps[len(gaps) // 2] if gaps else 0.0
