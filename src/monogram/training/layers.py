"""Layers whose stacked form is written by hand, where `torch.func.vmap` makes a slow one.

A linear layer of many individuals becomes one batched matrix product, its gradients likewise, laid
out as the weights are: `vmap` leaves gradients transposed, and each step copies them. Inputs that
are the same for all become one product.
"""

from typing import Any, TypeVar

import torch
from torch import Tensor, fx, nn
from torch.nn import functional

MATRIX = 2  # axes
ELEMENT_WISE = (nn.ReLU, nn.GELU, nn.SiLU, nn.Tanh, nn.Sigmoid, nn.Identity)
NARROW = 64  # outputs, below which the product is faster the other way round

Network = TypeVar("Network", bound=nn.Module)
Axes = tuple[int | None, ...]


def with_stacked_layers(network: Network) -> Network:
    """The network itself, its linear layers made ready for stacks; alone they compute as before."""
    for module in network.modules():
        if type(module) is nn.Linear:
            module.__class__ = StackedLinear
    return network


def is_chain(network: nn.Module) -> bool:
    """Whether a traced network is a chain of such layers: stacked weights then need no `vmap`."""
    if not isinstance(network, fx.GraphModule):
        return False
    steps = [node for node in network.graph.nodes if node.op not in ("placeholder", "output")]
    modules = [node.op == "call_module" and network.get_submodule(node.target) for node in steps]
    linear = [isinstance(module, StackedLinear) and module.bias is not None for module in modules]
    chained = all(len(node.args) == 1 and not node.kwargs for node in steps)
    return (
        any(linear)
        and chained
        and all(
            known or isinstance(module, ELEMENT_WISE)
            for known, module in zip(linear, modules, strict=True)
        )
    )


class StackedLinear(nn.Linear):
    """A linear layer that knows how to compute for many individuals at once."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - as in PyTorch
        """As `nn.Linear`.

        With weights [individuals, outputs, inputs] in place of its own: [individuals, n, outputs],
        of everybody's own inputs [individuals, n, inputs] or of the same [n, inputs].
        """
        bias: Tensor | None = self.bias
        if self.weight.dim() > MATRIX and bias is not None:
            if input.dim() == MATRIX:
                return _of_the_same(input, self.weight, bias).movedim(1, 0)
            stacked: Tensor = _StackedLinear.apply(input, self.weight, bias)  # type: ignore[no-untyped-call]
            return stacked
        if bias is None:
            return functional.linear(input, self.weight)
        result: Tensor = _Linear.apply(input, self.weight, bias)  # type: ignore[no-untyped-call]
        return result


class _Linear(torch.autograd.Function):
    """A linear map; under `vmap` a batch of them."""

    @staticmethod
    def forward(inputs: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        return functional.linear(inputs, weight, bias)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:  # noqa: ARG004
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        inputs, weight, _ = ctx.saved_tensors
        (gradient,) = gradients
        flat, rows = gradient.flatten(0, -2), inputs.flatten(0, -2)
        of_inputs = gradient @ weight if ctx.needs_input_grad[0] else None
        return of_inputs, flat.t() @ rows, flat.sum(0)

    @staticmethod
    def vmap(
        info: Any,
        in_dims: Axes,
        inputs: Tensor,
        weight: Tensor,
        bias: Tensor,
    ) -> tuple[Tensor, int]:
        at, of_weight, of_bias = in_dims
        if of_weight is None and of_bias is None and at is not None:
            return functional.linear(inputs.movedim(at, 0), weight, bias), 0
        weights = _first(weight, of_weight, info.batch_size)
        biases = _first(bias, of_bias, info.batch_size)
        if at is None:
            return _of_the_same(inputs, weights, biases), inputs.dim() - 1
        own = inputs.movedim(at, 0)
        rows = own.flatten(1, -2)
        done: Tensor = _StackedLinear.apply(rows, weights, biases)  # type: ignore[no-untyped-call]
        return done.view(*own.shape[:-1], weights.shape[1]), 0


def _first(tensor: Tensor, axis: int | None, individuals: int) -> Tensor:
    """A tensor with the axis of individuals first; where it has none all have the same."""
    return tensor.expand(individuals, *tensor.shape) if axis is None else tensor.movedim(axis, 0)


def _of_the_same(inputs: Tensor, weights: Tensor, biases: Tensor) -> Tensor:
    """[…, individuals, outputs] of inputs […, n] that are everybody's, as one product."""
    individuals, outputs, _ = weights.shape
    done = functional.linear(inputs, weights.flatten(0, 1), biases.flatten())
    return done.view(*inputs.shape[:-1], individuals, outputs)


class _StackedLinear(torch.autograd.Function):
    """[individuals, rows, inputs] by each one's own weights [individuals, outputs, inputs]."""

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, weights: Tensor, biases: Tensor) -> Tensor:
        ctx.save_for_backward(inputs, weights)
        if weights.shape[1] < NARROW:
            done = torch.baddbmm(biases[..., None], weights, inputs.transpose(1, 2))
            return done.transpose(1, 2).contiguous()
        return torch.baddbmm(biases[:, None], inputs, weights.transpose(1, 2))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        inputs, weights = ctx.saved_tensors
        (gradient,) = gradients
        of_inputs = torch.bmm(gradient, weights) if ctx.needs_input_grad[0] else None
        return of_inputs, torch.bmm(gradient.transpose(1, 2), inputs), gradient.sum(1)
