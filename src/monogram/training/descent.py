"""Stochastic gradient descent, for one network and for a stack alike.

By PyTorch's function rather than by its optimizer class: making one of those imports the compiler,
which takes each worker process more than a second.
"""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor
from torch.optim.sgd import sgd

from monogram.curriculum import Phase, Recipe

Shorten = Callable[[Sequence[Tensor], float], object]
"""Shortens the gradients of some tensors to a length, in place."""


EXACT = (torch.float32, torch.float64)


class Descent:
    """Changes tensors in place along their gradients, with momentum.

    Attributes:
        momentum: by name; a tensor's own begins with its first gradient.

    Args:
        tensors: what trains, by name.
        momentum: to begin with.
        origin: where a phase that pulls began, by name.
        phase: says how strongly it pulls: the gradient of an L2 penalty towards those weights,
            pull · (w - w_start), takes the place of weight decay (L2-SP).
        recipe: momentum, weight decay and the longest gradient.
        shorten: how longer ones are shortened.
        fused: one pass over the memory, in another order of sums, where tensors, gradients and
            momentum lie alike in it.
    """

    def __init__(
        self,
        tensors: Mapping[str, Tensor],
        momentum: Mapping[str, Tensor],
        origin: Mapping[str, Tensor],
        phase: Phase,
        recipe: Recipe,
        *,
        shorten: Shorten,
        fused: bool = False,
    ) -> None:
        self.momentum = dict(momentum)
        self._tensors, self._origin = tensors, origin
        self._pull = phase.pull or 0.0
        self._recipe, self._shorten, self._fused = recipe, shorten, fused

    def step(self, rate: float) -> None:
        """Take one step; the gradients are gone afterwards. What has none stays as it is."""
        moved = {name: tensor for name, tensor in self._tensors.items() if tensor.grad is not None}
        if self._recipe.clip_norm is not None:
            self._shorten(list(moved.values()), self._recipe.clip_norm)
        momentum = [self.momentum.get(name) for name in moved]
        with torch.no_grad():
            tensors = list(moved.values())
            gradients = [self._gradient(name, tensor) for name, tensor in moved.items()]
            sgd(
                tensors,
                gradients,
                momentum,
                fused=(self._fused and _can_be_fused(tensors, gradients, momentum)) or None,
                lr=rate,
                momentum=self._recipe.momentum,
                weight_decay=0.0 if self._pull else self._recipe.weight_decay,
                dampening=0.0,
                nesterov=False,
                maximize=False,
            )
        begun = zip(moved, momentum, strict=True)
        self.momentum |= {name: velocity for name, velocity in begun if velocity is not None}
        for tensor in moved.values():
            tensor.grad = None

    def _gradient(self, name: str, tensor: Tensor) -> Tensor:
        assert tensor.grad is not None
        if self._pull:
            tensor.grad.add_(tensor - self._origin[name], alpha=self._pull)
        return tensor.grad


def _can_be_fused(
    tensors: Sequence[Tensor], gradients: Sequence[Tensor], momentum: Sequence[Tensor | None]
) -> bool:
    """Whether PyTorch's fused step gives what its plain one does, at which it does not look.

    Its numbers are right for float32 and float64 alone, where those of one place lie in one place;
    and all velocities have begun or none.
    """
    begun = [velocity for velocity in momentum if velocity is not None]
    velocities = begun or gradients
    return len(velocities) == len(tensors) and all(
        tensor.dtype in EXACT and _lie_alike(tensor, gradient) and _lie_alike(tensor, velocity)
        for tensor, gradient, velocity in zip(tensors, gradients, velocities, strict=True)
    )


def _lie_alike(one: Tensor, other: Tensor) -> bool:
    """Whether numbers of one place lie in one place, in two tensors of one shape."""
    return one.stride() == other.stride() or _steps(one) == _steps(other)


def _steps(tensor: Tensor) -> list[int]:
    """How far numbers lie apart along each axis that has more than one."""
    return [step for step, size in zip(tensor.stride(), tensor.shape, strict=True) if size > 1]
