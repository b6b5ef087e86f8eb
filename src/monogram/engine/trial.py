"""A short trial of one kind of training: whether individuals can be trained together, how fast."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from math import inf
from statistics import median
from time import perf_counter
from typing import Any

import torch
from torch import Tensor

from monogram.engine.cohort import shape_of, trainings
from monogram.engine.found import UNKNOWN, Found, Sort, Speed, seconds_allowed
from monogram.engine.job import Job
from monogram.engine.judge import Judge
from monogram.engine.judge_stack import StackJudge
from monogram.engine.load import Workload
from monogram.errors import NetworkError, in_a_line
from monogram.networks import Prepared, laid_out
from monogram.plan import Stretch, Task
from monogram.population import Population
from monogram.training import (
    Feed,
    Findings,
    Lesson,
    Samples,
    StackedNetwork,
    StackState,
    State,
    Weights,
    as_samples,
    effort,
    judging_problem,
    learnt_alike,
    shown_alike,
    tally,
    train,
    train_stack,
    with_stacked_layers,
    without_warnings,
)

STEPS = 3  # of a measurement; the first is not counted
MORE_STEPS = 13  # where a step takes so little that a moment's disturbance would show
SHORT_STEP = 0.02  # seconds
JUDGED = 512  # samples of D_G that are looked at
LOOKED_AT = 16  # samples whose logits two ways to train have to agree on
FEWEST_PADDED = 3  # samples of a batch: in a shorter one filled up, all may be there equally often
COPIES = 5  # of an individual's tensors: weights, momentum, gradients, snapshots
LEARNS_OTHERWISE = (
    "together the network learns something else than alone: what a step does may depend on those "
    "before it (a counter, a state that is no buffer), and then numbers depend on the workers too"
)
SLOWER = 1.25  # times as long as with fewer: larger cohorts are not tried


class Trial:
    """Trains a few of a plan's individuals for a few steps.

    Its speeds are those of individuals with as many samples as most have; whether they learn the
    same, and how much memory they take, is found with those who have the most.

    Args:
        sort: of phases.
        tasks: that have such; those are tried that most of the others could be in a cohort with.
        job: how.
        population: their data.
    """

    def __init__(self, sort: Sort, tasks: Sequence[Task], job: Job, population: Population) -> None:
        self._job, self._recipe = job, job.recipe
        self._population = population
        self._device = torch.device(job.device)
        self._network, self._stacked, self._judged = (
            laid_out(job.architecture.build(0).to(self._device)) for _ in range(3)
        )
        with_stacked_layers(self._stacked)
        with_stacked_layers(self._judged)
        self._start = State.of(self._network)
        self._shared = self._samples(population.global_data.train)
        stretches = (_stretch(task, sort, STEPS) for task in _of_one_shape(tasks))
        self._stretches = sorted(stretches, key=self._size, reverse=True)

    @without_warnings()
    def found(self, sizes: Sequence[int], load: Workload, budget: int, *, thorough: bool) -> Found:
        """Try a pair, then cohorts of some sizes, as long as they get no slower and there is time.

        Args:
            sizes: individuals of a cohort, ascending.
            load: all that is to be trained; the more, the longer a trial pays.
            budget: bytes that a cohort may take; larger ones are not tried.
            thorough: go on where a pair takes so long that nobody would want it.
        """
        try:
            return self._found(sizes, load, budget, thorough=thorough)
        except NetworkError as error:
            return Found(UNKNOWN, problem=str(error))
        except Exception as error:  # of the network, or of somebody's data: the run will tell
            return Found(UNKNOWN, problem=in_a_line(error))

    def _found(self, sizes: Sequence[int], load: Workload, budget: int, *, thorough: bool) -> Found:
        alone = self._alone()
        if alone.step < SHORT_STEP:
            self._stretches = [stretch.until(MORE_STEPS) for stretch in self._stretches]
            alone = self._alone()
        problem = judging_problem(self._network, self._to_judge().inputs[:LOOKED_AT])
        if problem:
            return Found(UNKNOWN, problem=problem)
        memory, pair = self._memory(), self._together(2)
        pair_is_long = 2 * pair.step > SHORT_STEP
        if pair_is_long and pair.step > SLOWER * alone.step and not thorough:
            return replace(memory, alone=alone, together={2: pair})
        padded = self._can_be_padded()
        if not (padded or self._is_right(equal=True)):
            return Found(alone, problem=LEARNS_OTHERWISE)
        slowest = inf if thorough else SLOWER * alone.step
        each = memory.each(self._size(self._stretches[0]))
        fitting = [size for size in sizes if size * each <= budget]
        together, cut_short = self._larger(pair, fitting, slowest, seconds_allowed(alone, load))
        return replace(memory, alone=alone, together=together, padded=padded, cut_short=cut_short)

    def _larger(
        self, pair: Speed, sizes: Sequence[int], slowest: float, limit: float
    ) -> tuple[dict[int, Speed], float]:
        """Try larger cohorts until one is slow or there is no time.

        Args:
            pair: the smallest cohort.
            sizes: of the others.
            slowest: seconds of a step above which no larger one is tried.
            limit: seconds for all of them.

        Returns:
            The speeds by size, and the limit where it was too short for some, else 0.
        """
        started, together, before = perf_counter(), {2: pair}, pair
        for size in sizes:
            if perf_counter() - started + self._expected(size, before) > limit:
                return together, limit
            together[size] = self._together(size)
            if together[size].step > min(slowest, SLOWER * before.step):
                break
            before = together[size]
        return together, 0.0

    def _expected(self, size: int, before: Speed) -> float:
        """Seconds that a larger cohort will take to try, at the speed of one of those before."""
        return size * before.seconds(self._stretches[0].steps, 2 * len(self._to_judge()))

    def _samples(self, rows: range) -> Samples:
        return as_samples(self._population, rows, self._device)

    def _own(self, stretch: Stretch) -> Samples:
        return self._samples(self._population.individuals[str(stretch.owner)].train)

    def _feed(self, stretch: Stretch, own: Samples) -> Feed:
        return Feed(stretch, self._shared, own, self._recipe.batch_size)

    def _lesson(self, stretches: Sequence[Stretch], own: Sequence[Samples]) -> Lesson:
        feeds = [self._feed(s, some) for s, some in zip(stretches, own, strict=True)]
        return Lesson(stretches, feeds, own)

    def _typical(self) -> list[Stretch]:
        """From the middle one on those with batches as long as its: a trial's speeds are theirs."""
        rest = self._stretches[len(self._stretches) // 2 :]
        return [stretch for stretch in rest if self._batch(stretch) == self._batch(rest[0])]

    def _can_be_padded(self) -> bool:
        """Whether batches of different lengths can be filled up; not where too few samples tell."""
        if self._batch(_so_many(self._stretches, 2)[1]) < FEWEST_PADDED:
            return False
        try:
            return self._is_right(equal=False)
        except Exception:  # what is wrong with a pair, not with its padding, shows without it
            return False

    def _is_right(self, *, equal: bool) -> bool:
        """Whether a pair learns the same together as alone, with batches of one length or two."""
        pair = [stretch.until(STEPS) for stretch in _so_many(self._stretches, 2)]
        own = [self._own(stretch) for stretch in pair]
        fewest = min(map(self._batch, pair))
        lengths = (fewest, fewest if equal else _shorter(fewest))
        own = [Samples(o.inputs[:n], o.labels[:n]) for o, n in zip(own, lengths, strict=True)]
        lesson = self._lesson(pair, own)
        state, findings = StackState.start(self._start, 2), Findings()
        end = train_stack(self._stacked, state, lesson, self._recipe, findings)
        alone = [
            train(self._network, self._start, stretch, self._feed(stretch, some), self._recipe)
            for stretch, some in zip(pair, own, strict=True)
        ]
        names = {name for name, _ in self._network.named_parameters()}
        learnt = (
            learnt_alike(end.member(place).weights, one.weights, self._start.weights, names)
            for place, one in enumerate(alone)
        )
        return all(learnt) and self._shows_alike(end, findings, alone)

    def _shows_alike(self, end: StackState, findings: Findings, alone: Sequence[State]) -> bool:
        """Whether a stack has the logits of its networks, in evaluation mode."""
        inputs = self._to_judge().inputs[:LOOKED_AT]
        with torch.no_grad():
            stacked = self._shown(end, findings, inputs)
            together = stacked.all(end.own, stacked.features(inputs))
            return all(
                shown_alike(logits, self._with(one.weights)(inputs))
                for logits, one in zip(together, alone, strict=True)
            )

    def _with(self, weights: Weights) -> Prepared:
        """The network in evaluation mode, with weights of its own."""
        self._network.load_state_dict(weights)
        return self._network.eval()

    def _alone(self) -> Speed:
        stretch = self._typical()[0]
        feed, times = self._feed(stretch, self._own(stretch)), _Times(self._device)
        network, job = self._network, self._job
        with job.layers(network):
            train(network, self._start, stretch, feed, job.recipe, times, fused=job.native)
        samples = self._to_judge()
        look = partial(tally, network, samples, way=job.way)
        seconds = _seconds(look, self._device)
        return Speed(0.0, times.gap, seconds / len(samples))

    def _together(self, size: int) -> Speed:
        """The share of one of a cohort."""
        cohort = _so_many(self._typical(), size)
        own = [self._own(stretch) for stretch in cohort]
        lesson = self._lesson(cohort, own)
        times, findings = _Times(self._device), Findings()
        state = StackState.start(self._start, size)
        end = train_stack(self._stacked, state, lesson, self._recipe, findings, times)
        samples, judge = self._to_judge(), self._judge()
        stacked = self._shown(end, findings, samples.inputs)
        known = stacked.features(samples.inputs) if stacked.parts else None
        seconds = _seconds(lambda: judge.on_all(stacked, end.own, samples, known), self._device)
        once = self._once(stacked, torch.cat([some.inputs for some in own]))
        return Speed(once / size, times.gap / size, seconds / len(samples) / size)

    def _once(self, stacked: StackedNetwork, inputs: Tensor) -> float:
        """Seconds until a cohort's inputs are through what is frozen, where the network is cut."""
        with torch.inference_mode():
            return _seconds(lambda: stacked.features(inputs), self._device) if stacked.parts else 0

    def _shown(self, state: StackState, findings: Findings, inputs: Tensor) -> StackedNetwork:
        """The network in evaluation mode."""
        return findings.judged(self._judged, state.common, state.own, inputs)

    def _batch(self, stretch: Stretch) -> int:
        """Samples of a personal batch."""
        return min(self._size(stretch), self._recipe.batch_size)

    def _size(self, stretch: Stretch) -> int:
        """Training samples of D_I."""
        return len(self._population.individuals[str(stretch.owner)].train)

    def _judge(self) -> StackJudge:
        judge = Judge(self._population, self._device, JUDGED, _silent)
        return StackJudge(judge, self._device, _silent)

    def _to_judge(self) -> Samples:
        return self._samples(self._population.global_data.train[:JUDGED])

    def _memory(self) -> Found:
        """The memory of a cohort: what one individual's tensors take, and what a step keeps.

        A sample counts twice, once more while what is frozen is computed for all of them.
        """
        stretch = self._stretches[0]
        own, kept = self._own(stretch), _Kept()
        one = replace(stretch, stop=stretch.start + 1)
        state = StackState.start(self._start, 1)
        lesson = self._lesson([one], [own])
        with torch.autograd.graph.saved_tensors_hooks(kept.count, lambda tensor: tensor):
            end = train_stack(self._stacked, state, lesson, self._recipe, Findings())
        tensors = sum(map(_bytes, end.own.values()))
        stacked = self._shown(end, Findings(), own.inputs)
        with torch.inference_mode():
            feature = _bytes(stacked.features(own.inputs[:1]))
        return Found(
            UNKNOWN,
            memory=COPIES * tensors + 2 * sum(kept.sizes.values()),
            own_sample=_bytes(own.inputs[:1]) + 2 * feature,
            shared_sample=feature if stacked.parts else 0,
        )


def not_judged_together(job: Job, population: Population) -> str | None:
    """Why individuals must not be judged together whose networks nobody trains, or None."""
    device = torch.device(job.device)
    network = laid_out(job.architecture.build(0).to(device))
    some = as_samples(population, population.global_data.train[:LOOKED_AT], device)
    try:
        return judging_problem(network, some.inputs)
    except Exception as error:  # of the network, as in a trial
        return in_a_line(error)


class _Times:
    """Notes the effort so far after each step."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._times: list[float] = []

    def __call__(self, *_: object) -> None:
        self._times.append(effort(self._device))

    @property
    def gap(self) -> float:
        """Seconds from one step's end to the next one's."""
        return median(later - before for before, later in pairwise(self._times))


class _Kept:
    """Counts the memory behind tensors, each block once."""

    def __init__(self) -> None:
        self.sizes: dict[int, int] = {}

    def count(self, tensor: Tensor) -> Tensor:
        """Count one."""
        storage = tensor.untyped_storage()
        self.sizes[storage.data_ptr()] = storage.nbytes()
        return tensor


def _of_one_shape(tasks: Sequence[Task]) -> list[Task]:
    """The most tasks that could be one cohort."""
    alike: dict[Any, list[Task]] = {}
    for task in tasks:
        alike.setdefault(shape_of(task), []).append(task)
    return max(alike.values(), key=len)


def _stretch(task: Task, sort: Sort, steps: int) -> Stretch:
    """The first steps of the first phase of a sort."""
    first = next(s for s in trainings(task) if Sort.of(s.trained) == sort)
    return replace(first, start=0, stop=steps, total=0)


def _so_many(stretches: Sequence[Stretch], size: int) -> list[Stretch]:
    """So many of them; the same ones again where there are fewer."""
    return [stretches[place % len(stretches)] for place in range(size)]


def _shorter(batch: int) -> int:
    """Samples of a batch that is filled up to a longer one, not all of them equally often.

    >>> [_shorter(batch) for batch in (3, 4, 128)]
    [2, 3, 86]
    """
    return batch - batch // 3


def _silent(_: float) -> None:
    """Nobody waits for a trial's progress."""


def _seconds(work: Callable[[], object], device: torch.device) -> float:
    work()
    started = effort(device)
    work()
    return effort(device) - started


def _bytes(tensor: Tensor) -> int:
    return tensor.numel() * tensor.element_size()
