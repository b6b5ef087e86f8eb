"""Journals: a line of JSON for each finished model, or point of a curve, appended at once.

Each process writes a file of its own, so that lines never mix. A line is whole or it is not
there: what a killed process left half written is skipped when reading, and done again.
"""

import json
import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic
from typing import Any, Protocol, TypeVar

from monogram.engine.row import Row
from monogram.errors import RunError

Made = TypeVar("Made")
SYNC_SECONDS = 1.0  # between two times that the disk is asked to keep what it was given


class Record(Protocol):
    """What a line holds."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values by name."""


class Journal:
    """Appends records to a file of this process's own in a folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / f"{uuid.uuid4().hex}.jsonl"
        self._descriptor: int | None = None
        self._synced = monotonic()

    def append(self, record: Record) -> None:
        """Add a record, so that a killed process does not lose it.

        Raises:
            OSError: the disk is full or the folder cannot be written.
        """
        if self._descriptor is None:
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
            self._descriptor = os.open(self._file, flags, 0o644)
        line = memoryview((json.dumps(record.as_dict()) + "\n").encode())
        before = os.fstat(self._descriptor).st_size
        try:
            while line:
                line = line[os.write(self._descriptor, line) :]
        except OSError:
            os.ftruncate(self._descriptor, before)  # no half line in the way of later ones
            raise
        if monotonic() - self._synced > SYNC_SECONDS:
            os.fsync(self._descriptor)
            self._synced = monotonic()

    def close(self) -> None:
        """Hand everything to the disk."""
        if self._descriptor is not None:
            os.fsync(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = None


def read_journal(folder: Path) -> list[Row]:
    """All rows of a folder, one for each model, sorted by curriculum, individual and seed.

    Raises:
        RunError: a line in the middle of a file is damaged.
    """
    rows = {row.identity: row for row in read_records(folder, Row.from_dict)}
    return [rows[identity] for identity in sorted(rows)]


def read_records(folder: Path, make: Callable[[dict[str, Any]], Made]) -> Iterator[Made]:
    """What is made of the values of all lines of a folder, those of one file in their order.

    Raises:
        RunError: a line in the middle of a file is damaged.
    """
    for file in sorted(folder.glob("*.jsonl")) if folder.is_dir() else ():
        yield from _records(file, make)


def _records(file: Path, make: Callable[[dict[str, Any]], Made]) -> Iterator[Made]:
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.endswith(b"\n"):  # cut off
                return
            try:
                record = make(json.loads(line))
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                raise RunError(
                    f"{file}, line {number} is damaged; delete the line and go on with the run"
                ) from error
            yield record
