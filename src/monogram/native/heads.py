"""A step of linear heads in the dual form, of all individuals in one call: heads.c for tensors.

By PyTorch it takes a product, a softmax, a gradient and a descent, each of which goes through the
memory of all individuals. What a head costs with it is measured by `python -m benchmarks price`.
"""

from collections.abc import Sequence
from ctypes import byref
from dataclasses import dataclass

import torch
from torch import Tensor

from monogram.native.library import LANES, Heads, call, is_plain, is_ready

Begun = tuple[float, Tensor]
"""What came out before the first step, and how much of it is left."""


@dataclass(frozen=True, eq=False)
class HeadStep:
    """Heads before a step, all of one shape; [individuals, …], in memory one after the other.

    Attributes:
        products: [individuals, n, n], of what goes into each head for its samples.
        begun: what came out at the start, [individuals, outputs, n]: of the weights, and of their
            velocity where they had one.
        labels: [individuals, n] int64.
        weights: [individuals, n], of each sample in its batch's mean.
        priors: [outputs] or [individuals, 1, outputs], added to what comes out.
        rows: [individuals, outputs, n], what has been learnt; changed by the step.
        biases: [individuals, outputs], likewise.
        rows_velocity: of the descent, likewise.
        biases_velocity: likewise.
    """

    products: Tensor
    begun: Sequence[Begun]
    labels: Tensor
    weights: Tensor
    priors: Tensor
    rows: Tensor
    biases: Tensor
    rows_velocity: Tensor
    biases_velocity: Tensor


def can_step_heads(step: HeadStep) -> bool:
    """Whether heads.c can take a step: on the CPU, in float32, of eight samples at least."""
    changed = (step.rows, step.biases, step.rows_velocity, step.biases_velocity)
    given = (step.products, *(start for _, start in step.begun), step.weights, step.priors)
    return (
        is_ready()
        and all(is_plain(tensor) and tensor.is_contiguous() for tensor in (*changed, *given))
        and step.labels.is_cpu
        and step.labels.dtype is torch.int64
        and step.labels.is_contiguous()
        and step.rows.shape[-1] >= LANES
        and int(step.labels.min()) >= 0
        and int(step.labels.max()) < step.rows.shape[1]
    )


def step_heads(step: HeadStep, rate: float, momentum: float, decay: float) -> None:
    """Descend along the gradient of each one's mean cross entropy, in place.

    Args:
        step: which `can_step_heads` takes.
        rate: learning rate.
        momentum: of the descent.
        decay: of rows and biases, as PyTorch's SGD has it.
    """
    heads, outputs, samples = step.rows.shape
    share, start = step.begun[0]
    more, further = step.begun[1] if len(step.begun) > 1 else (0.0, None)
    shape = Heads(heads, outputs, samples, share, more, rate, momentum, decay)
    apart = outputs if step.priors.dim() > 1 else 0
    given = (step.products, start, further, step.labels, step.weights, step.priors, apart)
    changed = (step.rows, step.rows_velocity, step.biases, step.biases_velocity)
    memory = torch.empty((outputs + 1) * (samples + LANES), dtype=torch.float32)
    call("monogram_step_heads", byref(shape), *given, *changed, memory)
