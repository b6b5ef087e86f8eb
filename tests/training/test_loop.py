"""One network along one stretch: what is frozen stays, and any step can be resumed."""

import pytest
import torch
from tests.nets import plain, recorded_picture, same
from torch import nn

from monogram.curriculum import Global, Personal, Recipe
from monogram.networks import laid_out
from monogram.plan import Stretch
from monogram.training import Feed, Samples, State, load_state, save_state, train

RECIPE = Recipe(batch_size=4)


def samples(n, *shape):
    generator = torch.Generator().manual_seed(n)
    return Samples(torch.randn(n, *shape, generator=generator), torch.arange(n) % 3)


def stretch_of(phase, stop, start=0, owner="anna"):
    filled = RECIPE.fill_in(Global() >> phase, 1)[1].lengthless()
    return Stretch(0, 1, owner, filled, start, stop, 0)


def trained(network, phase, steps, own):
    stretch = stretch_of(phase, steps)
    feed = Feed(stretch, own, own, RECIPE.batch_size)
    return train(network, State.of(network), stretch, feed, RECIPE)


def changed(before, after):
    return {name for name in before if not torch.equal(before[name], after[name])}


def test_everything_trains_unless_said_otherwise():
    network = plain(5, 3)
    before = State.of(network).weights
    after = trained(network, Personal(3), 3, samples(9, 5)).weights
    assert changed(before, after) == before.keys()


@pytest.mark.parametrize(
    ("train_", "moving"),
    [
        ("head", {"4.weight", "4.bias"}),
        ("4.bias", {"4.bias"}),
        ("1.*", {"1.weight", "1.bias", "1.running_mean", "1.running_var", "1.num_batches_tracked"}),
    ],
)
def test_frozen_parts_keep_weights_and_statistics_bit_for_bit(train_, moving):
    network = plain(5, 3)
    before = State.of(network).weights
    after = trained(network, Personal(9, train=train_), 9, samples(9, 5)).weights
    assert changed(before, after) == moving
    assert all(parameter.requires_grad for parameter in network.parameters())


def test_frozen_layers_below_the_first_that_trains_do_not_drop_anything():
    seen = []
    network = nn.Sequential(nn.Linear(5, 5), nn.Dropout(0.9), nn.Linear(5, 3))
    network[2].register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0].detach()))
    trained(network, Personal(2, train="head"), 2, samples(4, 5))
    assert all((one != 0).all() for one in seen)


def test_a_batch_of_one_keeps_the_statistics_and_trains_the_rest():
    network = plain(5, 3)
    before = State.of(network).weights
    after = trained(network, Personal(3), 3, samples(1, 5)).weights
    statistics = {"1.running_mean", "1.running_var", "1.num_batches_tracked"}
    assert changed(before, after) == before.keys() - statistics


def test_the_callers_random_state_is_left_alone():
    network = plain(5, 3)
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    trained(network, Personal(3), 3, samples(9, 5))
    assert torch.equal(torch.rand(1), expected)


@pytest.mark.parametrize("pull", [None, 0.5], ids=["free", "pulled"])
@pytest.mark.parametrize("kind", ["vectors", "pictures"])
@pytest.mark.parametrize("at", [1, 4, 6])
def test_a_training_goes_on_from_a_file_as_if_nothing_had_been(kind, at, pull, tmp_path):
    make, own = {
        "vectors": (plain, samples(9, 5)),
        "pictures": (recorded_picture, samples(9, 2, 6, 6)),
    }[kind]
    torch.manual_seed(0)
    network = laid_out(make(own.inputs.shape[1], 3))
    stretch, file = stretch_of(Personal(7, pull=pull), 7), tmp_path / "state.safetensors"
    feed = Feed(stretch, own, own, RECIPE.batch_size)

    def save(snapshot):
        if (state := snapshot()).step == at:
            save_state(state, file, "node")

    whole = train(network, State.of(network), stretch, feed, RECIPE, save)
    state = load_state(file, "node", torch.device("cpu"))
    assert state is not None
    assert state.step == at
    rest = train(network, state, stretch, Feed(stretch, own, own, 4), RECIPE)
    assert same(rest.weights, whole.weights)
    assert same(rest.momentum, whole.momentum)
    assert rest.seconds >= state.seconds > 0


def test_a_pull_holds_weights_near_where_they_began():
    network = plain(5, 3)
    begin, own = State.of(network).weights, samples(9, 5)

    def distance(phase):
        network.load_state_dict(begin)
        after = trained(network, phase, 30, own).weights
        return sum((after[n] - begin[n]).square().sum() for n, _ in network.named_parameters())

    distances = [distance(Personal(30, pull=pull)) for pull in (None, 0.5, 5.0)]
    assert distances == sorted(distances, reverse=True)
    assert distances[2] < distances[0] / 4


def test_a_state_is_a_copy():
    network = plain(5, 3)
    state = State.of(network)
    before = {name: value.clone() for name, value in state.weights.items()}
    trained(network, Personal(2), 2, samples(4, 5))
    assert same(state.weights, before)


def test_no_step_goes_further_than_the_clipped_gradient_allows():
    network, own = nn.Linear(5, 3), samples(9, 5)
    recipe = Recipe(batch_size=4, weight_decay=0.0, momentum=0.0, clip_norm=0.01)
    before = State.of(network)
    stretch = stretch_of(Personal(1), 1)
    after = train(network, before, stretch, Feed(stretch, own, own, 4), recipe)
    moved = [(after.weights[name] - before.weights[name]).norm() for name in before.weights]
    rate = stretch.learning_rate(0)
    assert float(torch.stack(moved).norm()) == pytest.approx(0.01 * rate, rel=1e-3)
