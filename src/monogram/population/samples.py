"""Samples as a source found them, before anything is checked, and their ids and labels as text."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from monogram.errors import DataError

BEYOND_INT64 = 2.0**63


@dataclass(frozen=True, eq=False)
class RawSamples:
    """The samples of one owner as a source found them.

    Attributes:
        owner: the individual's id, any text; None for D_G.
        inputs: [n, *shape], numbers.
        labels: [n], integers, booleans or text; None or NaN where one is missing.
        groups: [n] or None. Samples of one group (overlapping windows, copies of one image)
            never fall on both sides of a split.
        origin: where the data came from, for messages.
        columns: what inputs [n, columns] are called, for messages; () where they have no names.
    """

    owner: str | None
    inputs: np.ndarray
    labels: np.ndarray
    groups: np.ndarray | None = None
    origin: str = "memory"
    columns: tuple[str, ...] = ()


def merge(parts: Sequence[RawSamples]) -> RawSamples:
    """D_G made of the samples of several owners; groups of different owners stay different.

    Raises:
        DataError: nothing to merge, or inputs of different shapes.
    """
    shapes = sorted({part.inputs.shape[1:] for part in parts})
    if len(shapes) != 1:
        raise DataError(
            f"the global data needs inputs of one shape, but has {len(shapes)}: {shapes}; "
            "give data of one shape, or none of those individuals"
        )
    groups = [_own_groups(part) for part in parts]
    offsets = np.cumsum([0, *(g.max(initial=-1) + 1 for g in groups)])
    return RawSamples(
        owner=None,
        inputs=np.concatenate([part.inputs for part in parts]),
        labels=np.concatenate([part.labels for part in parts]),
        groups=np.concatenate([g + o for g, o in zip(groups, offsets, strict=False)]),
        origin=parts[0].origin,
        columns=parts[0].columns,
    )


def _own_groups(raw: RawSamples) -> np.ndarray:
    """Groups as integers from 0; each sample its own where the source named none."""
    if raw.groups is None:
        return np.arange(len(raw.inputs))
    return np.unique(raw.groups, return_inverse=True)[1].astype(np.int64)


def as_values(values: object) -> np.ndarray:
    """Labels or ids as an array [n]; in lists of several types each keeps its own.

    NumPy would make text of 1 and 1.0 beside "a": two labels, though they are the same.
    """
    found = np.asarray(values)
    mixed = isinstance(values, list | tuple) and found.dtype.kind in "US"
    return np.asarray(values, dtype=object) if mixed else found


def beyond_int64(inputs: np.ndarray) -> np.ndarray:
    """Where a sample holds whole numbers that int64, in which tokens are kept, does not.

    Args:
        inputs: [n, *shape] of any type; floats are never said to be beyond it.

    Returns:
        [n] bool.
    """
    rows = inputs.reshape(len(inputs), -1)
    if rows.dtype != np.uint64:
        return np.zeros(len(rows), dtype=bool)
    return np.asarray((rows > np.iinfo(np.int64).max).any(axis=1))


def missing_labels(labels: np.ndarray) -> np.ndarray:
    """Where a label is missing: None, NaN, NaT or empty text. [n] bool."""
    missing: np.ndarray = np.zeros(len(labels), dtype=bool)
    if labels.dtype.kind == "f":
        missing = ~np.isfinite(labels)
    elif labels.dtype.kind in "Mm":
        missing = np.isnat(labels)
    elif labels.dtype.kind == "O":
        missing = np.fromiter(map(_is_missing, labels), dtype=bool, count=len(labels))
    elif labels.dtype.kind in "US":
        missing = labels == labels.dtype.type("")
    return missing


def _is_missing(value: object) -> bool:
    """Whether it is None, NaN, NaT, empty text, or pandas' NA, which cannot be compared."""
    try:
        return bool(value is None or value == "" or value != value)  # noqa: PLR0124
    except TypeError:
        return True


def label_texts(labels: np.ndarray) -> np.ndarray:
    """Labels as text, the same for 3, 3.0 and "3". [n] of str.

    Raises:
        UnicodeDecodeError: bytes that are not UTF-8.
    """
    if labels.dtype.kind == "f" and np.abs(labels).max(initial=0) < BEYOND_INT64:
        labels = labels.astype(np.int64)
    if labels.dtype.kind == "S":
        labels = np.char.decode(labels, "utf-8")
    if labels.dtype.kind in "fO":
        return np.array([one_label_text(value) for value in labels], dtype=np.str_)
    return labels.astype(np.str_)


def one_label_text(value: object) -> str:
    """One label, or id, as text."""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    if isinstance(value, Decimal) and value.is_finite() and value % 1 == 0:
        return str(int(value))
    return value.decode() if isinstance(value, bytes) else str(value)


def one_owner_text(value: object) -> str:
    """One id as text; "" where there is none (None, NaN), which is refused later."""
    return "" if _is_missing(value) else one_label_text(value)


def owner_texts(owners: np.ndarray) -> list[str]:
    """Ids as text, the same for 3, 3.0 and "3"; "" where one is missing.

    Args:
        owners: [n], of any scalar type.
    """
    missing = missing_labels(owners)
    if owners.dtype.kind in "fO":  # one by one: 1.5 stays, and text may be of any length
        texts = [one_label_text(value) for value in owners.tolist()]
    else:
        texts = label_texts(owners).tolist()
    return ["" if gone else text for text, gone in zip(texts, missing, strict=True)]
