"""`read_own`: every format gives the same population; the options; D_G; ids of any kind."""

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monogram.datasets import read_own
from monogram.errors import DataError, SettingError

NAMES: dict[str, Any] = {
    "individual_column": "user",
    "label_column": "y",
    "input_columns": ["x0", "x1", "x2"],
}


def _parquet(path: Path, columns: dict) -> Path:
    pq.write_table(pa.table(columns), path)
    return path


def _csv(path: Path, columns: dict) -> Path:
    pyarrow.csv.write_csv(pa.table(columns), path)
    return path


@pytest.fixture
def data(people, tmp_path) -> Path:
    return _parquet(tmp_path / "people.parquet", people.columns())


@pytest.fixture
def shared(people, tmp_path) -> Path:
    return _parquet(tmp_path / "shared.parquet", people.global_columns())


@pytest.mark.parametrize("write", ["parquet", "csv", "folder", "hive", "npz", "hf"])
def test_every_format_gives_the_same_people(people, shared, tmp_path, held, write):
    columns, options = people.columns(), NAMES
    if write == "parquet":
        path = _parquet(tmp_path / "a.pq", columns)
    elif write == "csv":
        path = _csv(tmp_path / "a.csv", columns)
    elif write == "folder":
        path = tmp_path / "parts"
        path.mkdir()
        for part, rows in enumerate((slice(0, 20), slice(20, 48))):
            _parquet(path / f"{part}.parquet", {k: v[rows] for k, v in columns.items()})
    elif write == "hive":
        path = tmp_path / "parts"
        for id_ in np.unique(people.owners):
            (path / f"user={id_}").mkdir(parents=True)
            rows = people.owners == id_
            mine = {k: v[rows] for k, v in columns.items() if k != "user"}
            _parquet(path / f"user={id_}" / "0.parquet", mine)
    elif write == "npz":
        path, options = tmp_path / "a.npz", {}
        np.savez(path, inputs=people.inputs, labels=people.labels, individuals=people.owners)
        shared = tmp_path / "shared.npz"
        np.savez(shared, inputs=people.global_inputs, labels=people.global_labels)
    else:
        datasets = pytest.importorskip("datasets")
        path = tmp_path / "hf"
        datasets.Dataset.from_dict(columns).save_to_disk(path)
    population = read_own(path, global_data=shared, **options)
    assert list(population.individuals) == ["anna", "ben", "cleo", "dan"]
    assert population.classes == ("0", "1")
    assert len(population.global_data) == 40
    assert population.inputs.dtype == np.float32
    for id_ in population.individuals:
        mine = people.inputs[people.owners == id_]
        assert np.array_equal(held(population, id_), mine[np.lexsort(mine.T[::-1])])


def test_global_data_is_named_or_set_apart_never_both_or_neither(data, shared):
    for given_ in ({}, {"global_data": shared, "global_from": 0.5}):
        with pytest.raises(SettingError, match=r"--global-data names a file.*--global-from 0\.5"):
            read_own(data, **NAMES, **given_)
    for share in (0.0, 1.0, -1.0, 2.0, float("nan")):
        with pytest.raises(SettingError, match=r"in \(0, 1\), not"):
            read_own(data, **NAMES, global_from=share)
    with pytest.raises(SettingError, match="is given as --global-data too"):
        read_own(data, **NAMES, global_data=data.parent / "." / data.name)


def test_set_apart_people_are_not_individuals(data):
    population = read_own(data, **NAMES, global_from=0.5)
    assert len(population.individuals) == len(population.global_owners) == 2
    everybody = {*population.individuals, *population.global_owners}
    assert everybody == {"anna", "ben", "cleo", "dan"}
    assert len(population.global_data) == 24


@pytest.mark.parametrize(("share", "count"), [(0.01, 1), (0.3, 1), (0.74, 3), (0.99, 3)])
def test_at_least_one_person_is_set_apart_and_one_is_left(data, share, count):
    assert len(read_own(data, **NAMES, global_from=share).global_owners) == count


def test_bad_people_are_never_set_apart(people, tmp_path):
    people.inputs[people.owners == "anna", 1] = np.nan
    path = _parquet(tmp_path / "a.parquet", people.columns())
    for seed in range(6):
        population = read_own(path, **NAMES, global_from=0.5, seed=seed)
        assert [one.individual for one in population.set_aside] == ["anna"]
        assert "NaN or infinite" in population.set_aside[0].reason
        assert "anna" not in population.global_owners
    people.inputs[people.owners != "ben", 1] = np.inf
    path = _parquet(tmp_path / "b.parquet", people.columns())
    with pytest.raises(
        DataError, match="needs two individuals or more that can be used; there are 1"
    ):
        read_own(path, **NAMES, global_from=0.5)


def test_labels_outside_the_classes_set_aside(people, tmp_path, shared):
    people.labels[np.flatnonzero(people.owners == "ben")[0]] = 7
    path = _parquet(tmp_path / "a.parquet", people.columns())
    for how in ({"global_data": shared}, {"global_from": 0.4}):
        population = read_own(path, **NAMES, **how, classes=["0", "1"])
        assert [str(one) for one in population.set_aside] == [
            f"individual 'ben' ({path}): its label '7' is none of the 2 classes 0, 1"
        ]


