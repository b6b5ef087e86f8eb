"""The stack: many networks of one shape along the same phase, a step of all as one computation.

The same steps on the same batches as the loop's, with sums in another order: equal to it but for
the last digits. Each individual has batches, random draws and batch statistics of its own.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import pairwise
from time import perf_counter
from typing import Self

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from monogram.curriculum import Recipe
from monogram.networks import PRIOR, Prepared, trainable_names
from monogram.plan import Stretch
from monogram.streams import torch_seed
from monogram.training.batches import Feed
from monogram.training.descent import Descent
from monogram.training.draws import Draws, Order, OwnDraws
from monogram.training.modes import Modes, changing_names, only_trainable
from monogram.training.samples import Samples
from monogram.training.stacked import Cuts, StackedNetwork
from monogram.training.state import State
from monogram.training.tally import Tally

Tensors = dict[str, Tensor]
SPAN = 64  # steps whose personal batches are drawn at a time
PROBE = 2  # samples on which a network is tried out


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
    """

    step: int
    common: Mapping[str, Tensor]
    own: Tensors
    momentum: Tensors
    seconds: np.ndarray
    origin: Tensors = field(default_factory=dict)
    validated: tuple[Tally | None, ...] = ()

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

    def member(self, place: int) -> State:
        """The state of one individual, at the end of a phase; tensors share memory."""
        weights = {**self.common, **{name: tensor[place] for name, tensor in self.own.items()}}
        validated = self.validated[place] if self.validated else None
        return State(self.step, weights, {}, float(self.seconds[place]), validated=validated)

    def only(self, places: Sequence[int]) -> Self:
        """The states of some of the individuals."""
        if len(places) == len(self):
            return self
        parts = (self.own, self.momentum, self.origin)
        own, momentum, origin = ({n: t[list(places)] for n, t in part.items()} for part in parts)
        seconds = self.seconds[list(places)]
        return replace(self, own=own, momentum=momentum, origin=origin, seconds=seconds)

    def at_phase_start(self) -> Self:
        """The same weights before the first step of a new phase, whose optimizer is new."""
        return replace(self, step=0, momentum={}, origin={}, validated=())

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


AfterStep = Callable[[int, Callable[[], StackState]], None]


@dataclass(frozen=True, eq=False)
class Lesson:
    """What the individuals of a stack learn in a phase; those with the most steps come first.

    Attributes:
        stretches: of each individual; equal but for the owner and the last step.
        feeds: give the batches.
        samples: each D_I's training samples.
    """

    stretches: Sequence[Stretch]
    feeds: Sequence[Feed]
    samples: Sequence[Samples]

    def segments(self, start: int) -> Iterator[tuple[int, int, int]]:
        """From a step on: first step, step after the last, and how many are still learning."""
        stops = [stretch.stop for stretch in self.stretches]
        for first, stop in pairwise(sorted({start, *(stop for stop in stops if stop > start)})):
            yield first, stop, sum(end >= stop for end in stops)

    def generators(self, step: int, learning: int, device: torch.device) -> list[torch.Generator]:
        """What each draws from in a step, seeded as the loop seeds PyTorch's own generator."""
        return [
            torch.Generator(device).manual_seed(
                torch_seed(stretch.seed, stretch.owner, stretch.place, "noise") + step
            )
            for stretch in self.stretches[:learning]
        ]


def train_stack(
    network: Prepared,
    state: StackState,
    lesson: Lesson,
    recipe: Recipe,
    cuts: Cuts,
    after_step: AfterStep | None = None,
) -> StackState:
    """Take several individuals' networks to the end of a phase, as `train` takes one.

    Args:
        network: overwritten with what is common.
        state: at any step of the phase.
        lesson: what to train.
        recipe: momentum, weight decay and the longest gradient.
        cuts: what the network was cut into before.
        after_step: called after each step with the number of the next and a function that copies
            the state; what it takes does not count as time spent on training.

    Raises:
        NetworkError: the network draws random numbers in a way that cannot be stacked.
        RuntimeError: an operation of the network that `torch.func` does not know.
    """
    network.load_state_dict(dict(state.common))
    with only_trainable(network, ()):
        training = _Training(network, state, lesson, recipe, cuts)
        for first, stop, learning in lesson.segments(state.step):
            training.begin(learning)
            for step in range(first, stop):
                training.step(step)
                if after_step:
                    after_step(step + 1, partial(training.snapshot, step + 1))
    return training.snapshot(max(stretch.stop for stretch in lesson.stretches))


