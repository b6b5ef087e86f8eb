"""How far a run is, across processes, and how long it will still take."""

import mmap
import os
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from math import inf
from pathlib import Path
from time import monotonic
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

LINE_SECONDS = 15.0  # between two lines where there is no terminal to draw a bar on
REFRESH_SECONDS = 0.2
# What its pace says about the time left: nothing before both of these, enough after a minute.
PACE_SECONDS, PACE_SHARE = 10.0, 0.05  # of work, and of all of it
ENOUGH_SECONDS = 60.0


class Counter:
    """One process's work done, in a file that others can read while it grows."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / f"{os.getpid()}.count", os.O_RDWR | os.O_CREAT, 0o644)
        os.write(descriptor, bytes(8))  # an error here if the disk is full, not a signal later
        self._memory = mmap.mmap(descriptor, 8)
        os.close(descriptor)
        self._total = 0.0

    def add(self, work: float) -> None:
        """Count work done."""
        self._total += work
        self._memory[:] = struct.pack("d", self._total)


class Paced:
    """Does something when it is called, but not again for a while.

    Args:
        do: what.
        seconds: between two times.
    """

    def __init__(self, do: Callable[[], object], seconds: float) -> None:
        self._do, self._seconds = do, seconds
        self._last = -inf

    def __call__(self) -> None:
        """Do it if it is time."""
        now = monotonic()
        if now - self._last >= self._seconds:
            self._last = now
            self._do()


def total_of(folder: Path) -> float:
    """The work that all processes have counted in a folder."""
    counts = (file.read_bytes() for file in folder.glob("*.count"))
    return float(sum(struct.unpack("d", count)[0] for count in counts if len(count) == 8))


class Display:
    """A bar with the time left on a terminal, now and then a line elsewhere, or nothing at all.

    Args:
        quiet: show nothing.
        console: where to.
    """

    def __init__(self, *, quiet: bool = False, console: Console | None = None) -> None:
        self._console = console or Console(file=sys.stderr)
        self._quiet = quiet
        self._bar: Progress | None = None
        self._total = 1.0
        self._done = self._shown = 0.0
        self._first: tuple[float, float] | None = None

    @contextmanager
    def over(self, total: float) -> Iterator[Self]:
        """Show progress over that much work while the block runs."""
        self._total, self._done = max(total, 1.0), 0.0
        self._shown, self._first = monotonic(), None
        if not self._quiet and self._console.is_terminal:
            columns = (BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[left]}"))
            self._bar = Progress(TextColumn("training"), *columns, console=self._console)
        with self._bar or nullcontext():
            if self._bar:
                self._bar.add_task("training", total=self._total, left="")
            yield self
        self._bar = None

    def show(self, done: float) -> None:
        """Tell that this much work is done by now."""
        self._done = done
        now = monotonic()
        if self._first is None and done > 0:
            self._first = (now, done)  # starting the processes says nothing about the pace
        if self._quiet or now - self._shown < (REFRESH_SECONDS if self._bar else LINE_SECONDS):
            return
        self._shown = now
        if self._bar:
            self._bar.update(self._bar.task_ids[0], completed=done, left=self._left())
        else:
            percent = min(100.0, 100 * done / self._total)
            self._console.print(f"{percent:3.0f} %  {self._left()}", highlight=False)

    def say(self, text: str) -> None:
        """Say something beside the progress."""
        if not self._quiet:
            self._console.print(text, highlight=False, markup=False)

    def _left(self) -> str:
        """The time left in words, from the pace so far; none as long as it says too little."""
        since, before = self._first or (monotonic(), 0.0)
        seconds, done = monotonic() - since, self._done - before
        some = seconds >= PACE_SECONDS and done >= PACE_SHARE * self._total
        if done <= 0 or not (some or seconds >= ENOUGH_SECONDS):
            return "measuring the pace"
        return f"about {duration(seconds * max(0.0, self._total - self._done) / done)} left"


SHORTEST = 0.001  # seconds that are told as a number


def duration(seconds: float) -> str:
    """A time span in words.

    >>> duration(42), duration(200), duration(7300)
    ('42 s', '3 min', '2.0 h')
    >>> duration(0.04), duration(15_600_000)
    ('40 ms', '181 days')
    """
    if 0 < seconds < 1:
        return f"{seconds * 1e3:.0f} ms" if seconds >= SHORTEST else "under 1 ms"
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    if seconds < 172_800:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 86_400:.0f} days"
