"""Journals: lines that are whole, whatever happens while they are written."""

import resource
from contextlib import contextmanager
from dataclasses import asdict, dataclass

import pytest

from monogram.engine.journal import Journal, read_records
from monogram.errors import RunError


@dataclass(frozen=True)
class Line:
    """A record."""

    text: str

    def as_dict(self):
        return asdict(self)


@contextmanager
def room_for(size):
    """Within, no file of this process may be longer: as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def read(folder):
    return [line.text for line in read_records(folder, lambda values: Line(**values))]


def test_a_full_disk_leaves_no_half_line_in_the_way_of_later_ones(tmp_path):
    journal = Journal(tmp_path)
    journal.append(Line("before"))
    with room_for(100), pytest.raises(OSError, match="File too large"):
        journal.append(Line("x" * 200))
    journal.append(Line("after"))
    journal.close()
    assert read(tmp_path) == ["before", "after"]


def test_a_line_that_was_cut_off_is_done_again_and_a_damaged_one_is_told(tmp_path):
    journal = Journal(tmp_path)
    journal.append(Line("whole"))
    journal.close()
    (file,) = tmp_path.glob("*.jsonl")
    whole = file.read_bytes()
    file.write_bytes(whole + whole[:-3])
    assert read(tmp_path) == ["whole"]
    file.write_bytes(b"{" + whole + whole)
    with pytest.raises(RunError, match="line 1 is damaged; delete the line"):
        read(tmp_path)
