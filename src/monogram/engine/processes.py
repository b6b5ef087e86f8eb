"""Other processes that do units of work beside this one.

Each has two threads here. One hands it a unit and waits for the outcome; the other keeps a second
one ready for it as long as there are plenty.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from time import sleep

import psutil
import torch
from loky import ProcessPoolExecutor
from loky.process_executor import BrokenProcessPool

from monogram.engine.allocator import keep_big_blocks
from monogram.engine.backlog import Backlog
from monogram.engine.cohort import Unit
from monogram.engine.harvest import Identity
from monogram.engine.job import Job
from monogram.engine.progress import Counter
from monogram.engine.worker import Outcome, Worker
from monogram.errors import RunError
from monogram.importing import Imported, call_after

ENVIRONMENT = {"LOKY_MAX_MEMORY_LEAK_SIZE": "1e18"}
"""Data mapped into memory and kept blocks look like a leak, for which loky starts workers anew."""
ORPHANED_SECONDS = 0.5  # between two looks whether the process that started a worker is there


@contextmanager
def other_processes(
    count: int, job: Job, done: frozenset[Identity], counts: Path, backlog: Backlog
) -> Iterator[None]:
    """Within, other processes do units of work too; they end with the block.

    Args:
        count: how many.
        job: what they have in common.
        done: models that need not be made again.
        counts: folder for how far each is.
        backlog: told what is done, or what a process failed with.
    """
    if not count:
        yield
        return
    about = Imported(__name__), _start, job, counts, os.getpid()
    pool = ProcessPoolExecutor(count, initializer=call_after, initargs=about, env=ENVIRONMENT)
    hands = [
        Thread(target=_hand_out, args=(pool, done, backlog, spare))
        for spare in (0, count + 1)
        for _ in range(count)
    ]
    try:
        for thread in hands:
            thread.start()
        yield
    except BaseException as error:
        backlog.fail(error)
        raise
    finally:
        pool.shutdown(wait=True, kill_workers=True)
        for thread in hands:
            thread.join()


def _hand_out(
    pool: ProcessPoolExecutor, done: frozenset[Identity], backlog: Backlog, spare: int
) -> None:
    """Hand one unit after the other to whoever is free."""

    def do(unit: Unit) -> Outcome:
        mine = done & {model.identity for model in unit.models}
        outcome: Outcome = pool.submit(_do, unit, mine).result()
        return outcome

    try:
        pool.submit(os.getpid).result()  # before one has started there is nobody to hand to
        backlog.work(do, lambda: None, spare=spare)
    except BaseException as error:
        backlog.fail(_lost(error) if isinstance(error, BrokenProcessPool) else error)


def _lost(error: BrokenProcessPool) -> RunError:
    lost = RunError(
        "a worker process ended without an answer, most likely killed for lack of memory; "
        "run again with fewer --workers to go on from what is finished"
    )
    lost.__cause__ = error
    return lost


_worker: Worker | Exception | None = None


def _start(job: Job, counts: Path, parent: int) -> None:
    """Make a process's worker; called once in each."""
    global _worker  # noqa: PLW0603 - a worker process does the work of one run only
    Thread(target=_end_with, args=(parent,), daemon=True).start()
    keep_big_blocks()
    torch.set_num_threads(job.threads)
    try:
        _worker = Worker(job, Counter(counts).add)
    except Exception as error:
        _worker = error


def _end_with(parent: int) -> None:
    """End this process when the one that started it is gone: killed, it could not say so."""
    while os.getppid() == parent and psutil.pid_exists(parent):
        sleep(ORPHANED_SECONDS)
    os._exit(1)


def _do(unit: Unit, done: frozenset[Identity]) -> Outcome:
    """Do a unit of work in a worker process."""
    if not isinstance(_worker, Worker):
        raise RunError(f"a worker could not start: {type(_worker).__name__}: {_worker}")
    return _worker.do(unit, done)
