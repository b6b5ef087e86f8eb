"""Max pooling as maxima of slices: the same numbers."""

from unittest import mock

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from monogram.networks.pool import pooled_by_maxima

POOL = functional.max_pool2d
sizes = st.sampled_from((2, (2,), [2, 2], (1, 2), (2, 1), (2, 2)))


def pools(network: nn.Module, inputs: torch.Tensor) -> int:
    """Check that the same comes out, and say how many times PyTorch's own pooling was left in."""
    with torch.inference_mode():
        plain = network(inputs)
        with (
            pooled_by_maxima(network),
            mock.patch.object(functional, "max_pool2d", wraps=POOL) as own,
        ):
            other = network(inputs)
    torch.testing.assert_close(other, plain, rtol=0, atol=0, equal_nan=True)
    return own.call_count


@settings(deadline=None)
@given(
    size=sizes,
    rows=st.integers(2, 5),
    columns=st.integers(2, 5),
    channels=st.sampled_from((1, 3, 16)),
    layout=st.sampled_from((torch.contiguous_format, torch.channels_last)),
)
def test_windows_of_two_are_maxima(size, rows, columns, channels, layout):
    inputs = torch.randint(-3, 3, (2, channels, rows, columns)).float()
    assert pools(nn.MaxPool2d(size), inputs.contiguous(memory_format=layout)) == 0


def test_what_is_no_number_stays_none():
    inputs = torch.zeros(1, 1, 2, 4)
    inputs[0, 0, 1, 0] = torch.nan
    inputs[0, 0, 0, 3] = torch.inf
    assert pools(nn.MaxPool2d(2), inputs) == 0


def test_one_picture_without_a_batch_is_pooled_as_well():
    assert pools(nn.MaxPool2d((1, 2)), torch.randn(3, 4, 5)) == 0


@pytest.mark.parametrize(
    "pool",
    [
        nn.MaxPool2d(1),
        nn.MaxPool2d(3),
        nn.MaxPool2d([3, 3]),  # type: ignore[arg-type] # PyTorch takes lists
        nn.MaxPool2d(2, stride=1),
        nn.MaxPool2d(2, padding=1),
        nn.MaxPool2d(2, dilation=2),
        nn.MaxPool2d(2, ceil_mode=True),
    ],
)
def test_other_windows_are_left_to_pytorch(pool):
    assert pools(pool, torch.randn(2, 3, 5, 5)) == 1


def test_a_series_is_a_picture_of_one_row():
    assert pools(nn.MaxPool2d((1, 2)), torch.randn(2, 3, 1, 7)) == 0


@pytest.mark.parametrize("shape", [(2, 3, 1, 7), (4, 4), (1, 1, 1, 4, 4), (2, 0, 4, 4)])
def test_what_pytorch_refuses_is_refused(shape):
    pool = nn.MaxPool2d(2)
    with pooled_by_maxima(pool), pytest.raises(RuntimeError):
        pool(torch.randn(shape))


def test_places_that_are_asked_for_are_given():
    pool = nn.MaxPool2d(2, return_indices=True)
    with pooled_by_maxima(pool):
        assert len(pool(torch.randn(1, 1, 4, 4))) == 2


def test_a_module_that_computes_something_else_is_left_alone():
    pool = nn.MaxPool2d(2)
    vars(pool)["forward"] = lambda inputs: inputs + 1
    with pooled_by_maxima(pool):
        assert pool(torch.zeros(1)).item() == 1
    assert pool(torch.zeros(1)).item() == 1


def test_afterwards_the_network_is_as_it_was():
    pool = nn.MaxPool2d(2)
    with pytest.raises(ZeroDivisionError), pooled_by_maxima(nn.Sequential(pool)):
        raise ZeroDivisionError
    assert "forward" not in vars(pool)


def test_a_pool_that_is_used_twice_is_restored_once():
    pool = nn.MaxPool2d(2)
    assert pools(nn.Sequential(pool, pool), torch.randn(1, 1, 8, 8)) == 0
