"""Convolutions by C: the sums of PyTorch's own, and about as exact."""

import copy
from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional

from monogram import native

pytestmark = pytest.mark.skipif(
    not native.is_available(), reason="Monogram's C was not compiled for this processor"
)

SIDES = ((3, 3), (1, 5))
LOOSEST = 12.0  # times PyTorch's own distance from the exact sums


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def layer_of(inputs: int, outputs: int, sides: tuple[int, int], **options: object) -> nn.Conv2d:
    torch.manual_seed(0)
    return nn.Conv2d(inputs, outputs, sides, **options)  # type: ignore[arg-type]


def pictures(*shape: int) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(shape, generator=generator).contiguous(memory_format=torch.channels_last)


Compute = Callable[[Tensor], Tensor]


def found(layer: nn.Conv2d, inputs: Tensor, compute: Compute) -> dict[str, Tensor]:
    """What a layer makes of inputs, and all gradients."""
    layer.zero_grad()
    inputs = inputs.clone(memory_format=torch.preserve_format).requires_grad_()
    outputs = compute(inputs)
    weights = torch.cos(torch.arange(outputs.numel())).view_as(outputs).to(outputs.dtype)
    (outputs * weights).sum().backward()
    gradients = {name: parameter.grad for name, parameter in layer.named_parameters()}
    every = {"outputs": outputs.detach(), "inputs": inputs.grad, **gradients}
    return {name: tensor for name, tensor in every.items() if tensor is not None}


def check(layer: nn.Conv2d, inputs: Tensor) -> None:
    """That outputs and gradients are about as exact as PyTorch's."""
    assert native.can_convolve(layer, inputs)
    exact_layer = copy.deepcopy(layer).double()
    exact = found(exact_layer, inputs.double(), exact_layer)
    theirs = found(layer, inputs, layer)
    ours = found(layer, inputs, lambda some: native.convolved(layer, some))
    assert ours.keys() == exact.keys() == theirs.keys()
    for name, tensor in exact.items():
        assert ours[name].shape == tensor.shape
        near = (theirs[name].double() - tensor).norm() + 1e-7 * tensor.norm()
        assert (ours[name].double() - tensor).norm() <= LOOSEST * near, name


@settings(deadline=None, max_examples=60)
@given(
    sides=st.sampled_from(SIDES),
    padding=st.tuples(st.integers(0, 2), st.integers(0, 4)),
    rows=st.integers(4, 13),
    columns=st.integers(8, 21),
    inputs=st.sampled_from((3, 6, 8, 16, 24, 40)),
    outputs=st.sampled_from((16, 24, 32, 40)),
    batch=st.integers(1, 30),
    bias=st.booleans(),
)
def test_sums_are_those_of_pytorch(sides, padding, rows, columns, inputs, outputs, batch, bias):
    padding = tuple(min(pad, side - 1) for pad, side in zip(padding, sides, strict=True))
    layer = layer_of(inputs, outputs, sides, padding=padding, bias=bias)
    some = pictures(batch, inputs, rows, columns)
    if native.can_convolve(layer, some):
        check(layer, some)


