"""Populations from data in memory: arrays, and PyTorch datasets."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import numpy as np

from monogram.errors import DataError, shorten
from monogram.population.assemble import assemble, check_size
from monogram.population.pairs import read_dataset
from monogram.population.population import Population, Protocol, SetAside
from monogram.population.samples import (
    RawSamples,
    as_values,
    missing_labels,
    one_owner_text,
    owner_texts,
)

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
        DataError: an argument is no array with an entry per sample, D_G cannot be used, or no
            individual can.
        SettingError: a class is given twice or has an empty name.

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
    owned = by_owner(
        _array(inputs, "inputs"),
        _column(labels, "labels"),
        _column(individuals, "individuals"),
        None if groups is None else _groups(groups),
    )
    shared = RawSamples(
        None, _array(global_inputs, "global_inputs"), _column(global_labels, "global_labels")
    )
    check_size(shared, layout.get("protocol", Protocol()))
    return assemble(shared, owned, **(Layout(name="arrays") | layout))


def _array(values: Any, name: str) -> np.ndarray:
    """An argument as an array with an entry per sample.

    Raises:
        DataError: it is none: lists of different lengths, a sparse matrix, a single value.
    """
    try:
        found = as_values(values)
    except (ValueError, TypeError, RuntimeError) as error:
        raise DataError(
            f"{name} cannot become an array ({shorten(error, 200)}); give an entry of one shape "
            "per sample"
        ) from error
    if not found.ndim:
        raise DataError(
            f"{name} is a single {type(values).__name__}; give an array with an entry per sample "
            "(of a sparse matrix: .toarray())"
        )
    return found


def _column(values: Any, name: str) -> np.ndarray:
    """An argument as an array with one value per sample.

    Raises:
        DataError: it is none, or holds records.
    """
    found = _array(values, name)
    if found.ndim != 1:
        raise DataError(
            f"{name} has shape {list(found.shape)}; give one value per sample (of one-hot labels: "
            ".argmax(axis=1))"
        )
    if found.dtype.kind == "V":
        raise DataError(f"{name} holds records ({shorten(found.dtype)}); give one field of them")
    return found


def _groups(values: Any) -> np.ndarray:
    """Groups [n] that can be compared; where one is missing in Python objects, one of its own."""
    found = _column(values, "groups")
    if found.dtype.kind != "O":
        return found
    missing = missing_labels(found).tolist()
    keys = [("", i) if missing[i] else (value,) for i, value in enumerate(found)]
    places = {key: place for place, key in enumerate(dict.fromkeys(keys))}
    return np.array([places[key] for key in keys], dtype=np.int64)


def from_datasets(
    individuals: "Mapping[Any, Dataset[Any]]",
    global_data: "Dataset[Any]",
    **layout: Unpack[Layout],
) -> Population:
    """A population from PyTorch datasets of (input, label) pairs.

    Args:
        individuals: each individual's dataset (map-style), by id; 3 and "3" are the same id. One
            that cannot be read is set aside with the reason.
        global_data: D_G.
        **layout: see `Layout`.

    Raises:
        DataError: D_G cannot be used, or no individual can.
    """
    try:
        shared = read_dataset(None, global_data)
    except DataError as error:
        raise DataError(f"global data (dataset): {str(error).replace('its', 'the', 1)}") from error
    check_size(shared, layout.get("protocol", Protocol()))
    owned: list[RawSamples] = []
    refused: list[SetAside] = []
    for id_, dataset in individuals.items():
        owner = one_owner_text(id_)
        try:
            owned.append(read_dataset(owner, dataset))
        except DataError as error:
            refused.append(SetAside(owner, str(error), "dataset"))
    told = {one.individual for one in refused}
    owned = [raw for raw in owned if raw.owner not in told]  # 3 and "3", one of them unreadable
    return assemble(shared, owned, set_aside=refused, **(Layout(name="datasets") | layout))


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
        DataError: arrays of different lengths, or ids in bytes that are no text.
    """
    lengths = {len(inputs), len(labels), len(owners)} | (
        {len(groups)} if groups is not None else set()
    )
    if len(lengths) != 1:
        raise DataError(
            f"{origin}: {len(inputs)} inputs, {len(labels)} labels and {len(owners)} individual "
            "ids; give one of each per sample"
        )
    try:
        names, owner_of = _owner_codes(owners)
    except UnicodeDecodeError as error:
        raise DataError(
            f"{origin}: individuals hold bytes that are no UTF-8 text; decode them first"
        ) from error
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
