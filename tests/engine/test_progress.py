"""What is said of the time left."""

import io

import pytest
from rich.console import Console

from monogram.engine import Display

MEASURING = "measuring the pace"


@pytest.fixture
def said(monkeypatch):
    """The lines that a display of 1,000 units prints at moments, by seconds and units done."""

    def lines(*moments):
        now, out = [0.0], io.StringIO()
        monkeypatch.setattr("monogram.engine.progress.monotonic", lambda: now[0])
        with Display(console=Console(file=out)).over(1000) as display:
            for seconds, done in moments:
                now[0] = seconds
                display.show(done)
        return [line.partition("%")[2].strip() for line in out.getvalue().splitlines()]

    return lines


def test_a_slow_start_says_nothing_of_the_time_left(said):
    assert said((20, 0), (21, 1), (36, 2), (52, 40)) == [MEASURING] * 3


def test_the_time_left_is_said_once_some_of_the_work_is_done(said):
    assert said((1, 0), (2, 1), (22, 101), (42, 801)) == ["about 3 min left", "about 10 s left"]


def test_of_long_work_the_time_left_is_said_after_a_minute(said):
    assert said((1, 0), (2, 1), (32, 4), (63, 7)) == [MEASURING, "about 2.8 h left"]


def test_nothing_is_said_as_long_as_nothing_is_done(said):
    assert said((100, 0), (200, 0)) == [MEASURING] * 2
