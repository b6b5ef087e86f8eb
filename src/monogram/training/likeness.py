"""Whether two ways to compute the same came to the same, but for rounding."""

from collections.abc import Collection

from torch import Tensor

from monogram.training.interpolate import Weights

TOLERANCE = 1e-3  # difference between two ways to train, as a part of what training changes
LEAST = 1e-12


def learnt_alike(one: Weights, other: Weights, start: Weights, parameters: Collection[str]) -> bool:
    """Whether two trainings ended with the same tensors, measured by what they changed.

    Parameters are measured by the one that changed most; buffers, which are of any size, each by
    itself.
    """
    changed = max(_gap(other[name], start[name]) for name in parameters)
    for name, tensor in other.items():
        own = max(_gap(tensor, start[name]), TOLERANCE * _largest(tensor))
        scale = changed if name in parameters else own
        if not _gap(one[name], tensor) < TOLERANCE * max(scale, LEAST):
            return False
    return True


def shown_alike(one: Tensor, other: Tensor) -> bool:
    """Whether two networks gave the same logits."""
    return _gap(one, other) < TOLERANCE * max(_largest(other), LEAST)


def _gap(one: Tensor, other: Tensor) -> float:
    return _largest(_number(one) - _number(other))


def _number(tensor: Tensor) -> Tensor:
    return tensor if tensor.is_floating_point() or tensor.is_complex() else tensor.long()


def _largest(tensor: Tensor) -> float:
    return float(tensor.abs().max()) if tensor.numel() else 0.0
