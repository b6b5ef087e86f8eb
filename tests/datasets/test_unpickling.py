"""The restricted unpickler reads arrays and runs nothing."""

import codecs
import os
import pickle  # noqa: TID251 - to write what must be refused
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from monogram.datasets.unpickling import read_object_array
from monogram.errors import DataError


class Malice:
    """Touches a file when unpickled."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


def _write(path: Path, thing: object, protocol: int = 2) -> Path:
    array = np.array(thing, dtype=object) if not isinstance(thing, list) else np.empty((), object)
    if isinstance(thing, list):
        array[()] = thing
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(
            file, {"descr": "|O", "fortran_order": False, "shape": ()}
        )
        pickle.dump(array, file, protocol=protocol)
    return path


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_plain_arrays_come_back(tmp_path, protocol):
    thing: dict[str, Any] = {
        "X": [np.arange(6.0).reshape(2, 3), np.ones(1)],
        "y": np.array([1, 2]),
        "n": ["a"],
    }
    found = read_object_array(_write(tmp_path / "a.npy", thing, protocol))
    assert found["n"] == ["a"]
    assert np.array_equal(found["X"][0], thing["X"][0])
    assert found["y"].tolist() == [1, 2]


@pytest.mark.parametrize(
    "make",
    [
        lambda mark: Malice(os.system, f"touch {mark}"),
        lambda mark: Malice(eval, f"open({str(mark)!r}, 'w')"),
        lambda mark: Malice(Path.touch, mark),
        lambda mark: Malice(np.load, str(mark)),
        lambda mark: Malice(codecs.decode, b"aaaa", "zlib"),
        lambda mark: Malice(codecs.encode, "aaaa", "idna"),
        lambda mark: Malice(getattr, np.ndarray, "tofile"),
        lambda mark: OrderedDict(a=1),
    ],
)
def test_anything_else_is_refused_and_never_run(tmp_path, make):
    mark = tmp_path / "mark"
    file = _write(tmp_path / "bad.npy", {"X": make(mark)})
    with pytest.raises(DataError, match=r"bad\.npy does not hold plain arrays only: it asks for"):
        read_object_array(file)
    assert not mark.exists()


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"PK\x03\x04", b"\x93NUMPY\x01\0\x02\0xx"])
def test_other_files_are_refused(tmp_path, content):
    file = tmp_path / "bad.npy"
    file.write_bytes(content)
    with pytest.raises(DataError, match=r"bad\.npy does not hold plain arrays"):
        read_object_array(file)


def test_an_array_of_numbers_is_refused(tmp_path):
    np.save(tmp_path / "n.npy", np.arange(3.0))
    with pytest.raises(DataError, match=r"expected one object, found float64 \[3\]"):
        read_object_array(tmp_path / "n.npy")
