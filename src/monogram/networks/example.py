"""Inputs that look like real ones, to try an exported model on."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from monogram.streams import stream

GREY_LEVELS = 256


def example_inputs(
    description: Mapping[str, Any], weights: Mapping[str, Tensor], samples: int
) -> Tensor:
    """Random inputs of the shape, type and range that a network was trained on.

    Args:
        description: of the network, as a store keeps it.
        weights: of the network: its channels' means and scales, where it has them.
        samples: how many.

    Returns:
        [samples, *shape], float32, uint8 grey values or int64 tokens 0 and 1; always the same.
    """
    shape = (samples, *description["input_shape"])
    draw = stream(0, "example")
    if description["tokens"]:
        return torch.from_numpy(draw.integers(0, 2, shape))
    if description.get("inputs") == "uint8":
        return torch.from_numpy(draw.integers(0, GREY_LEVELS, shape, dtype="uint8"))
    values = torch.from_numpy(draw.standard_normal(shape)).float()
    if "mean" in weights and "scale" in weights:
        values = values * weights["scale"] + weights["mean"]
    return values
