"""A base of one's own: reading its weights, and fitting the network to them."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from monogram.errors import NetworkError
from monogram.networks import Architecture, with_prior
from monogram.training import Weights


def read_weights(base: str | Path | Weights, made: Architecture) -> dict[str, Tensor]:
    """All tensors of a base, named as in a network with the preparation of its inputs.

    Args:
        base: a safetensors file, also a run's trunk or an export, or tensors by name; of the bare
            network or with the preparation.
        made: the architecture of the network.

    Raises:
        NetworkError: the file cannot be read, or the network cannot be made.
    """
    found = base if isinstance(base, Mapping) else _read(base)
    if found.keys() == made.build(0).network.state_dict().keys():
        found = {f"network.{name}": tensor for name, tensor in found.items()}
    return with_prior(found, made.classes)


def prepared_as(made: Architecture, weights: Weights, name: str) -> Architecture:
    """The architecture with the preparation of inputs that some weights have learnt with.

    Args:
        made: an architecture without one.
        weights: all tensors by name.
        name: of the weights, for the error.

    Raises:
        NetworkError: the weights are not those of its network.
    """
    if not made.tokens and {"mean", "scale"} <= weights.keys():
        mean, scale = weights["mean"].reshape(-1), weights["scale"].reshape(-1)
        made = replace(made, mean=mean, scale=scale)
    try:
        made.build(0).load_state_dict(dict(weights))
    except RuntimeError as error:
        said = " ".join(str(error).split())
        raise NetworkError(f"{name} does not fit the network {made.name}: {said}") from error
    return made


def _read(file: str | Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file; of a run's trunk only the weights."""
    try:
        tensors = load_file(os.fspath(file))
    except (OSError, SafetensorError) as error:
        raise NetworkError(f"{file} cannot be read as safetensors: {error}") from error
    if all(name.startswith(("weights/", "momentum/")) for name in tensors):
        return {n.removeprefix("weights/"): t for n, t in tensors.items() if n[0] == "w"}
    return tensors
