"""Populations from arrays and datasets in memory, and what is wrong with them."""

from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped] # it has no types of its own
import pytest
from torch.utils.data import Dataset, IterableDataset

from monogram.errors import DataError
from monogram.population import Population, from_arrays, from_datasets


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (np.array([1.5, 1.25, 2.0] * 8), ["1.25", "1.5", "2"]),
        (np.array(["anna", "anna\u0300", "b" * 10_000] * 8, dtype=object), None),
        (np.array([3, "3", 3.0] * 8, dtype=object), ["3"]),
        (np.array([None, "a", float("nan")] * 8, dtype=object), ["a"]),
    ],
)
def test_ids_in_memory(ids, expected):
    people = from_arrays(
        np.zeros((24, 2)),
        np.arange(24) // 3 % 2,
        ids,
        global_inputs=np.zeros((10, 2)),
        global_labels=np.arange(10) % 2,
    )
    assert list(people.individuals) == (expected or sorted(set(ids.tolist())))
    assert len(people.set_aside) == (ids[0] is None)


def test_lengths_that_differ():
    with pytest.raises(DataError, match="24 inputs, 23 labels and 24 individual ids"):
        from_arrays(
            np.zeros((24, 2)),
            np.arange(23) % 2,
            np.arange(24) % 3,
            global_inputs=np.zeros((10, 2)),
            global_labels=np.arange(10) % 2,
        )


class Pairs(Dataset):
    """A map-style dataset of pairs."""

    def __init__(self, pairs: list):
        self.pairs = pairs

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> tuple:
        return self.pairs[index]


def test_datasets_of_pairs():
    pairs = Pairs([(np.full((2, 2), i, dtype=np.float32), i % 2) for i in range(10)])
    ragged = Pairs([(np.zeros(i + 1), i % 2) for i in range(10)])
    people = from_datasets({"anna": pairs, "bad": ragged, "none": Pairs([])}, pairs)
    assert list(people.individuals) == ["anna"]
    assert [one.individual for one in people.set_aside] == ["bad", "none"]


def _people(**changes: Any) -> Population:
    given = {
        "inputs": np.zeros((24, 2)),
        "labels": np.arange(24) // 3 % 2,
        "individuals": np.array(["anna", "ben", "cleo"])[np.arange(24) % 3],
        "global_inputs": np.zeros((10, 2)),
        "global_labels": np.arange(10) % 2,
    }
    return from_arrays(**given | changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"inputs": [[1.0], [1.0, 2.0]]}, "inputs cannot become an array .*one shape per sample"),
        ({"inputs": object()}, r"inputs is a single object; .*sparse matrix: \.toarray"),
        ({"labels": np.eye(24)}, r"labels has shape \[24, 24\].*one-hot labels: \.argmax"),
        ({"global_labels": np.eye(10)}, r"global_labels has shape \[10, 10\]"),
        ({"labels": np.zeros(24, dtype="i4,i4")}, "labels holds records"),
        ({"individuals": np.array([b"\xff"] * 24)}, "individuals hold bytes that are no UTF-8"),
        ({"global_inputs": np.zeros((10, 0))}, r"shape \(0,\), so there is nothing in them"),
        (
            {"global_inputs": np.zeros((2, 2)), "global_labels": [0, 1]},
            "data .memory.: it has 2 sam",
        ),
        ({"global_inputs": np.full((10, 2), 1e300)}, "10 of the 10 inputs hold values too large"),
    ],
)
def test_arrays_that_cannot_be_used(changes, message):
    with pytest.raises(DataError, match=message):
        _people(**changes)


def test_values_beyond_float32_set_their_owner_aside():
    inputs = np.zeros((24, 2))
    inputs[1, 0] = 1e300
    people = _people(inputs=inputs)
    assert list(people.individuals) == ["anna", "cleo"]
    assert (
        people.set_aside[0].reason
        == "1 of its 8 inputs holds values too large for float32 (3.4e38)"
    )


