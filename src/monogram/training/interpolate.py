"""Weights between those of two networks of one shape."""

from collections.abc import Mapping

import torch
from torch import Tensor

Weights = Mapping[str, Tensor]


def interpolate(base: Weights, personal: Weights, alpha: float) -> dict[str, Tensor]:
    """Weights on the way from the base to a personal model.

    Batch normalisation's means and variances go along; counts and other integers stay the base's.
    What equals the base bit for bit stays so.

    Args:
        base: all tensors by name.
        personal: of the same names, shapes and types.
        alpha: 0: the base, 1: the personal model.

    >>> import torch
    >>> one = {"weight": torch.tensor([0.0, 2.0]), "batches": torch.tensor(3)}
    >>> two = {"weight": torch.tensor([1.0, 2.0]), "batches": torch.tensor(9)}
    >>> interpolate(one, two, 0.25)
    {'weight': tensor([0.2500, 2.0000]), 'batches': tensor(3)}
    """
    return {name: _between(there, personal[name], alpha) for name, there in base.items()}


def _between(base: Tensor, personal: Tensor, alpha: float) -> Tensor:
    if not (base.is_floating_point() or base.is_complex()) or base.equal(personal):
        return base
    return torch.lerp(base, personal, alpha)
