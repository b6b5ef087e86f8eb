"""Other processes that do units of work beside this one.

Each has two threads here. One hands it a unit and waits for the outcome; the other keeps a second
one ready for it as long as there are plenty. A third hears what it answers.
"""

import os
import traceback
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from socket import SHUT_WR, socket
from threading import Lock, Thread
from typing import TypeGuard

import cloudpickle
import torch

from monogram.engine.allocator import keep_big_blocks
from monogram.engine.backlog import Backlog
from monogram.engine.cohort import Unit
from monogram.engine.harvest import Identity
from monogram.engine.job import Job
from monogram.engine.progress import Counter
from monogram.engine.worker import Outcome, Worker
from monogram.errors import MonogramError, RunError, in_a_line
from monogram.forking import LOOK_SECONDS, fork

LOST = (
    "a worker process ended without an answer, most likely killed for lack of memory; "
    "run again with fewer --workers to go on from what is finished"
)

Asked = tuple[Unit, frozenset[Identity]]  # a unit of work, and those of its models that are there


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

    Raises:
        RunError: the network's factory cannot be handed to another process.
    """
    if not count:
        yield
        return
    beginning = _handed_over(job, counts)
    processes: list[_Process] = []
    hands: list[Thread] = []
    try:
        for _ in range(count):
            processes.append(_Process(beginning))  # noqa: PERF401 - those before a failure end too
        for spare in (0, count + 1):
            for process in processes:
                hands.append(Thread(target=_hand_out, args=(process, done, backlog, spare)))
                hands[-1].start()
        yield
    except BaseException as error:
        backlog.fail(error)
        raise
    finally:
        for process in processes:
            process.end()
        for thread in hands:
            if thread.ident is not None:  # it was started before an interruption
                thread.join()


def _handed_over(job: Job, counts: Path) -> bytes:
    """What a worker is made of; what a user's own script defines is there by value."""
    try:
        handed_over: bytes = cloudpickle.dumps((job, counts))
    except Exception as error:
        raise RunError(
            f"network {job.architecture.name} cannot be handed to another process "
            f"({in_a_line(error)}); run with one worker, or put its factory in a module"
        ) from error
    return handed_over


def _hand_out(process: "_Process", done: frozenset[Identity], backlog: Backlog, spare: int) -> None:
    """Hand a process one unit after the other."""

    def do(unit: Unit) -> Outcome:
        return process.do(unit, done & {model.identity for model in unit.models})

    try:
        process.begun.result()  # before, there is nobody to hand to
        backlog.work(do, lambda: None, spare=spare)
    except BaseException as error:
        backlog.fail(error)


class _Process:
    """Another process, which does units of work in the order that it gets them.

    Attributes:
        begun: done as soon as it waits for units.

    Args:
        beginning: what its worker is made of, in bytes.

    Raises:
        RunError: it was killed as it began.
    """

    def __init__(self, beginning: bytes) -> None:
        self.begun: Future[None] = Future()
        try:
            self._connection = fork(__name__, work.__name__)
            self._connection.send_bytes(beginning)
        except ConnectionError as error:
            raise RunError(LOST) from error
        self._asked: deque[Future[Outcome]] = deque()
        self._asking = Lock()
        self._is_there = True
        self._listener = Thread(target=self._listen, daemon=True)
        self._listener.start()

    def do(self, unit: Unit, done: frozenset[Identity]) -> Outcome:
        """Wait until it has done a unit of work.

        Raises:
            RunError: it could not begin, a shared phase failed, or it was killed.
            OSError: the disk is full.
        """
        answer: Future[Outcome] = Future()
        with self._asking:
            if not self._is_there:
                raise RunError(LOST)
            self._asked.append(answer)
            with suppress(ConnectionError):  # then its listener says that it is lost
                self._connection.send((unit, done))
        return answer.result()

    def end(self) -> None:
        """End it, whatever it is doing, and wait until it has ended."""
        with socket(fileno=os.dup(self._connection.fileno())) as line, suppress(OSError):
            line.shutdown(SHUT_WR)
        self._listener.join()
        self._connection.close()

    def _listen(self) -> None:
        try:
            self._connection.recv()
            self.begun.set_result(None)
            while True:
                answer = self._connection.recv()
                asked = self._asked.popleft()
                if isinstance(answer, Outcome):
                    asked.set_result(answer)
                else:
                    asked.set_exception(answer)
        except Exception as error:  # it has ended, or answered what nobody here can read
            self._lose(error)

    def _lose(self, cause: Exception) -> None:
        with self._asking:
            self._is_there = False
        lost = RunError(LOST)
        lost.__cause__ = cause
        if not self.begun.done():
            self.begun.set_exception(lost)
        for left in self._asked:
            left.set_exception(lost)


def work(connection: Connection) -> None:
    """Do units of work until nobody asks for any more; the main function of a process.

    Args:
        connection: to who asks.
    """
    keep_big_blocks()
    beginning = connection.recv_bytes()
    units: SimpleQueue[Asked] = SimpleQueue()
    Thread(target=_hear, args=(connection, os.getppid(), units), daemon=True).start()
    begun = _begun(beginning)
    connection.send(None)
    while True:
        connection.send(_answer(begun, *units.get()))


def _begun(beginning: bytes) -> Worker | RunError:
    """A worker, or why it could not begin."""
    try:
        job, counts = cloudpickle.loads(beginning)
        torch.set_num_threads(job.threads)
        return Worker(job, Counter(counts).add)
    except (Exception, SystemExit) as error:
        return RunError(f"a worker could not start: {in_a_line(error)}")


def _hear(connection: Connection, parent: int, units: "SimpleQueue[Asked]") -> None:
    """End this process, whatever it does, when who asked is gone; killed, it could not say so."""
    try:
        with suppress(EOFError, OSError):
            while os.getppid() == parent:
                if connection.poll(LOOK_SECONDS):
                    units.put(connection.recv())
    finally:
        os._exit(1)  # also where what was sent cannot be read: nobody would hear of an end any more


def _answer(
    worker: Worker | RunError, unit: Unit, done: frozenset[Identity]
) -> Outcome | Exception:
    """What came of a unit of work, or what the whole run failed with."""
    if not isinstance(worker, Worker):
        return worker
    try:
        return worker.do(unit, done)
    except (Exception, SystemExit) as error:
        told = error if _can_be_sent(error) else RunError(in_a_line(error))
        told.add_note(f"in a worker process: {traceback.format_exc()}")
        return told


def _can_be_sent(error: BaseException) -> TypeGuard[Exception]:
    """Whether who asked expects an error, and can read it: not one of a user's own kind."""
    is_plain = type(error).__module__ == OSError.__module__
    return isinstance(error, MonogramError) or (isinstance(error, OSError) and is_plain)
