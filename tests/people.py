"""Tiny populations that the tests share: few people, few numbers, every size on purpose."""

from collections.abc import Mapping

import numpy as np

from monogram.population import Population, Protocol, from_arrays

CLASSES = 3
HALF = Protocol(0.5, 0.25, 0.25)
"""Half of the samples train: 2·n samples give n to train on."""

PEOPLE = {"anna": 40, "ben": 10, "cleo": 3, "дмитрий/..": 24}
"""Samples by id: more than two batches of 8, less than one, a single one to train on."""


def make_population(
    people: Mapping[str, int] | None = None,
    *,
    shared: int = 40,
    shape: tuple[int, ...] = (5,),
    kind: type = np.float32,
    protocol: Protocol = HALF,
) -> Population:
    """People whose classes are shifted blobs; nobody's samples depend on who else is there.

    Args:
        people: samples by id.
        shared: samples of D_G.
        shape: of one input.
        kind: float32, or uint8 for grey values.
        protocol: the split.
    """
    people = PEOPLE if people is None else people
    parts = {id_: _blobs(sum(map(ord, id_)), n, shape, kind) for id_, n in people.items()}
    inputs, labels = _blobs(0, shared, shape, kind)
    return from_arrays(
        np.concatenate([x for x, _ in parts.values()]),
        np.concatenate([y for _, y in parts.values()]),
        np.repeat(list(parts), [len(y) for _, y in parts.values()]),
        global_inputs=inputs,
        global_labels=labels,
        name="tiny",
        classes=[str(c) for c in range(CLASSES)],
        protocol=protocol,
    )


def _blobs(
    seed: int, samples: int, shape: tuple[int, ...], kind: type
) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    labels = np.arange(samples) % CLASSES
    values = draw.normal(size=(samples, *shape)) + labels.reshape(-1, *(1 for _ in shape))
    if kind is np.uint8:
        values = np.clip(64 + 48 * values, 0, 255)
    return values.astype(kind), labels