class _Training:
    """A stack in training: its tensors, all of them changed in place; `begin` comes first."""

    def __init__(
        self,
        network: Prepared,
        state: StackState,
        lesson: Lesson,
        recipe: Recipe,
        cuts: Cuts,
    ) -> None:
        phase = lesson.stretches[0].trained
        self._names = trainable_names(network, phase.train)
        self._lesson, self._recipe, self._phase = lesson, recipe, phase
        self._modes = Modes(network, self._names)
        fewest = min(map(len, lesson.samples))
        self._modes.set(fewest)
        state = state.with_own(changing_names(network, self._names))
        self._common = state.common
        self._own = {name: tensor.clone() for name, tensor in state.own.items()}
        starts = {name: self._own[name] for name in self._names}
        pulled = starts if phase.pull else {}
        self._origin = state.origin or {name: tensor.clone() for name, tensor in pulled.items()}
        zeros = {name: torch.zeros_like(tensor) for name, tensor in starts.items()}
        self._momentum = {n: t.clone() for n, t in (state.momentum or zeros).items()}
        self._seconds = state.seconds.copy()
        some = lesson.samples[0].inputs[:PROBE]
        may_cut = fewest > 1  # a batch of one has other modes, and a cut network keeps its own
        names = self._own.keys() - {PRIOR}
        parts = cuts.cut(network, self._common, names, some) if may_cut else None
        self._stacked = StackedNetwork(network, self._own, parts)
        self._batches = _Batches(self._stacked, lesson)
        self._device = some.device
        self._draws = _draws(network, some)

    def snapshot(self, step: int) -> StackState:
        """A copy of the state before a step."""
        own, momentum = (
            {name: tensor.clone() for name, tensor in part.items()}
            for part in (self._own, self._momentum)
        )
        return StackState(step, self._common, own, momentum, self._seconds.copy(), self._origin)

    def begin(self, learning: int) -> None:
        """Go on with the first few individuals."""
        own, momentum, origin = (
            {name: tensor[:learning] for name, tensor in part.items()}
            for part in (self._own, self._momentum, self._origin)
        )
        leaves = {name: own[name].detach().requires_grad_() for name in self._names}
        self._learning = learning
        self._tensors = own | leaves
        self._descent = Descent(
            leaves, momentum, origin, self._phase, self._recipe, shorten=_shorten, fused=True
        )

    def step(self, step: int) -> None:
        """One step, on the mean cross entropy of each one's batch."""
        started = perf_counter()
        batch = self._batches(step, self._learning)
        self._modes.set(max(batch.sizes))
        with self._own_draws(step, batch.sizes):
            logits = self._stacked.each(self._tensors, batch.features)
            losses = functional.cross_entropy(
                logits.flatten(0, 1), batch.labels.flatten(), reduction="none"
            )
            (losses * batch.weights.flatten()).sum().backward()  # type: ignore[no-untyped-call]
        self._descent.step(self._lesson.stretches[0].learning_rate(step))
        self._seconds[: self._learning] += (perf_counter() - started) / self._learning

    def _own_draws(self, step: int, sizes: Sequence[int]) -> AbstractContextManager[object]:
        if not self._draws:
            return nullcontext()
        generators = self._lesson.generators(step, len(sizes), self._device)
        return OwnDraws(generators, sizes, self._draws)


def _shorten(tensors: Sequence[Tensor], longest: float) -> None:
    """Shorten each individual's gradient to a length, as `nn.utils.clip_grad_norm_` does."""
    gradients = [tensor.grad for tensor in tensors if tensor.grad is not None]
    norms = torch.stack([gradient.flatten(1).norm(dim=1) for gradient in gradients])
    factor = (longest / (norms.norm(dim=0) + 1e-6)).clamp(max=1.0)
    for gradient in gradients:
        gradient.mul_(factor.view(-1, *(1 for _ in gradient.shape[1:])))


