"""When two ways to compute are said to have come to the same."""

import pytest
import torch

from monogram.training import learnt_alike, shown_alike

START = {"weight": torch.zeros(3), "mean": torch.zeros(3), "steps": torch.tensor(0)}
END = {"weight": torch.full((3,), 2.0), "mean": torch.full((3,), 1e-4), "steps": torch.tensor(3)}


def alike(**changes):
    return learnt_alike(END | changes, END, START, {"weight"})


def test_rounding_makes_no_difference():
    assert alike()
    assert alike(weight=END["weight"] + 1e-5, mean=END["mean"] * (1 + 1e-5))


@pytest.mark.parametrize("name", list(START))
def test_each_tensor_counts(name):
    assert not alike(**{name: START[name]})


def test_what_is_no_number_is_not_alike():
    assert not alike(mean=END["mean"] * float("nan"))
    assert not shown_alike(torch.tensor([float("nan")]), torch.tensor([1.0]))


def test_logits_are_measured_by_the_largest():
    assert shown_alike(torch.tensor([100.0, 0.01]), torch.tensor([100.0, 0.02]))
    assert not shown_alike(torch.tensor([1.0, 0.01]), torch.tensor([1.0, 0.02]))
