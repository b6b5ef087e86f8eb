"""Naming a network and building it: a built-in one, any factory, or one chosen by input shape."""

import importlib
import inspect
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from monogram.errors import NetworkError, did_you_mean, shorten
from monogram.networks.contract import check_network
from monogram.networks.paper import SMALLEST_SIDE, Convolution, PaperNetwork, normalised, plain
from monogram.networks.prepared import Prepared, channel_statistics
from monogram.networks.small import MLP, Conv1dNetwork
from monogram.population import Population
from monogram.streams import torch_seed

Factory = Callable[..., nn.Module]
IMAGE_AXES, SERIES_AXES = 3, 2
SHORTEST_SERIES = 8
DEFAULT_WIDTH = 0.25  # of the paper's network, when nobody chose: a laptop trains it
NAME = re.compile(r"([\w-]+)\s*(?:\((.*)\))?", re.DOTALL)
OPTION = re.compile(r"(\w+)\s*=\s*(\d+\.?\d*|\.\d+)")


@dataclass(frozen=True, eq=False)
class Architecture:
    """A network to be built: its name, its factory and the preparation of its inputs.

    Attributes:
        name: the text that names it, for example `paper(width=0.25)` or `mine.nets:tiny`.
        factory: makes the bare network; called with the seed's random state.
        input_shape: of one input.
        classes: number of logits.
        mean: [channels] for `Prepared`, or None.
        scale: [channels] for `Prepared`, or None.
        tokens: whether inputs are int64 tokens rather than numbers.
    """

    name: str
    factory: Callable[[], nn.Module]
    input_shape: tuple[int, ...]
    classes: int
    mean: Tensor | None = field(default=None, repr=False)
    scale: Tensor | None = field(default=None, repr=False)
    tokens: bool = False

    def build(self, seed: int) -> Prepared:
        """The network with its first weights, the same for the same seed.

        Raises:
            NetworkError: the factory failed or made something else than a module.
        """
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(torch_seed(seed, "network"))
            try:
                network: object = self.factory()
                if isinstance(network, nn.Module) and _lazy_tensors(network):
                    self._size_lazy_layers(network)
            except (Exception, SystemExit) as error:
                raise NetworkError(
                    f"network {self.name} could not be made: {type(error).__name__}: {error}"
                ) from error
        if not isinstance(network, nn.Module):
            raise NetworkError(
                f"network {self.name} made a {type(network).__name__}, not an nn.Module"
            )
        if without_size := _lazy_tensors(network):
            raise NetworkError(
                f"network {self.name}: {shorten(', '.join(without_size), 200)} got no size from "
                "one blank input, since forward in evaluation mode does not use that lazy layer; "
                "leave it out, or give its size"
            )
        return Prepared(network, self.mean, self.scale, len(self.input_shape), self.classes)

    def _size_lazy_layers(self, network: nn.Module) -> None:
        """Show the network one blank input."""
        dtype = torch.int64 if self.tokens else torch.float32
        with torch.no_grad():
            network.eval()(torch.zeros((1, *self.input_shape), dtype=dtype))

    def description(self) -> dict[str, Any]:
        """What `rebuild` needs to make the network again, as plain values; weights not included."""
        return {
            "name": self.name,
            "input_shape": list(self.input_shape),
            "classes": self.classes,
            "standardized": self.mean is not None,
            "tokens": self.tokens,
        }


def _lazy_tensors(network: nn.Module) -> list[str]:
    """The names of parameters and statistics whose size is yet to be found."""
    named = (*network.named_parameters(), *network.named_buffers())
    return [name for name, tensor in named if is_lazy(tensor)]


def architecture(
    network: str | Factory | None, population: Population, *, standardize: bool = True
) -> Architecture:
    """The architecture that a name or a factory means for a population, checked on real inputs.

    Args:
        network: `paper(width=0.5)`, `paper-plain(width=0.5)`, `mlp(hidden=64)`,
            `conv1d(width=16)`, `package.module:factory`, `path/to/file.py:factory`,
            a callable, or None to choose by the inputs' shape. A factory is called with those of
            `input_shape` (tuple of int), `channels` (int) and `classes` or `num_classes` (int)
            that it has parameters for.
        population: gives shapes, classes and the statistics for standardising.
        standardize: subtract each channel's mean over D_G's training data and divide by its
            standard deviation, as a part of the network; tokens are left alone.

    Raises:
        NetworkError: no such network, or it does not fit the data.
    """
    if isinstance(network, nn.Module):
        raise NetworkError(
            "give a factory that makes the network (a function or a class), not the network "
            "itself: every individual needs one of its own"
        )
    name, factory = _named(network, population.input_shape)
    make = _bind(name, factory, population.input_shape, len(population.classes))
    mean = scale = None
    train = population.global_data.train
    known = population.inputs[train.start : train.stop]
    if standardize and known.dtype != np.int64:
        mean, scale = channel_statistics(known)
    shape, classes = population.input_shape, len(population.classes)
    made = Architecture(name, make, shape, classes, mean, scale, known.dtype == np.int64)
    probe = torch.from_numpy(np.array(known[:2] if len(known) > 1 else population.inputs[:2]))
    network = made.build(0)
    check_network(network.network, network.prepare(probe), classes, name)
    return made


