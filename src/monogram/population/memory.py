"""Populations from data in memory: arrays, and PyTorch datasets."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypedDict, Unpack, cast

import numpy as np

from monogram.errors import DataError
from monogram.population.assemble import assemble
from monogram.population.population import Population, Protocol
from monogram.population.samples import RawSamples, owner_texts

if TYPE_CHECKING:
    from torch.utils.data import Dataset


class Layout(TypedDict, total=False):
    """How data in memory becomes a population.

    Attributes:
        name: what to call the data in reports.
        classes: all classes; None: those that occur.
        protocol: the split.
        seed: of the split.
        tokens: keep integer inputs as int64 for an embedding instead of float32.
    """

    name: str
    classes: Iterable[str] | None
    protocol: Protocol
    seed: int
    tokens: bool


def from_arrays(
    inputs: np.ndarray,
    labels: np.ndarray,
    individuals: np.ndarray,
    *,
    global_inputs: np.ndarray,
    global_labels: np.ndarray,
    groups: np.ndarray | None = None,
    **layout: Unpack[Layout],
) -> Population:
    """A population from arrays in memory.

    Args:
        inputs: [n, *shape], the individuals' inputs, in any order.
        labels: [n], integers or text.
        individuals: [n], whose sample it is.
        global_inputs: [m, *shape], D_G.
        global_labels: [m].
        groups: [n], samples that must stay on one side of a split, or None.
        **layout: see `Layout`.

    Raises:
        DataError: D_G cannot be used, or no individual can.

    Examples:
        >>> import numpy as np
        >>> draw = np.random.default_rng(0)
        >>> people = from_arrays(
        ...     draw.normal(size=(40, 3)),
        ...     np.arange(40) % 2,
        ...     np.repeat(["anna", "ben"], 20),
        ...     global_inputs=draw.normal(size=(100, 3)),
        ...     global_labels=np.arange(100) % 2,
        ... )
        >>> print(people)
        arrays: 2 individuals (20 samples each), 100 global samples, 2 classes, inputs [3]
    """
    owned = by_owner(np.asarray(inputs), np.asarray(labels), np.asarray(individuals), groups)
    shared = RawSamples(None, np.asarray(global_inputs), np.asarray(global_labels))
    return assemble(shared, owned, **(Layout(name="arrays") | layout))


def from_datasets(
    individuals: "Mapping[str, Dataset[Any]]",
    global_data: "Dataset[Any]",
    **layout: Unpack[Layout],
) -> Population:
    """A population from PyTorch datasets of (input, label) pairs.

    Args:
        individuals: each individual's dataset (map-style), by id.
        global_data: D_G.
        **layout: see `Layout`.

    Raises:
        DataError: D_G cannot be used, or no individual can.
    """
    owned = (read_dataset(id_, dataset) for id_, dataset in individuals.items())
    return assemble(read_dataset(None, global_data), owned, **(Layout(name="datasets") | layout))


def by_owner(
    inputs: np.ndarray,
    labels: np.ndarray,
    owners: np.ndarray,
    groups: np.ndarray | None = None,
    origin: str = "memory",
) -> Iterator[RawSamples]:
    """The samples of each owner, in the order in which owners first occur.

    Args:
        inputs: [n, *shape].
        labels: [n].
        owners: [n], ids of any scalar type.
        groups: [n] or None.
        origin: where the data came from, for messages.

    Raises:
        DataError: arrays of different lengths.
    """
    lengths = {len(inputs), len(labels), len(owners)} | (
        {len(groups)} if groups is not None else set()
    )
    if len(lengths) != 1:
        raise DataError(
            f"{origin}: {len(inputs)} inputs, {len(labels)} labels and {len(owners)} individual "
            "ids; give one of each per sample"
        )
    names, owner_of = _owner_codes(owners)
    rows = np.argsort(owner_of, kind="stable")
    ends = np.cumsum(np.bincount(owner_of, minlength=len(names)))
    for name, (a, b) in zip(names, pairwise([0, *ends]), strict=True):
        mine = rows[a:b]
        own_groups = None if groups is None else groups[mine]
        yield RawSamples(name, inputs[mine], labels[mine], own_groups, origin)


def _owner_codes(owners: np.ndarray) -> tuple[list[str], np.ndarray]:
    """The ids in order of first occurrence, and the position of each sample's; none is ""."""
    names: dict[str, int] = {}
    unique, inverse = (
        np.unique(owners, return_inverse=True)
        if owners.dtype.kind != "O"
        else (owners, np.arange(len(owners)))
    )
    codes = np.array(
        [names.setdefault(text, len(names)) for text in owner_texts(unique)], dtype=np.int64
    )
    return list(names), codes[inverse] if len(codes) else codes


def read_dataset(owner: str | None, dataset: "Dataset[Any]") -> RawSamples:
    """All samples of a map-style PyTorch dataset of (input, label) pairs."""
    pairs = [dataset[i] for i in range(len(cast("Sequence[Any]", dataset)))]
    inputs = [np.asarray(pair[0]) for pair in pairs]
    if len({one.shape for one in inputs}) > 1:
        inputs = [np.empty(0, dtype=np.object_)]  # refused by the check: not numbers
    stacked = np.stack(inputs) if inputs else np.empty((0,), dtype=np.float32)
    return RawSamples(owner, stacked, np.asarray([pair[1] for pair in pairs]), None, "dataset")
