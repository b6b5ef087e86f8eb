"""Why early shaping on few classes can silence a network for good, and what keeps it alive.

Each way below trains the paper's network on an individual's data and then for one epoch on D_G,
with the paper's recipe but for what its name says. Measured are the loss and the norm of the
gradient at the switch, the share of dead units (channels that answer 0 everywhere on samples of
D_G's validation data) layer by layer, and what is learnt of D_G in the end. Explained in
docs/early-shaping.md.

`python -m benchmarks early_shaping` needs `fashion-mnist` and `qmnist` (see `monogram sources`) and
takes about 15 minutes on one core.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from math import inf
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from monogram import Population, load
from monogram.curriculum import Recipe
from monogram.engine.allocator import keep_big_blocks
from monogram.engine.machine import torch_threads
from monogram.networks import PaperNetwork, architecture, laid_out
from monogram.streams import stream, torch_seed
from monogram.training import Endless, Samples, as_samples, tally

RECIPE = Recipe()
GLOBAL_SAMPLES = 30_000
WIDTH = 0.25
LONG = 500  # iterations of early shaping
PROBED = 1000  # samples of D_G's validation data
SHOWN = 30  # steps on D_G whose losses and gradients are kept
PROBES = (0, 1, 2, 5, 10, 20, 50)  # steps on D_G before which units are probed; and at the end
CPU = torch.device("cpu")


def torchs_own(input_shape: tuple[int, ...], classes: int) -> nn.Module:
    """The plain network with PyTorch's default weights."""

    def convolution(inputs: int, outputs: int, size: int) -> tuple[nn.Module, ...]:
        return nn.Conv2d(inputs, outputs, size, padding=size // 2), nn.ReLU(inplace=True)

    return PaperNetwork(input_shape[0], classes, WIDTH, convolution)


@dataclass(frozen=True)
class Shaping:
    """What is done before D_G; where it is the same it is done once.

    Attributes:
        network: name or factory.
        rate: learning rate on D_I.
        decay: weight decay on D_I.
    """

    network: str | Callable[..., nn.Module] = f"paper-plain(width={WIDTH})"
    rate: float = RECIPE.learning_rate
    decay: float = RECIPE.weight_decay


@dataclass(frozen=True)
class Way:
    """Early shaping and the training on D_G.

    Attributes:
        shaping: how D_I is trained on.
        iterations: of it.
        slow: first steps on D_G, with a tenth of the rate.
        clip: the longest gradient taken, in both.
        momentum: on D_G.
    """

    shaping: Shaping = Shaping()
    iterations: int = LONG
    slow: int = 0
    clip: float = inf
    momentum: float = RECIPE.momentum


NORMALISED = Shaping(f"paper(width={WIDTH})")
MAIN = {
    "plain, 0 iterations": Way(iterations=0),
    "plain, 500 iterations": Way(),
    "normalised, 500 iterations": Way(NORMALISED),
    "clipped at norm 1": Way(clip=1.0),
}
ALL = MAIN | {
    "rate 0.003 for the first 100 steps on D_G": Way(slow=100),
    "no momentum on D_G": Way(momentum=0.0),
    "plain, 10 iterations": Way(iterations=10),
    "plain, 40 iterations": Way(iterations=40),
    "plain, 100 iterations": Way(iterations=100),
    "no weight decay on D_I": Way(Shaping(decay=0.0)),
    "rate 0.01 on D_I": Way(Shaping(rate=0.01)),
    "normalised, 0 iterations": Way(NORMALISED, iterations=0),
    "PyTorch's weights, 0 iterations": Way(Shaping(torchs_own), iterations=0),
}
ASKED = (  # scenario, source, its part, the ways of each individual
    ("class counts", "fashion-mnist", None, (ALL,)),
    ("hidden factors", "qmnist", "train", (MAIN,)),
)


def run() -> dict[str, Any]:
    """All ways, for each scenario's individuals."""
    keep_big_blocks()
    measured = {}
    with torch_threads(1):
        for scenario, source, part, ways in ASKED:
            people = load(source, individuals=len(ways), part=part, global_samples=GLOBAL_SAMPLES)
            measured[scenario] = [
                row
                for id_, some in zip(people.individuals, ways, strict=True)
                for row in _measure(people, id_, some)
            ]
    lines = [_line(scenario, row) for scenario, rows in measured.items() for row in rows]
    return {"measured": measured, "lines": lines}


def _line(scenario: str, row: dict[str, Any]) -> str:
    return (
        f"{scenario}, {row['individual']}, {row['way']}: loss {row['loss'][0]:.1f} and gradient "
        f"{row['gradient'][0]:.1f} at the switch, {row['dead'][-1][-1]:.0%} of the last "
        f"convolution dead, accuracy {row['accuracy']:.3f}{' collapsed' * row['collapsed']}"
    )


def _measure(population: Population, id_: str, ways: dict[str, Way]) -> Iterator[dict[str, Any]]:
    """A row of figures for each way."""
    own = as_samples(population, population.individuals[id_].train, CPU)
    shared = as_samples(population, population.global_data.train, CPU)
    probe = _probe(population)

    @cache
    def shaped(shaping: Shaping, iterations: int, clip: float) -> nn.Module:
        network = laid_out(architecture(shaping.network, population).build(0))
        rates = [shaping.rate] * iterations
        _train(network, own, rates, shaping.decay, RECIPE.momentum, clip, id_)
        return network

    for name, way in ways.items():
        start = shaped(way.shaping, way.iterations, way.clip)
        network = laid_out(architecture(way.shaping.network, population).build(0))
        network.load_state_dict(start.state_dict())
        row = _after_switch(network, shared, probe, way, id_)
        result = tally(network, probe)
        yield (
            {"individual": id_, "way": name, "classes": len(own.labels.unique())}
            | row
            | {
                "accuracy": result.accuracy,
                "collapsed": result.collapsed,
            }
        )


def _probe(population: Population) -> Samples:
    validation = as_samples(population, population.global_data.validation, CPU)
    some = stream(0, "probe").permutation(len(validation))[:PROBED]
    return validation.take(torch.from_numpy(some))


def _after_switch(
    network: nn.Module, shared: Samples, probe: Samples, way: Way, id_: str
) -> dict[str, Any]:
    """Losses, norms of gradients and dead units over one epoch on D_G."""
    steps = -(-len(shared) // RECIPE.batch_size)
    rates = [RECIPE.learning_rate * (0.1 if step < way.slow else 1) for step in range(steps)]
    norms = [float(layer.weight.detach().norm()) for layer in _layers(network)]
    dead = []

    def before_step(step: int) -> None:
        if step in PROBES:
            dead.append(dead_units(network, probe))

    losses, gradients = _train(
        network, shared, rates, RECIPE.weight_decay, way.momentum, way.clip, id_, before_step
    )
    dead.append(dead_units(network, probe))
    return {
        "weight_norms": norms,
        "loss": losses[:SHOWN],
        "gradient": gradients[:SHOWN],
        "probed_before": [*PROBES, steps],
        "dead": dead,
    }


def _train(
    network: nn.Module,
    samples: Samples,
    rates: list[float],
    decay: float,
    momentum: float,
    clip: float,
    id_: str,
    before_step: Callable[[int], None] = lambda _: None,
) -> tuple[list[float], list[float]]:
    """Train; the loss and the norm of the whole gradient, before clipping, of each step."""
    optimizer = torch.optim.SGD(network.parameters(), momentum=momentum, weight_decay=decay)
    line = Endless(len(samples), RECIPE.batch_size, 0, id_, len(samples))
    losses, gradients = [], []
    for step, rate in enumerate(rates):
        before_step(step)
        network.train()
        torch.manual_seed(torch_seed(0, id_, len(samples), step))
        optimizer.param_groups[0]["lr"] = rate
        batch = samples.take(torch.from_numpy(line[step]))
        optimizer.zero_grad()
        loss = functional.cross_entropy(network(batch.inputs), batch.labels)
        loss.backward()
        gradients.append(float(nn.utils.clip_grad_norm_(network.parameters(), clip)))
        losses.append(loss.item())
        optimizer.step()
    return losses, gradients


def dead_units(network: nn.Module, samples: Samples) -> list[float]:
    """For each ReLU, the fraction in [0, 1] of its channels that are 0 on all samples."""
    highest: list[Tensor] = []

    def note(_module: nn.Module, _inputs: Any, outputs: Tensor) -> None:
        highest.append(outputs.amax(dim=(0, 2, 3)))

    hooks = [m.register_forward_hook(note) for m in network.modules() if isinstance(m, nn.ReLU)]
    network.eval()
    with torch.inference_mode():
        network(samples.inputs)
    for hook in hooks:
        hook.remove()
    return [float((channels <= 0).float().mean()) for channels in highest]


def _layers(network: nn.Module) -> list[nn.Conv2d | nn.Linear]:
    return [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