def rebuild(description: Mapping[str, Any], factory: Factory | None = None) -> Prepared:
    """The network that a description means, in evaluation mode; its weights are yet to be loaded.

    Args:
        description: of `Architecture.description`.
        factory: makes the network, where its name cannot be imported here.

    Raises:
        NetworkError: the network cannot be made from its name.
    """
    name, shape = str(description["name"]), tuple(description["input_shape"])
    if factory is None:
        if "<" in name or name.startswith("__main__"):
            raise NetworkError(
                f"network {name} was a Python object that cannot be imported by name; put its "
                "factory in a module and name it, package.module:factory, or give `factory`"
            )
        factory = kept_factory(name)
    make = _bind(name, factory, shape, int(description["classes"]))
    blank = torch.zeros(shape[0]) if description["standardized"] else None
    scale = None if blank is None else torch.ones_like(blank)
    tokens = bool(description["tokens"])
    made = Architecture(name, make, shape, int(description["classes"]), blank, scale, tokens)
    return made.build(0).eval()


def factory_named(network: str) -> Factory:
    """The factory that a text names: a built-in network, `package.module:factory` or a file's.

    Raises:
        NetworkError: there is no such network, or its code cannot be imported.
    """
    return _named(network, ())[1]


def kept_factory(network: str) -> Factory:
    """The factory of a network that was kept by its name.

    Raises:
        NetworkError: it is not there any more; the message says how to name where it is.
    """
    try:
        return factory_named(network)
    except NetworkError as error:
        raise NetworkError(
            f"{error}; if its code was moved, say with --network where it is now, in Python give "
            "the factory itself"
        ) from error


def choose(shape: tuple[int, ...]) -> str:
    """The name of a sensible network for inputs of a shape.

    >>> choose((1, 32, 32)), choose((6, 100)), choose((20,)), choose((1, 8, 8))
    ('paper(width=0.25)', 'conv1d(width=16)', 'mlp(hidden=128)', 'mlp(hidden=128)')
    """
    if len(shape) == IMAGE_AXES and min(shape[1:]) >= SMALLEST_SIDE:
        return f"paper(width={DEFAULT_WIDTH})"
    if len(shape) == SERIES_AXES and shape[1] >= SHORTEST_SERIES:
        return "conv1d(width=16)"
    return "mlp(hidden=128)"


def _paper(input_shape: tuple[int, ...], classes: int, width: float = 1.0) -> nn.Module:
    return _table_1(input_shape, classes, width, normalised)


def _paper_plain(input_shape: tuple[int, ...], classes: int, width: float = 1.0) -> nn.Module:
    return _table_1(input_shape, classes, width, plain)


def _table_1(
    input_shape: tuple[int, ...], classes: int, width: float, convolution: Convolution
) -> nn.Module:
    if len(input_shape) != IMAGE_AXES or min(input_shape[1:]) < SMALLEST_SIDE:
        raise NetworkError(
            f"it takes images [channels, height, width] of at least {SMALLEST_SIDE} x "
            f"{SMALLEST_SIDE}, not inputs of shape {list(input_shape)}"
        )
    return PaperNetwork(input_shape[0], classes, width, convolution)


def _conv1d(input_shape: tuple[int, ...], classes: int, width: int = 16) -> nn.Module:
    if len(input_shape) != SERIES_AXES or input_shape[1] < SHORTEST_SERIES:
        raise NetworkError(
            f"it takes series [channels, time] of at least {SHORTEST_SERIES} points, not inputs "
            f"of shape {list(input_shape)}"
        )
    return Conv1dNetwork(input_shape[0], classes, width)


BUILT_IN: dict[str, Factory] = {
    "paper": _paper,
    "paper-plain": _paper_plain,
    "conv1d": _conv1d,
    "mlp": MLP,
}


