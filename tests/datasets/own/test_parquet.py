"""Folders of Parquet files: names of folders as columns, and files whose types differ."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monogram.datasets import read_own
from monogram.errors import DataError
from monogram.population import Population

N = 12
Y = np.arange(N) % 2


def _write(path: Path, **columns: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"y": Y, "x": np.arange(N) * 1.0, **columns}), path)


def _read(folder: Path, **options: Any) -> Population:
    names = {"individual_column": "user", "label_column": "y", "input_columns": "x"}
    return read_own(folder, **{**names, "global_from": 0.3, **options})


def _everybody(population: Population) -> set[str]:
    return {*population.individuals, *population.global_owners}


def test_ids_in_the_names_of_folders_stay_text(tmp_path):
    for id_ in ("007", "7", "8"):
        _write(tmp_path / f"user={id_}" / "0.parquet")
    population = _read(tmp_path)
    assert _everybody(population) == {"007", "7", "8"}
    assert str(population).count("12 samples each")


def test_folders_around_what_is_given_say_nothing_of_it(tmp_path):
    users = np.repeat(["a", "b", "c"], 4)
    _write(tmp_path / "user=all" / "0.parquet", user=users)
    assert _everybody(_read(tmp_path / "user=all" / "0.parquet")) == {"a", "b", "c"}
    assert _everybody(_read(tmp_path / "user=all")) == {"a", "b", "c"}
    with pytest.raises(DataError, match=r"0\.parquet has a column 'user', and folders are named"):
        _read(tmp_path)


def test_columns_of_one_name_are_told(tmp_path):
    table = pa.table([["a"] * N, Y, Y * 1.0, Y * 2.0], names=["user", "y", "x", "x"])
    pq.write_table(table, tmp_path / "twice.parquet")
    with pytest.raises(DataError, match=r"twice\.parquet has 2 columns 'x'; give each a name"):
        _read(tmp_path / "twice.parquet")
    (tmp_path / "twice.csv").write_text("user,y,x,z,z\na,0,1,2,3\n")
    with pytest.raises(DataError, match=r"multiple columns named z; give each a name of its own"):
        _read(tmp_path / "twice.csv")


def test_labels_and_groups_in_the_names_of_folders_stay_text(tmp_path):
    for label in ("01", "1"):
        for group in ("1", "01", "001"):
            path = tmp_path / f"y={label}" / f"g={group}" / "0.parquet"
            path.parent.mkdir(parents=True)
            users = ["a", "b", "c"] * 4
            pq.write_table(pa.table({"user": users, "x": np.arange(N) * 1.0}), path)
    population = _read(tmp_path, group_column="g")
    assert set(population.classes) == {"01", "1"}
    assert len(_everybody(population)) == 3


def test_inputs_in_the_names_of_folders_are_numbers(tmp_path):
    for place, users in enumerate((["a", "b"], ["b", "c"])):
        _write(tmp_path / f"place={place}" / "0.parquet", user=users * 6)
    population = _read(tmp_path, input_columns=["x", "place"])
    assert set(population.inputs[:, 1]) == {0.0, 1.0}


LISTS = [[float(i), 0.5] for i in range(N)]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (np.arange(N), np.arange(N) + 0.5),
        (pa.nulls(N), np.arange(N) + 0.5),
        (np.arange(N, dtype=np.float32), np.arange(N) + 0.5),
        (pa.array([[i, 1] for i in range(N)]), LISTS),
        (pa.array(LISTS, type=pa.list_(pa.float32(), 2)), LISTS),
        (pa.array([[]] * N, type=pa.list_(pa.null())), LISTS),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_inputs_of_different_types_are_read(tmp_path, first, second, turned):
    parts = (second, first) if turned else (first, second)
    for i, x in enumerate((*parts, second)):
        _write(tmp_path / f"{i}.parquet", x=x, user=[f"p{i}"] * N)
    population = _read(tmp_path)
    told = {one.individual for one in population.set_aside}
    missing = {f"p{int(turned)}"} if isinstance(first, pa.Array) and _empty(first) else set()
    assert told == missing
    assert _everybody(population) | told == {"p0", "p1", "p2"}


def _empty(column: pa.Array) -> bool:
    return bool(column.null_count) or not column[0].as_py()


@pytest.mark.parametrize(
    ("ids", "labels"),
    [
        ((1, "1"), (Y, Y.astype(str))),
        ((1, 1.0), (Y, Y * 1.0)),
        (("1", "1"), (pa.array(Y.astype(str)).dictionary_encode(), Y.astype(str))),
        ((1, 1), (Y.astype(np.int8), Y)),
    ],
)
def test_ids_and_labels_of_different_types_are_the_same_where_their_text_is(tmp_path, ids, labels):
    for i, (id_, label) in enumerate(zip(ids, labels, strict=True)):
        _write(tmp_path / f"{i}.parquet", user=[id_] * N, y=label)
    _write(tmp_path / "other.parquet", user=["2"] * N, y=Y)
    population = _read(tmp_path)
    assert _everybody(population) == {"1", "2"}
    assert population.classes == ("0", "1")
    assert len(population.inputs) == 3 * N


def test_fractional_labels_are_found_beside_whole_ones(tmp_path):
    for i, label in enumerate((Y, Y, Y + 0.5)):
        _write(tmp_path / f"{i}.parquet", user=[f"p{i}"] * N, y=label)
    assert "fractional" in _read(tmp_path).set_aside[0].reason


def test_columns_that_are_not_read_may_be_anything(tmp_path):
    for i, note in enumerate(("text", 1, None)):
        _write(tmp_path / f"{i}.parquet", user=[f"p{i}"] * N, note=[note] * N)
    assert len(_everybody(_read(tmp_path))) == 3


@pytest.mark.parametrize(
    ("x", "kind"),
    [
        ([[1.0]] * N, "list<.*>"),
        (pa.array([True] * N), "bool"),
    ],
)
def test_a_file_that_fits_no_other_is_named(tmp_path, x, kind):
    for i in range(2):
        _write(tmp_path / f"{i}.parquet", user=[f"p{i}"] * N)
    _write(tmp_path / "odd.parquet", user=["p2"] * N, x=x)
    message = (
        rf"odd\.parquet: column 'x' holds {kind}, but double in .*0\.parquet; write it with one"
    )
    with pytest.raises(DataError, match=message):
        _read(tmp_path)


@pytest.mark.parametrize("odd", [0, 1, 4])
@pytest.mark.parametrize(
    ("x", "text"),
    [
        (np.arange(N) * 1.0, ["text"] * N),
        (np.arange(N), pa.array(["1"] * N).dictionary_encode()),
        (pa.array([[0.0, 1]] * N), pa.array(["text"] * N, pa.large_string())),
    ],
    ids=["numbers", "whole", "lists"],
)
def test_a_file_with_text_for_inputs_sets_aside_whose_rows_it_holds(tmp_path, odd, x, text):
    for i in range(5):
        _write(tmp_path / f"{i}.parquet", user=[f"p{i}"] * N, x=text if i == odd else x)
    found = _read(tmp_path)
    assert _everybody(found) == {f"p{i}" for i in range(5) if i != odd}
    (one,) = found.set_aside
    assert one.individual == f"p{odd}"
    assert f"row {N * odd} of {tmp_path / f'{odd}.parquet'} has text (" in one.reason
    assert one.reason.endswith(f"and {N - 1} more such samples")


def test_text_for_inputs_may_lie_beside_ids_of_another_type_and_in_several_columns(tmp_path):
    wrong: dict[str, Any] = {"1": {"x": ["text"] * N, "z": ["text"] * N}, "2": {"z": ["text"] * N}}
    for id_ in ("1", "2", "3", "4"):
        user = [f"p{id_}" if id_ in wrong else int(id_)] * N
        _write(tmp_path / f"{id_}.parquet", user=user, **{"z": Y, **wrong.get(id_, {})})
    found = _read(tmp_path, input_columns=["x", "z"])
    assert _everybody(found) == {"3", "4"}
    assert {one.individual for one in found.set_aside} == {"p1", "p2"}


def test_tokens_beside_a_file_of_text(tmp_path):
    for i, x in enumerate((np.arange(N), ["text"] * N, np.arange(N))):
        _write(tmp_path / f"{i}.parquet", user=[f"p{i}"] * N, x=x)
    found = _read(tmp_path, tokens=True)
    assert [(one.individual, "has text" in one.reason) for one in found.set_aside] == [("p1", True)]


def test_text_for_inputs_in_all_files_is_refused(tmp_path):
    for i, x in enumerate((["text"] * N, ["text"] * N, [None] * N)):
        _write(tmp_path / f"{i}.parquet", user=[f"p{i}"] * N, x=x)
    with pytest.raises(DataError, match="column 'x' holds string; inputs must be numbers"):
        _read(tmp_path)


def test_lists_of_bytes_beside_lists_of_numbers_are_refused(tmp_path):
    _write(tmp_path / "0.parquet", user=["a"] * N, x=LISTS)
    grey = pa.array([[1, 2]] * N, type=pa.list_(pa.uint8()))
    _write(tmp_path / "1.parquet", user=["b"] * N, x=grey)
    with pytest.raises(DataError, match=r"1\.parquet: column 'x' holds list<.*uint8>, but list"):
        _read(tmp_path)


def test_a_damaged_file_among_others_is_named(tmp_path):
    _write(tmp_path / "0.parquet", user=["a"] * N)
    (tmp_path / "bad.parquet").write_bytes(b"nothing of the kind")
    with pytest.raises(DataError, match=r"cannot be read as Parquet: .*bad\.parquet"):
        _read(tmp_path)


def test_tensors_keep_their_axes_and_are_not_mixed_with_lists(tmp_path):
    kind = pa.fixed_shape_tensor(pa.float32(), (2, 3), permutation=(1, 0))
    storage = pa.FixedSizeListArray.from_arrays(pa.array(np.arange(N * 6, dtype=np.float32)), 6)
    tensors = pa.ExtensionArray.from_storage(kind, storage)
    for i in range(3):
        _write(tmp_path / f"{i}.parquet", user=[f"p{i}"] * N, x=tensors)
    assert _read(tmp_path).input_shape == (3, 2)
    _write(tmp_path / "3.parquet", user=["p3"] * N, x=storage)
    with pytest.raises(DataError, match=r"3\.parquet: column 'x' holds fixed_size_list"):
        _read(tmp_path)
