"""The states of a stack: those of several individuals at the same place of their curricula."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
import torch
from torch import Tensor

from monogram.training.dual import Dual
from monogram.training.interpolate import interpolate
from monogram.training.state import State
from monogram.training.tally import Tally

Tensors = dict[str, Tensor]


@dataclass(frozen=True, eq=False)
class StackState:
    """The states of several individuals at the same place of their curricula.

    Attributes:
        step: the next step of the phase; individuals whose phase is shorter are at its end.
        common: all tensors by name, where `own` has none.
        own: tensors that differ between individuals, [individuals, …] each.
        momentum: of the optimizer, [individuals, …] each; empty at a phase's start.
        seconds: [individuals] float64, time spent on training, each with its share of the stack's.
        origin: as in `State`, [individuals, …] each.
        validated: as in `State`, of each individual.
        dual: the layer that `own` and `momentum` have in the dual form, if any.
    """

    step: int
    common: Mapping[str, Tensor]
    own: Tensors
    momentum: Tensors
    seconds: np.ndarray
    origin: Tensors = field(default_factory=dict)
    validated: tuple[Tally | None, ...] = ()
    dual: Dual | None = None

    def __len__(self) -> int:
        """Individuals."""
        return len(self.seconds)

    @classmethod
    def start(cls, state: State, individuals: int) -> Self:
        """Everybody at the same state."""
        return cls(state.step, state.weights, {}, {}, np.full(individuals, state.seconds))

    def with_own(self, names: set[str]) -> Self:
        """The same with more tensors that may differ."""
        more = {name: _repeated(self.common[name], len(self)) for name in names - self.own.keys()}
        return replace(self, own=self.own | more)

    def in_dual(self, dual: Dual) -> Self:
        """The same with a layer in the dual form, at its start or as it was gone on with."""
        own, momentum = (dual.begin(part) if part else {} for part in (self.own, self.momentum))
        return replace(self, own=own, momentum=momentum, dual=dual)

    def plain(self) -> Self:
        """The same with all weights as the network has them."""
        dual = self.dual
        if dual is None:
            return self
        own, momentum = dict(self.own), dict(self.momentum)
        own[dual.weight] = dual.weights(own.pop(dual.rows), self.step)
        momentum[dual.weight] = dual.velocity(momentum.pop(dual.rows), self.step)
        return replace(self, own=own, momentum=momentum, dual=None)

    def member(self, place: int) -> State:
        """The plain state of one individual, at a phase's end; tensors share memory."""
        weights = {**self.common, **{name: tensor[place] for name, tensor in self.own.items()}}
        validated = self.validated[place] if self.validated else None
        return State(self.step, weights, {}, float(self.seconds[place]), validated=validated)

    def only(self, places: Sequence[int]) -> Self:
        """The plain states of some of the individuals."""
        if len(places) == len(self):
            return self
        parts = (self.own, self.momentum, self.origin)
        own, momentum, origin = ({n: t[list(places)] for n, t in part.items()} for part in parts)
        seconds = self.seconds[list(places)]
        return replace(self, own=own, momentum=momentum, origin=origin, seconds=seconds)

    def at_phase_start(self) -> Self:
        """The same weights before the first step of a new phase, whose optimizer is new."""
        return replace(self, step=0, momentum={}, origin={}, validated=())

    def at_run(self, step: int, before: Self) -> Self:
        """As `State.at_run`."""
        return replace(self.at_phase_start(), step=step, seconds=before.seconds)

    def mixed(self, end: Self, share: float) -> Self:
        """As `State.mixed`."""
        return replace(end, own=interpolate(self.own, end.own, share), momentum={}, origin={})

    def adjusted(self, states: Sequence[State]) -> Self:
        """After an adjustment that gave each individual a state."""
        names = self.own.keys() | {
            name
            for state in states
            for name, tensor in state.weights.items()
            if tensor is not self.common[name] and name not in self.own
        }
        own = {name: torch.stack([state.weights[name] for state in states]) for name in names}
        seconds = np.array([state.seconds for state in states])
        validated = tuple(state.validated for state in states)
        return replace(self, own=own, seconds=seconds, validated=validated)


def _repeated(tensor: Tensor, times: int) -> Tensor:
    return tensor.expand(times, *tensor.shape)
