"""Arrow columns of lists, lists of lists and tensors as dense arrays."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def plain(array: pa.Array) -> pa.Array:
    """The array without extension types around it and without a dictionary."""
    while isinstance(array.type, pa.BaseExtensionType):
        array = array.storage
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def plain_type(kind: Any) -> Any:
    """The type that `plain` leaves of a type."""
    while isinstance(kind, pa.BaseExtensionType):
        kind = kind.storage_type
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def is_list(kind: Any) -> bool:
    """Whether values of the type are lists."""
    return bool(
        pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    )


def is_number(kind: Any) -> bool:
    """Whether values of the type are numbers, truth values, or missing throughout."""
    types = pa.types
    return bool(
        types.is_integer(kind)
        or types.is_floating(kind)
        or types.is_boolean(kind)
        or types.is_decimal(kind)
        or types.is_null(kind)
    )


def leaf_type(kind: Any) -> Any:
    """The type of the values inside lists of any depth."""
    kind = plain_type(kind)
    while is_list(kind):
        kind = plain_type(kind.value_type)
    return kind


def numbers(array: pa.Array) -> np.ndarray:
    """A column of numbers [n]: NaN where one is missing."""
    array = plain(array)
    if pa.types.is_decimal(array.type) or pa.types.is_null(array.type):
        array = array.cast(pa.float64())
    elif array.null_count and not pa.types.is_floating(array.type):
        array = array.cast(pa.float64(), safe=False)
    return np.asarray(array.to_numpy(zero_copy_only=False))


def usual_shape(chunks: Sequence[pa.Array]) -> tuple[int, ...]:
    """The shape that most rows have, list level by list level."""
    shape: list[int] = []
    level = [plain(chunk) for chunk in chunks]
    while is_list(level[0].type):
        lengths = [pc.list_value_length(chunk) for chunk in level]
        seen = np.concatenate([numbers(one.drop_null()) for one in lengths]).astype(np.int64)
        shape.append(int(np.bincount(seen).argmax()) if len(seen) else 0)
        fits = [pc.equal(one, shape[-1]) for one in lengths]
        level = [plain(c.filter(f).flatten()) for c, f in zip(level, fits, strict=True)]
    return tuple(shape)


def dense(array: pa.Array, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Lists of one shape as an array.

    Args:
        array: n rows of lists, as deep as `shape` is long.
        shape: that each row must have.

    Returns:
        Values [n, *shape], zeros where a row has another shape or misses values; and where
        that is not so, [n] bool.
    """
    array = plain(array)
    if not shape:
        present = np.asarray(array.is_valid().to_numpy(zero_copy_only=False))
        values = np.zeros(len(array)) if pa.types.is_null(array.type) else _without_holes(array)
        return values, present
    fits = pc.fill_null(pc.equal(pc.list_value_length(array), shape[0]), False)  # noqa: FBT003
    mask = fits.to_numpy(zero_copy_only=False)
    held = array if mask.all() else array.filter(fits)
    values, whole = dense(held.flatten(), shape[1:])
    values = values.reshape(len(held), *shape)
    good: np.ndarray = np.logical_and.reduce(whole.reshape(len(held), shape[0]), axis=1)
    if mask.all():
        return values, good
    result = np.zeros((len(array), *shape), dtype=values.dtype)
    result[mask] = values
    mask[mask] = good
    return result, mask


def _without_holes(array: pa.Array) -> np.ndarray:
    return numbers(array.fill_null(0) if array.null_count else array)


def in_logical_order(values: np.ndarray, kind: Any) -> np.ndarray:
    """Rows of a fixed-shape tensor column in the order of axes that its type asks for.

    Args:
        values: [n, product of the shape].
        kind: the column's type; of any other, nothing changes.
    """
    if not isinstance(kind, pa.FixedShapeTensorType):
        return values
    tensor = values.reshape(len(values), *kind.shape)
    axes = kind.permutation or range(len(kind.shape))
    return tensor.transpose(0, *(axis + 1 for axis in axes))
