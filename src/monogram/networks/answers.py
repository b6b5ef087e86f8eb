"""What a network says of made-up inputs, kept beside its weights.

A network of the user's own is kept as the name of its code. Weights that are loaded into code that
was changed since may fit and compute something else; its answers tell.
"""

from collections.abc import Mapping, Sequence
from math import inf
from typing import Any

import torch
from torch import Tensor, nn

from monogram.errors import NetworkError, shorten
from monogram.networks.example import example_inputs
from monogram.networks.prepared import Prepared

SAMPLES = 2
TOLERANCE = 1e-2  # of logits, relative to the largest: machines round differently
SMALLEST = 1e-4  # logits below are noise

Answers = Sequence[Sequence[float]]
"""Logits [samples, classes] of example inputs; none where the network cannot take those."""


def filled(network: Prepared, name: str, weights: Mapping[str, Tensor]) -> Prepared:
    """A network with weights that were kept; it is changed.

    Args:
        network: as its code makes it now.
        name: of it.
        weights: all its tensors, by name.

    Raises:
        NetworkError: it has other tensors.
    """
    try:
        network.load_state_dict(dict(weights))
    except RuntimeError as error:
        said = shorten(" ".join(str(error).split()), 300)
        raise NetworkError(_changed(name, said)) from error
    return network


def answers(network: nn.Module, description: Mapping[str, Any]) -> Answers:
    """What a network says of example inputs.

    Args:
        network: in evaluation mode, on the processor.
        description: of it, as a store keeps it.
    """
    try:
        return tuple(map(tuple, _logits(network, description).tolist()))
    except Exception:  # whatever a network's own code raises at inputs that are none of its own
        return ()


def check_answers(network: nn.Module, description: Mapping[str, Any], kept: Answers) -> None:
    """Refuse a network whose code computes something else than when its weights were kept.

    Args:
        network: with the same weights, in evaluation mode, on the processor.
        description: of it.
        kept: what it said then; where that is nothing, nothing is checked.

    Raises:
        NetworkError: it says something else now.
    """
    if not kept:
        return
    name = description["name"]
    try:
        here = _logits(network, description)
    except Exception as error:
        said = f"it fails: {type(error).__name__}: {shorten(error, 200)}"
        raise NetworkError(_changed(name, said)) from error
    difference = _difference(here, torch.tensor(kept))
    if difference > TOLERANCE:
        said = f"its logits differ by {difference:.2g} of the largest"
        raise NetworkError(_changed(name, said))


def _difference(here: Tensor, then: Tensor) -> float:
    """The largest difference of any logit over the largest logit; what is no number stays none."""
    same_kind = here.shape == then.shape and torch.equal(here.isfinite(), then.isfinite())
    if not same_kind:
        return inf
    here, then = here.nan_to_num(0, 0, 0), then.nan_to_num(0, 0, 0)
    return float((here - then).abs().max() / then.abs().max().clamp(min=SMALLEST))


def _logits(network: nn.Module, description: Mapping[str, Any]) -> Tensor:
    inputs = example_inputs(description, network.state_dict(), SAMPLES)
    with torch.inference_mode():
        logits: Tensor = network(inputs)
    return logits.float()


def _changed(name: str, found: str) -> str:
    return (
        f"network {name} is not the one any more whose weights were kept ({found}): its code was "
        "changed since; give it the code of then, or train anew, into another place"
    )
