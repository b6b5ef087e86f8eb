"""Parquet and CSV: columns of every kind, and what is wrong with them."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monogram.datasets import read_own
from monogram.errors import DataError, SettingError
from monogram.population import Population

NAMES = {"individual_column": "user", "label_column": "y"}
N = 24
USERS = np.array(["anna", "ben", "cleo"])[np.arange(N) % 3]
LABELS = np.arange(N) // 3 % 2


def _write(path: Path, **columns: object) -> Path:
    pq.write_table(pa.table({"user": USERS, "y": LABELS, **columns}), path, row_group_size=10)
    return path


def _read(path: Path, inputs: Any = "x", **options: Any) -> Population:
    return read_own(path, **{**NAMES, "input_columns": inputs, "global_from": 0.3, **options})


def _rows(population: Population) -> set[bytes]:
    return {np.ascontiguousarray(row).tobytes() for row in population.inputs}


def _tensors(shape, permutation=None):
    kind = pa.fixed_shape_tensor(pa.float32(), shape, permutation=permutation)
    values = np.arange(N * np.prod(shape), dtype=np.float32)
    storage = pa.FixedSizeListArray.from_arrays(pa.array(values), int(np.prod(shape)))
    return pa.ExtensionArray.from_storage(kind, storage), values.reshape(N, *shape)


CUBE = np.arange(N * 6, dtype=np.float64).reshape(N, 2, 3)


@pytest.mark.parametrize(
    "kind",
    [
        pa.list_(pa.list_(pa.float64())),
        pa.large_list(pa.list_(pa.float32(), 3)),
        pa.list_(pa.large_list(pa.int16()), 2),
        pa.list_(pa.list_(pa.decimal128(10, 2))),
    ],
)
def test_nested_lists(tmp_path, kind):
    cells = CUBE.tolist()
    if pa.types.is_decimal(kind.value_type.value_type):
        column = pa.array(cells).cast(pa.list_(pa.list_(pa.float64())))
        column = pa.array(
            [[[pa.scalar(int(v)).as_py() for v in r] for r in c] for c in cells], type=kind
        )
    elif pa.types.is_integer(kind.value_type.value_type):
        column = pa.array(CUBE.astype(int).tolist(), type=kind)
    else:
        column = pa.array(cells, type=kind)
    population = _read(_write(tmp_path / "a.parquet", x=column))
    assert population.inputs.dtype == np.float32
    assert _rows(population) == {row.tobytes() for row in CUBE.astype(np.float32)}


@pytest.mark.parametrize(("shape", "permutation"), [((2, 3), None), ((2, 3, 4), (2, 0, 1))])
def test_tensors(tmp_path, shape, permutation):
    column, values = _tensors(shape, permutation)
    if permutation:
        values = values.transpose(0, *(axis + 1 for axis in permutation))
    population = _read(_write(tmp_path / "a.parquet", x=column))
    assert population.inputs.shape[1:] == values.shape[1:]
    assert _rows(population) == {np.ascontiguousarray(row).tobytes() for row in values}


def test_bytes_stay_bytes_and_tokens_stay_integers(tmp_path):
    column = pa.array(CUBE.astype(np.uint8).tolist(), type=pa.list_(pa.list_(pa.uint8())))
    path = _write(tmp_path / "a.parquet", x=column, t=np.arange(N), f=np.arange(N) / 2)
    assert _read(path).inputs.dtype == np.uint8
    assert _read(path, tokens=True).inputs.dtype == np.int64
    assert _read(path, ["t", "t"], tokens=True).inputs.dtype == np.int64
    assert _read(path, ["t", "f"]).inputs.dtype == np.float32
    with pytest.raises(DataError, match="column 'f' holds double; inputs must be integers, being"):
        _read(path, ["t", "f"], tokens=True)


@pytest.mark.parametrize(
    ("cell", "where"),
    [
        ([[1.0, 2.0]], 4),
        ([], 4),
        (None, 4),
        ([[1.0, 2.0, 3.0], [1.0, 2.0]], 4),
        ([[None] * 3] * 2, 4),
    ],
)
def test_a_row_of_the_wrong_shape_sets_its_owner_aside(tmp_path, cell, where):
    cells = CUBE.tolist()
    cells[where] = cell
    population = _read(_write(tmp_path / "a.parquet", x=cells))
    assert [one.individual for one in population.set_aside] == [USERS[where]]
    assert population.set_aside[0].reason == (
        "row 4 of 'x' lacks values or the shape [2, 3] that most rows have"
    )
    assert len(population.individuals) + len(population.global_owners) == 2


def test_several_wrong_rows_are_counted_and_in_global_data_refused(tmp_path):
    cells = CUBE.tolist()
    cells[1] = cells[4] = [[1.0]]
    path = _write(tmp_path / "a.parquet", x=cells)
    assert _read(path).set_aside[0].reason.endswith("and 1 more such samples")
    good = _write(tmp_path / "b.parquet", x=CUBE.tolist())
    with pytest.raises(DataError, match=r"global data \(.*a\.parquet\): 2 samples cannot be used"):
        _read(good, global_from=None, global_data=path)


def test_rows_of_nobody_are_counted_whatever_else_is_wrong_with_them(tmp_path):
    cells = CUBE.tolist()
    cells[1] = [[1.0]]
    path = _write(tmp_path / "a.parquet", x=cells)
    users = pa.array([*[None] * 6, *USERS[6:]])
    table = pq.read_table(path).set_column(0, "user", users)
    pq.write_table(table, path)
    assert [one.reason for one in _read(path).set_aside] == ["its id is empty, in 6 samples"]


def test_missing_numbers_labels_and_tokens(tmp_path):
    numbers = pa.array([None if i == 4 else i for i in range(N)])
    labels = pa.array([None if i == 3 else i // 3 % 2 for i in range(N)])
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"user": USERS, "y": labels, "x": numbers, "z": np.arange(N)}), path)
    population = _read(
        path,
        ["x", "z"],
        global_from=None,
        global_data=_write(path.with_name("g.parquet"), x=np.arange(N), z=np.arange(N)),
    )
    assert {one.individual: one.reason for one in population.set_aside} == {
        "anna": "1 of its 8 labels are missing",
        "ben": "1 of its 8 inputs, in column x, holds NaN or infinite values; fill them in, or "
        "leave out these samples",
    }
    good = _write(path.with_name("g.parquet"), x=np.arange(N), z=np.arange(N))
    population = _read(path, ["x", "z"], tokens=True, global_from=None, global_data=good)
    assert "row 4 misses a token" in [one.reason for one in population.set_aside]


@pytest.mark.parametrize("inputs", ["list", ["x", "z"]])
def test_tokens_beyond_int64_set_their_owner_aside(tmp_path, inputs):
    words = np.arange(N, dtype=np.uint64)
    words[[4, 7]] = 2**63, 2**64 - 1
    lists = pa.array([[word] for word in words.tolist()], pa.list_(pa.uint64()))
    path = _write(tmp_path / "a.parquet", x=words, z=np.arange(N), list=lists)
    found = _read(path, inputs, tokens=True)
    assert [one.individual for one in found.set_aside] == ["ben"]
    assert found.set_aside[0].reason.startswith("row 4 holds tokens of 2**63 or more, which int64")
    assert found.set_aside[0].reason.endswith("and 1 more such samples")
    assert found.inputs.min() >= 0


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (np.array(["no", "yes"])[LABELS], ("no", "yes")),
        (pa.array(np.array(["no", "yes"])[LABELS]).dictionary_encode(), ("no", "yes")),
        (LABELS.astype(float), ("0", "1")),
        (LABELS.astype(bool), ("False", "True")),
        (LABELS * 10 + 1, ("1", "11")),
    ],
)
def test_labels_of_any_type(tmp_path, labels, classes):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"user": USERS, "y": labels, "x": np.arange(N)}), path)
    assert _read(path).classes == classes


def test_fractional_labels_set_aside(tmp_path):
    labels = LABELS.astype(float)
    labels[USERS == "ben"] += 0.25
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"user": USERS, "y": labels, "x": np.arange(N)}), path)
    assert "fractional" in _read(path).set_aside[0].reason


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        (
            {"label_column": None},
            SettingError,
            "which column it is with --label-column; there are user",
        ),
        ({"individual_column": None}, SettingError, "with --individual-column; there are"),
        ({"input_columns": None}, SettingError, "with --input-columns; there are user, y, x"),
        (
            {"individual_column": "users"},
            DataError,
            "no 'users' for --individual-column; did you mean 'user'",
        ),
        (
            {"label_column": "label"},
            DataError,
            "no 'label' for --label-column. There are user, y, x",
        ),
        ({"input_columns": ["x", "zz"]}, DataError, "no 'zz' for --input-columns"),
        ({"group_column": "g"}, DataError, "no 'g' for --group-column"),
        ({"input_columns": "s"}, DataError, "column 's' holds string; inputs must be numbers"),
        ({"input_columns": ["x", "l"]}, DataError, "'l' holds list.*none can hold lists"),
        ({"input_columns": "t"}, DataError, r"'t' holds list<.*string>; inputs must be numbers$"),
        ({"input_columns": "e"}, DataError, "most rows of column 'e' are empty lists"),
        ({"label_column": "l"}, DataError, "'l' holds list.* not one value per row"),
    ],
)
def test_columns_that_cannot_be_used(tmp_path, options, kind, message):
    path = _write(
        tmp_path / "a.parquet",
        x=np.arange(N),
        s=["text"] * N,
        l=CUBE.tolist(),
        t=[["a", "b"]] * N,
        e=pa.array([[]] * N, type=pa.list_(pa.float32())),
    )
    with pytest.raises(kind, match=message) as caught:
        _read(
            path,
            **{
                "inputs": "x",
                **{("inputs" if k == "input_columns" else k): v for k, v in options.items()},
            },
        )
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("separator", [";", "\t"])
def test_a_csv_that_is_not_separated_by_commas_is_told_so(tmp_path, separator):
    path = tmp_path / "a.csv"
    path.write_text("\n".join(separator.join(row) for row in [("user", "y", "x"), ("a", "1", "2")]))
    with pytest.raises(DataError, match=r"a\.csv: its columns are separated by .*; write the file"):
        _read(path)


@pytest.mark.parametrize("ending", ["parquet", "csv"])
@pytest.mark.parametrize("damage", ["cut", "other", "no rows"])
def test_damaged_tables_are_named(tmp_path, ending, damage):
    path = tmp_path / f"a.{ending}"
    content = _write(tmp_path / "whole.parquet", x=np.arange(N)).read_bytes()
    if damage == "no rows":
        table = pa.table({"user": USERS[:0], "y": LABELS[:0], "x": LABELS[:0]})
        pq.write_table(table, path) if ending == "parquet" else path.write_text("user,y,x\n")
    elif ending == "csv":
        path.write_bytes(
            b"user,y,x\nanna,1\nben,1,2\n" if damage == "cut" else b"user,y,x\n\xff\xfe,1,2\n"
        )
    else:
        path.write_bytes(
            content[: len(content) // 2] if damage == "cut" else b"nothing of the kind"
        )
    with pytest.raises(DataError, match=rf"a\.{ending} (cannot be read as|has no rows)"):
        _read(path)


def test_truncated_in_the_middle_of_a_page(tmp_path):
    path = _write(tmp_path / "a.parquet", x=np.random.default_rng(0).normal(size=N))
    content = bytearray(path.read_bytes())
    content[4:200] = bytes(196)
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"a\.parquet cannot be read as Parquet"):
        _read(path)


def test_csv_ids_stay_text(tmp_path):
    rows = "\n".join(f"00{i % 3},{i % 2},{i}.5" for i in range(N))
    path = tmp_path / "a.csv"
    path.write_text(f"user,y,x\n{rows}\n")
    population = _read(path)
    assert {*population.individuals, *population.global_owners} == {"000", "001", "002"}


def test_many_rows_take_no_object_each(tmp_path):
    n = 200_000
    columns = {f"x{i}": np.zeros(n) for i in range(5)}
    path = tmp_path / "big.parquet"
    pq.write_table(pa.table({"user": np.arange(n) % 100, "y": np.arange(n) % 2, **columns}), path)
    population = _read(path, list(columns))
    assert len(population.inputs) == n


def test_fractional_labels_are_refused_as_decimals_too(tmp_path):
    halves = pa.array([Decimal(label) + Decimal("0.5") for label in LABELS.tolist()])
    whole = pa.array([Decimal(label) for label in LABELS.tolist()])
    good = _write(tmp_path / "g.parquet", x=np.arange(N) * 1.0)
    read = {"global_from": None, "global_data": good}
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"user": USERS, "y": whole, "x": np.arange(N) * 1.0}), path)
    assert _read(path, **read).classes == ("0", "1")
    pq.write_table(pa.table({"user": USERS, "y": halves, "x": np.arange(N) * 1.0}), path)
    with pytest.raises(DataError, match="its labels are fractional numbers"):
        _read(path, **read)


def test_lists_without_any_value_are_faults_of_their_rows(tmp_path):
    path = _write(tmp_path / "a.parquet", x=pa.array([[None, None]] * N))
    with pytest.raises(DataError, match="row 0 of 'x' lacks values"):
        _read(path)
