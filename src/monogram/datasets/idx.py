"""The IDX format of MNIST and its kin, plain or compressed with gzip or xz.

Four bytes of magic (two zeros, the type, the number of axes), the length of each axis as a
big-endian 32-bit number, then the values, big-endian, the last axis fastest
(http://yann.lecun.com/exdb/mnist/).
"""

import gzip
import lzma
import math
import zlib
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from monogram.errors import DataError

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
REMEDY = "remove the file and get it again"


def read_idx(path: Path, *, axes: int, dtype: str) -> np.ndarray:
    """The array of one file.

    Args:
        path: `….gz` and `….xz` are decompressed on the way.
        axes: how many axes the array must have.
        dtype: the type its values must have, in NumPy's words: "uint8", "int32" ….

    Returns:
        The array in the machine's byte order.

    Raises:
        DataError: the file is missing, no IDX file, of another type, truncated, or followed by
            anything.
    """
    try:
        with _open(path) as file:
            shape, kind = _read_header(file, path)
            if len(shape) != axes or kind != np.dtype(dtype).newbyteorder(">"):
                raise DataError(
                    f"{path}: expected {axes} axes of {dtype}, found {len(shape)} of {kind.name}; "
                    "is it the file its name says?"
                )
            size = math.prod(shape) * kind.itemsize
            values = file.read(size + 1)  # one more, to see whether anything follows
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise DataError(f"{path} cannot be read to its end ({error}); {REMEDY}") from error
    if len(values) != size:
        found = "more" if len(values) > size else str(len(values))
        raise DataError(
            f"{path}: expected {size} bytes for {list(shape)} values, found {found}; {REMEDY}"
        )
    return np.frombuffer(values, kind).reshape(shape).astype(np.dtype(dtype), copy=False)


def _open(path: Path) -> BinaryIO:
    if path.suffix == ".gz":
        return cast("BinaryIO", gzip.open(path))
    if path.suffix == ".xz":
        _check_end_of_xz(path)
        return cast("BinaryIO", lzma.open(path))
    return path.open("rb")


def _check_end_of_xz(path: Path) -> None:
    """Python's reader ignores what follows an xz stream, so look at the end of its footer."""
    with path.open("rb") as file:
        file.seek(-min(2, path.stat().st_size), 2)
        if file.read() != b"YZ":
            raise EOFError("the xz stream does not end where the file does")


def _read_header(file: BinaryIO, path: Path) -> tuple[tuple[int, ...], np.dtype]:
    magic = file.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in TYPES or not magic[3]:
        start = magic.hex() or "nothing"
        raise DataError(f"{path} is no IDX file: it starts with {start}; {REMEDY}")
    lengths = file.read(4 * magic[3])
    if len(lengths) < 4 * magic[3]:
        raise DataError(f"{path} ends within its header; {REMEDY}")
    shape = tuple(int(n) for n in np.frombuffer(lengths, ">u4"))
    return shape, np.dtype(TYPES[magic[2]])
