"""The dual form of the lowest layer that trains, for individuals who learn from few samples.

The gradient of a linear layer's weights W is a sum of the layer's inputs. Where all batches are of
the same n samples X, weights W₀ and velocity V₀ have become W = c·W₀ + h·V₀ + AᵀX some steps
later: c and h are numbers, the same for everyone, and A, [n, outputs], descends along the gradient
of the layer's outputs. These are XWᵀ = c·XW₀ᵀ + h·XV₀ᵀ + XXᵀA, three products of which are computed
once. A step's work then grows with n² instead of batch × inputs, and a batch is a weight for each
of all samples. The same steps, with sums in another order.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from monogram.curriculum import Recipe
from monogram.native import Begun, HeadStep
from monogram.plan import Stretch
from monogram.training.layers import NARROW

MOST_BATCHES = 2  # of samples: all of them are looked at in each step


def dual_pays(samples: int, batch: int, inputs: int, outputs: int, steps: int) -> bool:
    """Whether a layer takes fewer operations in the dual form, once and in all steps."""
    once = samples**2 * inputs + 2 * samples * inputs * outputs
    each, by_weights = samples**2 * outputs, 2 * batch * inputs * outputs
    return samples <= MOST_BATCHES * batch and once + steps * each < steps * by_weights


def course(stretch: Stretch, recipe: Recipe) -> np.ndarray:
    """What is left of a layer's start after each step, without the gradients of the loss.

    Returns:
        float64 [steps + 1, 2, 2]: in the weights and in the velocity; of W₀ and of V₀.
    """
    weights, velocity = np.eye(2)
    found = [(weights, velocity)]
    for step in range(stretch.start, stretch.stop):
        velocity = recipe.momentum * velocity + recipe.weight_decay * weights
        weights = weights - stretch.learning_rate(step) * velocity
        found.append((weights, velocity))
    return np.array(found)


class Dual:
    """A linear layer of several individuals, in the dual form from a phase's or a part's start on.

    Attributes:
        weight: name of its weights.
        rows: name of A and of A's velocity, [individuals, n, outputs], or turned round with few
            outputs: [individuals, outputs, n].
        own: W₀, by name, where it is each individual's own.
        momentum: V₀, by name, where there is any.

    Args:
        layer: its name.
        samples: what goes into it, [individuals, n, inputs], filled up with zeros.
        own: tensors at the start, [individuals, …] each.
        momentum: likewise; empty at a phase's start.
        stretches: of each individual; equal but for the last step.
        recipe: momentum and weight decay.
    """

    def __init__(
        self,
        layer: str,
        samples: Tensor,
        own: Mapping[str, Tensor],
        momentum: Mapping[str, Tensor],
        stretches: Sequence[Stretch],
        recipe: Recipe,
    ) -> None:
        self.weight, self._biases, self.rows = f"{layer}.weight", f"{layer}.bias", f"{layer}.rows"
        start = own[self.weight]
        self._is_turned = start.shape[1] < NARROW
        self.own = {} if _is_everybodys(start) else {self.weight: start}
        self.momentum = {name: momentum[name] for name in momentum if name == self.weight}
        self._starts = [start, *self.momentum.values()]
        self._samples = samples
        self._products = torch.bmm(samples, samples.transpose(1, 2))
        self._outputs = [self._through(start).contiguous() for start in self._starts]
        self._first = stretches[0].start
        self._stops = np.array([stretch.stop for stretch in stretches])
        self._course = course(max(stretches, key=lambda stretch: stretch.stop), recipe)

    def begin(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Weights or velocities by name, with A or its velocity in place of the layer's."""
        others = {name: tensor for name, tensor in tensors.items() if name != self.weight}
        return {self.rows: torch.zeros_like(self._outputs[0]), **others}

    def renamed(self, name: str) -> str:
        """The name of what trains in a tensor's place."""
        return self.rows if name == self.weight else name

    def outputs(self, tensors: Mapping[str, Tensor], step: int) -> Tensor:
        """What comes out for all samples before a step, [individuals, n, outputs].

        Args:
            tensors: A and the biases of the first few individuals, by name.
            step: of the phase.
        """
        rows, biases = tensors[self.rows], tensors[self._biases]
        (share, base), *others = self._begun(step, len(rows))
        for more, further in others:
            base, share = share * base + more * further, 1.0
        factors = (rows, self._products[: len(rows)])
        biases = biases[..., None] if self._is_turned else biases[:, None]
        done: Tensor = _Outputs.apply(base, share, *factors, biases, self._is_turned)  # type: ignore[no-untyped-call]
        return self._turned(done)

    def trains_alone(self, names: Collection[str]) -> bool:
        """Whether nothing but the layer trains, and that as `head_step` has it."""
        return self._is_turned and set(names) == {self.rows, self._biases}

    def head_step(
        self,
        tensors: Mapping[str, Tensor],
        velocities: Mapping[str, Tensor],
        priors: Tensor,
        batch: tuple[Tensor, Tensor],
        step: int,
    ) -> HeadStep:
        """A step of the first few individuals, whose network ends with the layer.

        Args:
            tensors: A and the biases, by name.
            velocities: likewise.
            priors: added to what comes out.
            batch: labels and weights of all samples.
            step: of the phase.
        """
        learning = len(tensors[self.rows])
        names = (self.rows, self._biases)
        return HeadStep(
            self._products[:learning],
            self._begun(step, learning),
            *batch,
            priors,
            *(tensors[name].detach() for name in names),
            *(velocities[name] for name in names),
        )

    def _begun(self, step: int, learning: int) -> list[Begun]:
        """What is left before a step of what came out at the start: its share, and that itself."""
        shares = self._course[step - self._first, 0].tolist()
        return [(share, of[:learning]) for share, of in zip(shares, self._outputs, strict=False)]

    def weights(self, rows: Tensor, step: int) -> Tensor:
        """The layer's weights before a step, [individuals, outputs, inputs], of all A."""
        return self._combined(rows, step, 0)

    def velocity(self, rows: Tensor, step: int) -> Tensor:
        """The velocity of the layer's weights before a step, likewise, of all A's velocity."""
        return self._combined(rows, step, 1)

    def _combined(self, rows: Tensor, step: int, of: int) -> Tensor:
        left = self._course[np.minimum(step, self._stops) - self._first, of]
        shares = torch.from_numpy(left).to(rows)[..., None, None]
        base = shares[:, 0] * self._starts[0]
        if len(self._starts) > 1:
            base += shares[:, 1] * self._starts[1]
        turned = rows if self._is_turned else rows.transpose(1, 2)
        return torch.baddbmm(base, turned, self._samples)

    def _through(self, weights: Tensor) -> Tensor:
        """What a layer makes of the samples, as A lies."""
        everybodys = _is_everybodys(weights)
        turned = weights[0].t() if everybodys else weights.transpose(1, 2)
        return self._turned(self._samples @ turned)

    def _turned(self, values: Tensor) -> Tensor:
        """[individuals, n, outputs] as A lies, and back."""
        return values.transpose(1, 2) if self._is_turned else values


class _Outputs(torch.autograd.Function):
    """Outputs of a layer in the dual form, as A lies; the gradient of A is that of the outputs."""

    @staticmethod
    def forward(
        ctx: Any,
        base: Tensor,
        share: float,
        rows: Tensor,
        products: Tensor,
        biases: Tensor,
        is_turned: bool,
    ) -> Tensor:
        ctx.of_bias = biases.shape
        factors = (rows, products) if is_turned else (products, rows)
        return torch.baddbmm(base, *factors, beta=share).add_(biases)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (gradient,) = gradients
        own = gradient.contiguous()
        return None, None, own, None, own.sum_to_size(ctx.of_bias), None


def _is_everybodys(tensor: Tensor) -> bool:
    return tensor.stride(0) == 0
