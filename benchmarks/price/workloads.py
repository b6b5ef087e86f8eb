"""What is trained for each person: a network, its data, and how much of them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from torch import nn

from benchmarks.networks import Frozen, Transformer
from monogram.population import Population, Protocol, Split

VALIDATION = TEST = 30  # samples of each person
ITERATIONS = 20  # of fine-tuning
CHUNK = 100_000  # samples made at a time
PATCH = 8  # points along an axis of a pattern's patches


@dataclass(frozen=True)
class Workload:
    """One row of the table.

    Attributes:
        name: for people.
        network: name or factory.
        shape: of one input.
        classes: how many.
        people: how many Monogram makes models for at a time.
        sampled: how many of them the slower sides do, each on its own; a person costs them the
            same however many there are.
        own: training samples of each person.
        judged: global samples that each model is judged on.
        train: the parameters that train.
        base: samples of D_G that the base is trained on.
    """

    name: str
    network: str | Callable[..., nn.Module]
    shape: tuple[int, ...]
    classes: int
    people: int
    sampled: int
    own: int = 140
    judged: int = 100
    train: str = "all"
    base: int = 4_096

    @property
    def curriculum(self) -> str:
        """Its text form."""
        return f"global(epochs=1) >> personal(iterations={ITERATIONS}, train={self.train})"

    def population(self) -> Population:
        """Noise around a pattern for each class, so that something can be learnt."""
        draw = np.random.default_rng(0)
        sizes = [self.base, self.judged // 2, self.judged // 2]
        sizes += [self.own, VALIDATION, TEST] * self.people
        labels = draw.integers(self.classes, size=sum(sizes))
        means = _patterns(draw, self.classes, self.shape)
        inputs = draw.standard_normal(size=(sum(sizes), *self.shape), dtype=np.float32)
        for start in range(0, len(inputs), CHUNK):
            inputs[start : start + CHUNK] += 0.5 * means[labels[start : start + CHUNK]]
        ends = np.cumsum(sizes).tolist()
        parts = [range(end - size, end) for end, size in zip(ends, sizes, strict=True)]
        splits = [Split(*parts[at : at + 3]) for at in range(0, len(parts), 3)]
        return Population(
            name="people",
            inputs=inputs,
            labels=labels,
            classes=tuple(map(str, range(self.classes))),
            global_data=splits[0],
            individuals={f"{nth:06}": split for nth, split in enumerate(splits[1:])},
            protocol=Protocol(),
        )


def _patterns(draw: np.random.Generator, classes: int, shape: tuple[int, ...]) -> np.ndarray:
    """[classes, *shape] float32 of flat patches, which convolutions learn in a few steps."""
    channels, *sides = shape
    patterns = draw.normal(size=(classes, channels, *(-(-side // PATCH) for side in sides)))
    for axis, side in enumerate(sides, start=2):
        patterns = patterns.repeat(PATCH, axis).take(range(side), axis)
    return patterns.astype(np.float32)


HEAD_ONLY = Workload(
    "head only, 256 features, 30 classes",
    Frozen,
    (256,),
    30,
    people=10_000,
    sampled=100,
    train="head",
)
WORKLOADS = (
    HEAD_ONLY,
    Workload("MLP 784-128-10", "mlp(hidden=128)", (784,), 10, people=2_000, sampled=80),
    Workload("1-D network of `watch`", "conv1d(width=16)", (6, 100), 6, people=200, sampled=20),
    Workload("small transformer", Transformer, (6, 100), 6, people=60, sampled=4),
    Workload(
        "paper's network, quarter width, 9,000 global samples",
        "paper(width=0.25)",
        (1, 32, 32),
        30,
        people=24,
        sampled=2,
        judged=9_000,
    ),
)
FULL_WIDTH = Workload(
    "paper's network, full width, 9,000 global samples",
    "paper",
    (1, 32, 32),
    30,
    people=4,
    sampled=2,
    judged=9_000,
)
