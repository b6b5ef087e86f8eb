"""Layers whose stacked form is written by hand, where `torch.func.vmap` makes a slow one.

A linear layer of many individuals becomes one batched matrix product, its gradients likewise, laid
out as the weights are: `vmap` leaves gradients transposed, and each step copies them. Inputs that
are the same for all become one product.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Self, TypeVar

import torch
from torch import Tensor, fx, nn
from torch.nn import functional

from monogram.networks.altered import is_altered

MATRIX = 2  # axes
ELEMENT_WISE = (nn.ReLU, nn.GELU, nn.SiLU, nn.Tanh, nn.Sigmoid, nn.Identity)
NARROW = 64  # outputs, below which the product is faster the other way round

Network = TypeVar("Network", bound=nn.Module)
Axes = tuple[int | None, ...]


def with_stacked_layers(network: Network) -> Network:
    """The network itself, some of its layers made ready for stacks; alone they compute as before.

    Layers with hooks or a `forward` of their own are left as they are.
    """
    for module in network.modules():
        if type(module) in READY and not is_altered(module):
            module.__class__ = READY[type(module)]
    return network


def stacked_linear(inputs: Tensor, weights: Tensor, biases: Tensor) -> Tensor:
    """[individuals, n, outputs] of everyone's own layer.

    Args:
        inputs: everybody's own [individuals, n, inputs], or the same [n, inputs].
        weights: [individuals, outputs, inputs].
        biases: [individuals, outputs].
    """
    if inputs.dim() == MATRIX:
        return _of_the_same(inputs, weights, biases).movedim(1, 0)
    done: Tensor = _StackedLinear.apply(inputs, weights, biases)  # type: ignore[no-untyped-call]
    return done


class Chain:
    """Linear layers and element-wise functions one after the other: stacked they need no `vmap`.

    Each sample is computed by itself, and nothing is drawn.

    Attributes:
        lowest: name of the first layer, a linear one.
        length: layers, linear and others.

    Args:
        layers: with their names; a linear layer's weights are given with every call instead.
    """

    def __init__(self, layers: Sequence[tuple[str, nn.Module]]) -> None:
        self._layers = layers
        self.lowest, self.length = layers[0][0], len(layers)

    @classmethod
    def of(cls, network: nn.Module) -> Self | None:
        """A traced network as such a chain, or None where it is none."""
        if not isinstance(network, fx.GraphModule):
            return None
        steps = _line(network.graph)
        layers = [(str(node.target), network.get_submodule(str(node.target))) for node in steps]
        if any(is_altered(module) for _, module in layers):
            return None
        linear = [name for name, module in layers if isinstance(module, StackedLinear)]
        known = dict(network.named_parameters())
        complete = all(f"{name}.{part}" in known for name in linear for part in ("weight", "bias"))
        others = (module for _, module in layers if not isinstance(module, StackedLinear))
        if not (linear and complete and all(type(other) in ELEMENT_WISE for other in others)):
            return None
        once = len(set(linear)) == len(linear) and layers[0][0] == linear[0]
        return cls(layers) if once else None

    def __call__(self, own: Mapping[str, Tensor], inputs: Tensor) -> Tensor:
        """Logits [individuals, n, classes] of inputs as `stacked_linear` takes them."""
        return self._through(self._layers, own, inputs)

    def above(self, own: Mapping[str, Tensor], outputs: Tensor) -> Tensor:
        """Logits of what comes out of the lowest layer, [individuals, n, outputs]."""
        return self._through(self._layers[1:], own, outputs)

    @staticmethod
    def _through(
        layers: Sequence[tuple[str, nn.Module]], own: Mapping[str, Tensor], values: Tensor
    ) -> Tensor:
        for name, module in layers:
            if isinstance(module, StackedLinear):
                values = stacked_linear(values, own[f"{name}.weight"], own[f"{name}.bias"])
            else:
                values = module(values)
        return values


def _line(graph: fx.Graph) -> list[fx.Node]:
    """The steps of a graph where each takes just what the one before gives; else none."""
    nodes = list(graph.nodes)
    steps = nodes[1:-1]
    line = all(node.args == (before,) and not node.kwargs for before, node in pairwise(nodes))
    return steps if line and all(node.op == "call_module" for node in steps) else []


class StackedLinear(nn.Linear):
    """A linear layer that knows how to compute for many individuals under `vmap`."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - as in PyTorch
        """As `nn.Linear`."""
        bias: Tensor | None = self.bias
        if bias is None:
            return functional.linear(input, self.weight)
        result: Tensor = _Linear.apply(input, self.weight, bias)  # type: ignore[no-untyped-call]
        return result


class StackedGroupNorm(nn.GroupNorm):
    """Group normalisation of pictures laid end to end: `vmap` knows it in no other layout."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - as in PyTorch
        """As `nn.GroupNorm`, but for the order of sums."""
        laid = input.contiguous()
        return functional.group_norm(laid, self.num_groups, self.weight, self.bias, self.eps)


READY: Mapping[type[nn.Module], type[nn.Module]] = {
    nn.Linear: StackedLinear,
    nn.GroupNorm: StackedGroupNorm,
}
"""Layers, and what they become in a stack."""


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
        flat = gradient.reshape(-1, gradient.shape[-1])
        rows = inputs.reshape(-1, inputs.shape[-1])
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
        rows = own.reshape(len(own), -1, own.shape[-1])
        done = stacked_linear(rows, weights, biases)
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
