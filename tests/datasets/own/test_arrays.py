"""`.npz`: arrays by name, and what is wrong with them."""

import numpy as np
import pytest

from monogram.datasets import read_own
from monogram.errors import DataError, SettingError

N = 24


@pytest.fixture
def arrays() -> dict:
    return {
        "inputs": np.arange(N * 4, dtype=np.float64).reshape(N, 2, 2),
        "labels": np.arange(N) // 3 % 2,
        "individuals": np.arange(N) % 3,
    }


def _read(tmp_path, arrays, **options):
    np.savez(tmp_path / "a.npz", **arrays)
    return read_own(tmp_path / "a.npz", **{"global_from": 0.3, **options})


def test_shapes_and_types_are_kept(tmp_path, arrays):
    assert _read(tmp_path, arrays).inputs.shape[1:] == (2, 2)
    flat = {**arrays, "inputs": np.arange(N)}
    assert _read(tmp_path, flat).inputs.shape[1:] == (1,)
    assert _read(tmp_path, flat, tokens=True).inputs.dtype == np.int64
    grey = {**arrays, "inputs": arrays["inputs"].astype(np.uint8)}
    assert _read(tmp_path, grey).inputs.dtype == np.uint8


def test_other_names_and_groups(tmp_path, arrays):
    other = {"X": arrays["inputs"], "who": arrays["individuals"], "what": arrays["labels"]}
    named = {"input_columns": "X", "individual_column": "who", "label_column": "what"}
    assert len(_read(tmp_path, other, **named).individuals) == 2
    grouped = {**arrays, "groups": np.arange(N) // 12}
    with pytest.raises(DataError, match="it has 2 groups of samples; 3 are needed"):
        _read(tmp_path, grouped)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": None}, "no 'labels' for --label-column. There are inputs, individuals"),
        ({"individuals": None}, "no 'individuals' for --individual-column"),
        ({"inputs": None}, "no 'inputs' for --input-columns"),
        ({"labels": np.arange(5)}, "has 24 inputs, 5 labels, 24 individuals; there must be one"),
        ({"labels": np.zeros((N, 2))}, r"array 'labels' has shape \[24, 2\]; expected one value"),
        ({"labels": np.float64(1)}, "array 'labels' is a single value"),
        ({"inputs": np.array(["a"] * N)}, "inputs are <U1; they must be numbers"),
        ({"labels": np.array([b"\xff"] * N)}, "'labels' holds bytes that are no UTF-8 text"),
        ({"individuals": np.array([b"\xff"] * N)}, "'individuals' holds bytes that are no UTF-8"),
        ({"labels": np.zeros(N, dtype="i4,i4")}, r"'labels' holds .*; expected numbers or text"),
        ({"inputs": np.zeros((N, 0))}, r"a\.npz.*shape \(0,\), so there is nothing in them"),
        ({"individuals": np.array([None] * N)}, "'individuals' holds Python objects"),
    ],
)
def test_arrays_that_cannot_be_used(tmp_path, arrays, change, message):
    changed = {k: v for k, v in {**arrays, **change}.items() if v is not None}
    with pytest.raises(DataError, match=message) as caught:
        _read(tmp_path, changed)
    assert "a.npz" in str(caught.value)


@pytest.mark.parametrize("cut", [10, 100, -30])
def test_a_damaged_file_is_named(tmp_path, arrays, cut):
    _read(tmp_path, arrays)
    content = (tmp_path / "a.npz").read_bytes()
    (tmp_path / "b.npz").write_bytes(content[:cut])
    with pytest.raises(DataError, match=r"b\.npz"):
        read_own(tmp_path / "b.npz", global_from=0.5)
    (tmp_path / "c.npz").write_bytes(b"no zip at all")
    with pytest.raises(DataError, match=r"c\.npz"):
        read_own(tmp_path / "c.npz", global_from=0.5)


def test_a_plain_array_is_no_npz(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros(3))
    (tmp_path / "a.npy").rename(tmp_path / "a.npz")
    with pytest.raises(DataError, match=r"a\.npz cannot be read as \.npz"):
        read_own(tmp_path / "a.npz", global_from=0.5)


def test_options_and_tokens_that_make_no_sense(tmp_path, arrays):
    with pytest.raises(SettingError, match="names one array"):
        _read(tmp_path, arrays, input_columns=["inputs", "more"])
    with pytest.raises(DataError, match="must be integers, being tokens"):
        _read(tmp_path, arrays, tokens=True)


def test_tokens_beyond_int64_set_their_owner_aside(tmp_path, arrays):
    tokens = np.arange(len(arrays["labels"]) * 2, dtype=np.uint64).reshape(-1, 2)
    tokens[3, 1] = 2**63
    found = _read(tmp_path, arrays | {"inputs": tokens}, tokens=True)
    (one,) = found.set_aside
    assert one.individual == str(arrays["individuals"][3])
    assert one.reason.startswith("row 3 holds tokens of 2**63 or more, which int64 cannot hold")
    assert found.inputs.min() >= 0


def test_a_bit_flipped_inside_is_noticed(tmp_path, arrays):
    np.savez_compressed(tmp_path / "a.npz", **arrays)
    content = bytearray((tmp_path / "a.npz").read_bytes())
    content[90] ^= 0xFF
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(DataError, match=r"a\.npz"):
        read_own(tmp_path / "a.npz", global_from=0.5)
