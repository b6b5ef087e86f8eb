"""All samples of a PyTorch dataset of (input, label) pairs, or why there are none."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from monogram.errors import DataError, shorten
from monogram.population.samples import RawSamples, as_values

if TYPE_CHECKING:
    from torch.utils.data import Dataset


def read_dataset(owner: str | None, dataset: "Dataset[Any]") -> RawSamples:
    """All samples of a map-style PyTorch dataset of (input, label) pairs.

    Raises:
        DataError: it is no such dataset, a sample cannot be read, or inputs differ in shape.
    """
    given: Any = dataset  # whatever its type should be
    if isinstance(given, str | bytes) or not hasattr(given, "__len__"):
        raise DataError(
            f"it is a {type(given).__name__}, not a map-style dataset (one with a length) of "
            "(input, label) pairs"
        )
    count = len(given)
    pairs = [_pair(dataset, i) for i in range(count)]
    inputs = [_input(pair[0], i) for i, pair in enumerate(pairs)]
    for i, one in enumerate(inputs):
        if one.shape != inputs[0].shape:
            raise DataError(
                f"its inputs differ in shape: {inputs[0].shape} in sample 0, {one.shape} in sample "
                f"{i}; make them equal"
            )
    stacked = np.stack(inputs) if inputs else np.empty((0,), dtype=np.float32)
    return RawSamples(owner, stacked, _labels(pairs), None, "dataset")


def _pair(dataset: "Dataset[Any]", i: int) -> Sequence[Any]:
    try:
        pair = dataset[i]
    except Exception as error:  # a dataset raises whatever it likes
        told = f"{type(error).__name__}: {shorten(error, 200)}"
        raise DataError(f"its sample {i} cannot be read ({told})") from error
    if not isinstance(pair, tuple | list) or len(pair) < 2:
        raise DataError(f"its sample {i} is a {type(pair).__name__}, not an (input, label) pair")
    return pair


def _input(value: Any, i: int) -> np.ndarray:
    try:
        return np.asarray(value)
    except Exception as error:  # whatever an object says that is no array
        told = shorten(error, 200)
        raise DataError(f"the input of its sample {i} is no array of one shape ({told})") from error


def _labels(pairs: Sequence[Sequence[Any]]) -> np.ndarray:
    try:
        return as_values([pair[1] for pair in pairs])
    except Exception as error:  # whatever an object says that is no array
        raise DataError(f"its labels are not one value each ({shorten(error, 200)})") from error
