"""The stack: many networks of one shape along the same phase, a step of all as one computation.

The same steps on the same batches as the loop's, with sums in another order: equal to it but for
the last digits. Each individual has batches, random draws and batch statistics of its own.
"""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from time import perf_counter

import torch
from torch import Tensor

from monogram.curriculum import Recipe, Source
from monogram.native import HeadStep, can_step_heads, step_heads
from monogram.networks import PRIOR, Prepared, trainable_names
from monogram.networks.drawing import drawing
from monogram.training.clock import moment
from monogram.training.descent import Descent
from monogram.training.draws import OwnDraws
from monogram.training.dual import Dual, dual_pays
from monogram.training.findings import PROBE, Findings
from monogram.training.lesson import Batch, Batches, Lesson, WeightedSamples
from monogram.training.modes import Modes, changing_names, only_trainable
from monogram.training.stack_state import StackState
from monogram.training.stacked import StackedNetwork
from monogram.training.state import copies

AfterStep = Callable[[int, Callable[[], StackState]], None]


def train_stack(
    network: Prepared,
    state: StackState,
    lesson: Lesson,
    recipe: Recipe,
    findings: Findings,
    after_step: AfterStep | None = None,
) -> StackState:
    """Take several individuals' networks to the end of a phase, as `train` takes one.

    Args:
        network: overwritten with what is common.
        state: at any step of the phase.
        lesson: what to train.
        recipe: momentum, weight decay and the longest gradient.
        findings: what was found out about the network before.
        after_step: called after each step with the number of the next and a function that copies
            the state, of which a layer may be in the dual form; what it takes does not count as
            time spent on training.

    Returns:
        The plain state.

    Raises:
        NetworkError: the network cannot be stacked, or draws random numbers in a way that cannot.
        RuntimeError: an operation of the network that `torch.func` does not know.
    """
    network.load_state_dict(dict(state.common))
    with only_trainable(network, ()):
        training = _Training(network, state, lesson, recipe, findings)
        with drawing(training.stacked.upper):
            for first, stop, learning in lesson.segments(state.step):
                training.begin(learning)
                for step in range(first, stop):
                    training.step(step)
                    if after_step:
                        after_step(step + 1, partial(training.snapshot, step + 1))
            training.settle()
    return training.snapshot(max(stretch.stop for stretch in lesson.stretches)).plain()


class _Training:
    """A stack in training: its tensors, all of them changed in place; `begin` comes first.

    Attributes:
        stacked: what computes.
    """

    def __init__(
        self,
        network: Prepared,
        state: StackState,
        lesson: Lesson,
        recipe: Recipe,
        findings: Findings,
    ) -> None:
        self._lesson, self._recipe = lesson, recipe
        self._phase = lesson.stretches[0].trained
        self._device = lesson.samples[0].inputs.device
        names = trainable_names(network, self._phase.train)
        self._modes = Modes(network, names)
        smallest = min(recipe.batch_size, *map(len, lesson.samples))
        self._modes.set(smallest)
        changing = changing_names(network, names)
        state, probe = state.with_own(changing), lesson.samples[0].inputs[:PROBE]
        findings.check(network, state.common, changing, probe)
        self.stacked = _stacked(network, state, lesson, findings, smallest)
        self._batches, state = _fed(self.stacked, names, state, lesson, recipe)
        self._dual, self._common = state.dual, state.common
        self._names = [self._dual.renamed(name) for name in names] if self._dual else names
        self._own = copies(state.own)
        self._seconds = state.seconds.copy()
        starts = {name: self._own[name] for name in self._names}
        self._origin = state.origin or (copies(starts) if self._phase.pull else {})
        still = {name: torch.zeros_like(tensor) for name, tensor in starts.items()}
        self._momentum = copies(state.momentum) or still
        self._draws = findings.draws(network, state.common, probe)

    def snapshot(self, step: int) -> StackState:
        """A copy of the state before a step."""
        own, momentum = copies(self._own), copies(self._momentum)
        if self._dual:
            own, momentum = own | self._dual.own, momentum | self._dual.momentum
        seconds = self._seconds.copy()
        state = StackState(step, self._common, own, momentum, seconds, self._origin)
        return replace(state, dual=self._dual)

    def begin(self, learning: int) -> None:
        """Go on with the first few individuals."""
        own, momentum, origin = (
            {name: tensor[:learning] for name, tensor in part.items()}
            for part in (self._own, self._momentum, self._origin)
        )
        leaves = {name: own[name].detach().requires_grad_() for name in self._names}
        self._learning = learning
        self._tensors, self._velocities = own | leaves, momentum
        self._descent = Descent(
            leaves, momentum, origin, self._phase, self._recipe, shorten=_shorten, fused=True
        )

    def step(self, step: int) -> None:
        """One step, on the mean cross entropy of each one's batch."""
        started = perf_counter()
        batch = self._batches(step, self._learning)
        self._modes.set(max(batch.sizes))
        rate = self._lesson.stretches[0].learning_rate(step)
        heads = self._head_step(batch, step)
        if heads and can_step_heads(heads):
            step_heads(heads, rate, self._recipe.momentum, self._recipe.weight_decay)
        else:
            with self._own_draws(step, batch.sizes):
                logits = self._logits(batch, step)
            logits.backward(_gradient(logits, batch))  # type: ignore[no-untyped-call]
            self._descent.step(rate)
        self._seconds[: self._learning] += (perf_counter() - started) / self._learning

    def settle(self) -> None:
        """Wait for what was begun, which everybody took part in."""
        started = perf_counter()
        self._seconds += (moment(self._device) - started) / len(self._seconds)

    def _logits(self, batch: Batch, step: int) -> Tensor:
        """[individuals, n, classes]."""
        if self._dual:
            outputs = self._dual.outputs(self._tensors, step)
            return self.stacked.above(self._tensors, outputs)
        return self.stacked.each(self._tensors, batch.features)

    def _head_step(self, batch: Batch, step: int) -> HeadStep | None:
        """The step as one of heads alone, in the dual form, or None where it is another."""
        dual, tensors = self._dual, self._tensors
        alone = dual and self.stacked.ends_lowest and dual.trains_alone(self._names)
        if not (dual and alone and self._recipe.momentum):
            return None
        priors, samples = self.stacked.prior(tensors), (batch.labels, batch.weights)
        return dual.head_step(tensors, self._velocities, priors, samples, step)

    def _own_draws(self, step: int, sizes: Sequence[int]) -> AbstractContextManager[object]:
        if not self._draws:
            return nullcontext()
        generators = self._lesson.generators(step, len(sizes), self._device)
        return OwnDraws(generators, sizes, self._draws)