def test_groups_of_any_kind_and_lists():
    groups = [None if i < 3 else "ab"[i // 3 % 2] if i < 12 else i for i in range(24)]
    people = _people(groups=groups, labels=(np.arange(24) // 3 % 2).tolist())
    assert list(people.individuals) == ["anna", "ben", "cleo"]


def test_lists_of_several_types_keep_each_values_own():
    labels: list[Any] = [[1, "1", 1.0, "b"][i // 3 % 4] for i in range(24)]
    ids: list[Any] = [[7, "7", 7.0][i % 3] for i in range(24)]
    people = _people(labels=labels, individuals=ids, global_labels=["1", "b"] * 5)
    assert people.classes == ("1", "b")
    assert list(people.individuals) == ["7"]
    pairs = Pairs([(np.zeros(2), label) for label in labels])
    assert from_datasets({"anna": pairs}, pairs).classes == ("1", "b")


class Broken(Dataset):
    """A dataset whose fourth sample cannot be read."""

    def __len__(self) -> int:
        return 10

    def __getitem__(self, index: int) -> tuple:
        if index == 3:
            raise OSError("the disk is on fire")
        return np.zeros((2, 2)), index % 2


class Stream(IterableDataset):
    """A dataset without a length."""

    def __iter__(self):
        return iter([])


ZERO = np.zeros((2, 2))
FINE = Pairs([(np.full((2, 2), i, dtype=np.float32), i % 2) for i in range(10)])
BAD: list[tuple[Any, str]] = [
    (Broken(), "its sample 3 cannot be read (OSError: the disk is on fire)"),
    (Stream(), "it is a Stream, not a map-style dataset (one with a length) of (input, label)"),
    ("anna.pt", "it is a str, not a map-style dataset"),
    (Pairs([{"x": ZERO, "y": 1}] * 9), "its sample 0 is a dict, not an (input, label) pair"),
    (
        Pairs([(np.zeros(i + 1), i % 2) for i in range(9)]),
        "its inputs differ in shape: (1,) in sample 0, (2,) in sample 1; make them equal",
    ),
    (Pairs([([[1.0], [1.0, 2.0]], 0)] * 9), "the input of its sample 0 is no array of one shape"),
    (Pairs([(ZERO, [0] * (i + 1)) for i in range(9)]), "its labels are not one value each"),
    (Pairs([(ZERO, [0, 1])] * 9), "its labels have shape (9, 2), not one value per sample"),
    (Pairs([]), "it has no samples"),
]


@pytest.mark.parametrize(("bad", "reason"), BAD)
def test_a_bad_dataset_is_set_aside_and_stops_nobody(bad, reason):
    people = from_datasets({"anna": FINE, "bad": bad}, FINE)
    assert list(people.individuals) == ["anna"]
    assert [one.individual for one in people.set_aside] == ["bad"]
    assert people.set_aside[0].reason.startswith(reason)
    with pytest.raises(DataError, match=r"^global data .dataset.: "):
        from_datasets({"anna": FINE}, bad)


def test_ids_of_datasets_are_any_scalar():
    people = from_datasets({3: FINE, "b": FINE, 4.0: FINE, None: FINE, float("nan"): FINE}, FINE)
    assert list(people.individuals) == ["3", "4", "b"]
    assert [one.reason for one in people.set_aside] == ["its id is empty, in 10 samples"]
    people = from_datasets({3: FINE, "3": FINE, 4: FINE, "4": Broken(), 5: FINE}, FINE)
    assert list(people.individuals) == ["5"]
    assert [one.individual for one in people.set_aside] == ["3", "4"]


def test_global_datasets_need_a_sample_for_each_part():
    with pytest.raises(DataError, match=r"it has 2 samples; 3 are needed.*give more"):
        from_datasets({"anna": FINE}, Pairs(FINE.pairs[:2]))


def test_what_is_missing_may_be_pandas_na():
    labels = np.array([0, 1] * 12, dtype=object)
    labels[3] = pd.NA
    people = _people(labels=labels)
    assert [one.reason for one in people.set_aside] == ["1 of its 8 labels are missing"]