@pytest.mark.parametrize("sides", SIDES)
@pytest.mark.parametrize(
    "shape", [(9, 16, 32, 32), (3, 8, 28, 28), (40, 32, 7, 7), (64, 64, 4, 50)]
)
def test_usual_sizes(sides, shape):
    padding = tuple(side // 2 for side in sides)
    check(layer_of(shape[1], 32, sides, padding=padding), pictures(*shape))


def test_named_paddings():
    for name in ("same", "valid"):
        check(layer_of(16, 16, (3, 3), padding=name), pictures(8, 16, 18, 18))


def test_weights_may_lie_anyhow():
    layer = layer_of(16, 32, (3, 3), padding=1)
    layer.weight.data = layer.weight.data.contiguous(memory_format=torch.channels_last)
    check(layer, pictures(8, 16, 16, 16))


def test_inputs_that_are_filled_up_may_lie_anyhow():
    check(layer_of(6, 16, (1, 5), padding=(0, 2)), pictures(8, 6, 1, 100).contiguous())


@pytest.mark.parametrize(
    ("layer", "inputs"),
    [
        (layer_of(16, 16, (3, 3), stride=2), pictures(8, 16, 16, 16)),
        (layer_of(16, 16, (3, 3), dilation=2), pictures(8, 16, 16, 16)),
        (layer_of(16, 16, (3, 3), groups=2), pictures(8, 16, 16, 16)),
        (layer_of(16, 16, (3, 3), padding=1, padding_mode="circular"), pictures(8, 16, 16, 16)),
        (layer_of(16, 16, (3, 3), padding=3), pictures(8, 16, 16, 16)),
        (layer_of(16, 16, (5, 5), padding=2), pictures(8, 16, 16, 16)),
        (layer_of(16, 12, (3, 3)), pictures(8, 16, 16, 16)),
        (layer_of(8, 8, (3, 3)), pictures(8, 8, 16, 16)),
        (layer_of(1024, 512, (3, 3)), pictures(1, 1024, 16, 16)),
        (layer_of(1, 16, (3, 3)), pictures(8, 1, 16, 16)),
        (layer_of(16, 16, (3, 3)), pictures(8, 16, 16, 16).contiguous()),
        (layer_of(16, 16, (3, 3)), pictures(8, 16, 16, 16).double()),
        (layer_of(16, 16, (3, 3)), pictures(8, 16, 16, 16)[0]),
        (layer_of(16, 16, (3, 3)), pictures(8, 24, 16, 16)),
        (layer_of(16, 16, (3, 3)), pictures(8, 16, 2, 2)),
        (layer_of(16, 16, (3, 3), padding=1), pictures(40, 16, 2, 2)),
        (layer_of(16, 16, (3, 3), padding=1), pictures(1, 16, 4, 4)),
        (layer_of(16, 16, (3, 3)).double(), pictures(8, 16, 16, 16)),
    ],
    ids=lambda value: "x".join(map(str, value.shape)) if isinstance(value, Tensor) else None,
)
def test_other_layers_and_inputs_are_pytorchs(layer, inputs):
    assert not native.can_convolve(layer, inputs)


def test_gradients_have_gradients():
    layer = layer_of(16, 16, (3, 3), padding=1)
    inputs = pictures(2, 16, 12, 12).requires_grad_()

    def second(compute: Compute) -> list[Tensor]:
        (first,) = torch.autograd.grad(compute(inputs).square().sum(), inputs, create_graph=True)
        return list(torch.autograd.grad(first.square().sum(), [inputs, layer.weight]))

    for one, other in zip(second(lambda x: native.convolved(layer, x)), second(layer), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-2)


@pytest.mark.parametrize("frozen", ["weight", "bias", "inputs"])
def test_only_what_learns_has_gradients(frozen):
    layer = layer_of(16, 16, (3, 3), padding=1)
    inputs = pictures(2, 16, 12, 12).requires_grad_(frozen != "inputs")
    if frozen != "inputs":
        layer.get_parameter(frozen).requires_grad_(False)
    native.convolved(layer, inputs).sum().backward()
    given = {name: parameter.grad for name, parameter in layer.named_parameters()}
    given["inputs"] = inputs.grad
    assert {name for name, gradient in given.items() if gradient is None} == {frozen}


def test_what_is_no_number_comes_out():
    layer = layer_of(16, 16, (3, 3), padding=1)
    inputs = pictures(2, 16, 12, 12)
    inputs[0, 3, 5, 5] = torch.nan
    outputs = native.convolved(layer, inputs)
    assert outputs[0, :, 4:7, 4:7].isnan().all()
    assert outputs[1].isfinite().all()


def test_without_gradients():
    layer = layer_of(16, 16, (3, 3), padding=1)
    inputs = pictures(2, 16, 12, 12)
    with torch.inference_mode():
        outputs = native.convolved(layer, inputs)
    expected = functional.conv2d(inputs, layer.weight, layer.bias, padding=1)
    torch.testing.assert_close(outputs, expected, rtol=1e-4, atol=1e-5)


def test_gradients_keep_a_sign_that_is_not_in_their_memory():
    layer = layer_of(16, 16, (3, 3), padding=1)
    outputs, gradients = native.convolved(layer, pictures(2, 16, 12, 12)), pictures(2, 16, 12, 12)
    found_ = [
        torch.autograd.grad(outputs, layer.weight, one, retain_graph=True)[0]
        for one in (torch._neg_view(gradients), -gradients)
    ]
    torch.testing.assert_close(*found_, rtol=0, atol=0)
