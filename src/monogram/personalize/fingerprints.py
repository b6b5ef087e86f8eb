"""Fingerprints: whether an individual's model would come out the same if it were made again.

What decides is the individual's data, D_G, and every setting that the numbers depend on besides
base, curriculum and seed, which the store keeps by themselves. Device and number of threads, which
only change the last digits, are left out.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from monogram.population import Population, SetAside, Split


def of_global(population: Population) -> str:
    """The SHA-256 of D_G, its split and the classes, in hexadecimal."""
    return _of_rows(population, population.global_data, ["global", *population.classes])


def of_settings(global_fingerprint: str, settings: Mapping[str, Any]) -> str:
    """The SHA-256 of what all individuals' models have in common.

    Args:
        global_fingerprint: of `of_global`.
        settings: plain values.
    """
    text = json.dumps([global_fingerprint, dict(settings)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def of_individual(population: Population, individual: str, common: str) -> str:
    """The SHA-256 of an individual's data and of what it has in common with everyone.

    Args:
        population: holds its data.
        individual: its id; not a part of the fingerprint.
        common: of `of_settings`.
    """
    return _of_rows(population, population.individuals[individual], ["individual", common])


def of_too_few(one: SetAside, common: str) -> str:
    """The same for an individual whose data is too little to be used."""
    return hashlib.sha256(json.dumps(["too few", common, one.reason]).encode()).hexdigest()


def _of_rows(population: Population, split: Split, about: list[str]) -> str:
    """The SHA-256 of one owner's samples in their order, and of where its parts end."""
    lengths = [len(split.train), len(split.validation), len(split.test), len(split)]
    kind = [str(population.inputs.dtype), *population.input_shape]
    digest = hashlib.sha256(json.dumps([about, lengths, kind]).encode())
    rows = slice(split.train.start, split.test.stop)
    digest.update(np.ascontiguousarray(population.inputs[rows]).data)
    digest.update(np.ascontiguousarray(population.labels[rows]).data)
    return digest.hexdigest()
