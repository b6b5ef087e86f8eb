"""Who does the work: the textbook loop in one process, in one per core, and as tasks of Ray.

All have processes of their own, as the user who wrote them would: Monogram changes how the process
that it is called in gets its memory. What a side needs before the first person (processes, data and
a few people's work in them) is not timed.
"""

import importlib.util
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any

import torch

from benchmarks.price.textbook import Textbook
from monogram.engine.machine import cores

Accuracies = dict[str, tuple[float, float]]
Do = Callable[[Sequence[str]], Accuracies]

WARMING = 2  # people for each process, before any time is taken

_textbook: Textbook | None = None


@contextmanager
def in_turn(textbook: Textbook) -> Iterator[Do]:
    """One person after the other; PyTorch computes with as many threads as it chooses."""
    with _processes(textbook, 1, None) as pool:

        def do(individuals: Sequence[str]) -> Accuracies:
            return pool.submit(_all, individuals).result()

        do(list(textbook.individuals)[:WARMING])
        yield do


@contextmanager
def in_processes(textbook: Textbook) -> Iterator[Do]:
    """A process for each core, with one thread each; every process has the data."""
    count = cores()
    with _processes(textbook, count, 1) as pool:

        def do(individuals: Sequence[str]) -> Accuracies:
            return dict(zip(individuals, pool.map(_one, individuals), strict=True))

        do(list(textbook.individuals)[: count * WARMING])
        yield do


@contextmanager
def in_ray(textbook: Textbook) -> Iterator[Do]:
    """A task of Ray for each person, one for each core at a time, the data in its object store."""
    import ray  # noqa: PLC0415 - not everybody has it

    ray.init(num_cpus=cores(), include_dashboard=False, log_to_driver=False)
    try:
        kept = ray.put(textbook)
        one = ray.remote(num_cpus=1)(_of)

        def do(individuals: Sequence[str]) -> Accuracies:
            found = ray.get([one.remote(kept, individual) for individual in individuals])
            return dict(zip(individuals, found, strict=True))

        do(list(textbook.individuals)[: 2 * WARMING])
        yield do
    finally:
        ray.shutdown()


def _processes(textbook: Textbook, count: int, threads: int | None) -> ProcessPoolExecutor:
    about = textbook, threads
    return ProcessPoolExecutor(count, get_context("spawn"), initializer=_take, initargs=about)


def _of(textbook: Textbook, individual: str) -> tuple[float, float]:
    torch.set_num_threads(1)
    return textbook.of(individual)


def _take(textbook: Textbook, threads: int | None) -> None:
    """Begin in a process, with so many threads or as many as PyTorch chooses."""
    global _textbook  # noqa: PLW0603 - a process works for one textbook
    if threads:
        torch.set_num_threads(threads)
    _textbook = textbook


def _one(individual: str) -> tuple[float, float]:
    assert _textbook is not None
    return _textbook.of(individual)


def _all(individuals: Sequence[str]) -> Accuracies:
    assert _textbook is not None
    return _textbook.accuracies(individuals)


SIDES: Mapping[str, Any] = {
    "the textbook loop": in_turn,
    "the same, a process per core": in_processes,
    **({"the same, a Ray task per person": in_ray} if importlib.util.find_spec("ray") else {}),
}
