"""Models that share a backbone with their base: it runs once, and they get the same right."""

import pytest
import torch
from tests import nets
from tests.people import make_population
from torch import nn

from monogram.engine import BackboneJudge
from monogram.engine.judge import Judge
from monogram.networks import PRIOR, architecture, trainable_names

DEVICE = torch.device("cpu")
POPULATION = make_population({"anna": 20}, shared=200, shape=(1, 8, 8))

NAMES = {
    "prior": lambda _: [PRIOR],
    "head": lambda network: trainable_names(network, "head"),
    "all": lambda network: trainable_names(network, "all"),
}


@pytest.fixture
def base():
    """A network whose batch normalisation has seen something."""
    network = architecture(nets.picture, POPULATION).build(0)
    with torch.no_grad():
        network(torch.from_numpy(POPULATION.inputs[:64]))
    return network.eval()


def moved(network, names, seed=0):
    """The weights of a network, some of them moved."""
    draw = torch.Generator().manual_seed(seed)
    return {
        name: value + 0.5 * torch.randn(value.shape, generator=draw) if name in names else value
        for name, value in network.state_dict().items()
    }


def same(one, other):
    exact = ("samples", "correct", "predicted", "present")
    assert [getattr(one, name) for name in exact] == [getattr(other, name) for name in exact]
    assert one.loss == pytest.approx(other.loss, rel=1e-5)


@pytest.mark.parametrize("trained", [[], ["prior"], ["head"], ["head", "prior"], ["all"]], ids=str)
def test_a_model_gets_the_same_right_whatever_it_has_in_common_with_the_base(base, trained):
    weights = moved(base, [name for part in trained for name in NAMES[part](base)])
    judge = Judge(POPULATION, DEVICE, 10_000, lambda _: None)
    alone, spare = (architecture(nets.picture, POPULATION).build(seed) for seed in (1, 2))
    shared = BackboneJudge(judge, spare, DEVICE, lambda _: None, base.state_dict())
    alone.load_state_dict(weights)
    for one, other in zip(shared.on_global(weights), judge.on_global(alone), strict=True):
        same(one, other)
    same(shared.on_global_validation(weights), judge.on_global_validation(alone))


def hooked(network):
    network[3].register_forward_hook(lambda _, __, output: output.flip(1))


def replaced(network):
    layer = network[3]
    layer.forward = lambda values: (values @ layer.weight.t()).flip(1)


def tied(network):
    network[3].weight = network[1].weight


@pytest.fixture(params=[hooked, replaced, tied])
def altered(request):
    """Makes a network that is not what its layers are called."""

    def made(input_shape, classes):
        pixels = torch.Size(input_shape).numel()
        network = nn.Sequential(
            nn.Flatten(), nn.Linear(pixels, pixels), nn.Tanh(), nn.Linear(pixels, pixels)
        )
        request.param(network)
        return network.append(nn.Linear(pixels, classes))

    return made


@pytest.mark.parametrize("kept", [[], ["head"]], ids=str)
def test_altered_layers_and_tied_weights_are_judged_as_they_are(altered, kept):
    base = architecture(altered, POPULATION).build(0).eval()
    still = {name for part in kept for name in NAMES[part](base)}
    weights = moved(base, set(NAMES["all"](base)) - still)
    judge = Judge(POPULATION, DEVICE, 10_000, lambda _: None)
    alone, spare = (architecture(altered, POPULATION).build(seed) for seed in (1, 2))
    shared = BackboneJudge(judge, spare, DEVICE, lambda _: None, base.state_dict())
    alone.load_state_dict(weights)
    for one, other in zip(shared.on_global(weights), judge.on_global(alone), strict=True):
        same(one, other)


def test_networks_that_look_across_a_batch_are_judged_in_the_same_batches():
    """A stack looks at more samples at a time than there are in a batch of the judge's."""
    population = make_population({"anna": 20}, shared=2400)
    base = architecture(nets.batched, population).build(0).eval()
    weights = moved(base, ["network.0.weight"])
    judge = Judge(population, DEVICE, 10_000, lambda _: None)
    alone, spare = (architecture(nets.batched, population).build(seed) for seed in (1, 2))
    shared = BackboneJudge(judge, spare, DEVICE, lambda _: None, base.state_dict())
    alone.load_state_dict(weights)
    same(shared.on_global_validation(weights), judge.on_global_validation(alone))


def weight_norm(channels, classes):
    """Its hooks make its weights, which cannot be copied."""
    return nn.Sequential(nn.utils.weight_norm(nn.Linear(channels, 6)), nn.Linear(6, classes))


@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
def test_networks_that_cannot_be_copied_are_judged_as_a_whole():
    population = make_population({"anna": 20})
    base = architecture(weight_norm, population).build(0)
    judge = Judge(population, DEVICE, 10_000, lambda _: None)
    alone, spare = (architecture(weight_norm, population).build(seed) for seed in (1, 2))
    shared = BackboneJudge(judge, spare, DEVICE, lambda _: None, base.state_dict())
    weights = moved(base, trainable_names(base, "head"))
    alone.load_state_dict(weights)
    same(shared.on_global_validation(weights), judge.on_global_validation(alone))


def test_what_is_below_a_head_is_run_once_for_all_heads(base):
    shared = BackboneJudge(
        Judge(POPULATION, DEVICE, 10_000, lambda _: None),
        architecture(nets.picture, POPULATION).build(1),
        DEVICE,
        lambda _: None,
        base.state_dict(),
    )
    first, second = (moved(base, trainable_names(base, "head"), seed) for seed in range(2))
    shared.on_global(first)
    below = []
    hooked = torch.nn.modules.module.register_module_forward_hook(
        lambda module, *_: below.append(module) if isinstance(module, torch.nn.Conv2d) else None
    )
    with hooked:
        shared.on_global(second)
        shared.on_global_validation(first)
    assert not below
