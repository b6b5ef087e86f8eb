"""Running commands in this process as the shell would."""

import re
import sys
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monogram.cli import main

COLUMNS = ["--individual-column", "who", "--label-column", "label", "--input-columns", "x0,x1,x2"]
SHORT = ["--epochs", "2", "--batch-size", "8", "--workers", "1", "-q"]


class Answer(NamedTuple):
    """What a command left."""

    status: int
    out: str
    err: str


@pytest.fixture
def monogram(monkeypatch, capsys):
    """Runs a command: its exit status and what it printed, without line breaks and colours."""
    monkeypatch.setenv("COLUMNS", "500")
    monkeypatch.delenv("MONOGRAM_STORE", raising=False)

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["monogram", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main()
        out, err = capsys.readouterr()
        return Answer(int(left.value.code or 0), _plain(out), _plain(err))

    return run


def _plain(text):
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def save_people(file, people, spoilt=()):
    """A Parquet file of people; those who are spoilt have NaN inputs."""
    columns: dict[str, list[Any]] = {"who": [], "label": [], "x0": [], "x1": [], "x2": []}
    for id_, samples in people.items():
        draw = np.random.default_rng(len(id_))
        labels = np.arange(samples) % 3
        inputs = draw.normal(size=(samples, 3)) + labels[:, np.newaxis]
        inputs[0] = np.nan if id_ in spoilt else inputs[0]
        columns["who"] += [id_] * samples
        columns["label"] += labels.tolist()
        for axis in range(3):
            columns[f"x{axis}"] += inputs[:, axis].tolist()
    pq.write_table(pa.table(columns), file)
    return file