@dataclass(frozen=True, eq=False)
class _Batch:
    """A batch of each individual, the shorter ones filled up to the longest.

    Attributes:
        features: [individuals, n, …].
        labels: [individuals, n] int64.
        weights: [individuals, n] float32, of each sample in its individual's mean; 0 fills up.
        sizes: samples of each.
    """

    features: Tensor
    labels: Tensor
    weights: Tensor
    sizes: tuple[int, ...]


class _Batches:
    """The batches of a lesson, of all individuals at a time."""

    def __init__(self, stacked: StackedNetwork, lesson: Lesson) -> None:
        self._stacked, self._lesson = stacked, lesson
        self._starts = np.cumsum([0, *map(len, lesson.samples)])
        self._span, self._ahead = range(0), list[np.ndarray | None]()
        self._weighted: tuple[tuple[int, ...], Tensor] = ((), torch.empty(0))

    @cached_property
    def _own(self) -> Samples:
        """Everybody's own samples one after the other, the frozen part of the network done."""
        inputs = torch.cat([self._stacked.features(some.inputs) for some in self._lesson.samples])
        return Samples(inputs, torch.cat([some.labels for some in self._lesson.samples]))

    def __call__(self, step: int, learning: int) -> _Batch:
        """The batches of a step of the first few individuals."""
        feeds = self._lesson.feeds[:learning]
        personal, drawn = self._drawn(step, learning)
        sizes = tuple(map(len, drawn))
        rows = [_filled(rows, max(sizes)) for rows in drawn]
        samples = self._taken(personal, feeds, rows)
        labels = samples.labels.view(learning, -1)
        inputs = samples.inputs.view(*labels.shape, *samples.inputs.shape[1:])
        if sizes != self._weighted[0]:
            self._weighted = (sizes, _weights(sizes, labels.device))
        return _Batch(inputs, labels, self._weighted[1], sizes)

    def _drawn(self, step: int, learning: int) -> tuple[bool, list[np.ndarray]]:
        """Whether a step's batches are personal, equal for all, and each one's rows."""
        if step not in self._span:
            stops = [stretch.stop for stretch in self._lesson.stretches]
            self._span = range(step, step + SPAN)
            self._ahead = [
                feed.personal_span(step, min(step + SPAN, stop)) if stop > step else None
                for feed, stop in zip(self._lesson.feeds, stops, strict=True)
            ]
        ahead = self._ahead[:learning]
        if ahead[0] is not None:
            return True, [rows[step - self._span.start] for rows in ahead if rows is not None]
        drawn = [feed.rows(step) for feed in self._lesson.feeds[:learning]]
        return drawn[0][0], [rows for _, rows in drawn]

    def _taken(self, personal: bool, feeds: Sequence[Feed], rows: Sequence[np.ndarray]) -> Samples:
        """The samples of everybody's rows, one after the other; whose they are is equal for all."""
        if personal:
            places = np.concatenate([r + s for r, s in zip(rows, self._starts[:-1], strict=False)])
            return self._own.take(torch.from_numpy(places).to(self._own.labels.device))
        parts = [feed.take(personal, own) for feed, own in zip(feeds, rows, strict=True)]
        inputs = self._stacked.features(torch.cat([part.inputs for part in parts]))
        return Samples(inputs, torch.cat([part.labels for part in parts]))


def _draws(network: Prepared, inputs: Tensor) -> list[Order]:
    """How what a network draws for inputs [n, *shape] lies in memory, in the order of draws."""
    draws = Draws()
    with draws, torch.random.fork_rng(devices=[]), torch.no_grad():
        network(inputs)
    return draws.orders


def _filled(rows: np.ndarray, length: int) -> np.ndarray:
    """Rows repeated up to a length."""
    return rows if len(rows) == length else np.resize(rows, length)


def _weights(sizes: Sequence[int], device: torch.device) -> Tensor:
    lengths = torch.tensor(sizes, device=device)[:, None]
    real = torch.arange(max(sizes), device=device) < lengths
    return real / lengths


def _repeated(tensor: Tensor, times: int) -> Tensor:
    return tensor.expand(times, *tensor.shape)
