"""The state of a training in flight, in memory and on disk."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from monogram.errors import RunError
from monogram.training.interpolate import interpolate
from monogram.training.tally import Tally


@dataclass(frozen=True, eq=False)
class State:
    """Everything that the next step depends on, besides data and settings.

    Attributes:
        step: the next step of the phase.
        weights: parameters and buffers by name, copies.
        momentum: of the optimizer, by parameter name; empty at a phase's start.
        seconds: time spent on training from the first weights to here.
        origin: of a phase that pulls towards where it began, the weights there, by parameter name;
            else empty.
        validated: what the weights get right on the individual's validation data, where these data
            had a say in the weights: then by cross-validation; else None. Not kept on disk, since
            no training ends with it.
    """

    step: int
    weights: dict[str, Tensor]
    momentum: dict[str, Tensor]
    seconds: float = 0.0
    origin: dict[str, Tensor] = field(default_factory=dict)
    validated: Tally | None = None

    @classmethod
    def of(
        cls,
        network: nn.Module,
        step: int = 0,
        momentum: dict[str, Tensor] | None = None,
        seconds: float = 0.0,
        origin: dict[str, Tensor] | None = None,
    ) -> "State":
        """A copy of a network's state; the origin, which nothing changes, is not copied."""
        weights = copies(network.state_dict())
        return cls(step, weights, copies(momentum or {}), seconds, origin or {})

    def at_phase_start(self) -> "State":
        """The same weights before the first step of a new phase, whose optimizer is new."""
        return State(0, self.weights, {}, self.seconds)

    def at_run(self, step: int, before: "State") -> "State":
        """The same weights before the first step of another run, after the time of those before."""
        return State(step, self.weights, {}, before.seconds)

    def mixed(self, end: "State", share: float) -> "State":
        """After another run: these weights with a share of those at its end."""
        return State(end.step, interpolate(self.weights, end.weights, share), {}, end.seconds)


def copies(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same by name, in memory of their own and outside of any graph."""
    return {name: tensor.detach().clone() for name, tensor in tensors.items()}


def save_state(state: State, file: Path, name: str) -> None:
    """Write a state so that the file is whole or not there at all.

    Args:
        state: to write.
        file: where to, `.safetensors`.
        name: of the node; reading checks it.

    Raises:
        OSError: the disk is full or the folder cannot be written.
    """
    parts = {"weights": state.weights, "momentum": state.momentum, "origin": state.origin}
    tensors = {
        f"{part}/{n}": v.contiguous() for part, found in parts.items() for n, v in found.items()
    }
    metadata = {"name": name, "step": str(state.step), "seconds": repr(state.seconds)}
    part = file.with_suffix(f".{os.getpid()}.part")
    try:
        save_file(tensors, part, metadata=metadata)
        part.replace(file)
    except SafetensorError as error:
        raise OSError(f"{file}: {error}") from error
    finally:
        part.unlink(missing_ok=True)


def load_state(file: Path, name: str, device: torch.device) -> State | None:
    """The state in a file, or None when there is no such file.

    Raises:
        RunError: the file is damaged, or belongs to another node.
    """
    if not file.exists():
        return None
    try:
        with safe_open(file, framework="pt", device=str(device)) as opened:
            metadata = opened.metadata() or {}
            tensors = {key: opened.get_tensor(key) for key in opened.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise RunError(
            f"{file} is damaged ({error}); delete it to train that part again"
        ) from error
    if metadata.get("name") != name:
        raise RunError(f"{file} belongs to {metadata.get('name')}, not to {name}; delete it")
    parts: dict[str, dict[str, Tensor]] = {"weights": {}, "momentum": {}, "origin": {}}
    for key, tensor in tensors.items():
        kind, _, tensor_name = key.partition("/")
        parts[kind][tensor_name] = tensor
    step, seconds = int(metadata["step"]), float(metadata["seconds"])
    return State(step, parts["weights"], parts["momentum"], seconds, parts["origin"])
