"""The loop: one network along one stretch, step by step. The reference for every other way."""

from collections.abc import Callable
from functools import partial
from time import perf_counter

import torch
from torch import nn
from torch.nn import functional

from monogram.curriculum import Recipe
from monogram.networks import trainable_names
from monogram.networks.drawing import drawing
from monogram.plan import Stretch
from monogram.streams import torch_seed
from monogram.training.batches import Feed
from monogram.training.clock import moment
from monogram.training.descent import Descent
from monogram.training.modes import Modes, only_trainable
from monogram.training.state import State, copies

AfterStep = Callable[[Callable[[], State]], None]


def train(
    network: nn.Module,
    state: State,
    stretch: Stretch,
    feed: Feed,
    recipe: Recipe,
    after_step: AfterStep | None = None,
    *,
    fused: bool = False,
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
        fused: whether a step of descent is one pass over the memory, in another order of sums.

    Returns:
        The state at the stretch's end.
    """
    phase = stretch.trained
    network.load_state_dict(state.weights)
    parameters = dict(network.named_parameters())
    trained = {name: parameters[name] for name in trainable_names(network, phase.train)}
    origin = state.origin or (copies(trained) if phase.pull else {})
    momentum = {
        name: torch.empty_like(trained[name]).copy_(velocity)
        for name, velocity in state.momentum.items()
    }
    shorten = nn.utils.clip_grad_norm_
    descent = Descent(trained, momentum, origin, phase, recipe, shorten=shorten, fused=fused)
    noise = torch_seed(stretch.seed, stretch.owner, stretch.place, "noise")
    started = perf_counter() - state.seconds

    def snapshot_at(step: int, seconds: float) -> State:
        return State.of(network, step, descent.momentum, seconds, origin)

    device = next(network.parameters()).device
    with (
        torch.random.fork_rng(devices=_accelerators(network)),
        only_trainable(network, trained),
        drawing(network),
    ):
        modes = Modes(network, trained)
        for step in range(state.step, stretch.stop):
            batch = feed(step)
            modes.set(len(batch))
            _seed(device, noise + step)
            loss = functional.cross_entropy(network(batch.inputs), batch.labels)
            loss.backward()  # type: ignore[no-untyped-call] # torch's own annotation is missing
            descent.step(stretch.learning_rate(step))
            if after_step is not None:
                seconds = perf_counter() - started
                after_step(partial(snapshot_at, step + 1, seconds))
                started = perf_counter() - seconds
    return snapshot_at(stretch.stop, moment(device) - started)


def _seed(device: torch.device, seed: int) -> None:
    """Seed the generators that a network on a device draws from.

    `torch.manual_seed` does the same for all devices there could be, which takes longer than a
    small network's whole step.
    """
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        torch.cuda.manual_seed(seed)


def _accelerators(network: nn.Module) -> list[torch.device]:
    device = next(network.parameters()).device
    return [] if device.type == "cpu" else [device]
