"""A few people's samples, and how to write them down."""

from dataclasses import dataclass

import numpy as np
import pytest


@dataclass
class People:
    """Samples of a few people in random order, and D_G."""

    inputs: np.ndarray
    labels: np.ndarray
    owners: np.ndarray
    global_inputs: np.ndarray
    global_labels: np.ndarray

    def columns(self) -> dict:
        """Three columns of numbers, a label and an owner."""
        return {**_numbered(self.inputs), "y": self.labels, "user": self.owners}

    def global_columns(self) -> dict:
        """The same without an owner."""
        return {**_numbered(self.global_inputs), "y": self.global_labels}


def _numbered(inputs: np.ndarray) -> dict:
    return {f"x{i}": inputs[:, i] for i in range(inputs.shape[1])}


@pytest.fixture
def people() -> People:
    draw = np.random.default_rng(0)
    owners = draw.permutation(np.repeat(["anna", "ben", "cleo", "dan"], 12))
    return People(
        inputs=draw.normal(size=(48, 3)).astype(np.float32),
        labels=np.arange(48) % 2,
        owners=owners,
        global_inputs=draw.normal(size=(40, 3)).astype(np.float32),
        global_labels=np.arange(40) % 2,
    )


@pytest.fixture
def held():
    """Which inputs an individual of a population has, sorted: [n, values]."""

    def rows(population, id_):
        split = population.individuals[id_]
        inputs = population.inputs[split.train.start : split.test.stop]
        flat = inputs.reshape(len(inputs), -1)
        return flat[np.lexsort(flat.T[::-1])]

    return rows
