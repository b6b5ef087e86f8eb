"""The IDX reader, on whole and on damaged files."""

import gzip
import lzma
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from monogram.datasets.idx import read_idx
from monogram.errors import DataError

CODES = {"uint8": 0x08, "int32": 0x0C}
PACKED: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".xz": lzma.compress,
}


def _encoded(array: np.ndarray) -> bytes:
    head = bytes([0, 0, CODES[array.dtype.name], array.ndim])
    shape = np.array(array.shape, ">u4").tobytes()
    return head + shape + array.astype(array.dtype.newbyteorder(">")).tobytes()


@given(
    array=hnp.arrays(
        st.sampled_from([np.uint8, np.int32]), hnp.array_shapes(max_dims=3, min_side=0, max_side=5)
    ),
    ending=st.sampled_from(list(PACKED)),
)
def test_what_was_written_is_read(tmp_path_factory, array, ending):
    path = tmp_path_factory.mktemp("idx") / f"a{ending}"
    path.write_bytes(PACKED[ending](_encoded(array)))
    found = read_idx(path, axes=array.ndim, dtype=array.dtype.name)
    assert found.dtype == array.dtype
    assert np.array_equal(found, array)


WHOLE = _encoded(np.arange(24, dtype=np.uint8).reshape(2, 3, 4))


@pytest.mark.parametrize("ending", PACKED)
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (WHOLE[:-1], "expected 24 bytes for .2, 3, 4. values, found 23"),
        (WHOLE + b"x", "expected 24 bytes .* found more"),
        (WHOLE[:10], "ends within its header"),
        (b"PAR1" + WHOLE, "is no IDX file: it starts with 50415231"),
        (b"", "is no IDX file: it starts with nothing"),
        (_encoded(np.zeros((2, 3), np.int32)), "expected 3 axes of uint8, found 2 of int32"),
    ],
)
def test_damaged_content_is_named(tmp_path, ending, content, message):
    path = tmp_path / f"a{ending}"
    path.write_bytes(PACKED[ending](content))
    with pytest.raises(DataError, match=message) as caught:
        read_idx(path, axes=3, dtype="uint8")
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("ending", [".gz", ".xz"])
@pytest.mark.parametrize(
    "damage", [lambda b: b[:-5], lambda b: b"x" + b, lambda b: b + b"trailing"]
)
def test_damaged_compression_is_named(tmp_path, ending, damage):
    path = tmp_path / f"a{ending}"
    path.write_bytes(damage(PACKED[ending](WHOLE)))
    with pytest.raises(DataError, match=r"cannot be read to its end .* get it again"):
        read_idx(path, axes=3, dtype="uint8")


def test_an_absent_file_is_named(tmp_path):
    with pytest.raises(DataError, match="absent"):
        read_idx(tmp_path / "absent", axes=1, dtype="uint8")
