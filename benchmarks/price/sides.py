"""Who does the work: the textbook loop in one process, in one per core, and as tasks of Ray.

What a side needs before the first person (processes, data in them) is not timed.
"""

import importlib.util
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any

import torch

from benchmarks.price.textbook import Textbook

Accuracies = dict[str, tuple[float, float]]
Do = Callable[[Sequence[str]], Accuracies]

_textbook: Textbook | None = None


@contextmanager
def in_turn(textbook: Textbook) -> Iterator[Do]:
    """One person after the other; PyTorch computes with as many threads as it chooses."""
    yield textbook.accuracies


@contextmanager
def in_processes(textbook: Textbook) -> Iterator[Do]:
    """A process for each core, with one thread each; every process has the data."""
    with ProcessPoolExecutor(
        os.cpu_count(), get_context("spawn"), initializer=_take, initargs=(textbook,)
    ) as pool:
        list(pool.map(_warm, range(4 * (os.cpu_count() or 1))))

        def do(individuals: Sequence[str]) -> Accuracies:
            return dict(zip(individuals, pool.map(_one, individuals), strict=True))

        yield do


@contextmanager
def in_ray(textbook: Textbook) -> Iterator[Do]:
    """A task of Ray for each person, one for each core at a time, the data in its object store."""
    import ray  # noqa: PLC0415 - not everybody has it

    ray.init(num_cpus=os.cpu_count(), include_dashboard=False, log_to_driver=False)
    try:
        kept = ray.put(textbook)
        one = ray.remote(num_cpus=1)(_of)

        def do(individuals: Sequence[str]) -> Accuracies:
            found = ray.get([one.remote(kept, individual) for individual in individuals])
            return dict(zip(individuals, found, strict=True))

        do(list(textbook.individuals)[:4])
        yield do
    finally:
        ray.shutdown()


def _of(textbook: Textbook, individual: str) -> tuple[float, float]:
    torch.set_num_threads(1)
    return textbook.of(individual)


def _take(textbook: Textbook) -> None:
    """Begin in a process."""
    global _textbook  # noqa: PLW0603 - a process works for one textbook
    torch.set_num_threads(1)
    _textbook = textbook


def _warm(number: int) -> int:
    return number


def _one(individual: str) -> tuple[float, float]:
    assert _textbook is not None
    return _textbook.of(individual)


SIDES: Mapping[str, Any] = {
    "the textbook loop": in_turn,
    "the same, a process per core": in_processes,
    **({"the same, a Ray task per person": in_ray} if importlib.util.find_spec("ray") else {}),
}