def _gradient(logits: Tensor, batch: Batch) -> Tensor:
    """Of everyone's mean cross entropy by the logits [individuals, n, classes]."""
    gradient = _softmax(logits.detach())
    minus_one = gradient.new_full((), -1.0).expand(*batch.labels.shape, 1)
    gradient.scatter_add_(2, batch.labels[..., None], minus_one)
    return gradient.mul_(batch.weights[..., None])


def _softmax(logits: Tensor) -> Tensor:
    """Over the classes, in the order in which they lie in memory: PyTorch copies otherwise."""
    if logits.stride(2) == 1:
        return logits.softmax(2)
    return logits.transpose(1, 2).softmax(1).transpose(1, 2)


def _stacked(
    network: Prepared, state: StackState, lesson: Lesson, findings: Findings, batch: int
) -> StackedNetwork:
    """The network, cut below what is individuals' own where that can be."""
    own = state.own.keys() - {PRIOR}
    some = lesson.samples[0].inputs[:PROBE]
    may_cut = batch > 1  # a single sample's modes are others, and a cut's never change
    parts = findings.cut(network, state.common, own, some) if may_cut else None
    return StackedNetwork(network, state.own, parts)


def _fed(
    stacked: StackedNetwork,
    names: Collection[str],
    state: StackState,
    lesson: Lesson,
    recipe: Recipe,
) -> tuple[Batches | WeightedSamples, StackState]:
    """How samples reach a stack in each step, and its state in the form that goes with it."""
    if not _is_dual(stacked, names, state, lesson, recipe):
        return Batches(stacked, lesson), state
    weighted, lowest = WeightedSamples(stacked, lesson), stacked.lowest or ""
    own, momentum = state.own, state.momentum
    dual = Dual(lowest, weighted.features, own, momentum, lesson.stretches, recipe)
    return weighted, state.in_dual(dual)


def _is_dual(
    stacked: StackedNetwork,
    names: Collection[str],
    state: StackState,
    lesson: Lesson,
    recipe: Recipe,
) -> bool:
    """Whether the lowest layer is trained in the dual form: where it can be and takes less work.

    Whether it is gone on with does not matter, so that a run that is resumed has the same sums.
    """
    weight, phase = f"{stacked.lowest}.weight", lesson.stretches[0].trained
    if weight not in names or phase.source is not Source.PERSONAL:
        return False
    if phase.pull or recipe.clip_norm is not None:  # they look at the weights themselves
        return False
    samples = max(map(len, lesson.samples))
    batch = min(samples, recipe.batch_size)
    _, outputs, inputs = state.own[weight].shape
    steps = max(stretch.steps for stretch in lesson.stretches)
    return dual_pays(samples, batch, inputs, outputs, steps)


def _shorten(tensors: Sequence[Tensor], longest: float) -> None:
    """Shorten each individual's gradient to a length, as `nn.utils.clip_grad_norm_` does."""
    gradients = [tensor.grad for tensor in tensors if tensor.grad is not None]
    norms = torch.stack([gradient.reshape(len(gradient), -1).norm(dim=1) for gradient in gradients])
    factor = (longest / (norms.norm(dim=0) + 1e-6)).clamp(max=1.0)
    for gradient in gradients:
        gradient.mul_(factor.view(-1, *(1 for _ in gradient.shape[1:])))
