"""The loop: one network along one stretch, step by step. The reference for every other way."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from time import perf_counter

import torch
from torch import Tensor, nn
from torch.nn import functional

from monogram.curriculum import Recipe
from monogram.networks import trainable_names
from monogram.plan import Stretch
from monogram.streams import torch_seed
from monogram.training.batches import Feed
from monogram.training.modes import Modes, only_trainable
from monogram.training.samples import Samples
from monogram.training.state import State

AfterStep = Callable[[Callable[[], State]], None]


def train(
    network: nn.Module,
    state: State,
    stretch: Stretch,
    feed: Feed,
    recipe: Recipe,
    after_step: AfterStep | None = None,
) -> State:
    """Take a network from a state to the end of a stretch (Algorithm 1, "train network N").

    Each step depends on the state, the data and the step's number alone, also for what PyTorch
    draws by itself (dropout), so that any step can be resumed.

    Args:
        network: overwritten with the state, trained in place.
        state: at any step of the stretch.
        stretch: what to train.
        feed: gives the batch of a step.
        recipe: momentum, weight decay and the longest gradient.
        after_step: called after each step with a function that copies the state; what it takes
            does not count as time spent on training.

    Returns:
        The state at the stretch's end.
    """
    phase = stretch.trained
    network.load_state_dict(state.weights)
    names = trainable_names(network, phase.train)
    origin = state.origin or (_copies(network, names) if phase.pull else {})
    decay = 0.0 if phase.pull else recipe.weight_decay
    optimizer = _optimizer(network, names, state, recipe.momentum, decay)
    pull = _Pull(network, origin, phase.pull or 0.0)
    noise = torch_seed(stretch.seed, stretch.owner, stretch.place, "noise")

    started = perf_counter() - state.seconds

    def snapshot_at(step: int, seconds: float) -> State:
        momentum = _momentum(network, names, optimizer)
        return State.of(network, step, momentum, seconds, origin)

    device = next(network.parameters()).device
    with torch.random.fork_rng(devices=_accelerators(network)), only_trainable(network, names):
        modes = Modes(network, names)
        for step in range(state.step, stretch.stop):
            batch = feed(step)
            modes.set(len(batch))
            _seed(device, noise + step)
            _set_rate(optimizer, stretch.learning_rate(step))
            _step(network, optimizer, batch, pull, recipe.clip_norm)
            if after_step is not None:
                seconds = perf_counter() - started
                after_step(partial(snapshot_at, step + 1, seconds))
                started = perf_counter() - seconds
    return snapshot_at(stretch.stop, perf_counter() - started)


def _seed(device: torch.device, seed: int) -> None:
    """Seed the generators that a network on a device draws from.

    `torch.manual_seed` does the same for all devices there could be, which takes longer than a
    small network's whole step.
    """
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        torch.cuda.manual_seed(seed)


class _Pull:
    """The gradient of an L2 penalty towards other weights: pull · (w - w_start) (L2-SP).

    Args:
        network: whose parameters are pulled.
        origin: where to, by parameter name; empty: nowhere.
        strength: of the pull.
    """

    def __init__(self, network: nn.Module, origin: Mapping[str, Tensor], strength: float) -> None:
        parameters = dict(network.named_parameters())
        self._pairs = [(parameters[name], start) for name, start in origin.items()]
        self._strength = strength

    @torch.no_grad()
    def add_gradient(self) -> None:
        """Add it to the parameters' gradients."""
        for parameter, start in self._pairs:
            if parameter.grad is not None:
                parameter.grad.add_(parameter - start, alpha=self._strength)


def _step(
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    batch: Samples,
    pull: _Pull,
    clip_norm: float | None,
) -> None:
    """One step of stochastic gradient descent on the mean cross entropy of a batch."""
    optimizer.zero_grad(set_to_none=True)
    loss = functional.cross_entropy(network(batch.inputs), batch.labels)
    loss.backward()  # type: ignore[no-untyped-call] # torch's own annotation is missing
    if clip_norm is not None:
        nn.utils.clip_grad_norm_(network.parameters(), clip_norm)
    pull.add_gradient()
    optimizer.step()


def _set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate


def _copies(network: nn.Module, names: Iterable[str]) -> dict[str, Tensor]:
    parameters = dict(network.named_parameters())
    return {name: parameters[name].detach().clone() for name in names}


def _optimizer(
    network: nn.Module, names: Iterable[str], state: State, momentum: float, weight_decay: float
) -> torch.optim.SGD:
    """SGD on the named parameters, with the state's momentum; each step sets its rate."""
    parameters = dict(network.named_parameters())
    optimizer = torch.optim.SGD(
        [parameters[name] for name in names], momentum=momentum, weight_decay=weight_decay
    )
    for name, velocity in state.momentum.items():
        optimizer.state[parameters[name]]["momentum_buffer"] = velocity.clone()
    return optimizer


def _momentum(
    network: nn.Module, names: Iterable[str], optimizer: torch.optim.Optimizer
) -> dict[str, Tensor]:
    parameters = dict(network.named_parameters())
    buffers = {name: optimizer.state[parameters[name]].get("momentum_buffer") for name in names}
    return {name: buffer for name, buffer in buffers.items() if buffer is not None}


def _accelerators(network: nn.Module) -> list[torch.device]:
    device = next(network.parameters()).device
    return [] if device.type == "cpu" else [device]