def test_an_absent_empty_or_unknown_file(tmp_path):
    (tmp_path / "empty.parquet").touch()
    (tmp_path / "a.xlsx").write_text("x")
    (tmp_path / "folder").mkdir()
    for name, message in {
        "absent.parquet": "there is no file or folder .*absent",
        "empty.parquet": r"empty\.parquet is empty \(0 bytes\)",
        "a.xlsx": r"a\.xlsx: \.xlsx is no known format; give \.parquet",
        "folder": "folder holds no images .* expected individual/class/image.png",
    }.items():
        with pytest.raises(DataError, match=message):
            read_own(tmp_path / name, global_from=0.5)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    ids=st.lists(st.text(min_size=1, max_size=30), min_size=3, max_size=6, unique=True),
    ending=st.sampled_from(["parquet", "dictionary"]),
)
def test_ids_are_any_text_and_never_a_path(tmp_path_factory, ids, ending):
    folder = tmp_path_factory.mktemp("ids")
    owners = pa.array([id_ for id_ in ids for _ in range(4)])
    columns = {
        "x": np.arange(4.0 * len(ids)),
        "y": np.arange(4 * len(ids)) % 2,
        "u": owners.dictionary_encode() if ending == "dictionary" else owners,
    }
    path = _parquet(folder / "a.parquet", columns)
    population = read_own(
        path, individual_column="u", label_column="y", input_columns="x", global_from=0.3
    )
    assert {*population.individuals, *population.global_owners} == set(ids)
    assert [file.name for file in folder.iterdir()] == ["a.parquet"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([3, 7, 2**62], {"3", "7", str(2**62)}),
        ([1.0, 2.0, 1.5], {"1", "2", "1.5"}),
        (["../../etc", "a/b", "."], {"../../etc", "a/b", "."}),
        (["x" * 10_000, "x" * 9_999, "é😀"], {"x" * 10_000, "x" * 9_999, "é😀"}),
        ([True, False, None], {"True", "False"}),
        ([b"a", b"b", b"c"], {"a", "b", "c"}),
        (["a", "b", None], {"a", "b"}),
        ([1.0, float("nan"), 2.0], {"1", "2"}),
    ],
)
def test_ids_of_any_type(tmp_path, shared, values, expected):
    columns = {f"x{i}": np.arange(24.0) for i in range(3)}
    owners = [values[i % 3] for i in range(24)]
    path = _parquet(
        tmp_path / "a.parquet", {**columns, "y": [i % 2 for i in range(24)], "user": owners}
    )
    population = read_own(path, **NAMES, global_data=shared)
    assert set(population.individuals) == expected
    assert [(one.individual, one.reason) for one in population.set_aside] == [
        ("", "its id is empty, in 8 samples") for _ in range(3 - len(expected))
    ]


def test_groups_are_never_cut(people, tmp_path, shared):
    groups = np.arange(48) // 4
    path = _parquet(tmp_path / "a.parquet", {**people.columns(), "g": groups})
    people_of_one = {"x0": people.inputs[:, 0].tolist()}
    population = read_own(path, **NAMES, group_column="g", global_data=shared)
    group_of = {round(x, 5): g for x, g in zip(people_of_one["x0"], groups, strict=True)}
    for split in population.individuals.values():
        sides = [
            {group_of[round(float(population.inputs[row, 0]), 5)] for row in part}
            for part in (split.train, split.validation, split.test)
        ]
        assert all(a.isdisjoint(b) for a, b in combinations(sides, 2))


def test_one_bad_global_row_stops_everything(people, data, tmp_path):
    people.global_inputs[3, 1] = np.inf
    path = _parquet(tmp_path / "g.parquet", people.global_columns())
    with pytest.raises(
        DataError, match=r"global data \(.*g\.parquet\): 1 of the 40 inputs.* holds NaN"
    ):
        read_own(data, **NAMES, global_data=path)


@pytest.mark.parametrize(("rows", "groups"), [(2, None), (40, 2)])
def test_global_data_too_small_for_the_split_stops_everything(people, data, tmp_path, rows, groups):
    columns = {k: v[:rows] for k, v in people.global_columns().items()}
    columns["g"] = np.arange(rows) % (groups or rows)
    path = _parquet(tmp_path / "g.parquet", columns)
    mine = _parquet(data, {**people.columns(), "g": np.arange(48)})
    with pytest.raises(DataError, match=r"global data .*g\.parquet.: it has 2 .*3 are needed"):
        read_own(mine, **NAMES, global_data=path, group_column="g")


def test_classes_twice_or_empty_are_refused(data, shared):
    for classes in (["0", "0", "1"], ["0", "1", ""]):
        with pytest.raises(SettingError, match=r"twice|empty name"):
            read_own(data, **NAMES, global_data=shared, classes=classes)


def test_the_label_is_no_input(data):
    with pytest.raises(SettingError, match="'y' is the label and an input too"):
        read_own(data, **{**NAMES, "input_columns": ["x0", "y"]}, global_from=0.5)


def test_messages_are_one_line_of_text(data):
    with pytest.raises(DataError) as caught:
        read_own(data, **{**NAMES, "label_column": "y" * 10_000}, global_from=0.5)
    assert len(json.dumps(str(caught.value))) < 1000
