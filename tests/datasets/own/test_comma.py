"""CSV: types that show only late in a file, and cells that are no numbers."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from monogram.datasets import read_own
from monogram.datasets.own.columns import Selection
from monogram.datasets.own.read import read_columns
from monogram.errors import DataError
from monogram.population import Population

LONG = 60_000  # rows: more than the megabyte from which Arrow guesses types
SHORT = 24
NAMES: dict[str, Any] = {
    "individual_column": "user",
    "label_column": "y",
    "input_columns": ["x", "z"],
    "global_from": 0.5,
}


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write rows of four people, the given cells in place of the usual ones."""

    def rows(n: int = SHORT, changes: Sequence[tuple[int, str, str]] = (), **columns: Any) -> Path:
        usual = {
            "user": [f"p{i % 4}" for i in range(n)],
            "y": [str(i // 4 % 2) for i in range(n)],
            "x": [f"{i % 97}.25000000" for i in range(n)],
            "z": ["1"] * n,
        }
        table = usual | {name: list(cells) for name, cells in columns.items()}
        for row, name, cell in changes:
            table[name][row] = cell
        lines = [",".join(table), *(",".join(row) for row in zip(*table.values(), strict=True))]
        path = tmp_path / "a.csv"
        path.write_text("\n".join(lines) + "\n")
        return path

    return rows


def _everybody(population: Population) -> list[str]:
    return sorted((*population.individuals, *population.global_owners))


FOUR = ["p0", "p1", "p2", "p3"]
LAST = LONG - 1


@pytest.mark.parametrize(
    ("changes", "columns", "classes"),
    [
        ([(LAST, "z", "0.5")], {}, ("0", "1")),
        ([(LAST, "y", "walk")], {}, ("0", "1", "walk")),
        ([(LAST, "y", "1.0")], {}, ("0", "1")),
        ([(LAST, "x", " +1.5 ")], {}, ("0", "1")),
    ],
)
def test_what_shows_late_in_a_file_is_no_fault(write, changes, columns, classes):
    population = read_own(write(LONG, changes, **columns), **NAMES)
    assert _everybody(population) == FOUR
    assert population.classes == classes
    assert not population.set_aside


def test_a_column_that_is_empty_at_first(write):
    empty = [""] * LONG
    empty[3::4] = ["2.5"] * (LONG // 4)
    empty[3 : LONG // 2 : 4] = [""] * (LONG // 8)
    path = write(LONG, x=empty, z=["1." + "0" * 30] * LONG)
    told = read_columns(path, Selection("user", "x", ("z",)))
    assert (told.labels != 2.5).sum() == LONG - LONG // 8
    told = read_columns(path, Selection("user", "y", ("x",)))
    assert np.isnan(told.inputs).sum() == LONG - LONG // 8
    assert set(told.inputs[LAST]) == {2.5}


@pytest.mark.parametrize("n", [SHORT, LONG])
@pytest.mark.parametrize("row", [1, -3])
def test_a_cell_that_is_no_number_sets_its_owner_aside(write, n, row):
    population = read_own(write(n, [(row, "x", "abc")]), **NAMES)
    assert [(one.individual, one.reason) for one in population.set_aside] == [
        (f"p{row % 4}", f"row {row % n} has 'abc' in 'x', which is no number")
    ]
    assert len(_everybody(population)) == 3
    assert population.classes == ("0", "1")


def test_the_same_file_is_read_alike_either_way(write):
    """One bad cell changes nothing for the other rows."""
    columns = {"y": ["true", "FALSE"] * 12, "x": ["NA", "-.5", "1e300", "inf"] * 6}
    selection = Selection("user", "y", ("x", "z"))
    clean = read_columns(write(**columns), selection)
    spoilt = read_columns(write(changes=[(5, "x", "1_0")], **columns), selection)
    rest = np.arange(SHORT) != 5
    assert np.array_equal(clean.inputs[rest], spoilt.inputs[rest], equal_nan=True)
    assert np.array_equal(clean.labels, spoilt.labels)
    assert set(clean.labels) == {"True", "False"}
    assert list(spoilt.faults) == [5]


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["001", "1", "NA"], {"1", ""}),
        (["1.5", "2", "3"], {1.5, 2.0, 3.0}),
        (["2020-01-01", "a", "NA"], {"2020-01-01", "a", "NA"}),
        (["true", "0", "false"], {"True", "False"}),
        (["+1", "-1", "1"], {"1", "-1"}),
        (["12:30:00", "13:00:00", ""], {"12:30:00", "13:00:00", ""}),
        (["2020-01-01T00:00:00", "", ""], {"2020-01-01T00:00:00", ""}),
        (["9" * 19, "9" * 18 + "8", ""], {"9" * 19, "9" * 18 + "8", ""}),
    ],
)
def test_labels_mean_the_same_either_way(write, labels, expected):
    selection = Selection("user", "y", ("x", "z"))
    for changes in ([], [(5, "x", "bad")]):
        found = read_columns(write(changes=changes, y=labels * 8), selection).labels
        assert set(found.tolist()) == expected


def test_ids_and_groups_stay_text_either_way(write):
    ids = ["007", "7", "NA", ""] * 6
    selection = Selection("user", "y", ("x", "z"), group="user")
    for changes in ([], [(5, "x", "bad")]):
        owners = read_columns(write(changes=changes, user=ids), selection).owners
        assert owners is not None
        assert set(owners.values[owners.codes[owners.codes >= 0]]) == {"007", "7", "NA"}


def test_truth_values_are_inputs(write):
    told = read_columns(write(z=["true", "false"] * 12), Selection("user", "y", ("x", "z")))
    assert set(told.inputs[:, 1]) == {0.0, 1.0}


def test_tokens_that_are_no_whole_numbers(write):
    path = write(changes=[(1, "z", "1.5"), (2, "z", ""), (7, "z", "9" * 19)])
    columns = read_columns(path, Selection("user", "y", ("z",), tokens=True))
    assert columns.inputs.dtype == np.int64
    assert columns.faults == {
        1: "row 1 has '1.5' in 'z', which is no whole number",
        2: "row 2 misses a token",
        7: f"row 7 has '{'9' * 19}' in 'z', which is no whole number",
    }


def test_a_column_of_text_is_no_input(write):
    with pytest.raises(DataError, match="column 'x' holds string; inputs must be numbers"):
        read_own(write(x=["some", "text"] * 12), **NAMES)


@pytest.mark.parametrize("mark", [";", "\t"])
def test_decimal_commas_between_other_separators_are_told(tmp_path, mark):
    path = tmp_path / "a.csv"
    rows = [("user", "y", "x", "z"), *[("anna", "1", "0,5", "1,5")] * 4]
    path.write_text("\n".join(mark.join(row) for row in rows))
    with pytest.raises(DataError, match=r"separated by .*commas between columns and points in num"):
        read_own(path, **NAMES)


@pytest.mark.parametrize("row", ["p0,1", "p0,1,2,3,4"])
def test_rows_of_another_length_are_told(write, row):
    path = write()
    path.write_text(path.read_text() + row + "\n")
    with pytest.raises(DataError, match=r"a\.csv cannot be read as CSV: .*Expected 4 columns"):
        read_own(path, **NAMES)


@pytest.mark.parametrize("column", ["user", "y"])
def test_another_encoding_is_told(write, column):
    path = write(**{column: ["é", "è"] * 12})
    path.write_text(path.read_text(), encoding="latin-1")
    with pytest.raises(DataError, match=r"a\.csv cannot be read.*invalid UTF8.* not in UTF-8"):
        read_own(path, **NAMES)


@pytest.mark.parametrize("classes", [("01", "02"), ("true", "false")])
def test_labels_that_are_named_as_classes_stay_as_they_are_written(write, classes):
    labels = [classes[i // 4 % 2] for i in range(SHORT)]
    path = write(y=[f" {label}" for label in labels], changes=[(1, "y", "NA")])
    population = read_own(path, **NAMES, classes=classes)
    assert population.classes == classes
    assert [one.reason for one in population.set_aside] == ["1 of its 6 labels are missing"]
