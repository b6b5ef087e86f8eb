"""`watch`: ten people's smartwatches during shoulder exercises.

Burns et al., "Shoulder physiotherapy exercise recognition: machine learning the inertial signals
from a smartwatch", Physiological Measurement 39 (2018), 075007: 7 exercises with either arm, one
recording each, 140 in all, of the acceleration (in g) and the angular velocity (in rad/s) along
three axes at 50 Hz. The file is part of the package seglearn, which is not imported.

Each recording is cut into blocks of 6 to 12 seconds, and windows of 2 seconds, one starting each
second, are taken inside a block only. A block is a group, so windows that overlap never fall on
both sides of a split. Four of the ten people are D_G, whoever of the other six is asked for.
"""

from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, distribution
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from monogram.datasets.published import checksum
from monogram.datasets.source import Request, Source, head_count
from monogram.datasets.unpickling import read_object_array
from monogram.errors import DataError
from monogram.population import Population, RawSamples, assemble, merge
from monogram.streams import rank

NAME = "watch"
PACKAGE = "seglearn"
FILE = "seglearn/data/watch_dataset.npy"
SHA256 = "eb122f23cdf06ef6bd6c6c5312958ec5cf9d038e2e6d457b8081662c75a42537"
INDIVIDUALS = 6
WINDOW = 100  # measurements, at 50 Hz: 2 seconds
STEP = 50
BLOCK = 300  # measurements, at least, of each block
EXERCISES = {
    "PEN": "pendulum",
    "ABD": "abduction",
    "FEL": "forward elevation",
    "IR": "internal rotation",
    "ER": "external rotation",
    "TRAP": "lower trapezius row",
    "ROW": "bent-over row",
}


def read(request: Request) -> Population:
    """The population that a request asks for."""
    path = watch_file()
    recordings = read_recordings(path)
    people = sorted(set(recordings["subject"].tolist()))
    ranked = sorted(people, key=lambda person: rank(request.seed, NAME, person))
    count = head_count(NAME, request.individuals, INDIVIDUALS, INDIVIDUALS)
    shared = [_samples(recordings, person, path) for person in ranked[INDIVIDUALS:]]
    return assemble(
        merge(shared),
        [_samples(recordings, person, path) for person in ranked[:count]],
        name=NAME,
        classes=EXERCISES.values(),
        protocol=request.protocol,
        seed=request.seed,
        global_owners=[str(one.owner) for one in shared],
    )


def watch_file() -> Path:
    """Where the installed package keeps the file.

    Raises:
        DataError: the package is not installed.
    """
    try:
        return Path(str(distribution(PACKAGE).locate_file(FILE)))
    except PackageNotFoundError as error:
        raise DataError(
            f"{FILE} comes with the package {PACKAGE}, which is not installed; "
            f"run: pip install '{PACKAGE}>=1.2.5,<2'"
        ) from error


def read_recordings(path: Path) -> Mapping[str, Any]:
    """What the file holds.

    Returns:
        Among others `X`, a list of recordings [time, 6] float64; `y`, positions in `y_labels`;
        `subject`, whose recording it is.

    Raises:
        DataError: the file is missing, damaged or another one.
    """
    found = checksum(path)
    if found != SHA256:
        raise DataError(
            f"{path}: wrong checksum; expected sha256 {SHA256}, found {found}. "
            f"Run: pip install --force-reinstall --no-deps {PACKAGE}==1.2.5"
        )
    recordings: Mapping[str, Any] = read_object_array(path)
    return recordings


def windows(length: int) -> Iterator[tuple[int, int]]:
    """Where the windows of a recording start, and in which of its blocks, in order.

    Args:
        length: of the recording, in measurements.
    """
    bounds = np.linspace(0, length, max(1, length // BLOCK) + 1).astype(int).tolist()
    for block, (start, stop) in enumerate(pairwise(bounds)):
        for first in range(start, stop - WINDOW + 1, STEP):
            yield first, block


def _samples(recordings: Mapping[str, Any], person: int, path: Path) -> RawSamples:
    """All windows of one person: inputs [n, 6, 100] float32."""
    inputs, labels, groups = [], [], []
    for nth in np.flatnonzero(recordings["subject"] == person).tolist():
        signal = recordings["X"][nth].astype(np.float32)
        for first, block in windows(len(signal)):
            inputs.append(signal[first : first + WINDOW].T)
            labels.append(EXERCISES[recordings["y_labels"][recordings["y"][nth]]])
            groups.append((nth, block))
    group_of = np.unique(np.array(groups), axis=0, return_inverse=True)[1].reshape(-1)
    return RawSamples(
        f"person {person}", np.stack(inputs), np.array(labels), group_of, f"{PACKAGE}'s {path.name}"
    )


SOURCE = Source(
    name=NAME,
    description="ten people's smartwatches during seven shoulder exercises",
    kind="hidden factors",
    bundled=True,
    individuals=INDIVIDUALS,
    read=read,
)
