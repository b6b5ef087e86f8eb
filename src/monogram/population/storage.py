"""A population on disk: two arrays that every process maps into memory, and an index.

inputs.npy        [n, *shape]
labels.npy        [n] int64
population.json   classes, protocol, ranges, individuals set aside, remarks
"""

import errno
import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from monogram.errors import DataError
from monogram.population.population import Population, Protocol, Remark, SetAside, Split

FORMAT = 1
INDEX = "population.json"


def save_population(population: Population, folder: Path) -> None:
    """Write a population; the index comes last, so that a folder with one is whole.

    Raises:
        OSError: the disk is full or the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        np.save(folder / "inputs.npy", population.inputs, allow_pickle=False)
        np.save(folder / "labels.npy", population.labels, allow_pickle=False)
    except OSError as error:  # NumPy reports a short write without an errno
        reason = f"cannot write the population: {error}"
        raise OSError(error.errno or errno.ENOSPC, reason, str(folder)) from error
    part = folder / f"{INDEX}.part"
    part.write_text(json.dumps(_index(population)), encoding="utf-8")
    part.replace(folder / INDEX)


def open_population(folder: Path) -> Population:
    """Map a saved population into memory; nothing is read until it is used.

    Raises:
        DataError: the folder holds no whole population, or one of another version.
    """
    try:
        index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        inputs = np.load(folder / "inputs.npy", mmap_mode="c", allow_pickle=False)
        labels = np.load(folder / "labels.npy", mmap_mode="c", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise DataError(f"{folder} holds no whole population: {error}") from error
    if index.get("format") != FORMAT:
        raise DataError(
            f"{folder / INDEX}: format {index.get('format')!r}, this version reads {FORMAT}"
        )
    try:
        return _population(index, inputs, labels)
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{folder / INDEX} is damaged: {error!r}") from error


def _population(index: dict[str, Any], inputs: np.ndarray, labels: np.ndarray) -> Population:
    return Population(
        name=index["name"],
        inputs=inputs,
        labels=labels,
        classes=tuple(index["classes"]),
        global_data=_split(index["global_data"]),
        individuals={id_: _split(bounds) for id_, bounds in index["individuals"].items()},
        protocol=Protocol(**index["protocol"]),
        set_aside=tuple(SetAside(**one) for one in index["set_aside"]),
        remarks=tuple(Remark(**one) for one in index["remarks"]),
        global_owners=tuple(index["global_owners"]),
    )


def fingerprint(population: Population) -> str:
    """The SHA-256 of everything that results can depend on: data, labels, splits, classes.

    Where in the store an owner's samples stand does not count: a population with some of its
    individuals left out equals one that never had them.
    """
    digest = hashlib.sha256()
    used = {
        "classes": population.classes,
        "global_data": _lengths(population.global_data),
        "individuals": {id_: _lengths(s) for id_, s in population.individuals.items()},
        "protocol": asdict(population.protocol),
    }
    digest.update(json.dumps(used, sort_keys=True).encode())
    for split in (population.global_data, *population.individuals.values()):
        rows = slice(split.train.start, split.test.stop)
        digest.update(np.ascontiguousarray(population.inputs[rows]).data)
        digest.update(np.ascontiguousarray(population.labels[rows]).data)
    return digest.hexdigest()


def _index(population: Population) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "name": population.name,
        "classes": population.classes,
        "protocol": asdict(population.protocol),
        "global_data": _bounds(population.global_data),
        "individuals": {id_: _bounds(s) for id_, s in population.individuals.items()},
        "set_aside": [asdict(one) for one in population.set_aside],
        "remarks": [asdict(one) for one in population.remarks],
        "global_owners": population.global_owners,
    }


def _lengths(split: Split) -> list[int]:
    return [len(split.train), len(split.validation), len(split.test)]


def _bounds(split: Split) -> list[int]:
    return [split.train.start, split.train.stop, split.test.start, split.test.stop]


def _split(bounds: list[int]) -> Split:
    start, train_stop, test_start, stop = bounds
    validation_stop = stop if test_start == train_stop else test_start  # no test part: one for both
    return Split(
        range(start, train_stop), range(train_stop, validation_stop), range(test_start, stop)
    )
