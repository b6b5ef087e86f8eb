"""The dual form of the lowest layer: the weights and the momentum of the loop, at every step."""

import pytest
import torch
from torch import nn

from monogram.curriculum import Global, Personal, Recipe
from monogram.networks import Prepared
from monogram.plan import Stretch
from monogram.training import (
    Feed,
    Findings,
    Lesson,
    Samples,
    StackState,
    State,
    train,
    train_stack,
    with_stacked_layers,
)
from monogram.training.dual import dual_pays

INPUTS, CLASSES = 40, 3
CPU = torch.device("cpu")
RECIPE = Recipe(batch_size=8, weight_decay=0.1)
SIZES = {"anna": 15, "ben": 9, "cleo": 4, "dora": 12}
STEPS = {"anna": 20, "ben": 17, "cleo": 17, "dora": 5}


def network(hidden=None):
    torch.manual_seed(0)
    layers = [nn.Linear(INPUTS, hidden), nn.ReLU(), nn.Linear(hidden, CLASSES)] if hidden else []
    made = nn.Sequential(nn.Flatten(), *(layers or [nn.Linear(INPUTS, CLASSES)]))
    return Prepared(made, None, None, 2, CLASSES)


def samples(owner, device):
    generator = torch.Generator().manual_seed(SIZES[owner])
    n = SIZES[owner]
    inputs, labels = torch.randn(n, 4, 10, generator=generator), torch.arange(n) % CLASSES
    return Samples(inputs.to(device), labels.to(device))


def stretch_of(owner, phase, start=0):
    filled = RECIPE.fill_in(Global() >> phase, 1)[1].lengthless()
    total = 20 if phase.decay else 0
    return Stretch(0, 1, owner, filled, start, STEPS[owner], total)


class Class:
    """Some individuals in one phase, together and one by one."""

    def __init__(self, hidden, phase, recipe=RECIPE, start=0, device=CPU):
        self.network, self.recipe, self.device = network(hidden).to(device), recipe, device
        self.stretches = [stretch_of(owner, phase, start) for owner in STEPS]
        self.own = [samples(owner, device) for owner in STEPS]
        self.feeds = [
            Feed(stretch, own, own, recipe.batch_size)
            for stretch, own in zip(self.stretches, self.own, strict=True)
        ]
        self.lesson = Lesson(self.stretches, self.feeds, self.own)
        self.start = State.of(self.network)

    def together(self, state=None, after_step=None):
        hidden = 4 if "network.3.weight" in self.network.state_dict() else None
        stacked = with_stacked_layers(network(hidden).to(self.device))
        state = state or StackState.start(self.start, len(STEPS))
        return train_stack(stacked, state, self.lesson, self.recipe, Findings(), after_step)

    def alone(self, place, until=None):
        stretch = self.stretches[place]
        stretch = stretch.until(min(stretch.stop, until or stretch.stop))
        return train(self.network, self.start, stretch, self.feeds[place], self.recipe)


def assert_close(ours, theirs):
    assert ours.keys() == theirs.keys()
    for name, tensor in ours.items():
        torch.testing.assert_close(tensor, theirs[name], atol=1e-5, rtol=1e-4, msg=name)


def kept(class_):
    """Snapshots of a phase after each step, and its end."""
    found = {}

    def keep(step, snapshot):
        found[step] = snapshot()

    return found, class_.together(after_step=keep)


PHASES = {
    "as ever": Personal(20),
    "decayed": Personal(20, decay=0.1, decay_at=0.5),
}


@pytest.mark.parametrize("hidden", [None, 4], ids=["a head", "two layers"])
@pytest.mark.parametrize("phase", PHASES.values(), ids=PHASES)
def test_it_is_the_loop_at_every_step(hidden, phase):
    some = Class(hidden, phase)
    snapshots, end = kept(some)
    assert all(state.dual for state in snapshots.values())
    assert end.dual is None
    for place in range(len(STEPS)):
        assert_close(end.member(place).weights, some.alone(place).weights)
        assert_close(snapshots[3].plain().member(place).weights, some.alone(place, until=3).weights)


def test_it_is_gone_on_with_bit_for_bit():
    some = Class(4, Personal(20))
    snapshots, end = kept(some)
    for step in (1, 5, 16):
        again = Class(4, Personal(20)).together(snapshots[step])
        assert all(torch.equal(again.own[name], tensor) for name, tensor in end.own.items())
        assert all(torch.equal(again.momentum[n], tensor) for n, tensor in end.momentum.items())


def test_a_part_of_a_phase_begins_with_the_velocity_of_the_one_before():
    """Shorter and longer phases share their first steps: the rest starts with own weights."""
    whole = Class(4, Personal(20))
    snapshots, _ = kept(whole)
    rest = Class(4, Personal(20), start=3)
    end = rest.together(snapshots[3].plain())
    for place in range(len(STEPS)):
        assert_close(end.member(place).weights, whole.alone(place).weights)
    momentum = whole.together().momentum
    assert_close(end.momentum, momentum)


@pytest.mark.parametrize(
    ("phase", "recipe"),
    [
        (Personal(20, pull=0.1), RECIPE),
        (Personal(20), Recipe(batch_size=8, clip_norm=0.1)),
        (Personal(20), Recipe(batch_size=4)),
    ],
    ids=["pulled", "shortened", "many samples"],
)
def test_what_looks_at_the_weights_or_at_few_of_many_samples_is_trained_by_weights(phase, recipe):
    snapshots, _ = kept(Class(4, phase, recipe))
    assert all(state.dual is None for state in snapshots.values())


@pytest.mark.parametrize(
    ("shape", "pays"),
    [
        ((140, 128, 784, 128, 20), True),
        ((140, 128, 256, 30, 20), True),
        ((140, 128, 256, 30, 2), False),  # the products of the samples are not worth it
        ((140, 128, 32, 30, 20), False),  # fewer inputs than samples
        ((300, 128, 9_000, 30, 20), False),  # every step would look at all 300
    ],
)
def test_it_is_taken_where_it_takes_fewer_operations(shape, pays):
    assert dual_pays(*shape) is pays
