"""Linear layers by C: PyTorch's numbers but for rounding."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from monogram import native
from monogram.native import linear as module

pytestmark = pytest.mark.skipif(
    not native.is_available(), reason="Monogram's C was not compiled for this processor"
)


@pytest.fixture(autouse=True)
def _on_any_processor(monkeypatch):
    monkeypatch.setattr(module, "_is_amds", lambda: True)


def drawn(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape)))


def gradients(outputs: Tensor, of: list[Tensor]) -> list[Tensor]:
    weights = torch.cos(torch.arange(outputs.numel())).view_as(outputs)
    return list(torch.autograd.grad((outputs * weights).sum(), of, create_graph=True))


@settings(deadline=None, max_examples=30)
@given(
    rows=st.integers(1024, 1300),
    batches=st.sampled_from(((), (1,), (3,))),
    width=st.sampled_from((8, 16, 24, 40, 64, 104)),
    outputs=st.sampled_from((8, 16, 24, 32, 48, 56, 192)),
    bias=st.booleans(),
)
def test_numbers_are_pytorchs(rows, batches, width, outputs, bias):
    inputs = drawn(*batches, rows, width).requires_grad_()
    weight = drawn(outputs, width).requires_grad_()
    added = drawn(outputs).requires_grad_() if bias else None
    assert native.can_multiply(inputs, weight, added)
    learning = [inputs, weight, *([] if added is None else [added])]
    ours, theirs = (
        native.multiplied(inputs, weight, added),
        functional.linear(inputs, weight, added),
    )
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)
    for own, expected in zip(gradients(ours, learning), gradients(theirs, learning), strict=True):
        torch.testing.assert_close(own, expected, rtol=1e-4, atol=1e-3)


def backward(outputs: Tensor) -> None:
    outputs.square().sum().backward()


@pytest.mark.parametrize("learning", ["inputs", "weight", "bias"])
def test_only_what_learns_has_gradients(learning):
    tensors = {"inputs": drawn(2000, 16), "weight": drawn(32, 16), "bias": drawn(32)}
    tensors[learning].requires_grad_()
    backward(native.multiplied(**tensors))
    own = tensors[learning].grad
    tensors[learning].grad = None
    backward(functional.linear(tensors["inputs"], tensors["weight"], tensors["bias"]))
    assert own is not None
    torch.testing.assert_close(own, tensors[learning].grad, rtol=1e-4, atol=1e-2)
    assert [name for name, tensor in tensors.items() if tensor.grad is not None] == [learning]


@pytest.mark.parametrize(
    ("inputs", "weight", "bias"),
    [
        (drawn(1000, 16), drawn(32, 16), None),
        (drawn(2000, 16), drawn(30, 16), None),
        (drawn(2000, 12), drawn(32, 12), None),
        (drawn(2000, 16).double(), drawn(32, 16), None),
        (drawn(2000, 16), drawn(32, 16).double(), None),
        (drawn(16, 2000).t(), drawn(32, 16), None),
        (drawn(2000, 16), drawn(16, 32).t(), None),
        (drawn(2000, 16), drawn(32, 24), None),
        (drawn(2000, 16), drawn(16), None),
        (drawn(2000, 16), drawn(32, 16), drawn(16)),
        (drawn(2000, 512), drawn(512, 512), None),
        (torch.tensor(1.0), drawn(32, 16), None),
    ],
)
def test_others_are_pytorchs(inputs, weight, bias):
    assert not native.can_multiply(inputs, weight, bias)


def test_other_processors_than_amds_are_left_to_intels_library(monkeypatch):
    monkeypatch.setattr(module, "_is_amds", lambda: False)
    assert not native.can_multiply(drawn(2000, 16), drawn(32, 16), None)


def test_what_no_gradient_needs_may_change_in_place():
    inputs, weight = drawn(2000, 16).requires_grad_(), drawn(16, 16)
    middle = inputs * 1
    outputs = native.multiplied(middle, weight, None)
    middle += outputs
    middle.sum().backward()
    assert inputs.grad is not None
    torch.testing.assert_close(inputs.grad, 1 + weight.sum(0).expand(2000, 16))


def test_autocast_is_pytorchs():
    with torch.autocast("cpu", torch.bfloat16):
        assert not native.can_multiply(drawn(2000, 16), drawn(32, 16), None)