def _named(network: str | Factory | None, shape: tuple[int, ...]) -> tuple[str, Factory]:
    """A network's full name and its factory, options of the name bound."""
    if network is None:
        network = choose(shape)
    if not isinstance(network, str):
        module = getattr(network, "__module__", "")
        return f"{module}:{getattr(network, '__qualname__', network)}", network
    if ":" in network:
        return network, _import(network)
    match = NAME.fullmatch(network.strip())
    if not match or match[1] not in BUILT_IN:
        hint = did_you_mean(network.partition("(")[0].strip(), BUILT_IN)
        raise NetworkError(
            f"unknown network {shorten(network)!r}{hint} Known: {', '.join(BUILT_IN)}, or give "
            "package.module:factory or path/to/file.py:factory"
        )
    return network.strip(), _with_options(network.strip(), BUILT_IN[match[1]], match[2] or "")


def _with_options(name: str, factory: Factory, inside: str) -> Factory:
    signature = inspect.signature(factory).parameters
    own = {key: p for key, p in signature.items() if key not in ("input_shape", "classes")}
    parts = filter(None, (piece.strip() for piece in inside.split(",")))
    options = dict(_option(name, part, own) for part in parts)
    return lambda input_shape, classes: factory(input_shape, classes, **options)


def _option(name: str, part: str, own: Mapping[str, inspect.Parameter]) -> tuple[str, float]:
    """An option's name and value.

    Raises:
        NetworkError: there is no such option, or it takes other values.
    """
    key = part.partition("=")[0].strip()
    if key not in own:
        hint = did_you_mean(key, own)
        raise NetworkError(
            f"network {name}: cannot read option {part!r}{hint} Known: {', '.join(own)}"
        )
    whole = own[key].annotation is int
    match = OPTION.fullmatch(part)
    if not match:
        raise NetworkError(
            f"network {name}: cannot read option {part!r}; {key} takes a "
            f"{'whole ' * whole}number above 0, for example {key}={own[key].default}"
        )
    value = float(match[2])
    if value <= 0:
        raise NetworkError(f"network {name}: {key} must be above 0")
    if whole and not value.is_integer():
        raise NetworkError(f"network {name}: {key} must be a whole number")
    return key, int(value) if whole else value


def _import(spec: str) -> Factory:
    place, _, attribute = spec.rpartition(":")
    try:
        module = _load_file(Path(place)) if place.endswith(".py") else _load_module(place)
    except (Exception, SystemExit) as error:
        raise NetworkError(
            f"network {spec}: cannot import {place}: {type(error).__name__}: {error}"
        ) from error
    found: Any = module
    for part in attribute.split("."):
        found = getattr(found, part, None)
    if not callable(found):
        raise NetworkError(f"network {spec}: {place} has no function or class {attribute!r}")
    if isinstance(found, nn.Module):
        raise NetworkError(f"network {spec}: give a factory, not a network that is made already")
    factory: Factory = found
    return factory


def _load_module(name: str) -> Any:
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    return importlib.import_module(name)


def _load_file(path: Path) -> Any:
    """Import a file by its own name, so that worker processes can import it too."""
    if not path.is_file():
        where = "" if path.is_absolute() else f" in {Path.cwd()}, where the command was given"
        raise FileNotFoundError(f"no file {path}{where}")
    sys.path.insert(0, str(path.parent.resolve()))
    module = importlib.import_module(path.stem)
    if Path(str(module.__file__)).resolve() != path.resolve():
        raise ImportError(
            f"{path.stem} is the name of another module, {module.__file__}; rename the file"
        )
    return module


def _bind(
    name: str, factory: Factory, shape: tuple[int, ...], classes: int
) -> Callable[[], nn.Module]:
    """The factory with those arguments that it asks for."""
    offered = {
        "input_shape": shape,
        "channels": shape[0] if shape else 1,
        "classes": classes,
        "num_classes": classes,
        "n_classes": classes,
    }
    try:
        parameters = list(inspect.signature(factory).parameters.values())
    except (TypeError, ValueError):
        parameters = []  # a builtin without a signature
    wanted = {p.name: offered[p.name] for p in parameters if p.name in offered}
    missing = [
        p.name
        for p in parameters
        if p.default is p.empty
        and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
        and p.name not in offered
    ]
    if missing:
        raise NetworkError(
            f"network {name}: the factory needs {', '.join(missing)}; it is called with those of "
            f"{', '.join(offered)} that it has parameters for, so give the others defaults"
        )
    return partial(factory, **wanted)
