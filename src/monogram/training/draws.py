"""Random draws of several networks that compute as one: each from its own generator.

Under `torch.func.vmap` an operation that draws, such as dropout's, is one call for all networks. In
the mode `OwnDraws` it is done network by network instead, each with the generator that the network
by itself would use, and into memory laid out as there: so it draws the same numbers in both.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from monogram.errors import NetworkError

IN_PLACE = {torch.ops.aten.bernoulli.p: torch.ops.aten.bernoulli_.float}
"""What dropout is under `vmap`, and what it is without."""

Order = tuple[int, ...]
"""Axes of a tensor as they lie in memory, the one with the largest steps first."""


class Draws(TorchDispatchMode):  # type: ignore[no-untyped-call] # PyTorch does not say
    """Within, notes how the results of all operations that draw lie in memory: `orders`."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.orders: list[Order] = []

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if _draws(func):
            if not isinstance(result, Tensor):  # as of CUDA's dropout, which takes no generator
                raise NetworkError(f"{func} draws random numbers in a way that cannot be stacked")
            steps = result.stride()
            self.orders.append(tuple(sorted(range(result.dim()), key=lambda axis: -steps[axis])))
        return result


class OwnDraws(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Within, each network of a stack draws from its own generator.

    Args:
        generators: of each network.
        samples: of each network's batch; the longest is the length of all, the others are padded.
        orders: how each result lies in memory where a network computes by itself.

    Raises:
        NetworkError: within, where a draw cannot be told apart by networks or samples.
    """

    def __init__(
        self,
        generators: Sequence[torch.Generator],
        samples: Sequence[int],
        orders: Sequence[Order],
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._generators = generators
        self._samples = samples
        self._orders = iter(orders)

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        if not _draws(func):
            return func(*args, **(kwargs or {}))
        self._check(func, args)
        return self._draw(func, args[0], args[1:], dict(kwargs or {}))

    def _check(self, func: Any, args: Sequence[Any]) -> None:
        named = {argument.name for argument in func._schema.arguments}  # noqa: SLF001
        tensors = [argument for argument in args if isinstance(argument, Tensor)]
        if tensors != list(args[:1]) or "generator" not in named:
            raise NetworkError(f"{func} draws random numbers in a way that cannot be stacked")
        if len(tensors[0]) != len(self._generators):
            raise NetworkError(f"{func} draws the same random numbers for several networks")
        if len(set(self._samples)) > 1 and tensors[0].shape[1] != max(self._samples):
            raise NetworkError(f"{func} draws random numbers that are no sample's own")

    def _draw(self, func: Any, first: Tensor, args: Sequence[Any], options: Any) -> Tensor:
        in_place = func._schema.name.endswith("_")  # noqa: SLF001
        target = first if in_place else first.new_zeros(first.shape)
        order = next(self._orders, None)
        if order is None:
            raise NetworkError("the network draws more random numbers in a stack than by itself")
        equal = len(set(self._samples)) == 1
        for own, samples, generator in zip(target, self._samples, self._generators, strict=True):
            part = own if equal else own[:samples]
            alone = part.permute(order).contiguous().permute(_inverse(order))
            part.copy_(IN_PLACE.get(func, func)(alone, *args, **options | {"generator": generator}))
            if not equal:
                own[samples:].zero_()
        return target


def _draws(func: Any) -> bool:
    return torch.Tag.nondeterministic_seeded in func.tags


def _inverse(order: Order) -> Order:
    return tuple(sorted(range(len(order)), key=order.__getitem__))
