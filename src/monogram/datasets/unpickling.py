"""Reading an array of objects from an `.npy` file without running anything in it.

NumPy keeps such arrays as a pickle, and a pickle can call any function that its reader lets it
find. This reader lets it find four names, all needed to rebuild plain arrays, and two of them
are replaced by functions that can do nothing else.
"""

import pickle  # noqa: TID251 - this is the one place, and it admits plain arrays only
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy

from monogram.errors import DataError


def read_object_array(path: Path) -> Any:
    """The object in a zero-dimensional `.npy` array: containers, numbers, text and arrays.

    Raises:
        DataError: the file is no such array, or holds anything else.
    """
    try:
        with path.open("rb") as file:
            npy.read_magic(file)
            shape, _, dtype = npy.read_array_header_1_0(file)
            if shape != () or dtype != np.dtype(object):
                raise DataError(f"{path}: expected one object, found {dtype} {list(shape)}")
            return _ArrayUnpickler(file).load().item()
    except DataError:
        raise
    except Exception as error:
        raise DataError(f"{path} does not hold plain arrays only: {error}") from error


class _ArrayUnpickler(pickle.Unpickler):
    """An unpickler that finds what plain arrays need and nothing else."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)

    def find_class(self, module: str, name: str) -> Any:
        """The named thing, if it is one of the few admitted."""
        try:
            return ADMITTED[(module, name)]
        except KeyError:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}") from None


def _empty_array(kind: type, shape: tuple[int, ...], dtype: bytes) -> np.ndarray:
    """What NumPy's `_reconstruct` returns, for plain arrays only; the content follows."""
    if kind is not np.ndarray or shape != (0,):
        raise pickle.UnpicklingError("it asks for an array of an unknown kind")
    return np.ndarray(shape, dtype.decode("ascii"))


def _latin1(text: str, encoding: str) -> bytes:
    """Bytes, which protocol 2 writes as text."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"it asks for the encoding {encoding}")
    return text.encode("latin1")


ADMITTED: dict[tuple[str, str], Callable[..., Any]] = {
    ("numpy.core.multiarray", "_reconstruct"): _empty_array,
    ("numpy._core.multiarray", "_reconstruct"): _empty_array,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("_codecs", "encode"): _latin1,
}
